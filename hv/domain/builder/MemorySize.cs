using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// One size in Xen's grammar for dom0_mem: [-]number[suffix], [-]percent%, or number[suffix]+percent%. Suffixes B, K, M, G, T; none means KiB.
/// A negative one says how much to leave of what there is.
/// </summary>
public readonly record struct MemorySize(bool Negative, ulong Bytes, uint Percent)
{
    /// <summary>Bytes that the size means on a machine where <paramref name="total"/> bytes are free.</summary>
    public ulong Resolve(ulong total)
    {
        ulong bytes = SaturatingAdd(Bytes, total / 100 * Percent + total % 100 * Percent / 100);
        if (!Negative)
        {
            return bytes;
        }

        return bytes >= total ? 0 : total - bytes;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out MemorySize size)
    {
        size = default;
        bool negative = text.Length != 0 && text[0] == '-';
        if (negative)
        {
            text = text[1..];
        }

        int plus = text.IndexOf('+');
        if (plus >= 0)
        {
            if (!TryParseBytes(text[..plus], out ulong fixedPart) || !TryParsePercent(text[(plus + 1)..], out uint added))
            {
                return false;
            }

            size = new MemorySize(negative, fixedPart, added);
            return true;
        }

        if (TryParsePercent(text, out uint percent))
        {
            size = new MemorySize(negative, 0, percent);
            return true;
        }

        bool good = TryParseBytes(text, out ulong bytes);
        size = new MemorySize(negative, bytes, 0);
        return good;
    }

    private static bool TryParsePercent(ReadOnlySpan<char> text, out uint percent)
    {
        percent = 0;
        if (text.Length is < 2 or > 3 || text[^1] != '%' || !TryParseNumber(text[..^1], out ulong value))
        {
            return false;
        }

        percent = (uint)value;
        return true;
    }

    private static bool TryParseBytes(ReadOnlySpan<char> text, out ulong bytes)
    {
        int shift = 10;
        bytes = 0;
        if (text.Length == 0)
        {
            return false;
        }

        bool hasSuffix = true;
        switch (text[^1])
        {
            case 'B' or 'b': shift = 0; break;
            case 'K' or 'k': shift = 10; break;
            case 'M' or 'm': shift = 20; break;
            case 'G' or 'g': shift = 30; break;
            case 'T' or 't': shift = 40; break;
            default: hasSuffix = false; break;
        }

        if (!TryParseNumber(hasSuffix ? text[..^1] : text, out ulong value) || value > ulong.MaxValue >> shift)
        {
            return false;
        }

        bytes = value << shift;
        return true;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out ulong value)
    {
        value = 0;
        bool hexadecimal = text.Length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
        uint radix = hexadecimal ? 16u : 10u;
        if (hexadecimal)
        {
            text = text[2..];
        }

        for (int i = 0; i < text.Length; i++)
        {
            uint digit = text[i] switch
            {
                >= '0' and <= '9' => (uint)(text[i] - '0'),
                >= 'a' and <= 'f' => (uint)(text[i] - 'a' + 10),
                >= 'A' and <= 'F' => (uint)(text[i] - 'A' + 10),
                _ => 255,
            };
            if (digit >= radix || value > (ulong.MaxValue - digit) / radix)
            {
                return false;
            }

            value = value * radix + digit;
        }

        return text.Length != 0;
    }

    private static ulong SaturatingAdd(ulong left, ulong right) => right > ulong.MaxValue - left ? ulong.MaxValue : left + right;
}
