using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Single instructions that C# can't say, as System V functions.</summary>
internal sealed class CpuStubs : IStub
{
    public void Emit(StubObject o)
    {
        EmitPorts(o);
        EmitRegisters(o);
        EmitModelSpecificRegisters(o);
        EmitTables(o);
        EmitWaiting(o);
    }

    private static void EmitPorts(StubObject o)
    {
        Assembler a = o.Function("kernel_in8").A;
        a.mov(edx, edi);
        a.@in(al, dx);
        a.movzx(eax, al);
        a.ret();

        a = o.Function("kernel_in16").A;
        a.mov(edx, edi);
        a.@in(ax, dx);
        a.movzx(eax, ax);
        a.ret();

        a = o.Function("kernel_in32").A;
        a.mov(edx, edi);
        a.@in(eax, dx);
        a.ret();

        a = o.Function("kernel_out8").A;
        a.mov(edx, edi);
        a.mov(eax, esi);
        a.@out(dx, al);
        a.ret();

        a = o.Function("kernel_out16").A;
        a.mov(edx, edi);
        a.mov(eax, esi);
        a.@out(dx, ax);
        a.ret();

        a = o.Function("kernel_out32").A;
        a.mov(edx, edi);
        a.mov(eax, esi);
        a.@out(dx, eax);
        a.ret();
    }

    private static void EmitRegisters(StubObject o)
    {
        Assembler a = o.Function("kernel_read_cr0").A;
        a.mov(rax, cr0);
        a.ret();

        a = o.Function("kernel_write_cr0").A;
        a.mov(cr0, rdi);
        a.ret();

        a = o.Function("kernel_read_cr2").A;
        a.mov(rax, cr2);
        a.ret();

        a = o.Function("kernel_read_cr3").A;
        a.mov(rax, cr3);
        a.ret();

        a = o.Function("kernel_write_cr3").A;
        a.mov(cr3, rdi);
        a.ret();

        a = o.Function("kernel_read_cr4").A;
        a.mov(rax, cr4);
        a.ret();

        a = o.Function("kernel_write_cr4").A;
        a.mov(cr4, rdi);
        a.ret();

        // Fenced: the counter is read after everything before has completed (Intel SDM vol. 2, RDTSC).
        a = o.Function("kernel_read_tsc").A;
        a.lfence();
        a.rdtsc();
        a.shl(rdx, 32);
        a.or(rax, rdx);
        a.ret();

        // rdi: leaf, rsi: subleaf, rdx: where EAX, EBX, ECX, EDX go.
        a = o.Function("kernel_cpuid").A;
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

        // rdi: where RSP, RBP and RIP of the caller go, as they are after the return.
        a = o.Function("kernel_where").A;
        a.lea(rax, __[rsp + 8]);
        a.mov(__qword_ptr[rdi], rax);
        a.mov(__qword_ptr[rdi + 8], rbp);
        a.mov(rax, __qword_ptr[rsp]);
        a.mov(__qword_ptr[rdi + 16], rax);
        a.ret();
    }

    // The general-protection handler sends a fault at one of these instructions to the failure exit.
    private static void EmitModelSpecificRegisters(StubObject o)
    {
        StubFunction f = o.Function("kernel_msr_access");
        Assembler a = f.A;

        // rdi: number, rsi: where the value goes; 1: done, 0: the CPU refused.
        f.LocalSymbol("kernel_try_read_msr");
        f.LocalSymbol("kernel_msr_access_start");
        a.mov(ecx, edi);
        a.rdmsr();
        a.shl(rdx, 32);
        a.or(rax, rdx);
        a.mov(__qword_ptr[rsi], rax);
        a.mov(eax, 1);
        a.ret();

        // rdi: number, rsi: value; likewise.
        f.LocalSymbol("kernel_try_write_msr");
        a.mov(ecx, edi);
        a.mov(eax, esi);
        a.mov(rdx, rsi);
        a.shr(rdx, 32);
        a.wrmsr();
        a.mov(eax, 1);
        a.ret();
        f.LocalSymbol("kernel_msr_access_end");
        f.LocalSymbol("kernel_msr_access_failed");
        a.xor(eax, eax);
        a.ret();
    }

    private static void EmitTables(StubObject o)
    {
        // rdi: a 10-byte pseudo-descriptor. Code stays selector 8, data 16.
        Assembler a = o.Function("kernel_load_gdt").A;
        a.lgdt(__[rdi]);
        a.mov(eax, 16);
        a.mov(ss, eax);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.pop(rax);
        a.push(8);
        a.push(rax);
        a.db(0x48, 0xCB); // retfq, which the assembler lacks

        a = o.Function("kernel_load_idt").A;
        a.lidt(__[rdi]);
        a.ret();

        a = o.Function("kernel_load_task_register").A;
        a.ltr(di);
        a.ret();

        a = o.Function("kernel_invalidate_page").A;
        a.invlpg(__[rdi]);
        a.ret();
    }

    private static void EmitWaiting(StubObject o)
    {
        // The only two places where interrupts are open. Callers are C#, so all caller-saved registers are dead here,
        // the XMM registers too: handlers may use them.
        Assembler a = o.Function("kernel_open_interrupts").A;
        a.sti();
        a.nop();
        a.cli();
        a.ret();

        a = o.Function("kernel_idle").A;
        a.sti();
        a.hlt();
        a.cli();
        a.ret();

        a = o.Function("kernel_pause").A;
        a.pause();
        a.ret();

        a = o.Function("kernel_halt").A;
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.cli();
        a.hlt();
        a.jmp(again);

        // An empty interrupt table and an exception: the CPU shuts down, the machine restarts.
        a = o.Function("kernel_triple_fault").A;
        a.push(0);
        a.push(0);
        a.lidt(__[rsp]);
        a.ud2();
    }
}
