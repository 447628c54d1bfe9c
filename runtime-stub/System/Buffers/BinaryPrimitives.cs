using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System.Buffers.Binary;

/// <summary>Integers in a byte order of one's choice.</summary>
public static class BinaryPrimitives
{
    /// <summary>The bytes in reverse.</summary>
    public static byte ReverseEndianness(byte value) => value;
    /// <summary>The bytes in reverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort ReverseEndianness(ushort value) => (ushort)((value >> 8) | (value << 8));
    /// <summary>The bytes in reverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short ReverseEndianness(short value) => (short)ReverseEndianness((ushort)value);
    /// <summary>The bytes in reverse.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReverseEndianness(uint value)
        => (value >> 24) | ((value >> 8) & 0xFF00) | ((value << 8) & 0xFF0000) | (value << 24);
    /// <summary>The bytes in reverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReverseEndianness(int value) => (int)ReverseEndianness((uint)value);
    /// <summary>The bytes in reverse.</summary>
    [Intrinsic]
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReverseEndianness(ulong value)
        => ((ulong)ReverseEndianness((uint)value) << 32) | ReverseEndianness((uint)(value >> 32));
    /// <summary>The bytes in reverse.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReverseEndianness(long value) => (long)ReverseEndianness((ulong)value);

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short ReadInt16LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<short>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt16LittleEndian(Span<byte> destination, short value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt16LittleEndian(ReadOnlySpan<byte> source, out short value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt16LittleEndian(Span<byte> destination, short value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short ReadInt16BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<short>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt16BigEndian(Span<byte> destination, short value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt16BigEndian(ReadOnlySpan<byte> source, out short value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt16BigEndian(Span<byte> destination, short value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort ReadUInt16LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<ushort>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt16LittleEndian(Span<byte> destination, ushort value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt16LittleEndian(ReadOnlySpan<byte> source, out ushort value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt16LittleEndian(Span<byte> destination, ushort value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort ReadUInt16BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<ushort>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt16BigEndian(Span<byte> destination, ushort value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt16BigEndian(ReadOnlySpan<byte> source, out ushort value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt16BigEndian(Span<byte> destination, ushort value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt32LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<int>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt32LittleEndian(Span<byte> destination, int value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt32LittleEndian(ReadOnlySpan<byte> source, out int value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt32LittleEndian(Span<byte> destination, int value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt32BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<int>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt32BigEndian(Span<byte> destination, int value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt32BigEndian(ReadOnlySpan<byte> source, out int value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt32BigEndian(Span<byte> destination, int value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReadUInt32LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<uint>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt32LittleEndian(Span<byte> destination, uint value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt32LittleEndian(ReadOnlySpan<byte> source, out uint value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt32LittleEndian(Span<byte> destination, uint value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint ReadUInt32BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<uint>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt32BigEndian(Span<byte> destination, uint value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt32BigEndian(ReadOnlySpan<byte> source, out uint value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt32BigEndian(Span<byte> destination, uint value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadInt64LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<long>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt64LittleEndian(Span<byte> destination, long value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt64LittleEndian(ReadOnlySpan<byte> source, out long value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt64LittleEndian(Span<byte> destination, long value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadInt64BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<long>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteInt64BigEndian(Span<byte> destination, long value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadInt64BigEndian(ReadOnlySpan<byte> source, out long value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteInt64BigEndian(Span<byte> destination, long value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

    /// <summary>Reads a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadUInt64LittleEndian(ReadOnlySpan<byte> source) => MemoryMarshal.Read<ulong>(source);
    /// <summary>Writes a little-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt64LittleEndian(Span<byte> destination, ulong value)
        => MemoryMarshal.Write(destination, value);
    /// <summary>Reads a little-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt64LittleEndian(ReadOnlySpan<byte> source, out ulong value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        return read;
    }
    /// <summary>Writes a little-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt64LittleEndian(Span<byte> destination, ulong value)
        => MemoryMarshal.TryWrite(destination, value);

    /// <summary>Reads a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadUInt64BigEndian(ReadOnlySpan<byte> source) => ReverseEndianness(MemoryMarshal.Read<ulong>(source));
    /// <summary>Writes a big-endian value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteUInt64BigEndian(Span<byte> destination, ulong value)
        => MemoryMarshal.Write(destination, ReverseEndianness(value));
    /// <summary>Reads a big-endian value; false if there are too few bytes.</summary>
    public static bool TryReadUInt64BigEndian(ReadOnlySpan<byte> source, out ulong value)
    {
        bool read = MemoryMarshal.TryRead(source, out value);
        value = ReverseEndianness(value);
        return read;
    }
    /// <summary>Writes a big-endian value; false if there are too few bytes.</summary>
    public static bool TryWriteUInt64BigEndian(Span<byte> destination, ulong value)
        => MemoryMarshal.TryWrite(destination, ReverseEndianness(value));

}
