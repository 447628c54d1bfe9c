using System.Runtime;

namespace Xenolith.Guests.Attacks;

/// <summary>
/// A guest that attacks: random calls with plausible arguments, registers, ports, the local APIC's page. What it may do and live is
/// tested by default; the words <c>calls</c> and <c>registers</c> go on to what it need not survive. Then only the
/// hypervisor must: it answers, or ends the guest and says why. <c>own</c> adds
/// calls that are ours. <c>seed=</c> and <c>rounds=</c> choose, <c>anew</c> takes a seed of the clock.
/// </summary>
internal static class Program
{
    private const ulong DefaultSeed = 1;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        // By the clock each life of a guest that is built anew attacks otherwise; what it was is said, to play it again.
        ulong seed = BootRecord.HasWord("anew") ? Instructions.ReadTsc() & uint.MaxValue : BootRecord.Number("seed=", DefaultSeed);
        if (BootRecord.HasWord("anew"))
        {
            GuestConsole.Write("seed=");
            GuestConsole.WriteDecimal((long)seed);
            GuestConsole.EndLine();
        }

        ulong rounds = BootRecord.Number("rounds=", 0);
        Interrupts.SetHandler(NonMaskable, new IgnoringHandler());
        var random = new RandomNumbers((seed + 1) * 0x9E37_79B9_7F4A_7C15);
        if (BootRecord.HasWord("calls"))
        {
            SetWatchdog();
            WildCalls.Run(random, rounds == 0 ? 20_000 : rounds, BootRecord.HasWord("own"), BootRecord.HasWord("trace"));
        }
        else if (BootRecord.HasWord("registers"))
        {
            SetWatchdog();
            WildRegisters.Run(random, rounds == 0 ? 1_000 : rounds, BootRecord.HasWord("trace"));
        }
        else
        {
            Survivable(random, rounds == 0 ? 600 : rounds);
            return;
        }

        GuestConsole.WriteLine("guest hostile: still here");
        Xen.Shutdown(Abi.Contract.ShutdownReason.Poweroff);
    }

    private const byte NonMaskable = 2;
    private const uint WatchdogSeconds = 10;

    private static void Survivable(RandomNumbers random, ulong rounds)
    {
        var tests = new TestRun("hostile");
        tests.Start("model-specific registers");
        ModelRegisters.Run(random, rounds);
        Alive(tests);
        tests.Start("ports");
        Ports.Run(random, rounds);
        Alive(tests);
        tests.Start("the local APIC's page");
        ApicPage.Run(random, rounds);
        Alive(tests);
        tests.Start("mappings in every corner of the address space");
        MappingFlood.Run(tests);
        Alive(tests);
        tests.Start("alarms in the past");
        AlarmStorm.Run(tests);
        Alive(tests);
        tests.Finish();
    }

    /// <summary>A guest that has wrecked itself may loop for ever; the hypervisor, if it still lives, ends it.</summary>
    private static void SetWatchdog()
    {
        var watchdog = new Abi.Contract.SchedWatchdog { Id = 0, Timeout = WatchdogSeconds };
        Xen.Call(Abi.Contract.Hypercall.SchedOp, (ulong)Abi.Contract.SchedOp.Watchdog, ref watchdog);
    }

    private static void Alive(TestRun tests) => tests.Equal(
        Xen.Call(Abi.Contract.Hypercall.XenVersion, (ulong)Abi.Contract.VersionOp.Version), 4 << 16 | 17, "the next call is answered");
}
