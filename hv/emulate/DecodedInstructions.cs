using System;
using System.Buffers.Binary;
using Iced.Intel;

namespace Xenolith.Emulate;

/// <summary>
/// What Iced made of bytes lately, so that a loop over device registers is decoded once. The bytes, their address and the width of
/// the code are all that decoding depends on, so what is found here is what decoding anew would give.
/// </summary>
internal sealed class DecodedInstructions
{
    private struct Entry
    {
        public ulong First, Last, Rip;
        public int Bitness;
        public Instruction Instruction;
    }

    private const int Count = 16;

    private readonly Entry[] _entries = new Entry[Count];

    /// <summary>Looks for bytes that fill the whole room.</summary>
    public bool TryFind(InstructionBytes bytes, ulong rip, int bitness, out Instruction instruction)
    {
        ref Entry entry = ref _entries[(int)rip & (Count - 1)];
        (ulong first, ulong last) = Key(bytes);
        if (entry.First != first || entry.Last != last || entry.Rip != rip || entry.Bitness != bitness)
        {
            instruction = default;
            return false;
        }

        instruction = entry.Instruction;
        return true;
    }

    public void Keep(InstructionBytes bytes, ulong rip, int bitness, in Instruction instruction)
    {
        ref Entry entry = ref _entries[(int)rip & (Count - 1)];
        (entry.First, entry.Last) = Key(bytes);
        entry.Rip = rip;
        entry.Bitness = bitness;
        entry.Instruction = instruction;
    }

    /// <summary>All fifteen bytes; the two words share one of them.</summary>
    private static (ulong First, ulong Last) Key(InstructionBytes bytes)
    {
        ReadOnlySpan<byte> room = bytes.Room;
        return (BinaryPrimitives.ReadUInt64LittleEndian(room), BinaryPrimitives.ReadUInt64LittleEndian(room[(InstructionDecoder.MaximumLength - sizeof(ulong))..]));
    }
}
