using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>What stands before an xz block's data (XZ file format, 3.1): which filters it went through.</summary>
internal struct XzBlockHeader
{
    private const ulong FilterX86 = 4, FilterLzma2 = 0x21;
    private const int MinimumSize = 8;
    private const int ChecksumSize = 4;

    /// <summary>Bytes of the header.</summary>
    public int Size { get; private set; }

    /// <summary>Bytes of the packed data, if the header says so.</summary>
    public ulong? PackedSize { get; private set; }

    /// <summary>Bytes that the block unpacks to, if the header says so.</summary>
    public ulong? UnpackedSize { get; private set; }

    /// <summary>How far back a match may reach, in bytes.</summary>
    public uint Dictionary { get; private set; }

    /// <summary>Whether the data went through the filter for x86 code before it was packed.</summary>
    public bool IsX86Code { get; private set; }

    /// <summary>The address that the filter gave the block's first byte.</summary>
    public uint X86Start { get; private set; }

    /// <summary>Reads the header that <paramref name="input"/> begins with.</summary>
    /// <param name="feature">With <see cref="DecompressionResult.Unsupported"/>: what it uses; else null.</param>
    public static DecompressionResult TryRead(ReadOnlySpan<byte> input, Crc32 crc32, out XzBlockHeader header, out string? feature)
    {
        header = default;
        feature = null;
        int size = (input[0] + 1) * 4;
        if (size > input.Length)
        {
            return DecompressionResult.InputTruncated;
        }

        header.Size = size;
        ReadOnlySpan<byte> fields = input[..(size - ChecksumSize)];
        if (size < MinimumSize)
        {
            return DecompressionResult.Corrupt;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(input[fields.Length..]) != crc32.Compute(fields))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        int flags = fields[1];
        int at = 2;
        if ((flags & 0x3C) != 0)
        {
            feature = "block flags of a later version";
            return DecompressionResult.Unsupported;
        }

        bool good = true;
        if ((flags & 0x40) != 0)
        {
            good = XzNumber.TryRead(fields, ref at, out ulong value) && value != 0;
            header.PackedSize = value;
        }

        if (good && (flags & 0x80) != 0)
        {
            good = XzNumber.TryRead(fields, ref at, out ulong value);
            header.UnpackedSize = value;
        }

        if (!good)
        {
            return DecompressionResult.Corrupt;
        }

        DecompressionResult result = header.ReadFilters(fields, ref at, (flags & 3) + 1, out feature);
        // Zeros up to the checksum; other bytes are kept for later versions.
        return result == DecompressionResult.Done && fields[at..].IndexOfAnyExcept((byte)0) >= 0 ? DecompressionResult.Corrupt : result;
    }

    private DecompressionResult ReadFilters(ReadOnlySpan<byte> fields, ref int at, int count, out string? feature)
    {
        feature = null;
        for (int i = 0; i < count; i++)
        {
            if (!XzNumber.TryRead(fields, ref at, out ulong filter) || !XzNumber.TryRead(fields, ref at, out ulong size) || size > (ulong)(fields.Length - at))
            {
                return DecompressionResult.Corrupt;
            }

            ReadOnlySpan<byte> properties = fields.Slice(at, (int)size);
            at += properties.Length;
            bool isLast = i + 1 == count;
            if (filter == FilterLzma2 && isLast)
            {
                return TryTakeDictionary(properties) ? DecompressionResult.Done : DecompressionResult.Corrupt;
            }

            // LZMA2 can only be the last one and the others never are (5.3).
            if (filter == FilterLzma2 || (isLast && filter <= FilterX86))
            {
                return DecompressionResult.Corrupt;
            }

            if (filter != FilterX86 || IsX86Code)
            {
                feature = filter == FilterX86 ? "the filter x86 twice" : NameOf(filter);
                return DecompressionResult.Unsupported;
            }

            if (properties.Length is not (0 or 4))
            {
                return DecompressionResult.Corrupt;
            }

            IsX86Code = true;
            X86Start = properties.Length == 0 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(properties);
        }

        return DecompressionResult.Corrupt;
    }

    // 5.3.1: 2^n or 3 * 2^(n-1) bytes; 40 is 4 GiB less one byte.
    private bool TryTakeDictionary(ReadOnlySpan<byte> properties)
    {
        if (properties.Length != 1 || properties[0] > 40)
        {
            return false;
        }

        int bits = properties[0];
        Dictionary = bits == 40 ? uint.MaxValue : (2u | ((uint)bits & 1)) << (bits / 2 + 11);
        return true;
    }

    private static string NameOf(ulong filter) => filter switch
    {
        3 => "the filter delta",
        5 => "the filter powerpc",
        6 => "the filter ia64",
        7 => "the filter arm",
        8 => "the filter armthumb",
        9 => "the filter sparc",
        10 => "the filter arm64",
        11 => "the filter riscv",
        _ => "an unknown filter",
    };
}
