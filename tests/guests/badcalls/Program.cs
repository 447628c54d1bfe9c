using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.BadCalls;

/// <summary>
/// Every hypercall number, every operation, with arguments from a seeded generator: the hypervisor answers each, and the
/// guest is still there afterwards, its memory as it was. From user mode every one answers -EPERM.
/// On the command line, <c>seed=</c> and <c>rounds=</c> choose other numbers, <c>shared</c> adds pointers into shared_info and its like, and <c>trace</c> prints each call before it is made.
/// </summary>
internal static class Program
{
    // A page of slack follows the buffers: a call may rightly write a structure that begins near their end.
    private const int Guard = PoolPage.FirstFree, Buffers = Guard + 1, BufferCount = 4, GuardAfter = Buffers + BufferCount + 1;
    private const byte GuardByte = 0x5A;

    private static bool s_shared;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("badcalls");
        Interrupts.SetHandler(2, new IgnoringHandler());
        Memory.Fill(AddressOf(Guard), Layout.PageSize, GuardByte);
        Memory.Fill(AddressOf(GuardAfter), Layout.PageSize, GuardByte);
        s_shared = BootRecord.HasWord("shared");
        ulong first = BootRecord.Number("seed=", 1);
        ulong end = first + BootRecord.Number("rounds=", 4);
        for (ulong seed = first; seed != end; seed++)
        {
            tests.Start(RoundName(seed));
            Round(tests, new RandomNumbers(seed * 0x9E37_79B9_7F4A_7C15));
        }

        tests.Start("numbers past the last");
        var random = new RandomNumbers(99);
        for (int i = 0; i < 64; i++)
        {
            tests.Error(Xen.CallAsIs(64 + random.Below(1UL << 31), random.Next(), random.Next(), random.Next()), Errno.ENOSYS, "a number of 64 or more");
        }

        UserMode(tests);
        tests.Finish();
    }

    private static ulong AddressOf(int page) => Layout.FrameOf(page) * Layout.PageSize;

    private static string RoundName(ulong seed) => seed switch
    {
        1 => "random arguments, seed 1",
        2 => "random arguments, seed 2",
        3 => "random arguments, seed 3",
        4 => "random arguments, seed 4",
        _ => "random arguments, a seed of the command line's",
    };

    private static void Round(TestRun tests, RandomNumbers random)
    {
        const ulong numbers = 64, operations = 40;
        bool trace = BootRecord.HasWord("trace");
        for (ulong number = 0; number < numbers; number++)
        {
            for (ulong operation = 0; operation < operations; operation++)
            {
                if (EndsOrStalls(number, operation))
                {
                    continue;
                }

                if (trace)
                {
                    GuestConsole.Write("call ");
                    GuestConsole.WriteDecimal((long)number);
                    GuestConsole.Write(" ");
                    GuestConsole.WriteDecimal((long)operation);
                    GuestConsole.EndLine();
                }

                FillBuffers(random);
                ulong second = Argument(random);
                ulong third = IsCounted(number) ? Count(random) : Argument(random);
                if (number == (ulong)Hypercall.Multicall)
                {
                    // A long list is worked off for as long as memory goes on, by design; only a bad one may claim to be long.
                    bool readable = NarrowCalls.IsOn ? (uint)second >= Layout.PageSize : second < Hostile.Beyond && second != Hostile.Unmapped;
                    Xen.CallAsIs(number, second, readable ? random.Below(4) : Count(random));
                    continue;
                }

                Xen.CallAsIs(number, operation, second, third, Argument(random), Argument(random));
            }

            tests.Equal(Xen.Call(Hypercall.XenVersion, (ulong)VersionOp.Version), 4 << 16 | 17, "the next call is answered");
        }

        tests.True(IsIntact(Guard) && IsIntact(GuardAfter), "pages beside the buffers are untouched");
    }

    /// <summary>Calls that rightly stop the guest, wait for ever or flood the console.</summary>
    private static bool EndsOrStalls(ulong number, ulong operation) => (Hypercall)number switch
    {
        Hypercall.SchedOp => (SchedOp)operation is SchedOp.Block or SchedOp.Shutdown or SchedOp.RemoteShutdown or SchedOp.ShutdownCode or SchedOp.Poll or SchedOp.Watchdog,
        Hypercall.VcpuOp => (VcpuOp)operation is VcpuOp.Down,
        Hypercall.ConsoleIo => (ConsoleIoOp)operation is ConsoleIoOp.Write,
        _ => false,
    };

    /// <summary>Calls whose last argument counts structures; a large one takes long by design.</summary>
    private static bool IsCounted(ulong number) => (Hypercall)number is Hypercall.GrantTableOp or Hypercall.MmuextOp or Hypercall.MmuUpdate;

    private static ulong Count(RandomNumbers random) => random.Below(5) switch
    {
        0 => 0,
        1 => 1,
        2 => 3,
        3 => 0x8000_0000,
        _ => 0xFFFF_FFFF,
    };

    private static ulong Argument(RandomNumbers random) => random.Below(11) switch
    {
        0 => 0,
        1 => random.Below(64),
        2 => ulong.MaxValue,
        3 => Hostile.At((int)random.Below(Hostile.Count)),
        // Of 32 bits, it must not hit the guest's own memory.
        4 => NarrowCalls.IsOn ? random.Next() | 0xC000_0000 : random.Next(),
        5 => LocalApic.Address + random.Below(4096),
        // Where the hypervisor writes too. What lies there may name a frame of the guest's own, so it need not live through that.
        6 when s_shared => random.Below(3) switch
        {
            0 => AddressOf(PoolPage.SharedInfo) + (random.Below(512) * 8),
            1 => AddressOf(PoolPage.VcpuInfo) + (random.Below(512) * 8),
            _ => AddressOf(PoolPage.FirstFree + 10) + (random.Below(512) * 8),
        },
        // Across the end of a page.
        6 or 7 => AddressOf(Buffers) + (BufferCount * (ulong)Layout.PageSize) - 256 + (random.Below(16) * 8),
        _ => AddressOf(Buffers) + (random.Below(256) * 8),
    };

    /// <summary>Random words whose upper halves name no frame of the guest, so that no call can take its own memory away.</summary>
    private static void FillBuffers(RandomNumbers random)
    {
        const ulong highBits = 0xF000_0000_8000_0000;
        ulong start = AddressOf(Buffers);
        for (ulong offset = 0; offset < 512; offset += 8)
        {
            ulong word = random.Next() | highBits;
            Memory.Write64(start + offset, random.Below(4) == 0 ? (word & ~0xFFFFUL) | DomainIds.Self : word);
        }
    }

    private static bool IsIntact(int page)
    {
        for (ulong i = 0; i < Layout.PageSize; i++)
        {
            if (Memory.Read8(AddressOf(page) + i) != GuardByte)
            {
                return false;
            }
        }

        return true;
    }

    private static void UserMode(TestRun tests)
    {
        tests.Start("every number from user mode");
        byte[] code = Xen.UsesVmcall ? Execute.Vmcall : Execute.Vmmcall;
        for (ulong number = 0; number < 64; number++)
        {
            var registers = new Registers { Rax = number, Rdi = 99, Rsi = Hostile.NonCanonical, Rbx = 99, Rcx = Hostile.NonCanonical };
            tests.Completes(Execute.AtUser(code, ref registers, NarrowCalls.IsOn), "the call");
            tests.Error(NarrowCalls.IsOn ? (int)registers.Rax : (long)registers.Rax, Errno.EPERM, "a call at CPL 3");
        }
    }
}
