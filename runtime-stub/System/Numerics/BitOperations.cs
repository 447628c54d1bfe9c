using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace System.Numerics;

/// <summary>Operations on bits. An image for any x86-64 may not assume lzcnt, tzcnt and popcnt, so bsr and bsf serve.</summary>
public static class BitOperations
{
    /// <summary>Zero bits above the highest one; 32 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LeadingZeroCount(uint value) => value == 0 ? 32 : 31 - Log2(value);
    /// <summary>Zero bits above the highest one; 64 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LeadingZeroCount(ulong value) => value == 0 ? 64 : 63 - Log2(value);
    /// <summary>Zero bits above the highest one; 64 for 0.</summary>
    public static int LeadingZeroCount(nuint value) => LeadingZeroCount((ulong)value);

    /// <summary>Zero bits below the lowest one; 32 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TrailingZeroCount(uint value) => value == 0 ? 32 : (int)X86Base.BitScanForward(value);
    /// <summary>Zero bits below the lowest one; 32 for 0.</summary>
    public static int TrailingZeroCount(int value) => TrailingZeroCount((uint)value);
    /// <summary>Zero bits below the lowest one; 64 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TrailingZeroCount(ulong value) => value == 0 ? 64 : (int)X86Base.X64.BitScanForward(value);
    /// <summary>Zero bits below the lowest one; 64 for 0.</summary>
    public static int TrailingZeroCount(long value) => TrailingZeroCount((ulong)value);
    /// <summary>Zero bits below the lowest one; 64 for 0.</summary>
    public static int TrailingZeroCount(nuint value) => TrailingZeroCount((ulong)value);

    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Log2(uint value) => (int)X86Base.BitScanReverse(value | 1);

    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Log2(ulong value) => (int)X86Base.X64.BitScanReverse(value | 1);
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static int Log2(nuint value) => Log2((ulong)value);

    /// <summary>One bits.</summary>
    public static int PopCount(uint value) => PopCount((ulong)value);
    /// <summary>One bits.</summary>
    public static int PopCount(ulong value)
    {
        value -= (value >> 1) & 0x5555555555555555;
        value = (value & 0x3333333333333333) + ((value >> 2) & 0x3333333333333333);
        value = (value + (value >> 4)) & 0x0F0F0F0F0F0F0F0F;
        return (int)(value * 0x0101010101010101 >> 56);
    }
    /// <summary>One bits.</summary>
    public static int PopCount(nuint value) => PopCount((ulong)value);

    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(int value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(uint value) => value != 0 && (value & (value - 1)) == 0;
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(long value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(ulong value) => value != 0 && (value & (value - 1)) == 0;
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(nuint value) => value != 0 && (value & (value - 1)) == 0;
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(nint value) => value > 0 && (value & (value - 1)) == 0;

    /// <summary>The smallest power of two that is not below the value; 0 if it does not fit.</summary>
    public static uint RoundUpToPowerOf2(uint value) => value <= 1 ? value : Log2(value - 1) == 31 ? 0 : 1u << (Log2(value - 1) + 1);
    /// <summary>The smallest power of two that is not below the value; 0 if it does not fit.</summary>
    public static ulong RoundUpToPowerOf2(ulong value) => value <= 1 ? value : Log2(value - 1) == 63 ? 0 : 1ul << (Log2(value - 1) + 1);

    /// <summary>Rotates left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateLeft(uint value, int offset) => (value << offset) | (value >> (32 - offset));
    /// <summary>Rotates left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong RotateLeft(ulong value, int offset) => (value << offset) | (value >> (64 - offset));
    /// <summary>Rotates right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RotateRight(uint value, int offset) => (value >> offset) | (value << (32 - offset));
    /// <summary>Rotates right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong RotateRight(ulong value, int offset) => (value >> offset) | (value << (64 - offset));
}
