using System;

namespace Xenolith.Domains;

/// <summary>What stands before a Zstandard frame's blocks (RFC 8878, 3.1.1.1).</summary>
internal struct ZstdFrameHeader
{
    /// <summary>Bytes that the header takes, the magic number not among them.</summary>
    public int Size { get; private set; }

    /// <summary>How far back a match may reach, in bytes.</summary>
    public ulong Window { get; private set; }

    /// <summary>Whether the frame says how much it unpacks to.</summary>
    public bool HasContentSize { get; private set; }

    /// <summary>Bytes that the frame unpacks to, if it says so.</summary>
    public ulong ContentSize { get; private set; }

    /// <summary>Whether a checksum follows the last block.</summary>
    public bool HasChecksum { get; private set; }

    /// <summary>The dictionary that the frame needs; 0: none.</summary>
    public uint Dictionary { get; private set; }

    /// <summary>Reads the header that <paramref name="input"/> begins with.</summary>
    public static DecompressionResult TryRead(ReadOnlySpan<byte> input, out ZstdFrameHeader header)
    {
        header = default;
        if (input.Length == 0)
        {
            return DecompressionResult.InputTruncated;
        }

        int descriptor = input[0];
        bool isSingleSegment = (descriptor & 0x20) != 0;
        int dictionarySize = (descriptor & 3) switch { 3 => 4, int size => size };
        int contentSize = (descriptor >> 6) switch { 0 => isSingleSegment ? 1 : 0, 1 => 2, 2 => 4, _ => 8 };
        if ((descriptor & 8) != 0)
        {
            // Reserved for what a decoder must understand.
            return DecompressionResult.Corrupt;
        }

        header.Size = 1 + (isSingleSegment ? 0 : 1) + dictionarySize + contentSize;
        if (header.Size > input.Length)
        {
            return DecompressionResult.InputTruncated;
        }

        int at = 1;
        if (!isSingleSegment)
        {
            ulong smallest = 1UL << (10 + (input[at] >> 3));
            header.Window = smallest + smallest / 8 * (ulong)(input[at] & 7);
            at++;
        }

        header.Dictionary = (uint)ReadNumber(input.Slice(at, dictionarySize));
        header.HasContentSize = contentSize != 0;
        header.ContentSize = ReadNumber(input.Slice(at + dictionarySize, contentSize)) + (contentSize == 2 ? 256u : 0u);
        header.HasChecksum = (descriptor & 4) != 0;
        if (isSingleSegment)
        {
            header.Window = header.ContentSize;
        }

        return DecompressionResult.Done;
    }

    private static ulong ReadNumber(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }
}
