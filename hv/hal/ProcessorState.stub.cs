using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// Moves <c>Xenolith.Hal.ProcessorState</c> between memory and the CPU. The System V calling convention takes all of x87 and XMM as
/// lost by a call, and nothing in the host computes with MXCSR, so nothing of the host's needs to be kept.
/// </summary>
internal sealed class ProcessorStateStub : IStub
{
    // All exceptions masked, none noted (SDM vol. 1, 10.2.3).
    private const int MxcsrReset = 0x1F80;

    // DR0-3, DR6, and the flag that C# keeps.
    private const int AreaOffset = 6 * 8;

    public void Emit(StubObject o)
    {
        Assembler a = o.Function("hal_save_processor_state").A;
        a.mov(rax, dr0);
        a.mov(__qword_ptr[rdi], rax);
        a.mov(rax, dr1);
        a.mov(__qword_ptr[rdi + 8], rax);
        a.mov(rax, dr2);
        a.mov(__qword_ptr[rdi + 16], rax);
        a.mov(rax, dr3);
        a.mov(__qword_ptr[rdi + 24], rax);
        a.mov(rax, dr6);
        a.mov(__qword_ptr[rdi + 32], rax);
        Area(a);
        a.fxsave64(__[rax]);
        a.ret();

        // The host's DR7 enables none of them (every exit leaves 400h there), so they may be written in any order.
        a = o.Function("hal_load_debug_registers").A;
        a.mov(rax, __qword_ptr[rdi]);
        a.mov(dr0, rax);
        a.mov(rax, __qword_ptr[rdi + 8]);
        a.mov(dr1, rax);
        a.mov(rax, __qword_ptr[rdi + 16]);
        a.mov(dr2, rax);
        a.mov(rax, __qword_ptr[rdi + 24]);
        a.mov(dr3, rax);
        a.mov(rax, __qword_ptr[rdi + 32]);
        a.mov(dr6, rax);
        a.ret();

        // FXRSTOR of some CPUs leaves the pointers to the last instruction as they are when no exception waits (AMD APM vol. 2,
        // 11.4.4.3): an x87 instruction of the host's own comes between, so that no guest reads another's.
        a = o.Function("hal_load_floating_point").A;
        a.fnclex();
        a.emms();
        a.fild(__dword_ptr[rdi]);
        Area(a);
        a.fxrstor64(__[rax]);
        a.ret();

        // FNINIT empties the registers but keeps what is in them. The entry loads the other vector registers.
        a = o.Function("hal_reset_floating_point").A;
        a.fninit();
        for (int i = 0; i < 8; i++)
            a.fldz();
        a.fninit();
        foreach (AssemblerRegisterXMM vector in GuestRegisterLayout.KeptVectors)
            a.xorps(vector, vector);
        a.push(MxcsrReset);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.pop(rax);
        a.ret();
    }

    private static void Area(Assembler a)
    {
        a.lea(rax, __[rdi + (AreaOffset + 15)]);
        a.and(rax, -16);
    }
}
