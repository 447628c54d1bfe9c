using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>An unsigned integer of 8 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Byte : IEquatable<byte>, IComparable<byte>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly byte _value;

    /// <summary>The smallest value.</summary>
    public const byte MinValue = 0;
    /// <summary>The largest value.</summary>
    public const byte MaxValue = 0xFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(byte other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is byte other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(byte other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static byte Min(byte left, byte right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static byte Max(byte left, byte right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static byte Clamp(byte value, byte min, byte max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (byte Quotient, byte Remainder) DivRem(byte left, byte right) => ((byte)(left / right), (byte)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static byte LeadingZeroCount(byte value) => (byte)(BitOperations.LeadingZeroCount((uint)(byte)value) - 24);
    /// <summary>Zero bits below the lowest one.</summary>
    public static byte TrailingZeroCount(byte value) => (byte)(BitOperations.TrailingZeroCount((uint)(byte)value | 0x100));
    /// <summary>One bits.</summary>
    public static byte PopCount(byte value) => (byte)(BitOperations.PopCount((uint)(byte)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static byte Log2(byte value) => (byte)BitOperations.Log2((uint)(byte)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(byte value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(byte value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(byte value) => (value & 1) != 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static byte RotateLeft(byte value, int bits) => (byte)((byte)value << (bits & 7) | (byte)value >> (-bits & 7));
    /// <summary>Rotates right by a number of bits.</summary>
    public static byte RotateRight(byte value, int bits) => (byte)((byte)value >> (bits & 7) | (byte)value << (-bits & 7));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out byte result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out byte result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out byte result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out byte result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 8, false, out ulong value);
        result = (byte)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out byte result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 8, false, out ulong value);
        result = (byte)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 8, false, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 8, false, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString(_value, 8, false, format);
}
