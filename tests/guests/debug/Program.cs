using System;
using System.Runtime;

namespace Xenolith.Guests.Debugging;

/// <summary>
/// Debug exceptions as a processor gives them to a guest (SDM vol. 3, 18.3; APM vol. 2, 13.1): where RIP stands, what DR6 and DR7
/// show. A hypervisor that takes them first, so that their delivery can't go on for ever, has to make up each.
/// </summary>
internal static class Program
{
    private const byte Debug = 1, NonMaskable = 2, Breakpoint = 3;

    private static readonly TraceHandler s_debug = new(), s_breakpoint = new();

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("debug");
        Interrupts.SetHandler(Debug, s_debug);
        Interrupts.SetHandler(Breakpoint, s_breakpoint);
        SingleStep(tests);
        StepOverExits(tests);
        StepInShadows(tests);
        // QEMU 7.2 keeps a data breakpoint that was hit marked until its page is accessed elsewhere, and reports it with every single step.
        if (!BootRecord.HasWord("unwatched"))
        {
            DataBreakpoint(tests);
        }

        InstructionBreakpoint(tests);
        BreakpointInstructions(tests);
        GeneralDetect(tests);
        // A hypervisor that steps the guest lets no interrupt in meanwhile.
        if (!BootRecord.HasWord("stepped"))
        {
            NonMaskableInterrupts.Run(tests, s_debug);
        }

        tests.Finish();
    }

    private static void SingleStep(TestRun tests)
    {
        tests.Start("single step");
        // PUSHFQ; OR BYTE [RSP+1], 1; POPFQ; three NOPs: the first step ends behind the instruction after POPFQ.
        Run(tests, [0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0x90, 0x90, 0x90], 3);
        tests.Equal(s_debug.Count, 3, "steps");
        for (int i = 0; i < 3; i++)
        {
            tests.Equal(s_debug.Offset(i), 8 + i, "where it stands");
            tests.Equal((long)s_debug.Status(i), (long)(DebugRegisters.StatusReset | DebugRegisters.StatusStep), "DR6");
        }
    }

    private static void StepOverExits(TestRun tests)
    {
        tests.Start("single step over what the hypervisor does");
        // ...; POPFQ; CPUID; IN AL, DX; NOP
        Run(tests, [0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0x0F, 0xA2, 0xEC, 0x90], 3);
        tests.Equal(s_debug.Count, 3, "steps");
        tests.Equal(s_debug.Offset(0), 9, "behind CPUID");
        tests.Equal(s_debug.Offset(1), 10, "behind IN");
        tests.Equal(s_debug.Offset(2), 11, "behind NOP");
        tests.Equal((long)s_debug.Status(1), (long)(DebugRegisters.StatusReset | DebugRegisters.StatusStep), "DR6");
    }

    private static void StepInShadows(TestRun tests)
    {
        tests.Start("single step behind STI");
        // ...; POPFQ; STI; NOP; CLI; NOP
        Run(tests, [0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0xFB, 0x90, 0xFA, 0x90], 3);
        tests.Equal(s_debug.Count, 3, "steps");
        // QEMU holds the trap back as it does interrupts.
        tests.Between(s_debug.Offset(0), 8, 9, "where the first stands");
        tests.Equal(s_debug.Offset(2), s_debug.Offset(0) + 2, "where the last stands");

        tests.Start("single step behind MOV SS");
        // ...; POPFQ; MOV EAX, SS; MOV SS, EAX; NOP; NOP: nothing comes between MOV SS and the next instruction.
        Run(tests, [0x9C, 0x80, 0x4C, 0x24, 0x01, 0x01, 0x9D, 0x8C, 0xD0, 0x8E, 0xD0, 0x90, 0x90], 3);
        tests.Equal(s_debug.Count, 3, "steps");
        tests.Equal(s_debug.Offset(0), 9, "behind MOV from SS");
        tests.Equal(s_debug.Offset(1), 12, "behind the instruction after MOV SS");
        tests.Equal(s_debug.Offset(2), 13, "behind the next");
    }

    private static void DataBreakpoint(TestRun tests)
    {
        ulong word = Layout.FrameOf(PoolPage.FirstFree) * Layout.PageSize;
        tests.Start("data breakpoint");
        s_debug.Begin();
        DebugRegisters.WriteAddress0(word);
        DebugRegisters.WriteControl(DebugRegisters.OnWrite);
        var registers = new Registers { Rdi = word };
        // MOV RAX, [RDI]; MOV [RDI], RAX; NOP
        tests.Completes(Execute.AtKernel([0x48, 0x8B, 0x07, 0x48, 0x89, 0x07, 0x90], ref registers), "the code");
        DebugRegisters.WriteControl(DebugRegisters.ControlReset);
        tests.Equal(s_debug.Count, 1, "exceptions");
        tests.Equal(s_debug.Offset(0), 6, "where it stands");
        tests.Equal((long)s_debug.Status(0), (long)(DebugRegisters.StatusReset | DebugRegisters.StatusBreakpoint0), "DR6");
    }

    private static void InstructionBreakpoint(TestRun tests)
    {
        tests.Start("instruction breakpoint");
        s_debug.Begin();
        DebugRegisters.WriteAddress0((Layout.FrameOf(PoolPage.Code) * Layout.PageSize) + 2);
        DebugRegisters.WriteControl(DebugRegisters.OnInstruction);
        var registers = default(Registers);
        tests.Completes(Execute.AtKernel([0x90, 0x90, 0x90, 0x90], ref registers), "the code");
        DebugRegisters.WriteControl(DebugRegisters.ControlReset);
        tests.Equal(s_debug.Count, 1, "exceptions");
        tests.Equal(s_debug.Offset(0), 2, "where it stands");
        tests.Equal((long)s_debug.Status(0), (long)(DebugRegisters.StatusReset | DebugRegisters.StatusBreakpoint0), "DR6");
    }

    private static void BreakpointInstructions(TestRun tests)
    {
        tests.Start("INT1");
        s_debug.Begin();
        var registers = default(Registers);
        Outcome outcome = Execute.AtKernel([0x90, 0xF1, 0x90], ref registers);
        const byte invalidOpcode = 6;
        if (outcome.Faulted && outcome.Vector == invalidOpcode && !Xen.UsesVmcall)
        {
            tests.Skip("this processor has no INT1; QEMU's has none");
        }
        else
        {
            tests.Completes(outcome, "the code");
            tests.Equal(s_debug.Count, 1, "exceptions");
            tests.Equal(s_debug.Offset(0), 2, "where it stands");
            tests.Equal((long)s_debug.Status(0), (long)DebugRegisters.StatusReset, "DR6");
        }

        tests.Start("INT3");
        s_breakpoint.Begin();
        Run(tests, [0x90, 0xCC, 0x90], 1);
        tests.Equal(s_breakpoint.Count, 1, "breakpoints");
        tests.Equal(s_breakpoint.Offset(0), 2, "where it stands");
        tests.Equal(s_debug.Count, 0, "debug exceptions");

        tests.Start("INT 1");
        Run(tests, [0x90, 0xCD, 0x01, 0x90], 1);
        tests.Equal(s_debug.Count, 1, "exceptions");
        tests.Equal(s_debug.Offset(0), 3, "where it stands");
    }

    private static void GeneralDetect(TestRun tests)
    {
        tests.Start("general detect");
        s_debug.Begin();
        DebugRegisters.WriteControl(DebugRegisters.ControlReset | DebugRegisters.GeneralDetect);
        var registers = default(Registers);
        // NOP; MOV RAX, DR0
        tests.Completes(Execute.AtKernel([0x90, 0x0F, 0x21, 0xC0], ref registers), "the code");
        DebugRegisters.WriteControl(DebugRegisters.ControlReset);
        if (s_debug.Count == 0 && !Xen.UsesVmcall)
        {
            tests.Skip("this processor has no general detect; QEMU's has none");
            return;
        }

        tests.Equal(s_debug.Count, 1, "exceptions");
        tests.Equal(s_debug.Offset(0), 1, "where it stands");
        tests.Equal((long)s_debug.Status(0), (long)(DebugRegisters.StatusReset | DebugRegisters.StatusAccess), "DR6");
        tests.Equal((long)s_debug.Control, (long)DebugRegisters.ControlReset, "DR7 in the handler");
    }

    private static void Run(TestRun tests, ReadOnlySpan<byte> code, int steps)
    {
        s_debug.Begin(steps);
        var registers = default(Registers);
        tests.Completes(Execute.AtKernel(code, ref registers), "the code");
    }
}
