using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A signed integer of 16 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Int16 : IEquatable<short>, IComparable<short>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly short _value;

    /// <summary>The smallest value.</summary>
    public const short MinValue = unchecked((short)0x8000);
    /// <summary>The largest value.</summary>
    public const short MaxValue = 0x7FFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(short other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is short other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => _value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(short other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static short Min(short left, short right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static short Max(short left, short right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static short Clamp(short value, short min, short max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (short Quotient, short Remainder) DivRem(short left, short right) => ((short)(left / right), (short)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static short LeadingZeroCount(short value) => (short)(BitOperations.LeadingZeroCount((uint)(ushort)value) - 16);
    /// <summary>Zero bits below the lowest one.</summary>
    public static short TrailingZeroCount(short value) => (short)(BitOperations.TrailingZeroCount((uint)(ushort)value | 0x10000));
    /// <summary>One bits.</summary>
    public static short PopCount(short value) => (short)(BitOperations.PopCount((uint)(ushort)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static short Log2(short value) => (short)BitOperations.Log2((uint)(ushort)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(short value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(short value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(short value) => (value & 1) != 0;
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">The value is <see cref="MinValue"/>.</exception>
    public static short Abs(short value) => Math.Abs(value);
    /// <summary>Whether the value is below zero.</summary>
    public static bool IsNegative(short value) => value < 0;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(short value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static short RotateLeft(short value, int bits) => (short)((ushort)value << (bits & 15) | (ushort)value >> (-bits & 15));
    /// <summary>Rotates right by a number of bits.</summary>
    public static short RotateRight(short value, int bits) => (short)((ushort)value >> (bits & 15) | (ushort)value << (-bits & 15));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out short result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out short result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out short result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out short result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 16, true, out ulong value);
        result = (short)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out short result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 16, true, out ulong value);
        result = (short)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 16, true, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 16, true, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString((ulong)(long)_value, 16, true, format);
}
