using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The machine's clock: the time-stamp counter, one for all CPUs, with each CPU's local APIC timer as its alarm.</summary>
public sealed class TscClock : Clock
{
    private readonly LocalApic? _apic;
    private readonly TscScale _apicScale;
    private readonly TscScale _scale;

    // By CPU.
    private readonly ulong[] _alarms = new ulong[CurrentCpu.MaximumCpus];

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
        Array.Fill(_alarms, ulong.MaxValue);
        if (apic is not null)
        {
            Interrupts.Current.Register(LocalApic.TimerVector, new TimerInterrupt(this, apic));
        }
    }

    /// <summary>Who is told of each timer interrupt, which then comes every so often; null: nobody.</summary>
    public Watchdog? Watchdog { get; set; }

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
        ref ulong alarm = ref _alarms[CurrentCpu.Number];
        if (nanoseconds == alarm && nanoseconds == ulong.MaxValue)
        {
            return;
        }

        alarm = nanoseconds;
        Arm(nanoseconds);
    }

    /// <summary>From now on this CPU's timer comes as often as the watchdog wants.</summary>
    public void StartWatching() => Arm(_alarms[CurrentCpu.Number]);

    private void Arm(ulong alarm)
    {
        if (_apic is null)
        {
            return;
        }

        ulong now = Nanoseconds;
        if (Watchdog is not null)
        {
            alarm = Math.Min(alarm, now + Kernel.Watchdog.Period);
        }

        if (alarm == ulong.MaxValue)
        {
            _apic.StopTimer();
            return;
        }

        ulong wait = alarm > now ? alarm - now : 0;
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
            ref ulong alarm = ref clock._alarms[CurrentCpu.Number];
            if (alarm <= clock.Nanoseconds)
            {
                alarm = ulong.MaxValue;
            }

            if (alarm != ulong.MaxValue || clock.Watchdog is not null)
            {
                clock.Arm(alarm);
            }

            clock.Watchdog?.Check();
        }
    }
}
