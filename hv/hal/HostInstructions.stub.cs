using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// Instructions that read or set the state of the host's CPU. System V calling convention: arguments in RDI, RSI, RDX, result in RAX.
/// </summary>
internal sealed class HostInstructionsStub : IStub
{
    public void Emit(StubObject o)
    {
        // hal_cpuid(leaf, subleaf, uint* four)
        Assembler a = o.Function("hal_cpuid").A;
        a.push(rbx);
        a.mov(r8, rdx);
        a.mov(eax, edi);
        a.mov(ecx, esi);
        a.cpuid();
        a.mov(__dword_ptr[r8], eax);
        a.mov(__dword_ptr[r8 + 4], ebx);
        a.mov(__dword_ptr[r8 + 8], ecx);
        a.mov(__dword_ptr[r8 + 12], edx);
        a.pop(rbx);
        a.ret();

        a = o.Function("hal_rdmsr").A;
        a.mov(ecx, edi);
        a.rdmsr();
        a.shl(rdx, 32);
        a.or(rax, rdx);
        a.ret();

        a = o.Function("hal_wrmsr").A;
        a.mov(ecx, edi);
        a.mov(eax, esi);
        a.mov(rdx, rsi);
        a.shr(rdx, 32);
        a.wrmsr();
        a.ret();

        a = o.Function("hal_read_cr0").A;
        a.mov(rax, cr0);
        a.ret();
        a = o.Function("hal_write_cr0").A;
        a.mov(cr0, rdi);
        a.ret();
        a = o.Function("hal_read_cr2").A;
        a.mov(rax, cr2);
        a.ret();
        a = o.Function("hal_write_cr2").A;
        a.mov(cr2, rdi);
        a.ret();
        a = o.Function("hal_read_cr3").A;
        a.mov(rax, cr3);
        a.ret();
        a = o.Function("hal_read_cr4").A;
        a.mov(rax, cr4);
        a.ret();
        a = o.Function("hal_write_cr4").A;
        a.mov(cr4, rdi);
        a.ret();

        // Ten bytes: limit, then base.
        a = o.Function("hal_sgdt").A;
        a.sgdt(__[rdi]);
        a.ret();
        a = o.Function("hal_sidt").A;
        a.sidt(__[rdi]);
        a.ret();

        // hal_read_selectors(ushort* eight): ES, CS, SS, DS, FS, GS, LDTR, TR, in the order of SegmentName.
        a = o.Function("hal_read_selectors").A;
        a.mov(__word_ptr[rdi + 0], es);
        a.mov(__word_ptr[rdi + 2], cs);
        a.mov(__word_ptr[rdi + 4], ss);
        a.mov(__word_ptr[rdi + 6], ds);
        a.mov(__word_ptr[rdi + 8], fs);
        a.mov(__word_ptr[rdi + 10], gs);
        a.sldt(__word_ptr[rdi + 12]);
        a.str(__word_ptr[rdi + 14]);
        a.ret();

        // The exception is acknowledged by the exit already; the handler must run as if it had arrived in the host.
        a = o.Function("hal_raise_nmi").A;
        a.@int((byte)2);
        a.ret();
        a = o.Function("hal_raise_machine_check").A;
        a.@int((byte)18);
        a.ret();
    }
}
