using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>Who spins without a call and with interrupts off gets its share of the CPU, and no more.</summary>
internal static class Shares
{
    /// <summary>Four vCPUs of one domain on one CPU: a quarter each, within a twentieth of that.</summary>
    public static void Equal(TestRun tests)
    {
        tests.Start("vCPUs that spin with interrupts off share one CPU evenly");
        Instructions.DisableInterrupts();
        var before = new ulong[Program.Processors];
        var had = new ulong[Program.Processors];
        ulong start = Clock.Now;
        for (int i = 0; i < before.Length; i++)
        {
            before[i] = Running(i);
        }

        Clock.WaitUntil(start + Program.Second);
        ulong total = 0;
        for (int i = 0; i < before.Length; i++)
        {
            had[i] = Running(i) - before[i];
            total += had[i];
        }

        ulong passed = Clock.Now - start;
        Instructions.EnableInterrupts();
        if (total > passed + (passed / 4))
        {
            tests.Skip("there is more than one CPU");
            return;
        }

        for (int i = 0; i < before.Length; i++)
        {
            tests.Between((long)(had[i] * 1000 / total), 237, 263, "thousandths of the CPU");
        }
    }

    /// <summary>
    /// The whole work of a domain with the word "spin": one vCPU spins for a while beside those of other domains, and says what part of
    /// the CPU it had, in thousandths.
    /// </summary>
    public static void Spin(TestRun tests)
    {
        tests.Start("spin beside other domains");
        Instructions.DisableInterrupts();
        ulong seconds = BootRecord.Number("seconds=", 2);
        ulong start = Clock.Now;
        ulong before = Running(0);
        Clock.WaitUntil(start + (seconds * Program.Second));
        ulong had = Running(0) - before;
        ulong passed = Clock.Now - start;
        GuestConsole.Write("share: ");
        GuestConsole.WriteDecimal((long)(had * 1000 / passed));
        GuestConsole.Write(" thousandths\n");

        // The others are to spin to their end, too.
        Events.Poll(Events.AllocateUnbound(), Clock.Now + Program.Second);
    }

    private static ulong Running(int vcpu) => Program.StateOf(vcpu).Time[(int)RunState.Running];
}
