using System;
using System.Numerics;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The registers of one local APIC, each a word at its offset in a frame of their own: the form in which a CPU with APIC
/// virtualisation uses them (SDM vol. 3, 30.1.1). The CPU that has the vCPU touches them, or nobody has it.
/// </summary>
internal sealed class ApicRegisterFile(PhysicalMemory memory, Mfn frame)
{
    // Eight words of 32 bits each, 16 bytes apart.
    private const int VectorWords = 8;
    private const uint Stride = 0x10;
    private const int Size = 0x400;

    /// <summary>Where they lie.</summary>
    public Mfn Frame => frame;

    /// <summary>A register by its offset, a multiple of 16 below <see cref="Size"/>.</summary>
    public ref uint this[uint offset] => ref memory.Word32(frame.Address + offset);

    /// <param name="page">1,024 bytes.</param>
    public void CopyTo(Span<byte> page) => memory.Frame(frame).Slice(0, Size).CopyTo(page);

    public void Clear() => memory.Frame(frame).Slice(0, Size).Clear();

    /// <summary>The highest vector whose bit is set in the 256-bit register; -1: none.</summary>
    public int Highest(uint register)
    {
        // The upper half of each 64 bits is never written.
        Span<ulong> words = memory.Words64(frame.Address + register, VectorWords * 2);
        for (int word = VectorWords - 1; word >= 0; word--)
        {
            uint bits = (uint)words[word * 2];
            if (bits != 0)
                return word * 32 + BitOperations.Log2(bits);
        }
        return -1;
    }

    /// <summary>Sets bits of the 256-bit register.</summary>
    /// <param name="word">0 to 7: which 32 vectors.</param>
    public void SetVectors(uint register, int word, uint bits) => this[register + (uint)word * Stride] |= bits;

    public void SetVector(uint register, byte vector) => SetVectors(register, vector >> 5, 1u << (vector & 31));

    public void ClearVector(uint register, byte vector) => this[register + (uint)(vector >> 5) * Stride] &= ~(1u << (vector & 31));
}
