using System;

namespace Xenolith.Guests;

/// <summary>The hypervisor's time as vcpu_time_info publishes it (Xen public header xen.h).</summary>
public static class Clock
{
    public const long Millisecond = 1_000_000;

    /// <summary>Nanoseconds of system time now.</summary>
    public static ulong Now
    {
        get
        {
            while (true)
            {
                uint version = Version;
                ulong now = At(Instructions.ReadTsc());
                if ((version & 1) == 0 && version == Version)
                {
                    return now;
                }
            }
        }
    }

    public static uint Version => Memory.Read32(SharedState.Time);

    public static ulong TscTimestamp => Memory.Read64(SharedState.Time + 8);

    public static ulong SystemTime => Memory.Read64(SharedState.Time + 16);

    public static uint Multiplier => Memory.Read32(SharedState.Time + 24);

    public static sbyte Shift => (sbyte)Memory.Read8(SharedState.Time + 28);

    /// <summary>TSC ticks a second, from multiplier and shift.</summary>
    public static ulong TscFrequency
    {
        get
        {
            // ns = (ticks << shift) * multiplier / 2^32, so ticks/s = 10^9 * 2^32 / multiplier >> shift.
            ulong frequency = (1_000_000_000UL << 32) / Multiplier;
            return Shift < 0 ? frequency << -Shift : frequency >> Shift;
        }
    }

    /// <summary>System time at a value of the TSC, by the values as they stand.</summary>
    public static ulong At(ulong tsc)
    {
        ulong delta = tsc - TscTimestamp;
        delta = Shift < 0 ? delta >> -Shift : delta << Shift;
        ulong high = Math.BigMul(delta, Multiplier, out ulong low);
        return SystemTime + ((high << 32) | (low >> 32));
    }

    /// <summary>Spins until that time has come.</summary>
    public static void WaitUntil(ulong nanoseconds)
    {
        while (Now < nanoseconds)
        {
            Instructions.Pause();
        }
    }
}
