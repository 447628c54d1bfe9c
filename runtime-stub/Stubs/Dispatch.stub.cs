using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Calls through interfaces: R11 is the call site's cell, RDI the object, and the other argument registers
/// are the callee's. See Internal.Runtime.InterfaceDispatch for the cell and the block of types.</summary>
internal sealed class DispatchStub : IStub
{
    private const int BlockPairs = 4;

    public void Emit(StubObject o)
    {
        // The datum is a block: pairs of type and target.
        StubFunction block = o.Function("runtime_dispatch_block");
        Assembler a = block.A;
        a.mov(r10, __qword_ptr[r11 + 8]);
        a.mov(rax, __qword_ptr[rdi]);
        for (int i = 0; i < BlockPairs; i++)
        {
            Label next = a.CreateLabel();
            a.cmp(rax, __qword_ptr[r10 + 16 * i]);
            a.jne(next);
            a.jmp(__qword_ptr[r10 + 16 * i + 8]);
            a.Label(ref next);
        }
        block.Jump("RhpInitialDynamicInterfaceDispatch");

        // Asks the runtime, keeping the arguments.
        AssemblerRegister64[] arguments = [rdi, rsi, rdx, rcx, r8, r9];
        AssemblerRegisterXMM[] vectors = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7];
        StubFunction resolve = o.Function("RhpInitialDynamicInterfaceDispatch");
        a = resolve.A;
        foreach (AssemblerRegister64 register in arguments)
        {
            a.push(register);
        }
        a.sub(rsp, 16 * vectors.Length + 8);
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(__xmmword_ptr[rsp + 16 * i], vectors[i]);
        }
        a.cmp(__dword_ptr[rdi], edi);
        a.mov(rsi, r11);
        resolve.Call("runtime_resolve_dispatch");
        for (int i = 0; i < vectors.Length; i++)
        {
            a.movups(vectors[i], __xmmword_ptr[rsp + 16 * i]);
        }
        a.add(rsp, 16 * vectors.Length + 8);
        for (int i = arguments.Length - 1; i >= 0; i--)
        {
            a.pop(arguments[i]);
        }
        a.jmp(rax);

        StubFunction address = o.Function("runtime_dispatch_block_address");
        address.LoadAddress(rax, "runtime_dispatch_block");
        address.A.ret();
    }
}
