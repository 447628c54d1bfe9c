using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// Runs a few bytes of code with all general registers but RSP taken from a block, and stores them back; a fault in
/// between comes back as a return value instead (the C# exception handler resumes at <c>guest_recover</c>).
/// <c>long guest_execute(Registers* registers, void* code)</c>: 0 finished, 1 faulted. The code ends in RET.
/// <c>long guest_execute_user(Registers* registers, void* code, void* stackTop)</c>: the same at CPL 3; the code ends in
/// INT 0x80, which C# treats as the recovering event, so this one always returns 1. The narrow ones run the code as 32-bit code, which ends in
/// a far RET.
/// </summary>
internal sealed class ExecuteStub : IStub
{
    private const int UserCode32 = 0x1B, UserCode64 = 0x2B;

    private static readonly AssemblerRegister64[] CalleeSaved = [rbx, rbp, r12, r13, r14, r15];

    public void Emit(StubObject o)
    {
        // [0] stack pointer to resume with, 0 when nothing is to be recovered; [8] code to run; [16] register block.
        o.Bss("guest_recovery", ".bss", 32, 16);
        EmitExecute(o, "guest_execute", isNarrow: false);
        EmitExecute(o, "guest_execute_narrow", isNarrow: true);
        EmitExecuteUser(o, "guest_execute_user", UserCode64);
        EmitExecuteUser(o, "guest_execute_user_narrow", UserCode32);
        EmitRecover(o);
    }

    private static void EmitPrologue(StubFunction f)
    {
        Assembler a = f.A;
        foreach (AssemblerRegister64 register in CalleeSaved)
        {
            a.push(register);
        }

        f.LoadAddress(rax, "guest_recovery");
        a.mov(__[rax], rsp);
        a.mov(__[rax + 8], rsi);
        a.mov(__[rax + 16], rdi);
    }

    private static void EmitLoadRegisters(Assembler a)
    {
        // From the block in RDI; RDI itself last.
        for (int i = 0; i < InterruptsStub.Registers.Length; i++)
        {
            AssemblerRegister64 register = InterruptsStub.Registers[i];
            if (register != rsp && register != rdi)
            {
                a.mov(register, __[rdi + (i * 8)]);
            }
        }

        a.mov(rdi, __[rdi + (7 * 8)]);
    }

    private static void EmitExecute(StubObject o, string name, bool isNarrow)
    {
        StubFunction f = o.Function(name);
        Assembler a = f.A;
        EmitPrologue(f);
        // The target is called through the stack so that no register is spent on it.
        a.sub(rsp, 8);
        a.push(rsi);
        if (isNarrow)
        {
            a.mov(__dword_ptr[rsp + 4], NarrowCallsStub.Code32);
        }

        EmitLoadRegisters(a);
        if (isNarrow)
        {
            a.call(__fword_ptr[rsp]);
        }
        else
        {
            a.call(__qword_ptr[rsp]);
        }

        a.push(rdi);
        f.LoadAddress(rdi, "guest_recovery");
        a.mov(rdi, __[rdi + 16]);
        for (int i = 0; i < InterruptsStub.Registers.Length; i++)
        {
            AssemblerRegister64 register = InterruptsStub.Registers[i];
            if (register != rsp && register != rdi)
            {
                a.mov(__[rdi + (i * 8)], register);
            }
        }

        a.pop(rax);
        a.mov(__[rdi + (7 * 8)], rax);
        a.add(rsp, 16);
        f.LoadAddress(rcx, "guest_recovery");
        a.mov(__qword_ptr[rcx], 0);
        a.xor(eax, eax);
        EmitEpilogue(a);
    }

    private static void EmitExecuteUser(StubObject o, string name, int selector)
    {
        const int userData = 0x23, flagsWithoutInterrupts = 0x2;
        StubFunction f = o.Function(name);
        Assembler a = f.A;
        EmitPrologue(f);
        a.push(userData);
        a.push(rdx);
        a.push(flagsWithoutInterrupts);
        a.push(selector);
        a.push(rsi);
        EmitLoadRegisters(a);
        a.iretq();
    }

    private static void EmitRecover(StubObject o)
    {
        // The exception handler has restored RSP to guest_recovery[0] and copied the registers into the block.
        StubFunction f = o.Function("guest_recover");
        f.LoadAddress(rcx, "guest_recovery");
        f.A.mov(__qword_ptr[rcx], 0);
        f.A.mov(eax, 1);
        EmitEpilogue(f.A);
    }

    private static void EmitEpilogue(Assembler a)
    {
        a.cld();
        for (int i = CalleeSaved.Length - 1; i >= 0; i--)
        {
            a.pop(CalleeSaved[i]);
        }

        a.ret();
    }
}
