using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A signed integer of 64 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Int64 : IEquatable<long>, IComparable<long>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly long _value;

    /// <summary>The smallest value.</summary>
    public const long MinValue = unchecked((long)0x8000000000000000);
    /// <summary>The largest value.</summary>
    public const long MaxValue = 0x7FFFFFFFFFFFFFFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(long other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is long other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value ^ (int)((ulong)_value >> 32);
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(long other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static long Min(long left, long right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static long Max(long left, long right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static long Clamp(long value, long min, long max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (long Quotient, long Remainder) DivRem(long left, long right) => ((long)(left / right), (long)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static long LeadingZeroCount(long value) => (long)(BitOperations.LeadingZeroCount((ulong)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static long TrailingZeroCount(long value) => (long)(BitOperations.TrailingZeroCount((ulong)value));
    /// <summary>One bits.</summary>
    public static long PopCount(long value) => (long)(BitOperations.PopCount((ulong)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static long Log2(long value) => (long)BitOperations.Log2((ulong)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(long value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(long value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(long value) => (value & 1) != 0;
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">The value is <see cref="MinValue"/>.</exception>
    public static long Abs(long value) => Math.Abs(value);
    /// <summary>Whether the value is below zero.</summary>
    public static bool IsNegative(long value) => value < 0;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(long value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static long RotateLeft(long value, int bits) => (long)((ulong)value << (bits & 63) | (ulong)value >> (-bits & 63));
    /// <summary>Rotates right by a number of bits.</summary>
    public static long RotateRight(long value, int bits) => (long)((ulong)value >> (bits & 63) | (ulong)value << (-bits & 63));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out long result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out long result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, true, out ulong value);
        result = (long)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out long result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, true, out ulong value);
        result = (long)value;
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
