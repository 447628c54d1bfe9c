using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain moves between a hypervisor and a newer one. Saving: a child that is shown the default and one that is shown a call of Xen 4.18 are
/// built, and the context of each is printed, which the boot test hands to the other hypervisor as a file. Loading: each context is
/// put into a child that was built for it, and what was taken lives.
/// </summary>
internal static class Rollback
{
    private const string Default = "default", Newer = "newer";
    private const int LineBytes = 32;

    private static readonly byte[] s_context = new byte[16384];

    private static ulong Buffer => Xen.AddressOf(ref s_context[0]);

    public static void Run(TestRun tests)
    {
        if (BootRecord.HasWord("save"))
        {
            Save(tests, Default, isNewer: false);
            Save(tests, Newer, isNewer: true);
            return;
        }

        Load(tests, Default, "frozen");
        Load(tests, Newer, "newer");
    }

    private static void Save(TestRun tests, string name, bool isNewer)
    {
        tests.Start(isNewer ? "a child that is shown a newer call is saved" : "a child that is shown the default is saved");
        Partner child = Partner.Build(tests, BootFiles.Own, isNewer ? "newer" : "frozen", ShutdownReason.Poweroff);
        if (isNewer)
        {
            ulong maximum = Bits(tests, child.Id, ExposureOp.GetMaximum);
            ulong wanted = Bits(tests, child.Id, ExposureOp.Get) | 1UL << (int)VcpuOp.RegisterRunstatePhysArea;
            if ((wanted & ~maximum) != 0)
            {
                tests.Error(Expose(child.Id, wanted), Errno.EINVAL, "a call that this hypervisor does not have is shown to nobody");
                tests.Skip("this hypervisor has no newer call");
                Control.Call(DomctlOp.Destroydomain, child.Id);
                return;
            }

            tests.Success(Expose(child.Id, wanted), "a newer call is shown to it");
        }

        var argument = new Domctl { HvmContext = new DomctlHvmContext { Size = (uint)s_context.Length, Buffer = Buffer } };
        tests.Success(Control.Call(DomctlOp.Gethvmcontext, child.Id, ref argument), "gethvmcontext");
        Print(name, argument.HvmContext.Size);
        Live(tests, child);
    }

    private static void Load(TestRun tests, string name, string part)
    {
        tests.Start(name == Default ? "the context of a child that is shown the default is loaded" : "the context of a child that is shown a newer call is loaded");
        if (!BootFiles.Find("context." + name, out ulong contents, out ulong size))
        {
            tests.Skip("there is none");
            return;
        }

        Partner child = Partner.Build(tests, BootFiles.Own, part, ShutdownReason.Poweroff);
        ulong maximum = Bits(tests, child.Id, ExposureOp.GetMaximum);
        var argument = new Domctl { HvmContext = new DomctlHvmContext { Size = (uint)size, Buffer = contents } };
        long result = Control.Call(DomctlOp.Sethvmcontext, child.Id, ref argument);
        if (name == Newer && (maximum & 1UL << (int)VcpuOp.RegisterRunstatePhysArea) == 0)
        {
            tests.Error(result, Errno.EINVAL, "a call that this hypervisor does not have");
            GuestConsole.WriteLine("the newer child is refused before it runs");
            Control.Call(DomctlOp.Destroydomain, child.Id);
            return;
        }

        tests.Success(result, "sethvmcontext");
        Live(tests, child);
        GuestConsole.Write("the ");
        GuestConsole.Write(name);
        GuestConsole.WriteLine(" child lives after the move");
    }

    /// <summary>Lets it look at what it is shown, and end well when that is what its part says.</summary>
    private static void Live(TestRun tests, Partner child)
    {
        tests.Success(Control.Call(DomctlOp.Unpausedomain, child.Id), "unpausedomain");
        child.AwaitDeath(tests, ShutdownReason.Poweroff);
        child.Destroy(tests);
    }

    private static ulong Bits(TestRun tests, ushort domain, ExposureOp operation)
    {
        var argument = new Domctl { Exposure = new DomctlExposure { Command = operation, Group = ExposureGroup.Vcpu } };
        tests.Success(Control.Call(DomctlOp.Exposure, domain, ref argument), "what is shown of vcpu_op");
        return argument.Exposure.Bits;
    }

    private static long Expose(ushort domain, ulong bits)
    {
        var argument = new Domctl { Exposure = new DomctlExposure { Command = ExposureOp.Set, Group = ExposureGroup.Vcpu, Bits = bits } };
        return Control.Call(DomctlOp.Exposure, domain, ref argument);
    }

    private static void Print(string name, uint size)
    {
        for (uint at = 0; at < size; at += LineBytes)
        {
            GuestConsole.Write("context ");
            GuestConsole.Write(name);
            GuestConsole.Write(" ");
            for (uint i = at; i < at + LineBytes && i < size; i++)
            {
                WriteByte(s_context[i]);
            }

            GuestConsole.EndLine();
        }
    }

    private static void WriteByte(byte value)
    {
        const string digits = "0123456789abcdef";
        System.ReadOnlySpan<char> text = digits;
        GuestConsole.Write(text.Slice(value >> 4, 1));
        GuestConsole.Write(text.Slice(value & 15, 1));
    }
}
