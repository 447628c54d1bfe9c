using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace System;

/// <summary>Values and their bits.</summary>
public static class BitConverter
{
    /// <summary>x86 is little-endian.</summary>
    public static readonly bool IsLittleEndian = true;
    /// <summary>The bits of a floating-point number.</summary>
    public static int SingleToInt32Bits(float value) => Unsafe.BitCast<float, int>(value);
    /// <summary>The bits of a floating-point number.</summary>
    public static uint SingleToUInt32Bits(float value) => Unsafe.BitCast<float, uint>(value);
    /// <summary>The floating-point number of bits.</summary>
    public static float Int32BitsToSingle(int value) => Unsafe.BitCast<int, float>(value);
    /// <summary>The bits of a floating-point number.</summary>
    public static long DoubleToInt64Bits(double value) => Unsafe.BitCast<double, long>(value);
    /// <summary>The bits of a floating-point number.</summary>
    public static ulong DoubleToUInt64Bits(double value) => Unsafe.BitCast<double, ulong>(value);
    /// <summary>The floating-point number of bits.</summary>
    public static double Int64BitsToDouble(long value) => Unsafe.BitCast<long, double>(value);
    /// <summary>A value from bytes.</summary>
    public static ushort ToUInt16(ReadOnlySpan<byte> value) => MemoryMarshal.Read<ushort>(value);
    /// <summary>A value from bytes.</summary>
    public static uint ToUInt32(ReadOnlySpan<byte> value) => MemoryMarshal.Read<uint>(value);
    /// <summary>A value from bytes.</summary>
    public static ulong ToUInt64(ReadOnlySpan<byte> value) => MemoryMarshal.Read<ulong>(value);
    /// <summary>A value from bytes.</summary>
    public static int ToInt32(ReadOnlySpan<byte> value) => MemoryMarshal.Read<int>(value);
    /// <summary>A value from bytes.</summary>
    public static long ToInt64(ReadOnlySpan<byte> value) => MemoryMarshal.Read<long>(value);
    /// <summary>The bytes of a value; false if there is no room.</summary>
    public static bool TryWriteBytes(Span<byte> destination, uint value) => MemoryMarshal.TryWrite(destination, value);
    /// <summary>The bytes of a value; false if there is no room.</summary>
    public static bool TryWriteBytes(Span<byte> destination, ulong value) => MemoryMarshal.TryWrite(destination, value);
}
