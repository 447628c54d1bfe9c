namespace Xenolith.Guests.EventDelivery;

/// <summary>The local APIC's registers and interrupts to oneself (Intel SDM vol. 3, 10.4 to 10.8).</summary>
internal static class ApicTests
{
    private const byte Low = 0x41, High = 0x81, Spurious = 0xFF;

    public static void Run(TestRun tests)
    {
        Registers(tests);
        SelfInterrupt(tests);
        Priority(tests);
        Widths(tests);
        Halt(tests);
    }

    /// <summary>What waits already ends the HLT behind STI at once.</summary>
    private static void Halt(TestRun tests)
    {
        tests.Start("apic interrupt ends a halt at once");
        var handler = new CountingHandler { EndsAtApic = true };
        Interrupts.SetHandler(Low, handler);
        Instructions.DisableInterrupts();
        LocalApic.SendToSelf(Low);
        Instructions.EnableInterruptsAndHalt();
        tests.Equal(handler.Count, 1, "interrupts");
        Interrupts.SetHandler(Low, null);
    }

    private static void Registers(TestRun tests)
    {
        tests.Start("apic registers");
        tests.Equal(LocalApic.Read(LocalApic.Id), 0, "id");
        tests.Between(LocalApic.Read(LocalApic.Version) & 0xFF, 0x10, 0x15, "version");
        LocalApic.Enable(Spurious);
        tests.Equal(LocalApic.Read(LocalApic.Spurious), LocalApic.SoftwareEnable | Spurious, "spurious vector");
        LocalApic.Write(LocalApic.TaskPriority, 0x25);
        tests.Equal(LocalApic.Read(LocalApic.TaskPriority), 0x25, "task priority");
        tests.Equal(LocalApic.Read(LocalApic.ProcessorPriority), 0x25, "processor priority");
        LocalApic.Write(LocalApic.TaskPriority, 0);
        LocalApic.Write(LocalApic.LogicalDestination, 0x0100_0000);
        tests.Equal(LocalApic.Read(LocalApic.LogicalDestination), 0x0100_0000, "logical destination");
        LocalApic.Write(LocalApic.Id, LocalApic.Read(LocalApic.Id));
        tests.Equal(LocalApic.Read(LocalApic.InService), 0, "nothing in service");
        const uint baseMsr = 0x1B;
        ulong apicBase = Instructions.ReadMsr(baseMsr);
        tests.Equal((long)(apicBase & 0xF_FFFF_F000), (long)LocalApic.Address, "base");
        tests.Equal((long)(apicBase >> 11 & 1), 1, "enabled");
        tests.Equal((long)(apicBase >> 8 & 1), 1, "bootstrap processor");
    }

    private static void SelfInterrupt(TestRun tests)
    {
        tests.Start("apic interrupt to oneself");
        var handler = new CountingHandler { EndsAtApic = true };
        Interrupts.SetHandler(Low, handler);
        LocalApic.SendToSelf(Low);
        Instructions.Pause();
        tests.Equal(handler.Count, 1, "interrupts");
        Instructions.DisableInterrupts();
        LocalApic.SendToSelf(Low);
        LocalApic.SendToSelf(Low);
        tests.True(LocalApic.Bit(LocalApic.Request, Low), "requested while interrupts are off");
        tests.Equal(handler.Count, 1, "interrupts while off");
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.Equal(handler.Count, 2, "the two are one");
        tests.True(!LocalApic.Bit(LocalApic.InService, Low), "not in service after its end");
        Interrupts.SetHandler(Low, null);
    }

    private static void Priority(TestRun tests)
    {
        tests.Start("apic priorities");
        var low = new CountingHandler { EndsAtApic = true };
        var high = new CountingHandler { EndsAtApic = true };
        Interrupts.SetHandler(Low, low);
        Interrupts.SetHandler(High, high);
        Instructions.DisableInterrupts();
        LocalApic.SendToSelf(Low);
        LocalApic.SendToSelf(High);
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.Equal(low.Count, 1, "interrupts of the low vector");
        tests.Equal(high.Count, 1, "interrupts of the high vector");
        tests.True(high.Order < low.Order, "the high one comes first");

        LocalApic.Write(LocalApic.TaskPriority, 0x50);
        LocalApic.SendToSelf(Low);
        LocalApic.SendToSelf(High);
        Instructions.Pause();
        tests.Equal(low.Count, 1, "low ones below the task priority");
        tests.Equal(high.Count, 2, "high ones above it");
        LocalApic.Write(LocalApic.TaskPriority, 0);
        Instructions.Pause();
        tests.Equal(low.Count, 2, "low ones once it is 0");

        // Without an end, one of the same class waits.
        var holding = new CountingHandler();
        Interrupts.SetHandler(High, holding);
        LocalApic.SendToSelf(High);
        Instructions.Pause();
        tests.Equal(holding.Count, 1, "interrupts without end");
        tests.True(LocalApic.Bit(LocalApic.InService, High), "in service");
        LocalApic.SendToSelf(Low);
        LocalApic.SendToSelf(High);
        Instructions.Pause();
        tests.Equal(holding.Count + low.Count, 3, "interrupts held back");
        LocalApic.End();
        Instructions.Pause();
        tests.Equal(holding.Count, 2, "the held one");
        LocalApic.End();
        Instructions.Pause();
        tests.Equal(low.Count, 3, "the low one last");
        Interrupts.SetHandler(Low, null);
        Interrupts.SetHandler(High, null);
    }

    /// <summary>Every form of MOV reaches the same register: the hypervisor emulates them one by one.</summary>
    private static void Widths(TestRun tests)
    {
        tests.Start("apic access by various instructions");
        const ulong priority = LocalApic.Address + LocalApic.TaskPriority;
        Check(tests, [0xC7, 0x07, 0x30, 0, 0, 0], priority, 0, 0x30, "mov dword [rdi], imm32");
        Check(tests, [0x89, 0x07], priority, 0x40, 0x40, "mov [rdi], eax");
        Check(tests, [0x44, 0x89, 0x07], priority, 0, 0x21, "mov [rdi], r8d");
        Check(tests, [0x83, 0x0F, 0x02], priority, 0, 0x23, "or dword [rdi], 2");
        Check(tests, [0x83, 0x27, 0xFE], priority, 0, 0x22, "and dword [rdi], -2");
        Check(tests, [0x31, 0x07], priority, 0x10, 0x32, "xor [rdi], eax");
        Check(tests, [0x01, 0x07], priority, 0x08, 0x3A, "add [rdi], eax");
        var registers = new Registers { Rdi = priority, Rax = 0x11 };
        tests.Completes(Execute.AtKernel([0x87, 0x07], ref registers), "xchg [rdi], eax");
        tests.Equal((long)registers.Rax, 0x3A, "what xchg read");
        tests.Equal(LocalApic.Read(LocalApic.TaskPriority), 0x11, "what xchg wrote");
        registers = new Registers { Rdi = priority, Rax = ulong.MaxValue };
        tests.Completes(Execute.AtKernel([0x8B, 0x07], ref registers), "mov eax, [rdi]");
        tests.Equal((long)registers.Rax, 0x11, "the upper half is zero");
        registers = new Registers { Rdi = priority, Rax = 0 };
        tests.Completes(Execute.AtKernel([0x44, 0x8B, 0x0F], ref registers), "mov r9d, [rdi]");
        tests.Equal((long)registers.R9, 0x11, "r9");
        registers = new Registers { Rdi = priority };
        tests.Completes(Execute.AtKernel([0xF7, 0x07, 0x10, 0, 0, 0, 0x0F, 0x95, 0xC0], ref registers), "test dword [rdi], 0x10; setnz al");
        tests.Equal((long)registers.Rax & 0xFF, 1, "flags of test");
        registers = new Registers { Rdi = priority, Rax = 0x11 };
        tests.Completes(Execute.AtKernel([0x39, 0x07, 0x0F, 0x94, 0xC0], ref registers), "cmp [rdi], eax; sete al");
        tests.Equal((long)registers.Rax & 0xFF, 1, "flags of cmp");
        LocalApic.Write(LocalApic.TaskPriority, 0);
    }

    private static void Check(TestRun tests, byte[] code, ulong address, ulong rax, uint expected, string what)
    {
        var registers = new Registers { Rdi = address, Rax = rax, R8 = 0x21 };
        tests.Completes(Execute.AtKernel(code, ref registers), what);
        tests.Equal(LocalApic.Read(LocalApic.TaskPriority), expected, what);
    }
}
