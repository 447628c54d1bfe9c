using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A signed integer of 8 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct SByte : IEquatable<sbyte>, IComparable<sbyte>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly sbyte _value;

    /// <summary>The smallest value.</summary>
    public const sbyte MinValue = unchecked((sbyte)0x80);
    /// <summary>The largest value.</summary>
    public const sbyte MaxValue = 0x7F;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(sbyte other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is sbyte other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(sbyte other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static sbyte Min(sbyte left, sbyte right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static sbyte Max(sbyte left, sbyte right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static sbyte Clamp(sbyte value, sbyte min, sbyte max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (sbyte Quotient, sbyte Remainder) DivRem(sbyte left, sbyte right) => ((sbyte)(left / right), (sbyte)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static sbyte LeadingZeroCount(sbyte value) => (sbyte)(BitOperations.LeadingZeroCount((uint)(byte)value) - 24);
    /// <summary>Zero bits below the lowest one.</summary>
    public static sbyte TrailingZeroCount(sbyte value) => (sbyte)(BitOperations.TrailingZeroCount((uint)(byte)value | 0x100));
    /// <summary>One bits.</summary>
    public static sbyte PopCount(sbyte value) => (sbyte)(BitOperations.PopCount((uint)(byte)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static sbyte Log2(sbyte value) => (sbyte)BitOperations.Log2((uint)(byte)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(sbyte value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(sbyte value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(sbyte value) => (value & 1) != 0;
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">The value is <see cref="MinValue"/>.</exception>
    public static sbyte Abs(sbyte value) => Math.Abs(value);
    /// <summary>Whether the value is below zero.</summary>
    public static bool IsNegative(sbyte value) => value < 0;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(sbyte value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static sbyte RotateLeft(sbyte value, int bits) => (sbyte)((byte)value << (bits & 7) | (byte)value >> (-bits & 7));
    /// <summary>Rotates right by a number of bits.</summary>
    public static sbyte RotateRight(sbyte value, int bits) => (sbyte)((byte)value >> (bits & 7) | (byte)value << (-bits & 7));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out sbyte result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out sbyte result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out sbyte result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out sbyte result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 8, true, out ulong value);
        result = (sbyte)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out sbyte result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 8, true, out ulong value);
        result = (sbyte)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 8, true, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 8, true, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString((ulong)(long)_value, 8, true, format);
}
