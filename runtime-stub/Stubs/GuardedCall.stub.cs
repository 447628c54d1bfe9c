using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>A call that can be ended from within: the registers that a callee keeps are in the record (RDI), in the
/// layout of Xenolith.Runtime.GuardRecord.</summary>
internal sealed class GuardedCallStub : IStub
{
    public void Emit(StubObject o)
    {
        AssemblerRegister64[] kept = [rsp, rbp, rbx, r12, r13, r14, r15];

        // RSI: the method; RDX: its argument. Returns 0, or the kind that runtime_guarded_return was given.
        Assembler a = o.Function("runtime_guarded_call").A;
        for (int i = 0; i < kept.Length; i++)
        {
            a.mov(__qword_ptr[rdi + 8 * i], kept[i]);
        }
        a.sub(rsp, 8);
        a.mov(rdi, rdx);
        a.call(rsi);
        a.add(rsp, 8);
        a.xor(eax, eax);
        a.ret();

        a = o.Function("runtime_guarded_return").A;
        for (int i = 0; i < kept.Length; i++)
        {
            a.mov(kept[i], __qword_ptr[rdi + 8 * i]);
        }
        a.mov(eax, esi);
        a.ret();
    }
}
