using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// LZMA2: chunks that are either stored or packed with LZMA, and say what of the decoder's state starts anew. The format is
/// described by XZ Utils' and the Linux kernel's decoders only (Linux, lib/xz/xz_dec_lzma2.c, in the public domain).
/// </summary>
internal sealed class Lzma2
{
    private const int EndOfChunks = 0;
    private const int StoredAnew = 1;
    private const int Stored = 2;
    private const int Packed = 0x80;
    private const int StoredHeaderSize = 3;
    private const int PackedHeaderSize = 5;

    private readonly LzmaDecoder _decoder = new();

    /// <summary>Unpacks the chunks of one block.</summary>
    /// <param name="input">All of the compressed data.</param>
    /// <param name="at">Where the block's chunks start; on return, where they end, or the chunk at fault.</param>
    /// <param name="dictionary">How far back a match may reach, in bytes.</param>
    /// <param name="written">Bytes of output.</param>
    public DecompressionResult Decompress(ReadOnlySpan<byte> input, ref int at, Span<byte> output, uint dictionary, out int written)
    {
        written = 0;
        // Where the dictionary starts; none yet.
        int start = -1;
        bool hasProperties = false;
        while (true)
        {
            if (at == input.Length)
            {
                return DecompressionResult.InputTruncated;
            }

            int control = input[at];
            if (control == EndOfChunks)
            {
                at++;
                return DecompressionResult.Done;
            }

            bool isPacked = control >= Packed;
            if (!isPacked && control > Stored)
            {
                return DecompressionResult.Corrupt;
            }

            // Bits 5 and 6 of a packed chunk: 1 starts the state anew, 2 brings properties too, 3 empties the dictionary too.
            int reset = isPacked ? (control >> 5) & 3 : 0;
            bool bringsProperties = reset >= 2;
            if (control == StoredAnew || reset == 3)
            {
                start = written;
                hasProperties = false;
            }

            int headerSize = isPacked ? PackedHeaderSize + (bringsProperties ? 1 : 0) : StoredHeaderSize;
            if (headerSize > input.Length - at)
            {
                return DecompressionResult.InputTruncated;
            }

            int size = BinaryPrimitives.ReadUInt16BigEndian(input[(at + 1)..]) + 1;
            int packed = size;
            if (isPacked)
            {
                size += (control & 0x1F) << 16;
                packed = BinaryPrimitives.ReadUInt16BigEndian(input[(at + 3)..]) + 1;
                hasProperties |= bringsProperties;
            }

            if (start < 0 || (isPacked && !hasProperties)
                || (bringsProperties && !_decoder.TrySetProperties(input[at + PackedHeaderSize])))
            {
                return DecompressionResult.Corrupt;
            }

            if (packed > input.Length - at - headerSize)
            {
                return DecompressionResult.InputTruncated;
            }

            if (size > output.Length - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            ReadOnlySpan<byte> chunk = input.Slice(at + headerSize, packed);
            if (!isPacked)
            {
                chunk.CopyTo(output[written..]);
            }
            else
            {
                if (reset != 0)
                {
                    _decoder.ResetState();
                }

                if (!_decoder.TryDecode(chunk, output[start..(written + size)], written - start, dictionary))
                {
                    return DecompressionResult.Corrupt;
                }
            }

            written += size;
            at += headerSize + packed;
        }
    }
}
