using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>An unsigned integer of 16 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct UInt16 : IEquatable<ushort>, IComparable<ushort>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly ushort _value;

    /// <summary>The smallest value.</summary>
    public const ushort MinValue = 0;
    /// <summary>The largest value.</summary>
    public const ushort MaxValue = 0xFFFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(ushort other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is ushort other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(ushort other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static ushort Min(ushort left, ushort right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static ushort Max(ushort left, ushort right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static ushort Clamp(ushort value, ushort min, ushort max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (ushort Quotient, ushort Remainder) DivRem(ushort left, ushort right) => ((ushort)(left / right), (ushort)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static ushort LeadingZeroCount(ushort value) => (ushort)(BitOperations.LeadingZeroCount((uint)(ushort)value) - 16);
    /// <summary>Zero bits below the lowest one.</summary>
    public static ushort TrailingZeroCount(ushort value) => (ushort)(BitOperations.TrailingZeroCount((uint)(ushort)value | 0x10000));
    /// <summary>One bits.</summary>
    public static ushort PopCount(ushort value) => (ushort)(BitOperations.PopCount((uint)(ushort)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static ushort Log2(ushort value) => (ushort)BitOperations.Log2((uint)(ushort)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(ushort value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(ushort value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(ushort value) => (value & 1) != 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static ushort RotateLeft(ushort value, int bits) => (ushort)((ushort)value << (bits & 15) | (ushort)value >> (-bits & 15));
    /// <summary>Rotates right by a number of bits.</summary>
    public static ushort RotateRight(ushort value, int bits) => (ushort)((ushort)value >> (bits & 15) | (ushort)value << (-bits & 15));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ushort result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ushort result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out ushort result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out ushort result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 16, false, out ulong value);
        result = (ushort)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out ushort result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 16, false, out ulong value);
        result = (ushort)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 16, false, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 16, false, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString(_value, 16, false, format);
}
