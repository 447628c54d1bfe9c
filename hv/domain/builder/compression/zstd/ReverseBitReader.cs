using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Xenolith.Domains;

/// <summary>
/// Reads bits from a stream's end to its start, as Zstandard's Huffman and FSE streams are written (RFC 8878, 4.1 and 4.2.2):
/// the highest one bit of the last byte marks the end and is not data. Past the start come zeros, and <see cref="Left"/> goes
/// below zero, which the caller looks at once it has read a number of codes.
/// </summary>
internal ref struct ReverseBitReader
{
    /// <summary>The most bits that one look can take: what is left of eight bytes when the first bit is a byte's last.</summary>
    public const int MaximumBits = 57;

    private readonly ReadOnlySpan<byte> _input;
    // The whole of a stream that is shorter than eight bytes.
    private readonly ulong _short;

    private ReverseBitReader(ReadOnlySpan<byte> input)
    {
        _input = input;
        _short = 0;
        if (input.Length < 8)
        {
            for (int i = 0; i < input.Length; i++)
            {
                _short |= (ulong)input[i] << (8 * i);
            }
        }

        Left = 8 * (input.Length - 1) + BitOperations.Log2(input[^1]);
    }

    /// <summary>Bits not yet read; negative when more were read than there are.</summary>
    public int Left { get; private set; }

    /// <summary>False when the stream has no end mark.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> input, out ReverseBitReader reader)
    {
        if (input.Length == 0 || input.Length > int.MaxValue / 8 || input[^1] == 0)
        {
            reader = default;
            return false;
        }

        reader = new ReverseBitReader(input);
        return true;
    }

    /// <summary>The next 0 to <see cref="MaximumBits"/> bits, the first of them the highest.</summary>
    public readonly ulong Peek(int count)
    {
        int first = Left - count;
        if (first < 0)
        {
            // Zeros stand in for the bits before the start.
            return Left <= 0 ? 0 : (Word(0) & ((1UL << Left) - 1)) << -first;
        }

        int at = Math.Max(Math.Min(first >> 3, _input.Length - 8), 0);
        return (Word(at) >> (first - 8 * at)) & ((1UL << count) - 1);
    }

    public void Skip(int count) => Left -= count;

    public uint Read(int count)
    {
        uint value = (uint)Peek(count);
        Left -= count;
        return value;
    }

    private readonly ulong Word(int at) => _input.Length < 8 ? _short : BinaryPrimitives.ReadUInt64LittleEndian(_input[at..]);
}
