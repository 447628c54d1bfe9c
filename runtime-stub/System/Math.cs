using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Arithmetic of integers.</summary>
public static partial class Math
{

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Min(sbyte left, sbyte right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Max(sbyte left, sbyte right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Clamp(sbyte value, sbyte min, sbyte max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (sbyte Quotient, sbyte Remainder) DivRem(sbyte left, sbyte right) => ((sbyte)(left / right), (sbyte)(left % right));
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">There is none: the value is the smallest.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static sbyte Abs(sbyte value) => value < 0 ? checked((sbyte)-value) : value;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(sbyte value) => value < 0 ? -1 : value > 0 ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Min(byte left, byte right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Max(byte left, byte right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Clamp(byte value, byte min, byte max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (byte Quotient, byte Remainder) DivRem(byte left, byte right) => ((byte)(left / right), (byte)(left % right));

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Min(short left, short right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Max(short left, short right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Clamp(short value, short min, short max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (short Quotient, short Remainder) DivRem(short left, short right) => ((short)(left / right), (short)(left % right));
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">There is none: the value is the smallest.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static short Abs(short value) => value < 0 ? checked((short)-value) : value;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(short value) => value < 0 ? -1 : value > 0 ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Min(ushort left, ushort right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Max(ushort left, ushort right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Clamp(ushort value, ushort min, ushort max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ushort Quotient, ushort Remainder) DivRem(ushort left, ushort right) => ((ushort)(left / right), (ushort)(left % right));

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Min(int left, int right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Max(int left, int right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Clamp(int value, int min, int max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int Quotient, int Remainder) DivRem(int left, int right) => ((int)(left / right), (int)(left % right));
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">There is none: the value is the smallest.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Abs(int value) => value < 0 ? checked((int)-value) : value;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(int value) => value < 0 ? -1 : value > 0 ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Min(uint left, uint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Max(uint left, uint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Clamp(uint value, uint min, uint max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint Quotient, uint Remainder) DivRem(uint left, uint right) => ((uint)(left / right), (uint)(left % right));

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Min(long left, long right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Max(long left, long right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Clamp(long value, long min, long max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (long Quotient, long Remainder) DivRem(long left, long right) => ((long)(left / right), (long)(left % right));
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">There is none: the value is the smallest.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Abs(long value) => value < 0 ? checked((long)-value) : value;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(long value) => value < 0 ? -1 : value > 0 ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Min(ulong left, ulong right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Max(ulong left, ulong right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Clamp(ulong value, ulong min, ulong max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (ulong Quotient, ulong Remainder) DivRem(ulong left, ulong right) => ((ulong)(left / right), (ulong)(left % right));

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Min(nint left, nint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Max(nint left, nint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Clamp(nint value, nint min, nint max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (nint Quotient, nint Remainder) DivRem(nint left, nint right) => ((nint)(left / right), (nint)(left % right));
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">There is none: the value is the smallest.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Abs(nint value) => value < 0 ? checked(-value) : value;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(nint value) => value < 0 ? -1 : value > 0 ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Min(nuint left, nuint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Max(nuint left, nuint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    /// <exception cref="ArgumentException">min is above max.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nuint Clamp(nuint value, nuint min, nuint max)
    {
        if (min > max)
            ThrowHelper.ThrowArgument();
        return value < min ? min : value > max ? max : value;
    }
    /// <summary>Quotient and remainder.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (nuint Quotient, nuint Remainder) DivRem(nuint left, nuint right) => ((nuint)(left / right), (nuint)(left % right));
}
