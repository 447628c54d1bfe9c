using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// LZ4's legacy frame (lz4 repository, doc/lz4_Frame_format.md, "Legacy frame"): a magic number, then blocks that each
/// begin with their compressed size; no checksum, and no block refers to another. Linux packs its kernels so.
/// Block format: doc/lz4_Block_format.md.
/// </summary>
public static class Lz4Legacy
{
    public const uint Magic = 0x184C2102;

    /// <summary>The most that one block unpacks to.</summary>
    public const int MaximumBlock = 8 << 20;

    private const int MinimumMatch = 4;

    /// <summary>Unpacks a frame, magic number included, into exactly <paramref name="output"/>.</summary>
    public static DecompressionResult Decompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.Length < 4)
        {
            return DecompressionResult.InputTruncated;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(input) != Magic)
        {
            return DecompressionResult.Corrupt;
        }

        input = input[4..];
        while (input.Length != 0)
        {
            if (input.Length < 4)
            {
                return DecompressionResult.InputTruncated;
            }

            uint size = BinaryPrimitives.ReadUInt32LittleEndian(input);
            input = input[4..];
            if (size == Magic)
            {
                // Frames may follow each other; the next one's blocks go on where these ended.
                continue;
            }

            if (size > (uint)input.Length)
            {
                return DecompressionResult.InputTruncated;
            }

            Span<byte> room = output.Length > MaximumBlock ? output[..MaximumBlock] : output;
            DecompressionResult result = DecompressBlock(input[..(int)size], room, out int written);
            if (result != DecompressionResult.Done)
            {
                return result;
            }

            input = input[(int)size..];
            output = output[written..];
        }

        return output.Length == 0 ? DecompressionResult.Done : DecompressionResult.OutputShort;
    }

    /// <summary>Unpacks one block. <paramref name="written"/>: bytes of the output that it filled.</summary>
    public static DecompressionResult DecompressBlock(ReadOnlySpan<byte> input, Span<byte> output, out int written)
    {
        int read = 0;
        written = 0;
        while (read < input.Length)
        {
            int token = input[read++];
            int literals = token >> 4;
            if (literals == 15 && !TryReadLength(input, ref read, ref literals))
            {
                return DecompressionResult.InputTruncated;
            }

            if (literals > input.Length - read)
            {
                return DecompressionResult.InputTruncated;
            }

            if (literals > output.Length - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            input.Slice(read, literals).CopyTo(output[written..]);
            read += literals;
            written += literals;
            if (read == input.Length)
            {
                // The last sequence has literals only.
                return DecompressionResult.Done;
            }

            if (input.Length - read < 2)
            {
                return DecompressionResult.InputTruncated;
            }

            int distance = input[read] | (input[read + 1] << 8);
            read += 2;
            if (distance == 0 || distance > written)
            {
                return DecompressionResult.Corrupt;
            }

            int length = token & 15;
            if (length == 15 && !TryReadLength(input, ref read, ref length))
            {
                return DecompressionResult.InputTruncated;
            }

            length += MinimumMatch;
            if (length > output.Length - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            BackReference.Copy(output, written, distance, length);
            written += length;
        }

        // A block ends with literals, so an empty one or one that ends in a match was cut.
        return DecompressionResult.InputTruncated;
    }

    private static bool TryReadLength(ReadOnlySpan<byte> input, ref int read, ref int length)
    {
        int next;
        do
        {
            // A length above the whole frame's size cannot fit anyway; stopping here keeps the sum from overflowing.
            if (read >= input.Length || length > int.MaxValue - 512)
            {
                return false;
            }

            next = input[read++];
            length += next;
        }
        while (next == 255);
        return true;
    }
}
