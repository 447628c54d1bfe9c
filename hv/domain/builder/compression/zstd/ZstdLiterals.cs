using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>The first section of a compressed Zstandard block: its literals (RFC 8878, 3.1.1.3.1).</summary>
internal sealed class ZstdLiterals
{
    private const int Raw = 0;
    private const int Repeated = 1;
    private const int Treeless = 3;
    private const int JumpTableSize = 6;

    private readonly ZstdHuffman _code = new();

    /// <summary>Forgets the code of the frame before.</summary>
    public void StartFrame() => _code.Forget();

    /// <summary>
    /// Unpacks the literals to the very end of <paramref name="room"/>. What the block makes of them is written from the
    /// room's start on, at least a byte a literal, so they need no buffer of their own.
    /// </summary>
    /// <param name="size">Bytes of the block that the section takes.</param>
    /// <param name="count">How many literals there are.</param>
    public DecompressionResult Decode(ReadOnlySpan<byte> block, Span<byte> room, out int size, out int count)
    {
        size = 0;
        count = 0;
        if (block.Length == 0)
        {
            return DecompressionResult.Corrupt;
        }

        int type = block[0] & 3;
        int format = (block[0] >> 2) & 3;
        int headerSize;
        int packed;
        bool isPlain = type is Raw or Repeated;
        if (isPlain)
        {
            headerSize = format switch { 1 => 2, 3 => 3, _ => 1 };
        }
        else
        {
            headerSize = format switch { 2 => 4, 3 => 5, _ => 3 };
        }

        if (headerSize > block.Length)
        {
            return DecompressionResult.Corrupt;
        }

        ulong header = 0;
        for (int i = 0; i < headerSize; i++)
        {
            header |= (ulong)block[i] << (8 * i);
        }

        if (isPlain)
        {
            count = (int)(header >> (headerSize == 1 ? 3 : 4));
            packed = type == Raw ? count : 1;
        }
        else
        {
            int width = headerSize switch { 3 => 10, 4 => 14, _ => 18 };
            int mask = (1 << width) - 1;
            count = (int)(header >> 4) & mask;
            packed = (int)(header >> (4 + width)) & mask;
        }

        if (packed > block.Length - headerSize)
        {
            return DecompressionResult.Corrupt;
        }

        if (count > room.Length)
        {
            return DecompressionResult.OutputOverrun;
        }

        size = headerSize + packed;
        ReadOnlySpan<byte> source = block.Slice(headerSize, packed);
        Span<byte> literals = room[^count..];
        bool good = true;
        switch (type)
        {
            case Raw:
                source.CopyTo(literals);
                break;
            case Repeated:
                literals.Fill(source[0]);
                break;
            default:
                good = TryDecodePacked(source, literals, type == Treeless, format == 0);
                break;
        }

        return good ? DecompressionResult.Done : DecompressionResult.Corrupt;
    }

    private bool TryDecodePacked(ReadOnlySpan<byte> source, Span<byte> literals, bool usesLastCode, bool isOneStream)
    {
        if (!usesLastCode)
        {
            if (!_code.TryRead(source, out int size))
            {
                return false;
            }

            source = source[size..];
        }

        if (!_code.IsBuilt)
        {
            return false;
        }

        return isOneStream ? _code.TryDecode(source, literals) : TryDecodeFourStreams(source, literals);
    }

    /// <summary>The sizes of the first three streams come first; each of them has a quarter of the literals, rounded up.</summary>
    private bool TryDecodeFourStreams(ReadOnlySpan<byte> source, Span<byte> literals)
    {
        int quarter = (literals.Length + 3) / 4;
        if (source.Length < JumpTableSize || 3 * quarter > literals.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> sizes = source[..JumpTableSize];
        source = source[JumpTableSize..];
        for (int i = 0; i < 3; i++)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(sizes[(2 * i)..]);
            if (size > source.Length || !_code.TryDecode(source[..size], literals[..quarter]))
            {
                return false;
            }

            source = source[size..];
            literals = literals[quarter..];
        }

        return _code.TryDecode(source, literals);
    }
}
