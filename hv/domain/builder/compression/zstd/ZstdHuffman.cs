using System;
using System.Numerics;

namespace Xenolith.Domains;

/// <summary>The Huffman code of Zstandard's literals (RFC 8878, 4.2): a table over the longest code's width.</summary>
internal sealed class ZstdHuffman
{
    private const int MaximumBits = 11;
    private const int MaximumSymbols = 256;
    private const int MaximumWeightLog = 6;

    // symbol << 8 | length
    private readonly ushort[] _table = new ushort[1 << MaximumBits];
    private readonly FseTable _weightCode = new(MaximumWeightLog);
    private int _width;

    /// <summary>Whether there is a code, for literals that say to use the last one again.</summary>
    public bool IsBuilt { get; private set; }

    public void Forget() => IsBuilt = false;

    /// <summary>Reads a code's description and builds its table. <paramref name="size"/>: the description's bytes.</summary>
    public bool TryRead(ReadOnlySpan<byte> input, out int size)
    {
        IsBuilt = false;
        size = 0;
        if (input.Length == 0)
        {
            return false;
        }

        // Below 128: so many bytes of weights packed with FSE. From there on: weights of four bits each, less 127 of them.
        Span<byte> weights = stackalloc byte[MaximumSymbols];
        int header = input[0];
        bool packed = header < 128;
        int count = header - 127;
        int bytes = packed ? header : (count + 1) / 2;
        if (bytes > input.Length - 1)
        {
            return false;
        }

        ReadOnlySpan<byte> description = input.Slice(1, bytes);
        if (packed && !TryUnpackWeights(description, weights[..(MaximumSymbols - 1)], out count))
        {
            return false;
        }

        for (int i = 0; !packed && i < count; i++)
        {
            weights[i] = (byte)((i & 1) == 0 ? description[i >> 1] >> 4 : description[i >> 1] & 15);
        }

        size = 1 + bytes;
        IsBuilt = TryBuild(weights, count);
        return IsBuilt;
    }

    /// <summary>Fills the output from a stream, which has to end with it.</summary>
    public bool TryDecode(ReadOnlySpan<byte> stream, Span<byte> output)
    {
        if (!ReverseBitReader.TryOpen(stream, out ReverseBitReader bits))
        {
            return false;
        }

        // Five of the longest codes fit into one look.
        const int atOnce = 5;
        const int look = atOnce * MaximumBits;
        ushort[] table = _table;
        int width = _width;
        uint mask = (1u << width) - 1;
        int at = 0;
        while (bits.Left >= look && output.Length - at >= atOnce)
        {
            ulong window = bits.Peek(look);
            int left = look;
            Span<byte> next = output.Slice(at, atOnce);
            for (int i = 0; i < next.Length; i++)
            {
                uint entry = table[(uint)(window >> (left - width)) & mask];
                next[i] = (byte)(entry >> 8);
                left -= (int)(entry & 0xFF);
            }

            bits.Skip(look - left);
            at += atOnce;
        }

        for (; at < output.Length && bits.Left > 0; at++)
        {
            uint entry = table[(int)bits.Peek(width)];
            output[at] = (byte)(entry >> 8);
            bits.Skip((int)(entry & 0xFF));
        }

        return at == output.Length && bits.Left == 0;
    }

    /// <summary>Two states take turns on one stream until it is used up (4.2.1.2).</summary>
    private bool TryUnpackWeights(ReadOnlySpan<byte> input, Span<byte> weights, out int count)
    {
        count = 0;
        if (!_weightCode.TryRead(input, MaximumSymbols, out int size) || !ReverseBitReader.TryOpen(input[size..], out ReverseBitReader bits))
        {
            return false;
        }

        uint state = bits.Read(_weightCode.Log);
        uint other = bits.Read(_weightCode.Log);
        if (bits.Left < 0)
        {
            return false;
        }

        while (count < weights.Length)
        {
            weights[count++] = (byte)_weightCode.SymbolOf(state);
            _weightCode.Advance(ref state, ref bits);
            if (bits.Left < 0)
            {
                // The state could not go on; what the other one holds is the last weight.
                if (count == weights.Length)
                {
                    return false;
                }

                weights[count++] = (byte)_weightCode.SymbolOf(other);
                return true;
            }

            (state, other) = (other, state);
        }

        return false;
    }

    /// <summary>
    /// A weight w above 0 is a code of width + 1 - w bits. The last symbol's weight is not written: it is what makes the code
    /// complete. Codes are given from the lowest weight on, in the order of the symbols.
    /// </summary>
    private bool TryBuild(Span<byte> weights, int count)
    {
        uint sum = 0;
        for (int i = 0; i < count; i++)
        {
            if (weights[i] > MaximumBits)
            {
                return false;
            }

            sum += (1u << weights[i]) >> 1;
        }

        if (sum == 0 || sum >= 1 << MaximumBits)
        {
            return false;
        }

        int width = BitOperations.Log2(sum) + 1;
        uint rest = (1u << width) - sum;
        if (!BitOperations.IsPow2(rest))
        {
            return false;
        }

        weights[count] = (byte)(BitOperations.Log2(rest) + 1);
        int at = 0;
        for (int weight = 1; weight <= width; weight++)
        {
            int length = width + 1 - weight;
            for (int symbol = 0; symbol <= count; symbol++)
            {
                if (weights[symbol] == weight)
                {
                    _table.AsSpan(at, 1 << (weight - 1)).Fill((ushort)((symbol << 8) | length));
                    at += 1 << (weight - 1);
                }
            }
        }

        _width = width;
        return true;
    }
}
