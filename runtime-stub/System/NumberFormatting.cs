using System.Runtime.CompilerServices;

namespace System;

/// <summary>Writes integers, the same in UTF-16 and in ASCII.</summary>
internal static class NumberFormatting
{
    // 64 binary digits, or a width of 99 as "D99".
    private const int LongestText = 104;

    internal static bool TryFormat(ulong value, int bits, bool signed, Span<char> destination, out int written, ReadOnlySpan<char> format)
    {
        Span<byte> ascii = stackalloc byte[LongestText];
        int length = Format(value, bits, signed, ascii, format);
        written = 0;
        if (length > destination.Length)
            return false;
        for (int i = 0; i < length; i++)
            destination[i] = (char)ascii[LongestText - length + i];
        written = length;
        return true;
    }

    internal static bool TryFormat(ulong value, int bits, bool signed, Span<byte> destination, out int written, ReadOnlySpan<char> format)
    {
        Span<byte> ascii = stackalloc byte[LongestText];
        int length = Format(value, bits, signed, ascii, format);
        written = 0;
        if (length > destination.Length)
            return false;
        ascii.Slice(LongestText - length).CopyTo(destination);
        written = length;
        return true;
    }

    internal static string ToString(ulong value, int bits, bool signed, string? format)
    {
        Span<char> text = stackalloc char[LongestText];
        TryFormat(value, bits, signed, text, out int length, format);
        return new string(text.Slice(0, length));
    }

    /// <summary>Writes at the end of the buffer; the length is returned.</summary>
    private static int Format(ulong value, int bits, bool signed, Span<byte> buffer, ReadOnlySpan<char> format)
    {
        char kind = format.IsEmpty ? 'D' : format[0];
        int width = 0;
        for (int i = 1; i < format.Length; i++)
        {
            uint digit = (uint)format[i] - '0';
            if (digit > 9 || width >= 10)
                ThrowHelper.ThrowFormat();
            width = width * 10 + (int)digit;
        }

        uint radix;
        uint letters = 'A' - 10;
        switch (kind)
        {
            case 'D' or 'd' or 'G' or 'g':
                radix = 10;
                break;
            case 'X':
                radix = 16;
                break;
            case 'x':
                radix = 16;
                letters = 'a' - 10;
                break;
            case 'B' or 'b':
                radix = 2;
                break;
            default:
                ThrowHelper.ThrowFormat();
                return 0;
        }

        bool negative = false;
        if (radix != 10)
        {
            value &= ulong.MaxValue >> (64 - bits);
        }
        else if (signed && (long)value < 0)
        {
            negative = true;
            value = 0 - value;
        }

        int place = buffer.Length;
        do
        {
            uint digit = (uint)(value % radix);
            value /= radix;
            buffer[--place] = (byte)(digit < 10 ? '0' + digit : letters + digit);
        }
        while (value != 0);
        while (buffer.Length - place < width)
            buffer[--place] = (byte)'0';
        if (negative)
            buffer[--place] = (byte)'-';
        return buffer.Length - place;
    }
}
