using Iced.Intel;
using Xenolith.Build.Stubs;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Tests.Guests.Stubs;

/// <summary>
/// 256 vectors that build an <c>InterruptFrame</c> (general registers in encoding order, vector, error code, the
/// processor's own frame), keep the FPU's and SSE's state, and call <c>guest_interrupt(frame)</c> in C#.
/// </summary>
internal sealed class InterruptsStub : IStub
{
    private const int RegisterBytes = 128;

    // Exceptions that push an error code (Intel SDM vol. 3, table 6-1).
    private static readonly int[] WithErrorCode = [8, 10, 11, 12, 13, 14, 17, 21, 29, 30];

    internal static readonly AssemblerRegister64[] Registers =
        [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];

    public void Emit(StubObject o)
    {
        StubData table = o.Data("guest_vector_table", ".rodata", 8);
        for (int vector = 0; vector < 256; vector++)
        {
            string name = $"guest_vector_{vector}";
            table.Address64(name);
            StubFunction f = o.Function(name);
            if (System.Array.IndexOf(WithErrorCode, vector) < 0)
            {
                f.A.push(0);
            }

            f.A.push(vector);
            f.Jump("guest_vector_common");
        }

        EmitCommon(o);
    }

    private static void EmitCommon(StubObject o)
    {
        StubFunction f = o.Function("guest_vector_common");
        Assembler a = f.A;
        a.sub(rsp, RegisterBytes);
        for (int i = 0; i < Registers.Length; i++)
        {
            a.mov(__[rsp + (i * 8)], Registers[i]);
        }

        a.cld();
        a.mov(rbp, rsp);
        a.and(rsp, -64);
        a.sub(rsp, 512);
        a.fxsave64(__[rsp]);
        a.mov(rdi, rbp);
        f.Call("guest_interrupt");
        a.fxrstor64(__[rsp]);
        a.mov(rsp, rbp);
        for (int i = 0; i < Registers.Length; i++)
        {
            if (Registers[i] != rsp)
            {
                a.mov(Registers[i], __[rsp + (i * 8)]);
            }
        }

        a.add(rsp, RegisterBytes + 16);
        a.iretq();
    }
}
