namespace Xenolith.Guests.EventDelivery;

/// <summary>The local APIC's timer (Intel SDM vol. 3, 10.5.4).</summary>
internal static class ApicTimerTests
{
    private const byte Vector = 0x51;
    private const ulong Patience = 2_000 * (ulong)Clock.Millisecond;

    public static void Run(TestRun tests)
    {
        var handler = new CountingHandler { EndsAtApic = true };
        Interrupts.SetHandler(Vector, handler);
        LocalApic.Write(LocalApic.DivideConfiguration, LocalApic.DivideByOne);

        tests.Start("apic timer, one shot");
        LocalApic.Write(LocalApic.TimerVector, Vector);
        LocalApic.Write(LocalApic.InitialCount, 1_000_000);
        uint first = LocalApic.Read(LocalApic.CurrentCount);
        tests.Between(first, 0, 1_000_000, "current count");
        WaitFor(handler, 1);
        tests.Equal(handler.Count, 1, "interrupts");
        tests.Equal(LocalApic.Read(LocalApic.CurrentCount), 0, "current count afterwards");
        Clock.WaitUntil(Clock.Now + (5 * (ulong)Clock.Millisecond));
        tests.Equal(handler.Count, 1, "interrupts later");

        tests.Start("apic timer, periodic");
        int before = handler.Count;
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Periodic | Vector);
        LocalApic.Write(LocalApic.InitialCount, 2_000_000);
        WaitFor(handler, before + 3);
        tests.Between(handler.Count, before + 3, before + 1_000, "interrupts");
        LocalApic.Write(LocalApic.InitialCount, 0);
        int stopped = handler.Count;
        Clock.WaitUntil(Clock.Now + (20 * (ulong)Clock.Millisecond));
        tests.Between(handler.Count, stopped, stopped + 1, "interrupts after a count of 0");

        tests.Start("apic timer, masked");
        before = handler.Count;
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Masked | Vector);
        LocalApic.Write(LocalApic.InitialCount, 100_000);
        Clock.WaitUntil(Clock.Now + (20 * (ulong)Clock.Millisecond));
        tests.Equal(handler.Count, before, "interrupts");
        LocalApic.Write(LocalApic.InitialCount, 0);

        tests.Start("apic timer wakes from halt");
        before = handler.Count;
        LocalApic.Write(LocalApic.TimerVector, Vector);
        Instructions.DisableInterrupts();
        LocalApic.Write(LocalApic.InitialCount, 2_000_000);
        Instructions.EnableInterruptsAndHalt();
        tests.Equal(handler.Count, before + 1, "interrupts");

        Deadline(tests, handler);
        Interrupts.SetHandler(Vector, null);
    }

    private static void Deadline(TestRun tests, CountingHandler handler)
    {
        tests.Start("apic timer, TSC deadline");
        const int deadlineBit = 24;
        if ((Instructions.Cpuid(1).Ecx >> deadlineBit & 1) == 0)
        {
            tests.Skip("CPUID has no TSC deadline");
            return;
        }

        const uint deadlineMode = 0x4_0000, deadlineMsr = 0x6E0;
        int before = handler.Count;
        LocalApic.Write(LocalApic.TimerVector, deadlineMode | Vector);
        ulong deadline = Instructions.ReadTsc() + (Clock.TscFrequency / 200);
        Instructions.WriteMsr(deadlineMsr, deadline);
        tests.Equal((long)Instructions.ReadMsr(deadlineMsr), (long)deadline, "the deadline reads back");
        WaitFor(handler, before + 1);
        tests.Equal(handler.Count, before + 1, "interrupts");
        tests.True(Instructions.ReadTsc() >= deadline, "not early");
        tests.Equal((long)Instructions.ReadMsr(deadlineMsr), 0, "the deadline afterwards");
        LocalApic.Write(LocalApic.TimerVector, LocalApic.Masked | Vector);
    }

    private static void WaitFor(CountingHandler handler, int count)
    {
        ulong limit = Clock.Now + Patience;
        while (handler.Count < count && Clock.Now < limit)
        {
            Instructions.Pause();
        }
    }
}
