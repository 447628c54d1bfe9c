namespace Xenolith.Guests.EventDelivery;

/// <summary>The local APIC in x2APIC mode, and back (Intel SDM vol. 3, 10.12).</summary>
internal static class X2ApicTests
{
    private const byte Low = 0x41, High = 0x81, Spurious = 0xFF, GeneralProtection = 13;
    private const uint Base = 0x1B, First = 0x800, SelfInterrupt = 0x83F, Command = 0x830, CurrentCount = 0x839;
    private const ulong X2Apic = 1 << 10, Enabled = 1 << 11;

    public static void Run(TestRun tests)
    {
        const int offered = 21;
        tests.Start("x2apic registers");
        if ((Instructions.Cpuid(1).Ecx >> offered & 1) == 0)
        {
            tests.Skip("CPUID has no x2APIC");
            return;
        }

        ulong before = Instructions.ReadMsr(Base);
        Instructions.WriteMsr(Base, before | X2Apic);
        tests.Equal((long)Instructions.ReadMsr(Base), (long)(before | X2Apic), "the mode");
        Registers(tests);
        SelfInterrupts(tests);
        Timer(tests);
        Leave(tests, before);
    }

    private static uint Msr(uint register) => First + (register >> 4);

    private static long Read(uint register) => (long)Instructions.ReadMsr(Msr(register));

    private static void Write(uint register, ulong value) => Instructions.WriteMsr(Msr(register), value);

    private static bool Bit(uint register, byte vector) =>
        (Instructions.ReadMsr(Msr(register) + ((uint)vector >> 5)) >> (vector & 31) & 1) != 0;

    private static void Registers(TestRun tests)
    {
        tests.Equal(Read(LocalApic.Id), 0, "id");
        tests.Between(Read(LocalApic.Version) & 0xFF, 0x10, 0x15, "version");
        tests.Equal(Read(LocalApic.LogicalDestination), 1, "logical destination");
        Write(LocalApic.Spurious, LocalApic.SoftwareEnable | Spurious);
        tests.Equal(Read(LocalApic.Spurious), LocalApic.SoftwareEnable | Spurious, "spurious vector");
        Write(LocalApic.TaskPriority, 0x25);
        tests.Equal(Read(LocalApic.TaskPriority), 0x25, "task priority");
        tests.Equal(Read(LocalApic.ProcessorPriority), 0x25, "processor priority");
        Write(LocalApic.TaskPriority, 0);
        tests.Raises(TryWrite(Msr(LocalApic.Id), 0), GeneralProtection, 0, "a write of the id");
        tests.Raises(TryWrite(Msr(LocalApic.TaskPriority), 0x100), GeneralProtection, 0, "a task priority of 9 bits");
        tests.Raises(TryWrite(Msr(LocalApic.EndOfInterrupt), 1), GeneralProtection, 0, "an end that is not 0");
        tests.Raises(TryWrite(SelfInterrupt, 0x100), GeneralProtection, 0, "a vector of 9 bits");
        tests.Raises(TryWrite(Base, Instructions.ReadMsr(Base) & ~X2Apic), GeneralProtection, 0, "back without a stop between");
    }

    private static Outcome TryWrite(uint index, ulong value)
    {
        var registers = new Registers { Rcx = index, Rax = (uint)value, Rdx = value >> 32 };
        return Execute.AtKernel(Execute.Wrmsr, ref registers);
    }

    private static void SelfInterrupts(TestRun tests)
    {
        tests.Start("x2apic interrupts");
        var low = new MsrHandler { Ends = true };
        var high = new MsrHandler();
        Interrupts.SetHandler(Low, low);
        Interrupts.SetHandler(High, high);
        Instructions.DisableInterrupts();
        Instructions.WriteMsr(SelfInterrupt, Low);
        tests.True(Bit(LocalApic.Request, Low), "requested while interrupts are off");
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.Equal(low.Count, 1, "to itself");
        Instructions.WriteMsr(Command, LocalApic.SelfShorthand | Low);
        Instructions.Pause();
        tests.Equal(low.Count, 2, "by the command register");
        Instructions.WriteMsr(Command, Low);
        Instructions.Pause();
        tests.Equal(low.Count, 3, "by its id");

        Write(LocalApic.TaskPriority, 0x50);
        Instructions.WriteMsr(SelfInterrupt, Low);
        Instructions.Pause();
        tests.Equal(low.Count, 3, "below the task priority");
        Write(LocalApic.TaskPriority, 0);
        Instructions.Pause();
        tests.Equal(low.Count, 4, "once it is 0");

        Instructions.WriteMsr(SelfInterrupt, High);
        Instructions.Pause();
        tests.True(Bit(LocalApic.InService, High), "in service");
        Instructions.WriteMsr(SelfInterrupt, Low);
        Instructions.Pause();
        tests.Equal(low.Count, 4, "behind what is in service");
        Write(LocalApic.EndOfInterrupt, 0);
        Instructions.Pause();
        tests.Equal(low.Count, 5, "after its end");
        tests.Equal(high.Count, 1, "high ones");
        Interrupts.SetHandler(High, null);

        tests.Start("x2apic interrupt wakes from halt");
        Instructions.DisableInterrupts();
        Instructions.WriteMsr(SelfInterrupt, Low);
        Instructions.EnableInterruptsAndHalt();
        tests.Equal(low.Count, 6, "interrupts");
        Interrupts.SetHandler(Low, null);
    }

    private static void Timer(TestRun tests)
    {
        tests.Start("x2apic timer");
        var handler = new MsrHandler { Ends = true };
        Interrupts.SetHandler(Low, handler);
        Write(LocalApic.DivideConfiguration, LocalApic.DivideByOne);
        Write(LocalApic.TimerVector, Low);
        Write(LocalApic.InitialCount, 1_000_000);
        tests.Between((long)Instructions.ReadMsr(CurrentCount), 0, 1_000_000, "the count");
        ulong limit = Clock.Now + (100 * (ulong)Clock.Millisecond);
        while (handler.Count == 0 && Clock.Now < limit)
        {
            Instructions.Pause();
        }

        tests.Equal(handler.Count, 1, "interrupts");
        tests.Equal((long)Instructions.ReadMsr(CurrentCount), 0, "the count afterwards");
        Interrupts.SetHandler(Low, null);
    }

    private static void Leave(TestRun tests, ulong before)
    {
        const int apic = 9;
        tests.Start("x2apic mode ends");
        Instructions.WriteMsr(Base, before & ~Enabled);
        tests.Equal(Instructions.Cpuid(1).Edx >> apic & 1, 0, "CPUID while it is off");
        Instructions.WriteMsr(Base, before);
        tests.Equal(LocalApic.Read(LocalApic.Id), 0, "id, by the page");
        LocalApic.Enable(Spurious);
        var handler = new CountingHandler { EndsAtApic = true };
        Interrupts.SetHandler(Low, handler);
        LocalApic.SendToSelf(Low);
        Instructions.Pause();
        tests.Equal(handler.Count, 1, "interrupts");
        Interrupts.SetHandler(Low, null);
    }

    private sealed class MsrHandler : InterruptHandler
    {
        public bool Ends { get; init; }

        public int Count { get; private set; }

        public override void Handle(ref InterruptFrame frame)
        {
            Count++;
            if (Ends)
            {
                Instructions.WriteMsr(Msr(LocalApic.EndOfInterrupt), 0);
            }
        }
    }
}
