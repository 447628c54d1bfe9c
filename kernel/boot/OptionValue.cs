using System;

namespace Xenolith.Kernel;

/// <summary>Parsers for the values of boot options. Each takes the whole text or nothing.</summary>
public static class OptionValue
{
    /// <summary>Cuts the next item off a separated text; it may be empty. False: nothing is left.</summary>
    public static bool TryNext(scoped ref ReadOnlySpan<char> rest, char separator, out ReadOnlySpan<char> item)
    {
        item = default;
        if (rest.Length == 0)
        {
            return false;
        }

        int end = rest.IndexOf(separator);
        item = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return true;
    }

    public static bool TryParseBoolean(scoped ReadOnlySpan<char> text, out bool value)
    {
        value = Is(text, "yes") || Is(text, "on") || Is(text, "true") || Is(text, "enable") || Is(text, "1");
        return value || Is(text, "no") || Is(text, "off") || Is(text, "false") || Is(text, "disable") || Is(text, "0");
    }

    /// <summary>A boolean by name, in a list: word, no-word, word=yes|on|true|enable|1 or no|off|false|disable|0.</summary>
    public static bool TryParseItem(ReadOnlySpan<char> item, out ReadOnlySpan<char> word, out bool value)
    {
        int equals = item.IndexOf('=');
        if (equals >= 0)
        {
            word = item[..equals];
            return TryParseBoolean(item[(equals + 1)..], out value);
        }

        value = !item.StartsWith("no-".AsSpan());
        word = value ? item : item[3..];
        return true;
    }

    /// <summary>Decimal, hexadecimal with 0x, octal with 0.</summary>
    public static bool TryParseNumber(scoped ReadOnlySpan<char> text, out ulong value)
    {
        uint radix = 10;
        if (text.Length > 2 && text[0] == '0' && text[1] is 'x' or 'X')
        {
            radix = 16;
            text = text[2..];
        }
        else if (text.Length > 1 && text[0] == '0')
        {
            radix = 8;
            text = text[1..];
        }

        value = 0;
        foreach (char c in text)
        {
            uint digit = c switch
            {
                >= '0' and <= '9' => (uint)c - '0',
                >= 'a' and <= 'f' => (uint)c - 'a' + 10,
                >= 'A' and <= 'F' => (uint)c - 'A' + 10,
                _ => uint.MaxValue,
            };
            if (digit >= radix || value > (ulong.MaxValue - digit) / radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return text.Length != 0;
    }

    /// <summary>A number with T, G, M, K or B after it (either case); KiB without. The result is in bytes.</summary>
    public static bool TryParseSize(scoped ReadOnlySpan<char> text, out ulong bytes)
    {
        bytes = 0;
        if (text.Length == 0)
        {
            return false;
        }

        // In a hexadecimal number B would be a digit, so there it is one.
        bool hexadecimal = text.Length > 2 && text[0] == '0' && text[1] is 'x' or 'X';
        int shift = text[^1] switch
        {
            'T' or 't' => 40,
            'G' or 'g' => 30,
            'M' or 'm' => 20,
            'K' or 'k' => 10,
            'B' or 'b' when !hexadecimal => 0,
            _ => -1,
        };
        if (!TryParseNumber(shift >= 0 ? text[..^1] : text, out ulong number))
        {
            return false;
        }

        shift = shift < 0 ? 10 : shift;
        bytes = number << shift;
        return bytes >> shift == number;
    }

    /// <summary>level[/level], each none, error, warning, info, debug or all. One level alone has no rate-limited band.</summary>
    public static bool TryParseThresholds(scoped ReadOnlySpan<char> text, out LogThresholds thresholds)
    {
        thresholds = default;
        int slash = text.IndexOf('/');
        if (!TryParseLevel(slash < 0 ? text : text[..slash], out LogLevel always))
        {
            return false;
        }

        LogLevel limited = always;
        if (slash >= 0 && !TryParseLevel(text[(slash + 1)..], out limited))
        {
            return false;
        }

        thresholds = new LogThresholds(always, limited < always ? always : limited);
        return true;
    }

    private static bool TryParseLevel(scoped ReadOnlySpan<char> text, out LogLevel level)
    {
        if (Is(text, "all"))
        {
            level = LogLevel.Debug;
            return true;
        }

        for (level = LogLevel.None; level <= LogLevel.Debug; level++)
        {
            if (Is(text, NameOf(level)))
            {
                return true;
            }
        }

        return false;
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.None => "none",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Info => "info",
        _ => "debug",
    };

    private static bool Is(scoped ReadOnlySpan<char> text, string word) => text.SequenceEqual(word.AsSpan());
}
