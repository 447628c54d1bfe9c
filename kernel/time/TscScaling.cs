using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>Arithmetic of <see cref="TscScale"/>.</summary>
public static class TscScaling
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The scale of a counter with that many ticks a second (1,000 to 2^62); its multiplier has its top bit set.</summary>
    public static TscScale ForFrequency(ulong hertz, ulong baseTsc, ulong baseNanoseconds)
    {
        if (hertz is < 1_000 or > 1UL << 62)
        {
            throw new ArgumentOutOfRangeException(nameof(hertz));
        }

        // The smallest shift for which hertz * 2^shift exceeds 10^9, so that the multiplier fits 32 bits.
        sbyte shift = 0;
        while (hertz > 2 * NanosecondsPerSecond)
        {
            hertz >>= 1;
            shift--;
        }

        while (hertz <= NanosecondsPerSecond)
        {
            hertz <<= 1;
            shift++;
        }

        return new TscScale(baseTsc, baseNanoseconds, (uint)((NanosecondsPerSecond << 32) / hertz), shift);
    }

    /// <summary>Nanoseconds at a value of the counter; the base's at earlier values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ToNanoseconds(this in TscScale scale, ulong tsc)
    {
        ulong ticks = tsc > scale.BaseTsc ? tsc - scale.BaseTsc : 0;
        ulong shifted = scale.Shift >= 0 ? ticks << scale.Shift : ticks >> -scale.Shift;

        // Bits 32 to 95 of the product, from those of its halves.
        return scale.BaseNanoseconds + ((shifted >> 32) * scale.Multiplier) + (((ulong)(uint)shifted * scale.Multiplier) >> 32);
    }

    /// <summary>Ticks in a span of nanoseconds, rounded up; <see cref="ulong.MaxValue"/> when they are more than 2^63.</summary>
    public static ulong ToTicks(this TscScale scale, ulong nanoseconds)
    {
        // ticks = nanoseconds * 2^32 / (multiplier * 2^shift); the quotient in two steps keeps 64 bits enough.
        ulong whole = nanoseconds / scale.Multiplier;
        ulong rest = nanoseconds % scale.Multiplier;
        if (whole >= 1UL << 31)
        {
            return ulong.MaxValue;
        }

        ulong shifted = (whole << 32) + ((rest << 32) / scale.Multiplier) + 1;
        return scale.Shift >= 0 ? (shifted >> scale.Shift) + 1 : shifted > (1UL << 62 >> -scale.Shift) ? ulong.MaxValue : shifted << -scale.Shift;
    }
}
