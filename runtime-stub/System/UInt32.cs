using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>An unsigned integer of 32 bits.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct UInt32 : IEquatable<uint>, IComparable<uint>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly uint _value;

    /// <summary>The smallest value.</summary>
    public const uint MinValue = 0;
    /// <summary>The largest value.</summary>
    public const uint MaxValue = 0xFFFFFFFF;

    /// <summary>Whether both are the same value.</summary>
    public bool Equals(uint other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is uint other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value;
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(uint other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static uint Min(uint left, uint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static uint Max(uint left, uint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static uint Clamp(uint value, uint min, uint max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (uint Quotient, uint Remainder) DivRem(uint left, uint right) => ((uint)(left / right), (uint)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static uint LeadingZeroCount(uint value) => (uint)(BitOperations.LeadingZeroCount((uint)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static uint TrailingZeroCount(uint value) => (uint)(BitOperations.TrailingZeroCount((uint)value));
    /// <summary>One bits.</summary>
    public static uint PopCount(uint value) => (uint)(BitOperations.PopCount((uint)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static uint Log2(uint value) => (uint)BitOperations.Log2((uint)(uint)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(uint value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(uint value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(uint value) => (value & 1) != 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static uint RotateLeft(uint value, int bits) => (uint)((uint)value << (bits & 31) | (uint)value >> (-bits & 31));
    /// <summary>Rotates right by a number of bits.</summary>
    public static uint RotateRight(uint value, int bits) => (uint)((uint)value >> (bits & 31) | (uint)value << (-bits & 31));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out uint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out uint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out uint result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out uint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 32, false, out ulong value);
        result = (uint)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out uint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 32, false, out ulong value);
        result = (uint)value;
        return parsed;
    }

    /// <summary>Writes the number; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 32, false, destination, out charsWritten, format);
    /// <summary>Writes the number in ASCII; formats are "", "D", "X", "x" and "B", each with an optional width.</summary>
    public bool TryFormat(Span<byte> utf8Destination, out int bytesWritten, ReadOnlySpan<char> format = default, IFormatProvider? provider = null)
        => NumberFormatting.TryFormat(_value, 32, false, utf8Destination, out bytesWritten, format);
    /// <summary>The number in decimal, as a new string.</summary>
    public override string ToString() => ToString(null, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format) => ToString(format, null);
    /// <summary>The number in a format, as a new string.</summary>
    public string ToString(string? format, IFormatProvider? provider)
        => NumberFormatting.ToString(_value, 32, false, format);
}
