using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;

namespace System;

/// <summary>An unsigned integer as wide as a pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe readonly struct UIntPtr : IEquatable<nuint>, IComparable<nuint>, ISpanFormattable, IUtf8SpanFormattable
{
    private readonly nuint _value;

    /// <summary>The smallest value.</summary>
    public static nuint MinValue => 0;
    /// <summary>The largest value.</summary>
    public static nuint MaxValue => unchecked((nuint)0xFFFFFFFFFFFFFFFF);
    /// <summary>Zero.</summary>
    public static readonly nuint Zero;
    /// <summary>Bytes of a pointer.</summary>
    public static int Size => 8;

    /// <summary>From a 32-bit value.</summary>
    public UIntPtr(uint value) => _value = value;
    /// <summary>From a 64-bit value.</summary>
    public UIntPtr(ulong value) => _value = (nuint)value;
    /// <summary>From a pointer.</summary>
    public UIntPtr(void* value) => _value = (nuint)value;
    /// <summary>As a pointer.</summary>
    public void* ToPointer() => (void*)_value;
    /// <summary>As a 64-bit value.</summary>
    public ulong ToUInt64() => _value;
    /// <summary>As a 32-bit value.</summary>
    public uint ToUInt32() => checked((uint)_value);
    /// <summary>Whether both are the same value.</summary>
    public bool Equals(nuint other) => _value == other;
    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is nuint other && _value == other;
    /// <inheritdoc/>
    public override int GetHashCode() => (int)_value ^ (int)((ulong)_value >> 32);
    /// <summary>Negative, zero or positive as this is below, at or above the other.</summary>
    public int CompareTo(nuint other) => _value < other ? -1 : _value > other ? 1 : 0;

    /// <summary>The smaller of two.</summary>
    public static nuint Min(nuint left, nuint right) => left < right ? left : right;
    /// <summary>The larger of two.</summary>
    public static nuint Max(nuint left, nuint right) => left > right ? left : right;
    /// <summary>The value brought into the range from min to max, both included.</summary>
    public static nuint Clamp(nuint value, nuint min, nuint max) => Math.Clamp(value, min, max);
    /// <summary>Quotient and remainder.</summary>
    public static (nuint Quotient, nuint Remainder) DivRem(nuint left, nuint right) => ((nuint)(left / right), (nuint)(left % right));
    /// <summary>Zero bits above the highest one.</summary>
    public static nuint LeadingZeroCount(nuint value) => (nuint)(BitOperations.LeadingZeroCount((ulong)value));
    /// <summary>Zero bits below the lowest one.</summary>
    public static nuint TrailingZeroCount(nuint value) => (nuint)(BitOperations.TrailingZeroCount((ulong)value));
    /// <summary>One bits.</summary>
    public static nuint PopCount(nuint value) => (nuint)(BitOperations.PopCount((ulong)value));
    /// <summary>Number of the highest one bit; 0 for 0.</summary>
    public static nuint Log2(nuint value) => (nuint)BitOperations.Log2((ulong)value);
    /// <summary>Whether exactly one bit is set.</summary>
    public static bool IsPow2(nuint value) => value > 0 && (value & (value - 1)) == 0;
    /// <summary>Whether the lowest bit is clear.</summary>
    public static bool IsEvenInteger(nuint value) => (value & 1) == 0;
    /// <summary>Whether the lowest bit is set.</summary>
    public static bool IsOddInteger(nuint value) => (value & 1) != 0;
    /// <summary>Rotates left by a number of bits.</summary>
    public static nuint RotateLeft(nuint value, int bits) => (nuint)((ulong)value << (bits & 63) | (ulong)value >> (-bits & 63));
    /// <summary>Rotates right by a number of bits.</summary>
    public static nuint RotateRight(nuint value, int bits) => (nuint)((ulong)value >> (bits & 63) | (ulong)value << (-bits & 63));

    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out nuint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number in ASCII; no other character is taken.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out nuint result) => TryParse(text, NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal number; no other character is taken.</summary>
    public static bool TryParse(string? text, out nuint result) => TryParse(text.AsSpan(), NumberStyles.Integer, null, out result);
    /// <summary>Reads a decimal or hexadecimal number, as the style says; the culture is always the invariant one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, IFormatProvider? provider, out nuint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, false, out ulong value);
        result = (nuint)value;
        return parsed;
    }
    /// <summary>Reads a decimal or hexadecimal number in ASCII, as the style says.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, IFormatProvider? provider, out nuint result)
    {
        bool parsed = NumberParsing.TryParse(text, style, 64, false, out ulong value);
        result = (nuint)value;
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
