using System;
using System.Buffers.Binary;
using System.Text;

namespace Xenolith.Build.Symbols;

/// <summary>Reads the encodings DWARF uses, front to back.</summary>
internal sealed class ByteReader(ReadOnlyMemory<byte> bytes)
{
    /// <summary>The next byte's place.</summary>
    public int Position { get; set; }

    /// <summary>Whether everything was read.</summary>
    public bool AtEnd => Position >= bytes.Length;

    public byte U8() => bytes.Span[Position++];

    public ushort U16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public uint U32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong U64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> Take(int count)
    {
        ReadOnlySpan<byte> taken = bytes.Span.Slice(Position, count);
        Position += count;
        return taken;
    }

    /// <summary>An unsigned LEB128 number.</summary>
    public ulong Unsigned()
    {
        ulong value = 0;
        int shift = 0;
        byte next;
        do
        {
            next = U8();
            value |= (ulong)(next & 0x7F) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0);
        return value;
    }

    /// <summary>A signed LEB128 number.</summary>
    public long Signed()
    {
        long value = 0;
        int shift = 0;
        byte next;
        do
        {
            next = U8();
            value |= (long)(next & 0x7F) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0);
        return shift < 64 && (next & 0x40) != 0 ? value | (-1L << shift) : value;
    }

    /// <summary>A string up to its zero byte.</summary>
    public string Text()
    {
        int length = bytes.Span[Position..].IndexOf((byte)0);
        string text = Encoding.UTF8.GetString(Take(length));
        Position++;
        return text;
    }
}
