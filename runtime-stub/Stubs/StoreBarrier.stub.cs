using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Stores of references, called by compiled code with its own conventions: RDI is the place and RSI the
/// reference, and all registers but RAX and RCX are as before. The eight bytes before an object name its arena, and
/// zero stands for immortal: such an object may be stored anywhere.</summary>
internal sealed class StoreBarrierStub : IStub
{
    private const int ArenaViolation = 16;

    // As in StoreCheck.
    private const int NearStackBytes = 8192;

    public void Emit(StubObject o)
    {
        Assign(o.Function("RhpAssignRef"));
        Assign(o.Function("RhpCheckedAssignRef"));
        AssignByReference(o.Function("RhpByRefAssignRef"));
        CompareExchange(o.Function("runtime_compare_exchange_reference"));
        Exchange(o.Function("runtime_exchange_reference"));
        Check(o.Function("runtime_check_store"));
    }

    private static void Assign(StubFunction f)
    {
        Assembler a = f.A;
        Label store = a.CreateLabel();
        Test(f, store);
        a.Label(ref store);
        a.mov(__qword_ptr[rdi], rsi);
        a.ret();
    }

    // Copies a reference from the place at RSI to that at RDI and steps both on.
    private static void AssignByReference(StubFunction f)
    {
        Assembler a = f.A;
        Label store = a.CreateLabel();
        a.mov(rcx, rsi);
        a.mov(rsi, __qword_ptr[rsi]);
        Test(f, store);
        a.Label(ref store);
        a.mov(__qword_ptr[rdi], rsi);
        a.lea(rsi, __qword_ptr[rcx + 8]);
        a.add(rdi, 8);
        a.ret();
    }

    private static void CompareExchange(StubFunction f)
    {
        Assembler a = f.A;
        Label store = a.CreateLabel();
        Test(f, store);
        a.Label(ref store);
        a.mov(rax, rdx);
        a.@lock.cmpxchg(__qword_ptr[rdi], rsi);
        a.ret();
    }

    private static void Exchange(StubFunction f)
    {
        Assembler a = f.A;
        Label store = a.CreateLabel();
        Test(f, store);
        a.Label(ref store);
        a.mov(rax, rsi);
        a.xchg(__qword_ptr[rdi], rax);
        a.ret();
    }

    private static void Test(StubFunction f, Label store)
    {
        Assembler a = f.A;
        a.test(rsi, rsi);
        a.je(store);
        a.cmp(__qword_ptr[rsi - 8], 0);
        a.je(store);
        // A caller's local: out and ref arguments are most of the stores that come here.
        a.mov(rax, rdi);
        a.sub(rax, rsp);
        a.cmp(rax, NearStackBytes);
        a.jb(store);
        f.Call("runtime_check_store");
    }

    // Asks the runtime; returns, with every register but RAX as it was, only if the store is allowed. A refusal is
    // raised in the name of the barrier's caller.
    private static void Check(StubFunction f)
    {
        AssemblerRegister64[] kept = [rcx, rdx, rsi, rdi, r8, r9, r10, r11];
        AssemblerRegisterXMM[] vectors = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        Assembler a = f.A;
        Label refused = a.CreateLabel();
        foreach (AssemblerRegister64 register in kept)
        {
            a.push(register);
        }
        a.sub(rsp, 16 * vectors.Length);
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(__xmmword_ptr[rsp + 16 * i], vectors[i]);
        }
        f.Call("runtime_may_store");
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(vectors[i], __xmmword_ptr[rsp + 16 * i]);
        }
        a.add(rsp, 16 * vectors.Length);
        for (int i = kept.Length - 1; i >= 0; i--)
        {
            a.pop(kept[i]);
        }
        a.test(al, al);
        a.je(refused);
        a.ret();
        a.Label(ref refused);
        a.add(rsp, 8);
        a.mov(edi, ArenaViolation);
        f.Jump("runtime_raise_here");
    }
}
