using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// The 256 interrupt entries, 16 bytes apart, and what they share: they make the C# struct InterruptFrame on the stack and call
/// kernel_interrupt. The CPU aligns RSP to 16 before it pushes five words (Intel SDM vol. 3, 6.14.2), so the call is aligned too.
/// </summary>
internal sealed class InterruptVectors : IStub
{
    private const int EntryBytes = 16;
    private const int NonMaskable = 2;
    private const int MachineCheck = 18;

    // Vectors for which the CPU pushes an error code (SDM vol. 3, table 6-1; AMD APM vol. 2, table 8-1).
    private const uint WithErrorCode = (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17) | (1 << 21) | (1 << 29) | (1 << 30);

    public void Emit(StubObject o)
    {
        StubFunction vectors = o.Function("interrupt_vectors");
        for (int vector = 0; vector < 256; vector++)
        {
            bool hasErrorCode = vector < 32 && (WithErrorCode >> vector & 1) != 0;
            int used = 10;
            if (!hasErrorCode)
            {
                vectors.Bytes(0x6A, 0x00);
                used += 2;
            }

            vectors.Bytes(0x68, (byte)vector, 0, 0, 0);
            vectors.Jump(vector is NonMaskable or MachineCheck ? "interrupt_anywhere" : "interrupt_common");
            for (; used < EntryBytes; used++)
            {
                vectors.Bytes(0xCC);
            }
        }

        EmitCommon(o.Function("interrupt_common"), keepsVectors: false);

        // These two interrupt C# in the middle and may return to it: what it has in XMM registers must not change.
        EmitCommon(o.Function("interrupt_anywhere"), keepsVectors: true);
    }

    private static void EmitCommon(StubFunction common, bool keepsVectors)
    {
        const int vectorBytes = 16;
        const int spaceBytes = (16 * vectorBytes) + 16;
        AssemblerRegister64[] saved = [rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15];
        AssemblerRegisterXMM[] vectors = [xmm0, xmm1, xmm2, xmm3, xmm4, xmm5, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        Assembler a = common.A;
        foreach (AssemblerRegister64 register in saved)
        {
            a.push(register);
        }

        a.cld();
        a.mov(rdi, rsp);
        if (keepsVectors)
        {
            a.sub(rsp, spaceBytes);
            a.stmxcsr(__dword_ptr[rsp + (16 * vectorBytes)]);
            for (int i = 0; i < vectors.Length; i++)
            {
                a.movups(__xmmword_ptr[rsp + (i * vectorBytes)], vectors[i]);
            }
        }

        common.Call("kernel_interrupt");
        if (keepsVectors)
        {
            for (int i = 0; i < vectors.Length; i++)
            {
                a.movups(vectors[i], __xmmword_ptr[rsp + (i * vectorBytes)]);
            }

            a.ldmxcsr(__dword_ptr[rsp + (16 * vectorBytes)]);
            a.add(rsp, spaceBytes);
        }

        for (int i = saved.Length - 1; i >= 0; i--)
        {
            a.pop(saved[i]);
        }

        a.add(rsp, 16);
        a.iretq();
    }
}
