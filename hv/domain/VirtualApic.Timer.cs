using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The APIC timer: one-shot, periodic and TSC-deadline (SDM vol. 3, 11.5.4).</summary>
public sealed partial class VirtualApic
{
    /// <summary>Nanoseconds of one tick of the timer's input clock before division: 100 MHz, as Xen's.</summary>
    public const ulong BusCycle = 10;

    /// <summary>
    /// The periodic timer interrupts no more often than this, in nanoseconds (Xen has the same limit): a shorter period would
    /// keep the host in its interrupt handler. What the guest reads as the count is not affected.
    /// </summary>
    private const ulong MinimumPeriod = 100_000;

    private const uint TimerModeMask = 3 << 17;
    private const uint TimerPeriodic = 1 << 17;
    private const uint TimerTscDeadline = 2 << 17;

    /// <summary>When the running count began, in nanoseconds; meaningful while <see cref="ApicRegister.InitialCount"/> is not 0.</summary>
    private ulong _countStart;
    private ulong _tscDeadline;

    /// <summary>The mode that the timer runs in: what the LVT entry said when it was looked at.</summary>
    private uint _timerMode;

    /// <summary>What divides the input clock for the running count, as the shift that the divide configuration asked for: 0 to 7.</summary>
    private int _divideShift;

    /// <summary>IA32_TSC_DEADLINE: the guest TSC at which the timer fires; 0: disarmed, or the timer is in another mode.</summary>
    public ulong TscDeadline
    {
        get => IsTscDeadline ? _tscDeadline : 0;
        set
        {
            if (!IsTscDeadline)
                return;
            _tscDeadline = value;
            ArmTscDeadline();
        }
    }

    private bool IsTscDeadline => _timerMode == TimerTscDeadline;

    private bool IsPeriodic => _timerMode == TimerPeriodic;

    private Clock Clock => _vcpu.Domain.Services.Clock;

    private CpuTimers Timers => _vcpu.Domain.Services.Timers;

    private ulong TickNanoseconds => BusCycle << _divideShift;

    /// <summary>Divide configuration: bits 0, 1 and 3 select 2, 4 … 128, 1.</summary>
    private static int DivideShiftOf(uint divide) => (int)((divide & 3) | (divide >> 1 & 4)) + 1 & 7;

    private uint CurrentCount
    {
        get
        {
            uint initial = this[ApicRegister.InitialCount];
            if (initial == 0 || IsTscDeadline)
                return 0;
            ulong ticks = (Clock.Nanoseconds - _countStart) / TickNanoseconds;
            if (IsPeriodic)
                return initial - (uint)(ticks % initial);
            return ticks >= initial ? 0 : initial - (uint)ticks;
        }
    }

    /// <summary>The guest's TSC jumped: a deadline in its terms is another time now.</summary>
    internal void TscOffsetChanged()
    {
        if (IsTscDeadline && _tscDeadline != 0)
            ArmTscDeadline();
    }

    /// <summary>
    /// The timer's time has come, on the CPU where it was set. The registers are for the CPU that has the vCPU to touch: elsewhere
    /// it is told, or the one that runs the vCPU next.
    /// </summary>
    internal void TimerFires(ulong now)
    {
        if (_vcpu.Domain.Services.CpuCount == 1 || _vcpu.RunsHere)
        {
            TimerFired(now);
            return;
        }
        _vcpu.Notify(Attention.ApicTimer);
        if ((this[ApicRegister.LvtTimer] & LvtMasked) == 0)
            _vcpu.Wake();
    }

    /// <summary>Does what a timer that has fired does; nothing when it was stopped or set to a later time since.</summary>
    public void TimerFired(ulong now)
    {
        uint lvt = this[ApicRegister.LvtTimer];
        if (_timer.IsSet || !IsDue(now))
            return;
        if (IsTscDeadline)
        {
            _tscDeadline = 0;
        }
        else if (IsPeriodic)
        {
            ulong period = this[ApicRegister.InitialCount] * TickNanoseconds;
            // Ticks that nobody was there to take are lost, not saved up: the next one is the first after now.
            _countStart += (now - _countStart) / period * period;
            Timers.Set(_timer, _countStart + Spaced(period));
        }
        if ((lvt & LvtMasked) == 0)
            Raise((byte)lvt);
    }

    private bool IsDue(ulong now)
    {
        if (IsTscDeadline)
            return _tscDeadline != 0;
        ulong period = this[ApicRegister.InitialCount] * TickNanoseconds;
        return period != 0 && now - _countStart >= period;
    }

    private void WriteLvtTimer(uint value)
    {
        uint before = _timerMode;
        this[ApicRegister.LvtTimer] = value & 0x7_00FF | (_isSoftwareEnabled ? 0 : LvtMasked);
        _timerMode = value & TimerModeMask;
        if (before == _timerMode)
            return;
        // A change to or from TSC-deadline mode disarms; between one-shot and periodic the count goes on.
        if (before == TimerTscDeadline || _timerMode == TimerTscDeadline)
        {
            _tscDeadline = 0;
            this[ApicRegister.InitialCount] = 0;
            StopTimer();
        }
        else
        {
            ArmCount();
        }
    }

    private void WriteInitialCount(uint value)
    {
        this[ApicRegister.InitialCount] = IsTscDeadline ? 0 : value;
        if (IsTscDeadline)
            return;
        _countStart = Clock.Nanoseconds;
        ArmCount();
    }

    private void WriteDivide(uint value)
    {
        uint remaining = CurrentCount;
        uint initial = this[ApicRegister.InitialCount];
        this[ApicRegister.Divide] = value;
        _divideShift = DivideShiftOf(value);
        if (initial == 0 || IsTscDeadline || remaining == 0)
            return;
        // What was left of the count stays, at the new speed.
        ulong elapsed = (initial - remaining) * TickNanoseconds;
        ulong now = Clock.Nanoseconds;
        _countStart = now > elapsed ? now - elapsed : 0;
        ArmCount();
    }

    private void ArmCount()
    {
        uint initial = this[ApicRegister.InitialCount];
        if (initial == 0 || (!IsPeriodic && CurrentCount == 0))
        {
            StopTimer();
            return;
        }
        ulong period = initial * TickNanoseconds;
        ulong elapsed = Clock.Nanoseconds - _countStart;
        ulong next = _countStart + elapsed / period * period;
        Timers.Set(_timer, next + (IsPeriodic ? Spaced(period) : period));
    }

    /// <summary>The smallest multiple of the period that is not below the minimum.</summary>
    private static ulong Spaced(ulong period) => period >= MinimumPeriod ? period : (MinimumPeriod + period - 1) / period * period;

    private void ArmTscDeadline()
    {
        if (_tscDeadline == 0)
        {
            StopTimer();
            return;
        }
        ulong hostTsc = unchecked(_tscDeadline - _vcpu.TscOffset);
        // A deadline behind the guest's counter has passed, however the subtraction wrapped.
        bool isPast = _vcpu.GuestTsc >= _tscDeadline;
        Timers.Set(_timer, isPast ? Clock.Nanoseconds : Math.Max(Clock.Scale.ToNanoseconds(hostTsc), Clock.Nanoseconds));
    }

    internal void StopTimer() => Timers.Stop(_timer);

    private void ResetTimer()
    {
        StopTimer();
        _timerMode = 0;
        _divideShift = DivideShiftOf(0);
        _tscDeadline = 0;
    }
}

/// <summary>The timer of one local APIC.</summary>
internal sealed class ApicTimer(VirtualApic apic) : Timer
{
    protected internal override void Fire(ulong now) => apic.TimerFires(now);
}
