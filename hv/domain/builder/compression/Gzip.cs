using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>One gzip member (RFC 1952) whose unpacked size is known.</summary>
public static class Gzip
{
    private const int HeaderSize = 10;
    private const int TrailerSize = 8;

    /// <summary>Whether the bytes begin as a gzip member with the DEFLATE method.</summary>
    public static bool IsGzip(ReadOnlySpan<byte> input) => input.Length >= 3 && input[0] == 0x1F && input[1] == 0x8B && input[2] == 8;

    /// <summary>Unpacks the member into exactly <paramref name="output"/> and checks its CRC and size.</summary>
    public static DecompressionResult Decompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.Length < HeaderSize + TrailerSize)
        {
            return DecompressionResult.InputTruncated;
        }

        // Bits 5 to 7 of the flags are reserved and must be zero (2.3.1.2).
        int flags = input[3];
        if (!IsGzip(input) || (flags & 0xE0) != 0)
        {
            return DecompressionResult.Corrupt;
        }

        if (!TrySkipHeader(input, flags, out int at))
        {
            return DecompressionResult.InputTruncated;
        }

        DecompressionResult result = new Inflate().Decompress(input[at..], output, out int consumed, out int written);
        if (result != DecompressionResult.Done)
        {
            return result;
        }

        ReadOnlySpan<byte> trailer = input[(at + consumed)..];
        if (trailer.Length < TrailerSize)
        {
            return DecompressionResult.InputTruncated;
        }

        if (written != output.Length)
        {
            return DecompressionResult.OutputShort;
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(trailer) == new Crc32().Compute(output)
            && BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) == (uint)written
            ? DecompressionResult.Done
            : DecompressionResult.ChecksumMismatch;
    }

    private static bool TrySkipHeader(ReadOnlySpan<byte> input, int flags, out int at)
    {
        const int HeaderCrc = 2, Extra = 4, Name = 8, Comment = 16;
        at = HeaderSize;
        if ((flags & Extra) != 0)
        {
            if (input.Length - at < 2)
            {
                return false;
            }

            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(input[at..]);
        }

        for (int field = Name; field <= Comment; field <<= 1)
        {
            if ((flags & field) == 0)
            {
                continue;
            }

            while (at < input.Length && input[at] != 0)
            {
                at++;
            }

            at++;
        }

        if ((flags & HeaderCrc) != 0)
        {
            at += 2;
        }

        return at <= input.Length;
    }
}
