using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// A call that can be left from anywhere below it. To its C# caller it is an ordinary call that returns once: callee-saved registers and
/// the stack pointer come back either way.
/// </summary>
internal sealed class ContainedCallStub : IStub
{
    private static readonly AssemblerRegister64[] s_saved = [rbx, rbp, r12, r13, r14, r15];

    public void Emit(StubObject o)
    {
        // rdi: the work; rsi: one word that receives the stack pointer. 0: the work returned.
        StubFunction f = o.Function("kernel_call_contained");
        Assembler a = f.A;
        foreach (AssemblerRegister64 register in s_saved)
        {
            a.push(register);
        }

        a.mov(__qword_ptr[rsi], rsp);
        a.sub(rsp, 8);
        f.Call("kernel_contained_entry");
        a.add(rsp, 8);
        a.xor(eax, eax);
        Return(a);

        // rdi: the stack pointer kept. Makes that call return 1.
        f = o.Function("kernel_leave_contained");
        a = f.A;
        a.cli();
        a.cld();
        a.mov(rsp, rdi);
        a.mov(eax, 1);
        Return(a);
    }

    private static void Return(Assembler a)
    {
        for (int i = s_saved.Length - 1; i >= 0; i--)
        {
            a.pop(s_saved[i]);
        }

        a.ret();
    }
}
