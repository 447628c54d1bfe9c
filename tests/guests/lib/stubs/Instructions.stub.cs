using System;
using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>Single instructions that C# cannot say, as System V functions.</summary>
internal sealed class InstructionsStub : IStub
{
    public void Emit(StubObject o)
    {
        Simple(o, "guest_sti", a => a.sti());
        Simple(o, "guest_cli", a => a.cli());
        Simple(o, "guest_pause", a => a.pause());
        // STI's shadow covers HLT: an interrupt that is already pending ends the wait at once.
        Simple(o, "guest_sti_hlt", a => { a.sti(); a.hlt(); });
        Simple(o, "guest_hlt", a => a.hlt());
        Simple(o, "guest_rdtsc", a => { a.rdtsc(); a.shl(rdx, 32); a.or(rax, rdx); });
        Simple(o, "guest_rdmsr", a => { a.mov(ecx, edi); a.rdmsr(); a.shl(rdx, 32); a.or(rax, rdx); });
        Simple(o, "guest_wrmsr", a => { a.mov(ecx, edi); a.mov(rax, rsi); a.mov(rdx, rsi); a.shr(rdx, 32); a.wrmsr(); });
        Simple(o, "guest_in8", a => { a.mov(edx, edi); a.xor(eax, eax); a.@in(al, dx); });
        Simple(o, "guest_in32", a => { a.mov(edx, edi); a.@in(eax, dx); });
        Simple(o, "guest_out8", a => { a.mov(edx, edi); a.mov(eax, esi); a.@out(dx, al); });
        Simple(o, "guest_read_cr2", a => a.mov(rax, cr2));
        Simple(o, "guest_read_cr3", a => a.mov(rax, cr3));
        Simple(o, "guest_write_cr3", a => a.mov(cr3, rdi));
        Simple(o, "guest_read_cr4", a => a.mov(rax, cr4));
        Simple(o, "guest_write_cr4", a => a.mov(cr4, rdi));
        Simple(o, "guest_invlpg", a => a.invlpg(__byte_ptr[rdi]));
        Simple(o, "guest_lidt", a => a.lidt(__[rdi]));
        Simple(o, "guest_ltr", a => a.ltr(di));
        Simple(o, "guest_ud2", a => a.ud2());
        // VMFUNC: leaf, index.
        Simple(o, "guest_vmfunc", a => { a.mov(eax, edi); a.mov(ecx, esi); a.vmfunc(); });
        Simple(o, "guest_read_flags", a => { a.pushfq(); a.pop(rax); });

        // void guest_cpuid(uint leaf, uint subleaf, uint* registers): EAX, EBX, ECX, EDX.
        Simple(o, "guest_cpuid", a =>
        {
            a.mov(r8, rdx);
            a.mov(r9, rbx);
            a.mov(eax, edi);
            a.mov(ecx, esi);
            a.cpuid();
            a.mov(__dword_ptr[r8], eax);
            a.mov(__dword_ptr[r8 + 4], ebx);
            a.mov(__dword_ptr[r8 + 8], ecx);
            a.mov(__dword_ptr[r8 + 12], edx);
            a.mov(rbx, r9);
        });

        Hypercall(o, "guest_vmcall", a => a.vmcall());
        Hypercall(o, "guest_vmmcall", a => a.vmmcall());
        EmitHypercallPage(o);
        EmitTripleFault(o);
    }

    private static void Simple(StubObject o, string name, Action<Assembler> body)
    {
        StubFunction f = o.Function(name);
        body(f.A);
        f.A.ret();
    }

    /// <summary>
    /// long name(ulong number, ulong a1, a2, a3, a4, a5): Xen's 64-bit register convention is number in RAX and
    /// arguments in RDI, RSI, RDX, R10, R8 (Xen public header arch-x86/xen-x86_64.h).
    /// </summary>
    private static void Hypercall(StubObject o, string name, Action<Assembler> instruction) => Simple(o, name, a =>
    {
        ShuffleArguments(a);
        instruction(a);
    });

    private static void ShuffleArguments(Assembler a)
    {
        a.mov(rax, rdi);
        a.mov(rdi, rsi);
        a.mov(rsi, rdx);
        a.mov(rdx, rcx);
        a.mov(r10, r8);
        a.mov(r8, r9);
    }

    /// <summary>The same through the hypercall page: 32 bytes an entry.</summary>
    private static void EmitHypercallPage(StubObject o)
    {
        o.Bss("guest_hypercall_page", ".bss", 4096, 4096);
        StubFunction f = o.Function("guest_page_call");
        ShuffleArguments(f.A);
        f.LoadAddress(r11, "guest_hypercall_page");
        f.A.mov(ecx, eax);
        f.A.shl(ecx, 5);
        f.A.add(r11, rcx);
        f.A.jmp(r11);

        StubFunction address = o.Function("guest_address_hypercall_page");
        address.LoadAddress(rax, "guest_hypercall_page");
        address.A.ret();
    }

    /// <summary>An IDT without entries, then an exception: the exception, the #GP and the #DF all find no gate.</summary>
    private static void EmitTripleFault(StubObject o)
    {
        StubData empty = o.Data("guest_empty_idt", ".rodata", 8);
        empty.U16(0);
        empty.U64(0);
        StubFunction f = o.Function("guest_triple_fault");
        f.LoadAddress(rax, "guest_empty_idt");
        f.A.lidt(__[rax]);
        f.A.ud2();
    }
}
