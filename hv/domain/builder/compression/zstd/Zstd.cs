using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// Zstandard (RFC 8878): frames one after another whose unpacked size is known. The output is the window, so a frame may ask
/// for one of any size. Frames that need a dictionary are refused.
/// </summary>
public sealed class Zstd
{
    public const uint Magic = 0xFD2F_B528;

    private const uint SkippableMagic = 0x184D_2A50;
    private const uint SkippableMask = 0xFFFF_FFF0;
    private const int MaximumBlock = 128 << 10;
    private const int BlockHeaderSize = 3;
    private const int ChecksumSize = 4;

    private readonly ZstdLiterals _literals = new();
    private readonly ZstdSequences _sequences = new();
    private int _at;
    private string? _feature;

    private Zstd()
    {
    }

    /// <summary>
    /// Unpacks all frames into exactly <paramref name="output"/> and checks their checksums. With any result but
    /// <see cref="DecompressionResult.Done"/>, <paramref name="fault"/> says where it ended.
    /// </summary>
    public static DecompressionResult Decompress(ReadOnlySpan<byte> input, Span<byte> output, out DecompressionFault fault)
    {
        var decoder = new Zstd();
        DecompressionResult result = decoder.DecodeFrames(input, output);
        fault = new DecompressionFault(decoder._at, decoder._feature);
        return result;
    }

    private DecompressionResult DecodeFrames(ReadOnlySpan<byte> input, Span<byte> output)
    {
        do
        {
            if (input.Length - _at < 4)
            {
                return DecompressionResult.InputTruncated;
            }

            uint magic = BinaryPrimitives.ReadUInt32LittleEndian(input[_at..]);
            if ((magic & SkippableMask) == SkippableMagic)
            {
                if (input.Length - _at < 8 || BinaryPrimitives.ReadUInt32LittleEndian(input[(_at + 4)..]) > (uint)(input.Length - _at - 8))
                {
                    return DecompressionResult.InputTruncated;
                }

                _at += 8 + (int)BinaryPrimitives.ReadUInt32LittleEndian(input[(_at + 4)..]);
                continue;
            }

            if (magic != Magic)
            {
                return DecompressionResult.Corrupt;
            }

            DecompressionResult result = DecodeFrame(input, output, out int written);
            if (result != DecompressionResult.Done)
            {
                return result;
            }

            output = output[written..];
        }
        while (_at < input.Length);
        return output.Length == 0 ? DecompressionResult.Done : DecompressionResult.OutputShort;
    }

    private DecompressionResult DecodeFrame(ReadOnlySpan<byte> input, Span<byte> output, out int written)
    {
        written = 0;
        DecompressionResult result = ZstdFrameHeader.TryRead(input[(_at + 4)..], out ZstdFrameHeader header);
        if (result != DecompressionResult.Done)
        {
            return result;
        }

        if (header.Dictionary != 0)
        {
            _feature = "a dictionary";
            return DecompressionResult.Unsupported;
        }

        if (header.HasContentSize)
        {
            if (header.ContentSize > (ulong)output.Length)
            {
                return DecompressionResult.OutputOverrun;
            }

            output = output[..(int)header.ContentSize];
        }

        int frame = _at;
        _at += 4 + header.Size;
        _literals.StartFrame();
        _sequences.StartFrame();
        bool isLast;
        do
        {
            result = DecodeBlock(input, output, header.Window, ref written, out isLast);
            if (result != DecompressionResult.Done)
            {
                // A frame that says its size and then is larger is damaged, whatever the output holds.
                return result == DecompressionResult.OutputOverrun && header.HasContentSize ? DecompressionResult.Corrupt : result;
            }
        }
        while (!isLast);

        if (header.HasContentSize && written != output.Length)
        {
            _at = frame;
            return DecompressionResult.Corrupt;
        }

        return header.HasChecksum ? CheckFrame(input, output[..written]) : DecompressionResult.Done;
    }

    private DecompressionResult DecodeBlock(ReadOnlySpan<byte> input, Span<byte> output, ulong window, ref int written, out bool isLast)
    {
        const int raw = 0, repeated = 1, reserved = 3;
        isLast = false;
        if (input.Length - _at < BlockHeaderSize)
        {
            return DecompressionResult.InputTruncated;
        }

        int header = input[_at] | (input[_at + 1] << 8) | (input[_at + 2] << 16);
        int type = (header >> 1) & 3;
        int size = header >> 3;
        int packed = type == repeated ? 1 : size;
        isLast = (header & 1) != 0;
        int maximum = (int)Math.Min(window, MaximumBlock);
        if (type == reserved || size > maximum)
        {
            return DecompressionResult.Corrupt;
        }

        if (packed > input.Length - _at - BlockHeaderSize)
        {
            return DecompressionResult.InputTruncated;
        }

        ReadOnlySpan<byte> block = input.Slice(_at + BlockHeaderSize, packed);
        DecompressionResult result = DecompressionResult.Done;
        if (type is raw or repeated)
        {
            if (size > output.Length - written)
            {
                return DecompressionResult.OutputOverrun;
            }

            Span<byte> target = output.Slice(written, size);
            if (type == raw)
            {
                block.CopyTo(target);
            }
            else
            {
                target.Fill(block[0]);
            }

            written += size;
        }
        else
        {
            bool isLimited = output.Length - written > maximum;
            result = DecodeCompressed(block, isLimited ? output[..(written + maximum)] : output, window, ref written);
            if (result == DecompressionResult.OutputOverrun && isLimited)
            {
                result = DecompressionResult.Corrupt;
            }
        }

        if (result == DecompressionResult.Done)
        {
            _at += BlockHeaderSize + packed;
        }

        return result;
    }

    private DecompressionResult DecodeCompressed(ReadOnlySpan<byte> block, Span<byte> room, ulong window, ref int written)
    {
        DecompressionResult result = _literals.Decode(block, room[written..], out int size, out int literals);
        return result == DecompressionResult.Done
            ? _sequences.Execute(block[size..], room, literals, window, ref written)
            : result;
    }

    private DecompressionResult CheckFrame(ReadOnlySpan<byte> input, ReadOnlySpan<byte> content)
    {
        if (input.Length - _at < ChecksumSize)
        {
            return DecompressionResult.InputTruncated;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(input[_at..]) != (uint)XxHash64.Compute(content))
        {
            return DecompressionResult.ChecksumMismatch;
        }

        _at += ChecksumSize;
        return DecompressionResult.Done;
    }
}
