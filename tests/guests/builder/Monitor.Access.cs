using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Accesses that the rights of the child's memory forbid, and what answers make of them.</summary>
internal static partial class Monitor
{
    private const ulong DataOffset = 0x128;

    /// <summary>What writes is told of as what reads too: a processor need not tell the two apart.</summary>
    private const VmEventAccess Writing = VmEventAccess.Read | VmEventAccess.Write;

    private static ulong DataFrame => MonitorChild.DataAddress >> 12;

    private static readonly Registers s_atData = new() { Rdi = MonitorChild.DataAddress + DataOffset, Rax = Pattern };

    /// <summary>An event of an access to the data, with what the answer needs.</summary>
    private static bool ProvokeAccess(TestRun tests, byte[] code, VmEventAccess kind, out VmEventRequest request, VmEventFlags flags = VmEventFlags.VcpuPaused)
    {
        const VmEventAccess linear = VmEventAccess.LinearValid | VmEventAccess.FaultWithLinear, kinds = VmEventAccess.Read | VmEventAccess.Write | VmEventAccess.Execute;
        bool came = Provoke(tests, code, in s_atData, VmEventReason.MemoryAccess, flags, out request);
        VmEventAccess told = request.MemoryAccess.Access;
        tests.Equal((long)(told & kinds), (long)kind, "what was tried");
        tests.True(!Xen.UsesVmcall || (told & linear) == linear, "a linear address");
        tests.Equal((long)request.MemoryAccess.Gfn, (long)DataFrame, "frame");
        tests.Equal((long)request.MemoryAccess.Offset, (long)DataOffset, "offset");
        tests.Equal((long)request.MemoryAccess.Linear, (told & VmEventAccess.LinearValid) != 0 ? (long)s_atData.Rdi : 0, "linear address");
        tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress, "RIP");
        return came;
    }

    private static ulong DataNow()
    {
        ulong value = Memory.Read64(ChildImage.See(s_child.Id, MonitorChild.DataAddress + DataOffset));
        ChildImage.Unsee();
        return value;
    }

    private static void Restrict(TestRun tests, MemoryAccess access) =>
        tests.Success(MonitorErrors.Set(s_child.Id, DataFrame, 1, access), "its right");

    private static void Accesses(TestRun tests)
    {
        tests.Start("accesses that a right forbids");
        if (MonitorErrors.Get(s_child.Id, DataFrame, out _) == -(long)Errno.EINVAL)
        {
            tests.Skip("there are no access rights on this processor");
            return;
        }

        Restrict(tests, MemoryAccess.Read);
        ProvokeAccess(tests, Execute.Store, Writing, out VmEventRequest request);
        tests.True(!Listener.Finish(s_child, out _, out _, Short), "it waits");
        Resume(ref request);
        tests.True(Listener.Next(out request), "told again, as nothing has changed");
        tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "of the same");
        Restrict(tests, MemoryAccess.All);
        Resume(ref request);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written once it may be");
        Restrict(tests, MemoryAccess.Read);
        Listener.Begin(s_child, Execute.Load, in s_atData);
        tests.Equal((long)Finish(tests).Rax, unchecked((long)Pattern), "reading is allowed");
        tests.Equal(Listener.Waiting, 0, "events of that");
        Emulations(tests);
        Conversions(tests);
        tests.Start("code in memory that may not be executed");
        tests.Success(MonitorErrors.Set(s_child.Id, MonitorChild.CodeAddress >> 12, 1, MemoryAccess.ReadWrite), "the right of the code");
        Provoke(tests, s_readCr0, default, VmEventReason.MemoryAccess, VmEventFlags.VcpuPaused, out request);
        tests.Equal((long)(request.MemoryAccess.Access & VmEventAccess.Execute), (long)VmEventAccess.Execute, "executing");
        tests.Equal((long)request.MemoryAccess.Gfn, (long)(MonitorChild.CodeAddress >> 12), "frame");
        tests.Success(MonitorErrors.Set(s_child.Id, MonitorChild.CodeAddress >> 12, 1, MemoryAccess.All), "the right of the code");
        Resume(ref request);
        Finish(tests);
        Strings(tests);
        UnexecutableCode(tests);
        Walks(tests);
    }

    private static void Emulations(TestRun tests)
    {
        tests.Start("accesses that a right forbids, emulated");
        Restrict(tests, MemoryAccess.Read);
        Write(MonitorChild.DataPattern);
        ProvokeAccess(tests, Execute.Store, Writing, out VmEventRequest request);
        Resume(ref request, VmEventFlags.Emulate);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        Write(MonitorChild.DataPattern);
        ProvokeAccess(tests, Execute.Store, Writing, out request);
        Resume(ref request, VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite);
        Finish(tests);
        tests.Equal((long)DataNow(), (long)MonitorChild.DataPattern, "not written");
        tests.Success(MonitorErrors.Get(s_child.Id, DataFrame, out MemoryAccess access), "its right");
        tests.Equal((long)access, (long)MemoryAccess.Read, "what it is still");
        Restrict(tests, MemoryAccess.None);
        ProvokeAccess(tests, Execute.Load, VmEventAccess.Read, out request);
        Resume(ref request, VmEventFlags.Emulate);
        tests.Equal((long)Finish(tests).Rax, (long)MonitorChild.DataPattern, "read");
        ProvokeAccess(tests, Execute.Load, VmEventAccess.Read, out request);
        request.ReadData.Size = 4;
        request.ReadData.Data[0] = 0x78;
        request.ReadData.Data[1] = 0x56;
        request.ReadData.Data[2] = 0x34;
        request.ReadData.Data[3] = 0x12;
        request.ReadData.Data[4] = 0xFF;
        Resume(ref request, VmEventFlags.Emulate | VmEventFlags.SetEmulateReadData);
        tests.Equal((long)Finish(tests).Rax, 0x1234_5678, "read as the listener has it");
        // More than there is room for; and the data goes before what else the answer says of the instruction.
        ProvokeAccess(tests, Execute.Load, VmEventAccess.Read, out request);
        request.ReadData.Size = uint.MaxValue;
        for (int i = 0; i < 8; i++)
        {
            request.ReadData.Data[i] = 0x11;
        }

        Resume(ref request, VmEventFlags.Emulate | VmEventFlags.SetEmulateReadData | VmEventFlags.EmulateNoWrite | VmEventFlags.SetEmulateInstructionData | VmEventFlags.Deny);
        tests.Equal((long)Finish(tests).Rax, 0x1111_1111_1111_1111, "read as the listener has it");
        Restrict(tests, MemoryAccess.All);
    }

    private static void Write(ulong value)
    {
        Memory.Write64(ChildImage.See(s_child.Id, MonitorChild.DataAddress + DataOffset), value);
        ChildImage.Unsee();
    }

    private static void Conversions(TestRun tests)
    {
        tests.Start("rights that change when they are violated");
        Write(MonitorChild.DataPattern);
        Restrict(tests, MemoryAccess.ReadExecuteToReadWrite);
        Listener.Begin(s_child, Execute.Store, in s_atData);
        Finish(tests);
        tests.Equal(Listener.Waiting, 0, "events of rx2rw");
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        MonitorErrors.Get(s_child.Id, DataFrame, out MemoryAccess access);
        tests.Equal((long)access, (long)MemoryAccess.ReadWrite, "what rx2rw becomes");
        Restrict(tests, MemoryAccess.NoneToAll);
        ProvokeAccess(tests, Execute.Load, VmEventAccess.Read, out VmEventRequest request, flags: 0);
        tests.Equal((long)Finish(tests).Rax, unchecked((long)Pattern), "read without waiting");
        request.Flags = 0;
        Listener.Answer(in request);
        MonitorErrors.Get(s_child.Id, DataFrame, out access);
        tests.Equal((long)access, (long)MemoryAccess.All, "what n2rwx becomes");
    }

    /// <summary>The ring is off, and the rights are left.</summary>
    private static void Unheard(TestRun tests)
    {
        tests.Start("a right that is violated while nobody listens");
        if (MonitorErrors.Get(s_child.Id, DataFrame, out _) == -(long)Errno.EINVAL)
        {
            tests.Skip("there are no access rights on this processor");
            return;
        }

        Restrict(tests, MemoryAccess.Read);
        tests.Success(Listener.Disable(), "disable");
        Write(MonitorChild.DataPattern);
        Listener.Begin(s_child, Execute.Store, in s_atData);
        Finish(tests);
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        tests.Success(Listener.Enable(), "enable");
        MonitorErrors.Get(s_child.Id, DataFrame, out MemoryAccess access);
        tests.Equal((long)access, (long)MemoryAccess.All, "the right is opened");
    }
}
