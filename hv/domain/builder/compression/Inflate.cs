using System;

namespace Xenolith.Domains;

/// <summary>DEFLATE (RFC 1951). An instance holds the tables and may be used again.</summary>
public sealed class Inflate
{
    private const int EndOfBlock = 256;

    private readonly HuffmanTable _literals = new(288);
    private readonly HuffmanTable _distances = new(32);
    private readonly HuffmanTable _lengths = new(19);

    /// <summary>
    /// Unpacks a DEFLATE stream. <paramref name="consumed"/>: bytes of input up to the end of the last block;
    /// <paramref name="written"/>: bytes of output.
    /// </summary>
    public DecompressionResult Decompress(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        var bits = new BitReader(input);
        written = 0;
        consumed = 0;
        bool last;
        do
        {
            if (!bits.TryRead(1, out uint final) || !bits.TryRead(2, out uint type))
            {
                return DecompressionResult.InputTruncated;
            }

            last = final != 0;
            DecompressionResult result = type switch
            {
                0 => CopyStored(ref bits, output, ref written),
                1 => UseFixedCodes() ?? ReadCodes(ref bits, output, ref written),
                2 => ReadDynamicCodes(ref bits) ?? ReadCodes(ref bits, output, ref written),
                _ => DecompressionResult.Corrupt,
            };
            if (result != DecompressionResult.Done)
            {
                return result;
            }
        }
        while (!last);

        consumed = bits.BytesConsumed;
        return DecompressionResult.Done;
    }

    private static DecompressionResult CopyStored(ref BitReader bits, Span<byte> output, ref int written)
    {
        bits.AlignToByte();
        if (!bits.TryRead(16, out uint length) || !bits.TryRead(16, out uint complement))
        {
            return DecompressionResult.InputTruncated;
        }

        if (length != (~complement & 0xFFFF))
        {
            return DecompressionResult.Corrupt;
        }

        if (length > (uint)(output.Length - written))
        {
            return DecompressionResult.OutputOverrun;
        }

        if (!bits.TryReadBytes(output.Slice(written, (int)length)))
        {
            return DecompressionResult.InputTruncated;
        }

        written += (int)length;
        return DecompressionResult.Done;
    }

    private DecompressionResult? UseFixedCodes()
    {
        // RFC 1951, 3.2.6.
        Span<byte> lengths = stackalloc byte[288];
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..].Fill(8);
        Span<byte> distances = stackalloc byte[32];
        distances.Fill(5);
        return _literals.TryBuild(lengths) && _distances.TryBuild(distances) ? null : DecompressionResult.Corrupt;
    }

    private DecompressionResult? ReadDynamicCodes(ref BitReader bits)
    {
        // RFC 1951, 3.2.7: the order in which the lengths of the length codes come.
        ReadOnlySpan<byte> order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        if (!bits.TryRead(5, out uint literalCodes) || !bits.TryRead(5, out uint distanceCodes) || !bits.TryRead(4, out uint lengthCodes))
        {
            return DecompressionResult.InputTruncated;
        }

        int literals = (int)literalCodes + 257;
        int distances = (int)distanceCodes + 1;
        if (literals > 286 || distances > 30)
        {
            return DecompressionResult.Corrupt;
        }

        Span<byte> lengthLengths = stackalloc byte[19];
        lengthLengths.Clear();
        for (int i = 0; i < (int)lengthCodes + 4; i++)
        {
            if (!bits.TryRead(3, out uint length))
            {
                return DecompressionResult.InputTruncated;
            }

            lengthLengths[order[i]] = (byte)length;
        }

        if (!_lengths.TryBuild(lengthLengths))
        {
            return DecompressionResult.Corrupt;
        }

        Span<byte> lengths = stackalloc byte[286 + 30];
        lengths.Clear();
        int at = 0;
        while (at < literals + distances)
        {
            if (!bits.TryReadSymbol(_lengths, out int symbol))
            {
                return bits.IsAtEnd ? DecompressionResult.InputTruncated : DecompressionResult.Corrupt;
            }

            if (symbol < 16)
            {
                lengths[at++] = (byte)symbol;
                continue;
            }

            // 16 repeats the length before it 3-6 times; 17 and 18 are runs of zeros, 3-10 and 11-138 long.
            int extraBits = symbol switch { 16 => 2, 17 => 3, _ => 7 };
            if (!bits.TryRead(extraBits, out uint extra))
            {
                return DecompressionResult.InputTruncated;
            }

            int repeat = (int)extra + (symbol == 18 ? 11 : 3);
            if (repeat > literals + distances - at || (symbol == 16 && at == 0))
            {
                return DecompressionResult.Corrupt;
            }

            lengths.Slice(at, repeat).Fill(symbol == 16 ? lengths[at - 1] : (byte)0);
            at += repeat;
        }

        bool good = lengths[EndOfBlock] != 0
            && _literals.TryBuild(lengths[..literals])
            && _distances.TryBuild(lengths.Slice(literals, distances));
        return good ? null : DecompressionResult.Corrupt;
    }

    private DecompressionResult ReadCodes(ref BitReader bits, Span<byte> output, ref int written)
    {
        // RFC 1951, 3.2.5: bases and extra bits of length codes 257-285 and of distance codes 0-29.
        ReadOnlySpan<ushort> lengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
        ReadOnlySpan<byte> lengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
        ReadOnlySpan<ushort> distanceBase =
            [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
        ReadOnlySpan<byte> distanceExtra = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
        while (true)
        {
            if (!bits.TryReadSymbol(_literals, out int symbol))
            {
                return bits.IsAtEnd ? DecompressionResult.InputTruncated : DecompressionResult.Corrupt;
            }

            if (symbol < EndOfBlock)
            {
                if (written == output.Length)
                {
                    return DecompressionResult.OutputOverrun;
                }

                output[written++] = (byte)symbol;
                continue;
            }

            if (symbol == EndOfBlock)
            {
                return DecompressionResult.Done;
            }

            symbol -= EndOfBlock + 1;
            if (symbol >= lengthBase.Length)
            {
                return DecompressionResult.Corrupt;
            }

            if (!bits.TryRead(lengthExtra[symbol], out uint extra))
            {
                return DecompressionResult.InputTruncated;
            }

            int length = lengthBase[symbol] + (int)extra;
            if (!bits.TryReadSymbol(_distances, out int distanceCode))
            {
                return bits.IsAtEnd ? DecompressionResult.InputTruncated : DecompressionResult.Corrupt;
            }

            if (distanceCode >= distanceBase.Length)
            {
                return DecompressionResult.Corrupt;
            }

            if (!bits.TryRead(distanceExtra[distanceCode], out extra))
            {
                return DecompressionResult.InputTruncated;
            }

            int distance = distanceBase[distanceCode] + (int)extra;
            if (distance > written)
            {
                return DecompressionResult.Corrupt;
            }

            if (length > output.Length - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            BackReference.Copy(output, written, distance, length);
            written += length;
        }
    }
}
