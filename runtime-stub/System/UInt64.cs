using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>An unsigned integer of 64 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct UInt64 : IEquatable<ulong>, IComparable<ulong>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly ulong _value;

    /// <summary>The smallest value.</summary>
    public const ulong MinValue = 0;
    /// <summary>The largest value.</summary>
    public const ulong MaxValue = 0xFFFFFFFFFFFFFFFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(ulong other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ulong other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value ^ (int)((ulong)_value >> 32);
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(ulong other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static ulong Min(ulong left, ulong right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static ulong Max(ulong left, ulong right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static ulong Clamp(ulong value, ulong min, ulong max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (ulong Quotient, ulong Remainder) DivRem(ulong left, ulong right) => ((ulong)(left / right), (ulong)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static ulong LeadingZeroCount(ulong value) => (ulong)(BitOperations.LeadingZeroCount((ulong)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static ulong TrailingZeroCount(ulong value) => (ulong)(BitOperations.TrailingZeroCount((ulong)value));
    /// <summary>One bits.</summary>
    public static ulong PopCount(ulong value) => (ulong)(BitOperations.PopCount((ulong)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static ulong Log2(ulong value) => (ulong)BitOperations.Log2((ulong)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(ulong value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(ulong value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(ulong value) => (value & 1) != 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static ulong RotateLeft(ulong value, int bits) => (ulong)((ulong)value << (bits & 63) | (ulong)value >> (-bits & 63));
    /// <summary>Rotates right by a number of bits.</summary>
    public static ulong RotateRight(ulong value, int bits) => (ulong)((ulong)value >> (bits & 63) | (ulong)value << (-bits & 63));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ulong result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out ulong result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out ulong result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, false, out ulong value);
        result = (ulong)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out ulong result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, false, out ulong value);
        result = (ulong)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 64, false, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 64, false, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString(_value, 64, false, format);
}
