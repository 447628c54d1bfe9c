using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// A list of physical CPUs in xl's grammar (xl.cfg, cpus): <c>all</c>, or numbers and ranges with commas between them, where
/// <c>^</c> takes away again: <c>0-3,^2</c>.
/// </summary>
public static class CpuList
{
    /// <summary>CPUs have numbers below this.</summary>
    public const int Limit = 64;

    /// <summary>False: malformed, a number that no CPU can have, or nothing is left.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ulong cpus)
    {
        cpus = 0;
        bool endsInItem = text.Length != 0 && text[^1] != ',';
        while (OptionValue.TryNext(ref text, ',', out ReadOnlySpan<char> item))
        {
            bool takesAway = item.Length != 0 && item[0] == '^';
            if (!TryParseItem(takesAway ? item[1..] : item, out ulong these))
            {
                return false;
            }

            cpus = takesAway ? cpus & ~these : cpus | these;
        }

        return endsInItem && cpus != 0;
    }

    private static bool TryParseItem(ReadOnlySpan<char> item, out ulong cpus)
    {
        cpus = ulong.MaxValue;
        if (item.SequenceEqual("all".AsSpan()))
        {
            return true;
        }

        int dash = item.IndexOf('-');
        ReadOnlySpan<char> end = dash < 0 ? item : item[(dash + 1)..];
        if (!OptionValue.TryParseNumber(dash < 0 ? item : item[..dash], out ulong first) || !OptionValue.TryParseNumber(end, out ulong last)
            || first > last || last >= Limit)
        {
            return false;
        }

        cpus = ulong.MaxValue >> (int)(Limit - 1 - (last - first)) << (int)first;
        return true;
    }
}
