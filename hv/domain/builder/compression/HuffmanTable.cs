using System;

namespace Xenolith.Domains;

/// <summary>
/// A canonical Huffman code as in RFC 1951, 3.2.2: a direct table for codes up to <see cref="FastBits"/> bits, the
/// canonical first-code rule for longer ones.
/// </summary>
internal sealed class HuffmanTable(int maximumSymbols)
{
    public const int FastBits = 10;
    private const int MaximumBits = 15;

    // symbol << 4 | length; 0: not a code of at most FastBits bits.
    private readonly ushort[] _fast = new ushort[1 << FastBits];
    private readonly ushort[] _symbols = new ushort[maximumSymbols];
    private readonly ushort[] _counts = new ushort[MaximumBits + 1];

    /// <summary>
    /// Builds the code from each symbol's length (0: unused). False when the lengths are over-subscribed, or when they are
    /// incomplete and not the one-code case that the format allows.
    /// </summary>
    public bool TryBuild(ReadOnlySpan<byte> lengths)
    {
        Span<int> next = stackalloc int[MaximumBits + 1];
        Span<int> offsets = stackalloc int[MaximumBits + 1];
        _counts.AsSpan().Clear();
        _fast.AsSpan().Clear();
        for (int i = 0; i < lengths.Length; i++)
        {
            _counts[lengths[i]]++;
        }

        int used = lengths.Length - _counts[0];
        _counts[0] = 0;
        int left = 1;
        int code = 0;
        offsets[1] = 0;
        for (int bits = 1; bits <= MaximumBits; bits++)
        {
            left = (left << 1) - _counts[bits];
            if (left < 0)
            {
                return false;
            }

            code = (code + _counts[bits - 1]) << 1;
            next[bits] = code;
            if (bits < MaximumBits)
            {
                offsets[bits + 1] = offsets[bits] + _counts[bits];
            }
        }

        if (left != 0 && !(used == 0 || (used == 1 && _counts[1] == 1)))
        {
            return false;
        }

        for (int symbol = 0; symbol < lengths.Length; symbol++)
        {
            int length = lengths[symbol];
            if (length == 0)
            {
                continue;
            }

            _symbols[offsets[length]++] = (ushort)symbol;
            int assigned = next[length]++;
            if (length <= FastBits)
            {
                FillFast(Reverse(assigned, length), length, symbol);
            }
        }

        return true;
    }

    /// <summary>
    /// Finds the symbol at the low end of <paramref name="bits"/> (first bit in bit 0). Returns its length in bits, or 0 when
    /// no code of at most <paramref name="available"/> bits matches.
    /// </summary>
    public int Find(uint bits, int available, out int symbol)
    {
        int entry = _fast[bits & ((1 << FastBits) - 1)];
        if (entry != 0)
        {
            symbol = entry >> 4;
            int length = entry & 15;
            return length <= available ? length : 0;
        }

        int code = 0;
        int first = 0;
        int index = 0;
        int limit = available < MaximumBits ? available : MaximumBits;
        for (int length = 1; length <= limit; length++)
        {
            code |= (int)(bits & 1);
            bits >>= 1;
            int count = _counts[length];
            if (code - count < first)
            {
                symbol = _symbols[index + (code - first)];
                return length;
            }

            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }

        symbol = 0;
        return 0;
    }

    private void FillFast(int reversed, int length, int symbol)
    {
        for (int i = reversed; i < 1 << FastBits; i += 1 << length)
        {
            _fast[i] = (ushort)((symbol << 4) | length);
        }
    }

    private static int Reverse(int code, int length)
    {
        int result = 0;
        for (int i = 0; i < length; i++)
        {
            result = (result << 1) | (code & 1);
            code >>= 1;
        }

        return result;
    }
}
