using System;
using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// One instruction between two readings of the TSC: <c>uint bench_X(TimedRegisters* registers)</c>. All of them share
/// the same frame, so <c>bench_nothing</c>, which has no instruction in it, measures what the frame costs.
/// </summary>
internal sealed class TimingStub : IStub
{
    // Offsets of TimedRegisters.
    private const int Rax = 0, Rdx = 8, Rcx = 16, Rdi = 24, Rsi = 32, R8 = 40, R10 = 48, Result = 56;

    private const byte CallbackVector = 0xF3;

    private static readonly AssemblerRegister64[] CalleeSaved = [rbx, rbp, r12, r13, r14, r15];

    public void Emit(StubObject o)
    {
        Timed(o, "bench_nothing", _ => { });
        Timed(o, "bench_vmcall", a => a.vmcall());
        Timed(o, "bench_vmmcall", a => a.vmmcall());
        Timed(o, "bench_cpuid", a => a.cpuid());
        Timed(o, "bench_rdmsr", a => a.rdmsr());
        Timed(o, "bench_wrmsr", a => a.wrmsr());
        Timed(o, "bench_in", a => a.@in(al, dx));
        Timed(o, "bench_out", a => a.@out(dx, al));
        Timed(o, "bench_read", a => a.mov(eax, __dword_ptr[rdi]));
        Timed(o, "bench_write", a => a.mov(__dword_ptr[rdi], eax));
        Timed(o, "bench_write_cr0", a => a.mov(cr0, rax));
        Timed(o, "bench_interrupt", a => a.@int(CallbackVector));
        Timed(o, "bench_vmfunc", a => a.vmfunc());
        Timed(o, "bench_loop", a =>
        {
            Label again = a.CreateLabel();
            a.Label(ref again);
            a.dec(rcx);
            a.jne(again);
        });

        // Nothing to a processor; Bochs's debugger can be told to stop here.
        Assembler marker = o.Function("bench_marker").A;
        marker.xchg(bx, bx);
        marker.ret();

        StubFunction f = o.Function("bench_read_cr0");
        f.A.mov(rax, cr0);
        f.A.ret();
    }

    private static void Timed(StubObject o, string name, Action<Assembler> instruction)
    {
        // Within one page: what is at a page's end costs more to fetch.
        Assembler a = o.Function(name, align: 256).A;
        foreach (AssemblerRegister64 register in CalleeSaved)
        {
            a.push(register);
        }

        a.mov(r14, rdi);
        a.mov(rcx, __[r14 + Rcx]);
        a.mov(rdi, __[r14 + Rdi]);
        a.mov(rsi, __[r14 + Rsi]);
        a.mov(r8, __[r14 + R8]);
        a.mov(r10, __[r14 + R10]);
        a.rdtsc();
        a.mov(r12d, eax);
        a.mov(rax, __[r14 + Rax]);
        a.mov(rdx, __[r14 + Rdx]);
        instruction(a);
        a.mov(r13, rax);
        a.rdtsc();
        a.sub(eax, r12d);
        a.mov(__[r14 + Result], r13);
        for (int i = CalleeSaved.Length - 1; i >= 0; i--)
        {
            a.pop(CalleeSaved[i]);
        }

        a.ret();
    }
}
