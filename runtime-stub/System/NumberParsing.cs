using System.Globalization;

namespace System;

/// <summary>Reads integers, the same from UTF-16 and from ASCII.</summary>
internal static class NumberParsing
{
    internal static bool TryParse(ReadOnlySpan<char> text, NumberStyles style, int bits, bool signed, out ulong value)
    {
        // 66: a binary number of 64 digits with a sign; what is longer after trimming has leading zeros only.
        text = text.Trim();
        Span<byte> ascii = stackalloc byte[72];
        value = 0;
        if (text.Length > ascii.Length)
            return false;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] >= 0x80)
                return false;
            ascii[i] = (byte)text[i];
        }
        return TryParse(ascii.Slice(0, text.Length), style, bits, signed, out value);
    }

    internal static bool TryParse(ReadOnlySpan<byte> text, NumberStyles style, int bits, bool signed, out ulong value)
    {
        value = 0;
        int start = 0;
        int end = text.Length;
        if ((style & NumberStyles.AllowLeadingWhite) != 0)
        {
            while (start < end && char.IsWhiteSpace((char)text[start]))
                start++;
        }
        if ((style & NumberStyles.AllowTrailingWhite) != 0)
        {
            while (end > start && char.IsWhiteSpace((char)text[end - 1]))
                end--;
        }
        bool negative = false;
        if ((style & NumberStyles.AllowLeadingSign) != 0 && start < end && text[start] is (byte)'-' or (byte)'+')
        {
            negative = text[start] == (byte)'-';
            start++;
        }
        if (start == end)
            return false;
        uint radix = (style & NumberStyles.AllowHexSpecifier) != 0 ? 16u : (style & NumberStyles.AllowBinarySpecifier) != 0 ? 2u : 10u;
        // A hexadecimal or binary number is a pattern of bits; a decimal one has the sign's range.
        ulong limit = radix != 10 || !signed
            ? ulong.MaxValue >> (64 - bits)
            : (ulong.MaxValue >> (65 - bits)) + (negative ? 1ul : 0);
        ulong result = 0;
        for (int i = start; i < end; i++)
        {
            uint digit = Digit(text[i]);
            if (digit >= radix)
                return false;
            if (result > (limit - digit) / radix)
                return false;
            result = result * radix + digit;
        }
        if (negative && !signed && result != 0)
            return false;
        value = negative ? 0 - result : result;
        return true;
    }

    private static uint Digit(byte character)
    {
        uint decimalDigit = (uint)character - '0';
        if (decimalDigit < 10)
            return decimalDigit;
        uint letter = (uint)(character | 0x20) - 'a';
        return letter < 6 ? letter + 10 : uint.MaxValue;
    }
}
