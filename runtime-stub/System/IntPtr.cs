using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A signed integer as wide as a pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe readonly struct IntPtr : IEquatable<nint>, IComparable<nint>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly nint _value;

    /// <summary>The smallest value.</summary>
    public static nint MinValue => unchecked((nint)0x8000000000000000);
    /// <summary>The largest value.</summary>
    public static nint MaxValue => unchecked((nint)0x7FFFFFFFFFFFFFFF);
    /// <summary>Zero.</summary>
    public static readonly nint Zero;
    /// <summary>Bytes of a pointer.</summary>
    public static int Size => 8;

    /// <summary>From a 32-bit value.</summary>
    public IntPtr(int value) => _value = value;
    /// <summary>From a 64-bit value.</summary>
    public IntPtr(long value) => _value = (nint)value;
    /// <summary>From a pointer.</summary>
    public IntPtr(void* value) => _value = (nint)value;
    /// <summary>As a pointer.</summary>
    public void* ToPointer() => (void*)_value;
    /// <summary>As a 64-bit value.</summary>
    public long ToInt64() => _value;
    /// <summary>As a 32-bit value.</summary>
    public int ToInt32() => checked((int)_value);
    /// <summary>Whether both are the same value.</summary>
    public bool Equals(nint other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is nint other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value ^ (int)((ulong)_value >> 32);
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(nint other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static nint Min(nint left, nint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static nint Max(nint left, nint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static nint Clamp(nint value, nint min, nint max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (nint Quotient, nint Remainder) DivRem(nint left, nint right) => ((nint)(left / right), (nint)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static nint LeadingZeroCount(nint value) => (nint)(BitOperations.LeadingZeroCount((ulong)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static nint TrailingZeroCount(nint value) => (nint)(BitOperations.TrailingZeroCount((ulong)value));
    /// <summary>One bits.</summary>
    public static nint PopCount(nint value) => (nint)(BitOperations.PopCount((ulong)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static nint Log2(nint value) => (nint)BitOperations.Log2((ulong)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(nint value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(nint value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(nint value) => (value & 1) != 0;
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">The value is <see cref="MinValue"/>.</exception>
    public static nint Abs(nint value) => Math.Abs(value);
    /// <summary>Whether the value is below zero.</summary>
    public static bool IsNegative(nint value) => value < 0;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(nint value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static nint RotateLeft(nint value, int bits) => (nint)((ulong)value << (bits & 63) | (ulong)value >> (-bits & 63));
    /// <summary>Rotates right by a number of bits.</summary>
    public static nint RotateRight(nint value, int bits) => (nint)((ulong)value >> (bits & 63) | (ulong)value << (-bits & 63));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out nint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out nint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out nint result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out nint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, true, out ulong value);
        result = (nint)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out nint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, true, out ulong value);
        result = (nint)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 64, true, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 64, true, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString((ulong)(long)_value, 64, true, format);
}
