namespace Xenolith.Domains;

/// <summary>Something that happens once at a time. Made once, set and stopped any number of times on one <see cref="CpuTimers"/>.</summary>
public abstract class Timer
{
    /// <summary>The place in the queue's heap; -1 when not set.</summary>
    internal int Slot = -1;

    /// <summary>The queue that it is set in; null when not set.</summary>
    internal TimerQueue? Queue;

    /// <summary>When it fires, in nanoseconds of the clock; the last value when it is not set.</summary>
    public ulong Deadline { get; internal set; }

    /// <summary>Whether it is going to fire.</summary>
    public bool IsSet => Slot >= 0;

    /// <summary>The time has come; the timer is no longer set and may be set again.</summary>
    /// <param name="now">Nanoseconds; not before <see cref="Deadline"/>.</param>
    protected internal abstract void Fire(ulong now);
}
