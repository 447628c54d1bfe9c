using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// The limit of one place that logs on somebody else's behalf: <see cref="Burst"/> lines in <see cref="PeriodNanoseconds"/>, then silence
/// until the period is over. Lives where the cause lives (a field of the guest's state), so that one guest can't silence another.
/// </summary>
public struct RateLimit
{
    /// <summary>Lines in a period.</summary>
    public const uint Burst = 10;

    /// <summary>5 seconds.</summary>
    public const ulong PeriodNanoseconds = 5_000_000_000;

    private ulong _periodEnd;
    private uint _left;
    private uint _suppressed;
    private ulong _silentUntil;

    /// <summary>
    /// Whether a line would be swallowed, told from the time-stamp counter alone; one that is, counts as swallowed. False: ask
    /// <see cref="TryTake"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsSilent(ulong tsc)
    {
        if (tsc >= _silentUntil)
        {
            return false;
        }

        _suppressed = _suppressed == uint.MaxValue ? uint.MaxValue : _suppressed + 1;
        return true;
    }

    /// <summary>After a refusal: notes when its period ends, for <see cref="IsSilent"/>.</summary>
    /// <param name="now">As given to <see cref="TryTake"/>.</param>
    /// <param name="tsc">The counter at that time.</param>
    /// <param name="scale">The counter's.</param>
    public void Silence(ulong now, ulong tsc, TscScale scale)
    {
        ulong ticks = scale.ToTicks(_periodEnd - now);
        _silentUntil = ticks > ulong.MaxValue - tsc ? ulong.MaxValue : tsc + ticks;
    }

    /// <summary>Whether a line may be written now.</summary>
    /// <param name="now">Nanoseconds, monotonic.</param>
    /// <param name="suppressed">Lines swallowed since the last one written, this one included.</param>
    /// <param name="burst">Lines in a period; the same each time.</param>
    public bool TryTake(ulong now, out uint suppressed, uint burst = Burst)
    {
        suppressed = 0;
        if (now >= _periodEnd)
        {
            _periodEnd = now + PeriodNanoseconds;
            _left = burst;
        }

        // Read once: of two CPUs that take the last one neither may leave less than none.
        uint left = _left;
        if (left == 0)
        {
            _suppressed = _suppressed == uint.MaxValue ? uint.MaxValue : _suppressed + 1;
            suppressed = _suppressed;
            return false;
        }

        _left = left - 1;
        suppressed = _suppressed;
        _suppressed = 0;
        return true;
    }
}
