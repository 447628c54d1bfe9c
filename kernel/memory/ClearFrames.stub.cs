using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>
/// Zeroes whole frames, RDI: address, RSI: bytes, not 0. Long runs of plain 16-byte stores: string instructions, the usual choice, cost an
/// emulator an iteration each, and most of the time that building a guest takes goes into this.
/// </summary>
internal sealed class ClearFramesStub : IStub
{
    private const int BytesPerRound = 2048;

    public void Emit(StubObject o)
    {
        Assembler a = o.Function("kernel_clear_frames").A;
        Label next = a.CreateLabel();
        a.xorps(xmm0, xmm0);
        a.Label(ref next);
        for (int at = 0; at < BytesPerRound; at += 16)
        {
            a.movaps(__xmmword_ptr[rdi + at], xmm0);
        }

        a.add(rdi, BytesPerRound);
        a.sub(rsi, BytesPerRound);
        a.jne(next);
        a.ret();
    }
}
