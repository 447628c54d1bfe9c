using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// xz (The .xz File Format, version 1.1.0): streams one after another whose unpacked size is known, packed with LZMA2 with or
/// without the filter for x86 code, as Linux packs its kernels. Other filters are refused by name.
/// </summary>
public sealed class Xz
{
    private const int HeaderSize = 12;
    private const int FooterSize = 12;
    private const int FlagsAt = 6;

    private readonly Lzma2 _chunks = new();
    private readonly Crc32 _crc32 = new();
    private int _at;
    private string? _feature;

    private Xz()
    {
    }

    /// <summary>Whether the bytes begin as an xz stream.</summary>
    public static bool IsXz(ReadOnlySpan<byte> input) =>
        input.Length >= FlagsAt && input[0] == 0xFD && input[1] == (byte)'7' && input[2] == (byte)'z' && input[3] == (byte)'X'
        && input[4] == (byte)'Z' && input[5] == 0;

    /// <summary>
    /// Unpacks all streams into exactly <paramref name="output"/> and checks their checks and indexes. With any result but
    /// <see cref="DecompressionResult.Done"/>, <paramref name="fault"/> says where it ended.
    /// </summary>
    public static DecompressionResult Decompress(ReadOnlySpan<byte> input, Span<byte> output, out DecompressionFault fault)
    {
        var decoder = new Xz();
        DecompressionResult result = decoder.DecodeStreams(input, output);
        fault = new DecompressionFault(decoder._at, decoder._feature);
        return result;
    }

    private DecompressionResult DecodeStreams(ReadOnlySpan<byte> input, Span<byte> output)
    {
        do
        {
            DecompressionResult result = DecodeStream(input, output, out int written);
            if (result != DecompressionResult.Done)
            {
                return result;
            }

            output = output[written..];
            // Zeros in fours may follow a stream (2.2).
            while (input.Length - _at >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(input[_at..]) == 0)
            {
                _at += 4;
            }
        }
        while (_at < input.Length);
        return output.Length == 0 ? DecompressionResult.Done : DecompressionResult.OutputShort;
    }

    private DecompressionResult DecodeStream(ReadOnlySpan<byte> input, Span<byte> output, out int written)
    {
        written = 0;
        if (input.Length - _at < HeaderSize)
        {
            return DecompressionResult.InputTruncated;
        }

        ReadOnlySpan<byte> header = input.Slice(_at, HeaderSize);
        if (!IsXz(header))
        {
            return DecompressionResult.Corrupt;
        }

        ReadOnlySpan<byte> flags = header.Slice(FlagsAt, 2);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[(FlagsAt + 2)..]) != _crc32.Compute(flags))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        int check = flags[1];
        if (flags[0] != 0 || !XzCheck.IsKnown(check))
        {
            _feature = "a check other than CRC32, CRC64 and SHA-256";
            return DecompressionResult.Unsupported;
        }

        _at += HeaderSize;
        var index = new XzIndex();
        while (true)
        {
            if (_at >= input.Length)
            {
                return DecompressionResult.InputTruncated;
            }

            if (input[_at] == 0)
            {
                break;
            }

            DecompressionResult result = DecodeBlock(input, output[written..], check, ref index, out int unpacked);
            if (result != DecompressionResult.Done)
            {
                return result;
            }

            written += unpacked;
        }

        int indexStart = _at;
        DecompressionResult checkedIndex = index.Check(input, ref _at, _crc32);
        return checkedIndex == DecompressionResult.Done ? CheckFooter(input, flags, _at - indexStart) : checkedIndex;
    }

    private DecompressionResult DecodeBlock(ReadOnlySpan<byte> input, Span<byte> output, int check, ref XzIndex index, out int written)
    {
        written = 0;
        int start = _at;
        DecompressionResult result = XzBlockHeader.TryRead(input[start..], _crc32, out XzBlockHeader header, out _feature);
        if (result != DecompressionResult.Done)
        {
            return result;
        }

        _at += header.Size;
        int data = _at;
        result = _chunks.Decompress(input, ref _at, output, header.Dictionary, out written);
        if (result != DecompressionResult.Done)
        {
            return result;
        }

        int packed = _at - data;
        int padding = -packed & 3;
        int checkSize = XzCheck.SizeOf(check);
        if (padding + checkSize > input.Length - _at)
        {
            return DecompressionResult.InputTruncated;
        }

        if ((header.PackedSize is ulong packedSize && packedSize != (ulong)packed)
            || (header.UnpackedSize is ulong unpackedSize && unpackedSize != (ulong)written)
            || input.Slice(_at, padding).IndexOfAnyExcept((byte)0) >= 0)
        {
            return DecompressionResult.Corrupt;
        }

        Span<byte> unpacked = output[..written];
        if (header.IsX86Code)
        {
            X86Filter.Decode(unpacked, header.X86Start);
        }

        _at += padding;
        if (!XzCheck.Holds(check, unpacked, input.Slice(_at, checkSize), _crc32))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        _at += checkSize;
        index.Add((ulong)(header.Size + packed + checkSize), (ulong)written);
        return DecompressionResult.Done;
    }

    /// <summary>The footer says the index's size and the header's flags again (2.1.2).</summary>
    private DecompressionResult CheckFooter(ReadOnlySpan<byte> input, ReadOnlySpan<byte> flags, int indexSize)
    {
        if (input.Length - _at < FooterSize)
        {
            return DecompressionResult.InputTruncated;
        }

        ReadOnlySpan<byte> footer = input.Slice(_at, FooterSize);
        if (BinaryPrimitives.ReadUInt32LittleEndian(footer) != _crc32.Compute(footer.Slice(4, 6)))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        if (((ulong)BinaryPrimitives.ReadUInt32LittleEndian(footer[4..]) + 1) * 4 != (ulong)indexSize
            || !footer.Slice(8, 2).SequenceEqual(flags) || footer[10] != (byte)'Y' || footer[11] != (byte)'Z')
        {
            return DecompressionResult.Corrupt;
        }

        _at += FooterSize;
        return DecompressionResult.Done;
    }
}
