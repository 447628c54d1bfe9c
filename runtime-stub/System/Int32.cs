using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>A signed integer of 32 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct Int32 : IEquatable<int>, IComparable<int>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly int _value;

    /// <summary>The smallest value.</summary>
    public const int MinValue = unchecked((int)0x80000000);
    /// <summary>The largest value.</summary>
    public const int MaxValue = 0x7FFFFFFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(int other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is int other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(int other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static int Min(int left, int right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static int Max(int left, int right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static int Clamp(int value, int min, int max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (int Quotient, int Remainder) DivRem(int left, int right) => ((int)(left / right), (int)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static int LeadingZeroCount(int value) => (int)(BitOperations.LeadingZeroCount((uint)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static int TrailingZeroCount(int value) => (int)(BitOperations.TrailingZeroCount((uint)value));
    /// <summary>One bits.</summary>
    public static int PopCount(int value) => (int)(BitOperations.PopCount((uint)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static int Log2(int value) => (int)BitOperations.Log2((uint)(uint)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(int value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(int value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(int value) => (value & 1) != 0;
    /// <summary>The absolute value.</summary>
    /// <exception cref="OverflowException">The value is <see cref="MinValue"/>.</exception>
    public static int Abs(int value) => Math.Abs(value);
    /// <summary>Whether the value is below zero.</summary>
    public static bool IsNegative(int value) => value < 0;
    /// <summary>The sign: -1, 0 or 1.</summary>
    public static int Sign(int value) => value < 0 ? -1 : value > 0 ? 1 : 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static int RotateLeft(int value, int bits) => (int)((uint)value << (bits & 31) | (uint)value >> (-bits & 31));
    /// <summary>Rotates right by a number of bits.</summary>
    public static int RotateRight(int value, int bits) => (int)((uint)value >> (bits & 31) | (uint)value << (-bits & 31));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out int result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out int result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out int result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out int result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 32, true, out ulong value);
        result = (int)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out int result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 32, true, out ulong value);
        result = (int)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 32, true, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat((ulong)(long)_value, 32, true, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString((ulong)(long)_value, 32, true, format);
}
