using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// The index of an xz stream lists its blocks' sizes again (XZ file format, 4). Both lists go into a digest of three
/// numbers instead of an array, so that a stream of any number of blocks can be compared with its index.
/// </summary>
internal struct XzIndex
{
    private ulong _blocks;
    private ulong _sizes;
    private ulong _mixed;

    /// <summary>Notes a block.</summary>
    /// <param name="unpadded">Header, packed data and check, in bytes.</param>
    /// <param name="unpacked">Bytes of output.</param>
    public void Add(ulong unpadded, ulong unpacked)
    {
        const ulong prime = 0x0000_0100_0000_01B3;
        _blocks++;
        _sizes = unchecked(_sizes + unpadded + unpacked);
        _mixed = unchecked(((_mixed ^ unpadded) * prime ^ unpacked) * prime);
    }

    /// <summary>Reads the index at <paramref name="at"/>, goes past it, and compares it with the blocks that were noted.</summary>
    public readonly DecompressionResult Check(ReadOnlySpan<byte> input, ref int at, Crc32 crc32)
    {
        // A number that is cut off by the input's end is damage all the same: the stream's footer is still to come.
        int next = at + 1;
        if (!XzNumber.TryRead(input, ref next, out ulong count) || count != _blocks)
        {
            return DecompressionResult.Corrupt;
        }

        var listed = new XzIndex();
        for (ulong i = 0; i < count; i++)
        {
            if (!XzNumber.TryRead(input, ref next, out ulong unpadded) || !XzNumber.TryRead(input, ref next, out ulong unpacked))
            {
                return DecompressionResult.Corrupt;
            }

            listed.Add(unpadded, unpacked);
        }

        if (listed._sizes != _sizes || listed._mixed != _mixed)
        {
            return DecompressionResult.Corrupt;
        }

        for (; ((next - at) & 3) != 0; next++)
        {
            if (next >= input.Length || input[next] != 0)
            {
                return DecompressionResult.Corrupt;
            }
        }

        if (input.Length - next < 4)
        {
            return DecompressionResult.InputTruncated;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(input[next..]) != crc32.Compute(input[at..next]))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        at = next + 4;
        return DecompressionResult.Done;
    }
}
