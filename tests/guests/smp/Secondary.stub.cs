using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// Where the processors after the first come from their trampoline or from VCPUOP_initialise, in 64-bit mode or (the second
/// entry) in 32-bit mode without paging: a stack by number, then <c>guest_secondary(number)</c>.
/// </summary>
internal sealed class SecondaryStub : IStub
{
    private const int StackSize = 32 * 1024;

    public void Emit(StubObject o)
    {
        o.Bss("secondary_stacks", ".bss", 8 * StackSize, 4096);

        StubFunction f = o.Function("secondary_entry");
        Assembler a = f.A;
        f.LoadAddress(rax, "guest_gdt_pointer");
        a.lgdt(__[rax]);
        a.mov(eax, 0x10);
        a.mov(ds, eax);
        a.mov(es, eax);
        a.mov(ss, eax);
        // The APIC id is twice the number.
        a.mov(eax, 1);
        a.cpuid();
        a.shr(ebx, 25);
        a.mov(edi, ebx);
        a.imul(ebx, ebx, StackSize);
        f.LoadAddress(rsp, "secondary_stacks", StackSize);
        a.add(rsp, rbx);
        a.xor(ebp, ebp);
        // CS of VCPUOP_initialise has no selector, so that an IRET could not come back to it.
        Label loaded = a.CreateLabel();
        a.lea(rax, __[loaded]);
        a.push(0x08);
        a.push(rax);
        a.AddInstruction(Instruction.Create(Code.Retfq));
        a.Label(ref loaded);
        f.Call("guest_secondary");
        Label stop = a.CreateLabel();
        a.Label(ref stop);
        a.cli();
        a.hlt();
        a.jmp(stop);

        StubFunction protectedEntry = o.Function("secondary_entry32", bitness: 32);
        a = protectedEntry.A;
        protectedEntry.MoveImmediate32(eax, "guest_gdt_pointer");
        a.lgdt(__[eax]);
        a.mov(eax, 0x620);
        a.mov(cr4, eax);
        protectedEntry.MoveImmediate32(eax, "guest_page_level4");
        a.mov(cr3, eax);
        a.mov(ecx, 0xC000_0080u);
        a.rdmsr();
        a.or(eax, 0x101);
        a.wrmsr();
        a.mov(eax, unchecked((int)0x8001_0033u));
        a.mov(cr0, eax);
        protectedEntry.FarJump(0x08, "secondary_entry");

        foreach (string symbol in (string[])["secondary_entry", "secondary_entry32"])
        {
            StubFunction address = o.Function("address_of_" + symbol);
            address.LoadAddress(rax, symbol);
            address.A.ret();
        }

        EmitFloatingPoint(o);
        EmitDebugRegisters(o);
        EmitPausing(o, "smp_pausing_vmcall", 0xC1);
        EmitPausing(o, "smp_pausing_vmmcall", 0xD9);
    }

    /// <summary>long (ulong number, ulong operation, ulong a1, ulong a2, ulong a3, ulong* cookie): one pass of a call from 64 on, with a cookie in R8 and back.</summary>
    private static void EmitPausing(StubObject o, string name, byte instruction)
    {
        Assembler a = o.Function(name).A;
        a.push(r9);
        a.mov(rax, rdi);
        a.mov(rdi, rsi);
        a.mov(rsi, rdx);
        a.mov(rdx, rcx);
        a.mov(r10, r8);
        a.mov(r8, __[r9]);
        a.db(0x0F, 0x01, instruction);
        a.pop(r9);
        a.mov(__[r9], r8);
        a.ret();
    }

    /// <summary>
    /// ulong smp_compute(ulong seed, ulong steps): x = sqrt(x * pi) + seed, over and over, in x87 registers all the time, and beside it
    /// each XMM register plus the one after it, with a rounding of the seed's own in MXCSR. The bits of all that.
    /// </summary>
    private static void EmitFloatingPoint(StubObject o)
    {
        AssemblerRegisterXMM[] vectors = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        const int mxcsrReset = 0x1F80, roundingShift = 13, roundings = 3;
        Assembler a = o.Function("smp_compute").A;
        a.fninit();
        a.mov(eax, edi);
        a.and(eax, roundings);
        a.shl(eax, roundingShift);
        a.or(eax, mxcsrReset);
        a.push(rax);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.mov(rax, rdi);
        foreach (AssemblerRegisterXMM vector in vectors)
        {
            a.movq(vector, rax);
            a.imul(rax, rax, 0x1003F);
            a.inc(rax);
        }
        a.push(rdi);
        a.fild(__qword_ptr[rsp]);
        a.fldpi();
        a.fld1();
        Label again = a.CreateLabel();
        a.Label(ref again);
        a.fmul(st0, st1);
        a.fsqrt();
        a.fadd(st0, st2);
        for (int i = 0; i < vectors.Length; i++)
        {
            a.paddq(vectors[i], vectors[(i + 1) % vectors.Length]);
        }
        a.dec(rsi);
        a.jne(again);
        a.fstp(__qword_ptr[rsp]);
        a.pop(rax);
        a.fninit();
        // Each sum depends on all sixteen.
        a.movq(rdx, xmm0);
        a.xor(rax, rdx);
        a.stmxcsr(__dword_ptr[rsp]);
        a.pop(rdx);
        a.add(rax, rdx);
        a.push(mxcsrReset);
        a.ldmxcsr(__dword_ptr[rsp]);
        a.pop(rdx);
        a.ret();
    }

    private static void EmitDebugRegisters(StubObject o)
    {
        // void smp_write_debug(ulong first): DR0-3 = first and the three after it.
        Assembler a = o.Function("smp_write_debug").A;
        a.mov(dr0, rdi);
        a.inc(rdi);
        a.mov(dr1, rdi);
        a.inc(rdi);
        a.mov(dr2, rdi);
        a.inc(rdi);
        a.mov(dr3, rdi);
        a.ret();

        // ulong smp_read_debug(): 4 * first when they are as written.
        a = o.Function("smp_sum_debug").A;
        a.mov(rax, dr0);
        a.mov(rcx, dr1);
        a.lea(rax, __[rax + rcx - 1]);
        a.mov(rcx, dr2);
        a.lea(rax, __[rax + rcx - 2]);
        a.mov(rcx, dr3);
        a.lea(rax, __[rax + rcx - 3]);
        a.ret();
    }
}
