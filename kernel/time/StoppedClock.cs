namespace Xenolith.Kernel;

/// <summary>The clock before there is one: time stands at 0.</summary>
public sealed class StoppedClock : Clock
{
    /// <inheritdoc/>
    public override ulong Nanoseconds => 0;

    /// <inheritdoc/>
    public override ulong Tsc => 0;

    /// <inheritdoc/>
    public override ulong TscFrequency => 1_000_000_000;

    /// <inheritdoc/>
    public override TscScale Scale => TscScaling.ForFrequency(TscFrequency, 0, 0);

    /// <inheritdoc/>
    public override ulong WallClockAtStart => 0;

    /// <inheritdoc/>
    public override void SetAlarm(ulong nanoseconds)
    {
    }
}
