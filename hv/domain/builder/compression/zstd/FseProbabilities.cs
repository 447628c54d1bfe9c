using System;

namespace Xenolith.Domains;

/// <summary>The description of an FSE table: how many of its states each symbol has (RFC 8878, 4.1.1).</summary>
internal static class FseProbabilities
{
    /// <summary>A symbol that has less than one state's worth still gets one state, at the table's end.</summary>
    public const short LessThanOne = -1;

    private const int MinimumLog = 5;

    /// <summary>
    /// Reads a description. False when it is cut off or not one: a larger table than <paramref name="maximumLog"/> says, more
    /// symbols than <paramref name="states"/> has room for, or states that do not add up.
    /// </summary>
    /// <param name="states">Gets each symbol's states.</param>
    /// <param name="log">The base-2 logarithm of the table's size.</param>
    /// <param name="symbols">How many of <paramref name="states"/> were filled.</param>
    /// <param name="size">The description's length in bytes.</param>
    public static bool TryRead(ReadOnlySpan<byte> input, int maximumLog, Span<short> states, out int log, out int symbols, out int size)
    {
        var bits = new BitReader(input);
        symbols = 0;
        size = 0;
        log = 0;
        if (!bits.TryRead(4, out uint logLess) || logLess + MinimumLog > maximumLog)
        {
            return false;
        }

        log = (int)logLess + MinimumLog;
        int left = 1 << log;
        while (left > 0)
        {
            if (symbols == states.Length || !TryReadValue(ref bits, left + 1, out int value))
            {
                return false;
            }

            // 0 says less than one, 1 none, n + 1 that there are n.
            int count = value - 1;
            left -= Math.Abs(count);
            states[symbols++] = (short)count;
            if (count == 0 && !TryReadZeros(ref bits, states, ref symbols))
            {
                return false;
            }
        }

        size = bits.BytesConsumed;
        return true;
    }

    /// <summary>
    /// A number from 0 to <paramref name="most"/>. The low numbers take a bit less than the others where
    /// <paramref name="most"/> + 1 is no power of two.
    /// </summary>
    private static bool TryReadValue(ref BitReader bits, int most, out int value)
    {
        value = 0;
        int width = 0;
        while (1 << width <= most)
        {
            width++;
        }

        int half = 1 << (width - 1);
        int spared = 2 * half - 1 - most;
        if (!bits.TryRead(width - 1, out uint low))
        {
            return false;
        }

        value = (int)low;
        if (value < spared)
        {
            return true;
        }

        if (!bits.TryRead(1, out uint high))
        {
            return false;
        }

        if (high != 0)
        {
            value += half - spared;
        }

        return true;
    }

    /// <summary>After a symbol without states: two bits say how many more follow, and 3 that two bits more do.</summary>
    private static bool TryReadZeros(ref BitReader bits, Span<short> states, ref int symbols)
    {
        uint repeat;
        do
        {
            if (!bits.TryRead(2, out repeat) || repeat > (uint)(states.Length - symbols))
            {
                return false;
            }

            states.Slice(symbols, (int)repeat).Clear();
            symbols += (int)repeat;
        }
        while (repeat == 3);
        return true;
    }
}
