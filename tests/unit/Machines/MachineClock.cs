using System;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Machines;

/// <summary>
/// Time that stands still unless the harness lets it pass. Who reads it may be waiting for another CPU.
/// </summary>
internal sealed class MachineClock : Clock
{
    private const ulong Frequency = 2_000_000_000;
    private ulong _nanoseconds = 1_000_000_000;

    /// <summary>What happens at a reading.</summary>
    public Action? Read { get; set; }

    public override ulong Nanoseconds
    {
        get
        {
            Read?.Invoke();
            return _nanoseconds;
        }
    }

    public override ulong Tsc => _nanoseconds * (Frequency / 1_000_000_000);

    public override ulong TscFrequency => Frequency;

    public override TscScale Scale { get; } = TscScaling.ForFrequency(Frequency, 0, 0);

    public override ulong WallClockAtStart => 1_700_000_000;

    public override void SetAlarm(ulong nanoseconds)
    {
    }

    public void Advance(ulong nanoseconds) => _nanoseconds += nanoseconds;
}
