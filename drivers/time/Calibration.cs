using System;

namespace Xenolith.Drivers;

/// <summary>Arithmetic of measuring one counter against another.</summary>
public static class Calibration
{
    /// <summary>The slowest and fastest counters that are believed, in ticks a second.</summary>
    public const ulong Slowest = 1_000_000;

    /// <summary>See <see cref="Slowest"/>.</summary>
    public const ulong Fastest = 20_000_000_000;

    /// <summary>Ticks a second of a counter that made <paramref name="ticks"/> while the reference made its own; 0: not to be computed.</summary>
    public static ulong FrequencyOf(ulong ticks, ulong referenceTicks, ulong referenceFrequency)
    {
        if (referenceTicks == 0)
        {
            return 0;
        }

        ulong high = Math.BigMul(ticks, referenceFrequency, out ulong low);
        return high == 0 ? low / referenceTicks : 0;
    }

    /// <summary>The middle one of three measurements when it is in the believable range and another is within 2 % of it; else 0.</summary>
    public static ulong Agree(ulong a, ulong b, ulong c)
    {
        ulong low = Math.Min(a, Math.Min(b, c));
        ulong high = Math.Max(a, Math.Max(b, c));
        ulong middle = Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
        bool close = middle - low <= middle / 50 || high - middle <= middle / 50;
        return middle is >= Slowest and <= Fastest && close ? middle : 0;
    }
}
