using System;
using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// Calls from 32-bit code: a far call into a 32-bit code segment (compatibility mode, Intel SDM vol. 3, 3.4.5), the instruction there, a far
/// return. Xen takes a call for a 32-bit one by the mode it is made in. Code and stacks lie below 4 GiB.
/// </summary>
internal sealed class NarrowCallsStub : IStub
{
    // The selector in guest_gdt.
    internal const ushort Code32 = 0x40;

    // What 32-bit code need not keep: the upper halves, and R8 to R15, are undefined when 64-bit mode is come back to.
    private static readonly AssemblerRegister64[] CalleeSaved = [rbx, rbp, r12, r13, r14, r15];

    public void Emit(StubObject o)
    {
        Call(o, "guest_narrow_vmcall", a => a.vmcall());
        Call(o, "guest_narrow_vmmcall", a => a.vmmcall());
        EmitPageCall(o);
        EmitWriteMsr(o);
    }

    /// <summary>
    /// long name(ulong number, ulong a1, a2, a3, a4, a5): Xen's 32-bit register convention is number in EAX and arguments in EBX, ECX, EDX,
    /// ESI, EDI (Xen public header arch-x86/xen-x86_32.h). The result's sign is extended.
    /// </summary>
    private static void Call(StubObject o, string name, Action<Assembler> instruction)
    {
        StubFunction f = Prologue(o, name);
        LoadArguments(f.A);
        Leave(o, f, name, a => instruction(a));
    }

    /// <summary>The same through the hypercall page, 32 bytes an entry; its address waits on the stack, for want of a register.</summary>
    private static void EmitPageCall(StubObject o)
    {
        const string name = "guest_narrow_page_call";
        StubFunction f = Prologue(o, name);
        f.LoadAddress(rax, "guest_hypercall_page");
        f.A.mov(r10d, edi);
        f.A.shl(r10d, 5);
        f.A.add(rax, r10);
        f.A.push(rax);
        LoadArguments(f.A);
        Leave(o, f, name, a => a.call(__dword_ptr[esp + 8]), pushed: 8);
    }

    /// <summary>void guest_narrow_wrmsr(uint index, ulong value).</summary>
    private static void EmitWriteMsr(StubObject o)
    {
        const string name = "guest_narrow_wrmsr";
        StubFunction f = Prologue(o, name);
        f.A.mov(ecx, edi);
        f.A.mov(eax, esi);
        f.A.mov(rdx, rsi);
        f.A.shr(rdx, 32);
        Leave(o, f, name, a => a.wrmsr());
    }

    private static StubFunction Prologue(StubObject o, string name)
    {
        StubFunction f = o.Function(name);
        foreach (AssemblerRegister64 register in CalleeSaved)
        {
            f.A.push(register);
        }

        return f;
    }

    private static void LoadArguments(Assembler a)
    {
        a.mov(eax, edi);
        a.mov(ebx, esi);
        a.xchg(ecx, edx);
        a.mov(esi, r8d);
        a.mov(edi, r9d);
        a.xor(ebp, ebp);
    }

    /// <summary>The instruction in 32-bit code, and back to the caller with EAX.</summary>
    private static void Leave(StubObject o, StubFunction f, string name, Action<Assembler> instruction, int pushed = 0)
    {
        string inner = name + "_32", pointer = name + "_pointer";
        StubFunction narrow = o.Function(inner, bitness: 32);
        instruction(narrow.A);
        narrow.A.AddInstruction(Instruction.Create(Code.Retfd));
        StubData target = o.Data(pointer, ".rodata", 8);
        target.Address32(inner);
        target.U16(Code32);

        Assembler a = f.A;
        f.LoadAddress(r11, pointer);
        a.call(__fword_ptr[r11]);
        a.movsxd(rax, eax);
        if (pushed != 0)
        {
            a.add(rsp, pushed);
        }

        for (int i = CalleeSaved.Length - 1; i >= 0; i--)
        {
            a.pop(CalleeSaved[i]);
        }

        a.ret();
    }
}
