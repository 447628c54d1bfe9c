using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The machine's clock: the time-stamp counter, with the local APIC's timer as alarm.</summary>
public sealed class TscClock : Clock
{
    private readonly LocalApic? _apic;
    private readonly TscScale _apicScale;
    private readonly TscScale _scale;
    private ulong _alarm = ulong.MaxValue;

    /// <param name="tscFrequency">Ticks a second.</param>
    /// <param name="apic">For the alarm; null: alarms never come.</param>
    /// <param name="apicFrequency">Ticks of its timer a second.</param>
    /// <param name="wallClock">Seconds since 1970 now; 0: not known.</param>
    public TscClock(ulong tscFrequency, LocalApic? apic, ulong apicFrequency, ulong wallClock)
    {
        TscFrequency = tscFrequency;
        _scale = TscScaling.ForFrequency(tscFrequency, Cpu.ReadTsc(), 0);
        _apic = apic;
        _apicScale = apic is null ? default : TscScaling.ForFrequency(apicFrequency, 0, 0);
        WallClockAtStart = wallClock;
        if (apic is not null)
        {
            Interrupts.Current.Register(LocalApic.TimerVector, new TimerInterrupt(this, apic));
        }
    }

    /// <inheritdoc/>
    public override ulong Nanoseconds => _scale.ToNanoseconds(Cpu.ReadTsc());

    /// <inheritdoc/>
    public override ulong Tsc => Cpu.ReadTsc();

    /// <inheritdoc/>
    public override ulong TscFrequency { get; }

    /// <inheritdoc/>
    public override TscScale Scale => _scale;

    /// <inheritdoc/>
    public override ulong WallClockAtStart { get; }

    /// <inheritdoc/>
    public override void SetAlarm(ulong nanoseconds)
    {
        if (nanoseconds == _alarm && nanoseconds == ulong.MaxValue)
        {
            return;
        }

        _alarm = nanoseconds;
        Arm();
    }

    private void Arm()
    {
        if (_apic is null)
        {
            return;
        }

        if (_alarm == ulong.MaxValue)
        {
            _apic.StopTimer();
            return;
        }

        ulong now = Nanoseconds;
        ulong wait = _alarm > now ? _alarm - now : 0;
        if (_apic.HasDeadline)
        {
            ulong tsc = Cpu.ReadTsc();
            _apic.StartDeadline(tsc + Math.Min(_scale.ToTicks(wait), ulong.MaxValue - tsc));
        }
        else
        {
            // A wait that is too long for the counter is armed again when it runs out.
            _apic.StartTimer((uint)Math.Clamp(_apicScale.ToTicks(wait), 1, uint.MaxValue));
        }
    }

    private sealed class TimerInterrupt(TscClock clock, LocalApic apic) : InterruptHandler
    {
        public override void Handle()
        {
            apic.EndOfInterrupt();
            if (clock._alarm <= clock.Nanoseconds)
            {
                clock._alarm = ulong.MaxValue;
            }
            else
            {
                clock.Arm();
            }
        }
    }
}
