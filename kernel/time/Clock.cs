namespace Xenolith.Kernel;

/// <summary>
/// The seam to time. One implementer in the image (TSC, calibrated, with the local APIC timer as alarm), one on the host
/// (virtual time that a test advances).
/// </summary>
public abstract class Clock
{
    /// <summary>Nanoseconds since the hypervisor's start; monotonic.</summary>
    public abstract ulong Nanoseconds { get; }

    /// <summary>The time-stamp counter now.</summary>
    public abstract ulong Tsc { get; }

    /// <summary>Ticks of the time-stamp counter a second.</summary>
    public abstract ulong TscFrequency { get; }

    /// <summary>
    /// The linear rule behind <see cref="Nanoseconds"/>: ns = base.Nanoseconds + (((tsc - base.Tsc) &lt;&lt; shift) * multiplier) >> 32,
    /// a negative shift shifts right.
    /// </summary>
    public abstract TscScale Scale { get; }

    /// <summary>Asks for a wake-up of this CPU (an interrupt that ends its idle wait or its guest's run) at that time; ulong.MaxValue: none.</summary>
    public abstract void SetAlarm(ulong nanoseconds);

    /// <summary>Seconds since 1970-01-01 UTC at <see cref="Nanoseconds"/> = 0, from the machine's clock; 0 when it has none.</summary>
    public abstract ulong WallClockAtStart { get; }
}

/// <summary>A linear conversion of TSC ticks into nanoseconds, in the form that Xen's vcpu_time_info publishes.</summary>
public readonly record struct TscScale(ulong BaseTsc, ulong BaseNanoseconds, uint Multiplier, sbyte Shift);
