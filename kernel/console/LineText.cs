using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>A line of text being put together in place: up to <see cref="Capacity"/> bytes, what is longer is cut and ends in "…" (three dots).</summary>
public struct LineText
{
    /// <summary>Bytes that a line can have, without its prefix and newline.</summary>
    public const int Capacity = 256;

    private LineBytes _bytes;
    private int _length;
    private bool _cut;

    /// <summary>Bytes so far.</summary>
    public readonly int Length => _length;

    /// <summary>Copies the text out; returns the number of bytes. A destination of <see cref="Capacity"/> bytes holds every line.</summary>
    public void CopyTo(Span<byte> destination) => Bytes[.._length].CopyTo(destination);

    /// <summary>The text, as long as this lives where it lives.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ReadOnlySpan<byte> Written => Bytes[.._length];

    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    private Span<byte> Bytes => MemoryMarshal.CreateSpan(ref Unsafe.As<LineBytes, byte>(ref _bytes), Capacity);

    public void Append(string? value)
    {
        if (value is not null)
        {
            Append(value.AsSpan());
        }
    }

    /// <summary>Characters above U+007E become question marks: the log is ASCII.</summary>
    public void Append(scoped ReadOnlySpan<char> value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            Append(value[i]);
        }
    }

    public void Append(scoped ReadOnlySpan<byte> value)
    {
        for (int i = 0; i < value.Length; i++)
        {
            Append((char)value[i]);
        }
    }

    public void Append(char value)
    {
        if (_length == Capacity)
        {
            if (!_cut)
            {
                _cut = true;
                Bytes[(Capacity - 3)..].Fill((byte)'.');
            }

            return;
        }

        Bytes[_length++] = value is >= ' ' and <= '~' or '\n' or '\t' ? (byte)value : (byte)'?';
    }

    /// <summary>A number. Format: null or d (decimal), x or X (hexadecimal), then optionally the least number of digits.</summary>
    public void Append(ulong value, string? format)
    {
        bool hexadecimal = format is { Length: > 0 } && format[0] is 'x' or 'X';
        int digits = 1;
        for (int i = 1, given = 0; format is not null && i < format.Length; i++)
        {
            given = (given * 10) + (format[i] - '0');
            digits = Math.Clamp(given, 1, 20);
        }

        AppendDigits(value, hexadecimal ? 16U : 10U, hexadecimal && format![0] == 'X', digits);
    }

    /// <summary>A signed number of that many bytes; its two's complement in hexadecimal formats.</summary>
    public void AppendSigned(long value, int size, string? format)
    {
        if (value < 0 && format is { Length: > 0 } && format[0] is 'x' or 'X')
        {
            Append(size == 8 ? (ulong)value : (ulong)value & ((1UL << (size * 8)) - 1), format);
            return;
        }

        if (value < 0)
        {
            Append('-');
            Append(0UL - (ulong)value, format);
            return;
        }

        Append((ulong)value, format);
    }

    /// <summary>An enum's number.</summary>
    public void AppendEnum<T>(T value, string? format)
        where T : unmanaged, Enum
    {
        switch (Unsafe.SizeOf<T>())
        {
            case 1: Append(Unsafe.As<T, byte>(ref value), format); break;
            case 2: Append(Unsafe.As<T, ushort>(ref value), format); break;
            case 4: AppendSigned(Unsafe.As<T, int>(ref value), 4, format); break;
            default: Append(Unsafe.As<T, ulong>(ref value), format); break;
        }
    }

    private void AppendDigits(ulong value, uint radix, bool upper, int least)
    {
        Span<byte> digits = stackalloc byte[20];
        int at = digits.Length;
        do
        {
            uint digit = (uint)(value % radix);
            value /= radix;
            digits[--at] = (byte)(digit < 10 ? '0' + digit : (upper ? 'A' : 'a') + digit - 10);
        }
        while (value != 0 || digits.Length - at < least);

        Append(digits[at..]);
    }

    [InlineArray(Capacity)]
    private struct LineBytes
    {
        private byte _first;
    }
}
