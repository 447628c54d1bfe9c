using System;

namespace Xenolith.Kernel;

/// <summary>Time that a test sets and advances.</summary>
public sealed class VirtualClock : Clock
{
    private ulong _nanoseconds;

    /// <param name="tscFrequency">Ticks of the time-stamp counter a second.</param>
    public VirtualClock(ulong tscFrequency = 2_000_000_000)
    {
        TscFrequency = tscFrequency;
        Scale = TscScaling.ForFrequency(tscFrequency, 0, 0);
    }

    /// <inheritdoc/>
    public override ulong Nanoseconds
    {
        get
        {
            _nanoseconds += Step;
            return _nanoseconds;
        }
    }

    /// <summary>How many nanoseconds pass at each reading.</summary>
    public ulong Step { get; set; }

    /// <inheritdoc/>
    public override ulong Tsc => (ulong)((UInt128)_nanoseconds * TscFrequency / 1_000_000_000);

    /// <inheritdoc/>
    public override ulong TscFrequency { get; }

    /// <inheritdoc/>
    public override TscScale Scale { get; }

    /// <inheritdoc/>
    public override ulong WallClockAtStart => WallClock;

    /// <summary>What <see cref="WallClockAtStart"/> says.</summary>
    public ulong WallClock { get; set; }

    /// <summary>The last alarm asked for; <see cref="ulong.MaxValue"/>: none.</summary>
    public ulong Alarm { get; private set; } = ulong.MaxValue;

    /// <summary>Whether the alarm's time has come.</summary>
    public bool AlarmIsDue => Alarm <= _nanoseconds;

    /// <inheritdoc/>
    public override void SetAlarm(ulong nanoseconds) => Alarm = nanoseconds;

    /// <summary>Sets the time; it does not go back.</summary>
    public void Set(ulong nanoseconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nanoseconds, _nanoseconds);
        _nanoseconds = nanoseconds;
    }

    /// <summary>Lets time pass.</summary>
    public void Advance(ulong nanoseconds) => Set(checked(_nanoseconds + nanoseconds));
}
