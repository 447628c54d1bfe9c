using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>Who spins without a call and with interrupts off gets its share of the CPU, and no more.</summary>
internal static class Shares
{
    private const ulong MostSeconds = 6;
    private const long Least = 237, Most = 263;

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

        // An emulator whose host takes its processor away in the middle of a slice makes one slice long; the scheduler evens that out with time.
        ulong total = 0, passed = 0;
        for (ulong seconds = 1; seconds <= MostSeconds; seconds++)
        {
            Clock.WaitUntil(start + (seconds * Program.Second));
            total = 0;
            for (int i = 0; i < before.Length; i++)
            {
                had[i] = Running(i) - before[i];
                total += had[i];
            }

            passed = Clock.Now - start;
            if (AreEven(had, total))
            {
                break;
            }
        }

        Instructions.EnableInterrupts();
        if (total > passed + (passed / 4))
        {
            tests.Skip("there is more than one CPU");
            return;
        }

        for (int i = 0; i < before.Length; i++)
        {
            tests.Between(Thousandths(had[i], total), Least, Most, "thousandths of the CPU");
        }
    }

    private static bool AreEven(ulong[] had, ulong total)
    {
        for (int i = 0; i < had.Length; i++)
        {
            if (Thousandths(had[i], total) is < Least or > Most)
            {
                return false;
            }
        }

        return true;
    }

    private static long Thousandths(ulong part, ulong whole) => (long)(part * 1000 / whole);

    /// <summary>
    /// The whole work of a domain with the word "spin": one vCPU spins for a while beside those of other domains, and says what part of
    /// the CPU it had, in thousandths.
    /// </summary>
    public static void Spin(TestRun tests)
    {
        tests.Start("spin beside other domains");
        Instructions.DisableInterrupts();
        ulong seconds = BootRecord.Number("seconds=", 4);
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
