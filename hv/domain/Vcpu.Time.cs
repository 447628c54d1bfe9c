using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What a vCPU knows of time: the published clock and Xen's two timers.</summary>
public sealed partial class Vcpu
{
    private readonly RegisteredArea _timeArea;
    private readonly RegisteredArea _physicalTimeArea;
    private readonly VcpuTimer _singleShot;
    private readonly VcpuTimer _periodic;
    private readonly VcpuTimer _pollTimeout;

    /// <summary>
    /// When the single-shot timer is due; <see cref="NotWanted"/>: never. The vCPU itself alone writes it, wherever it runs, and whoever sees
    /// the timer fire takes it, so that a deadline makes one event, without a lock of the domain's.
    /// </summary>
    private ulong _singleShotDeadline = NotWanted;

    private const ulong NotWanted = ulong.MaxValue;
    private PvTime _published;
    private uint _timeAreaVersion;
    private uint _physicalTimeAreaVersion;

    /// <summary>Nanoseconds between two ticks of the periodic timer; 0: stopped.</summary>
    public ulong Period { get; private set; }

    /// <summary>Guest TSC - host TSC, mod 2^64. Changing it publishes the time anew.</summary>
    public ulong TscOffset
    {
        get => Cpu.TscOffset;
        set
        {
            Cpu.TscOffset = value;
            PublishTimeIfChanged();
            Apic.TscOffsetChanged();
        }
    }

    /// <summary>The guest's TSC now.</summary>
    public ulong GuestTsc => unchecked(Domain.Services.Clock.Tsc + Cpu.TscOffset);

    /// <summary>
    /// VCPUOP_set_singleshot_timer, set_timer_op: VIRQ_TIMER once at a time. A time that has passed fires at once.
    /// </summary>
    /// <param name="deadline">Nanoseconds of system time.</param>
    /// <param name="now">Nanoseconds of system time.</param>
    public void SetSingleShot(ulong deadline, ulong now)
    {
        if (deadline <= now)
        {
            StopSingleShot();
            // The call takes no lock itself, unless it is one of a multicall, which has it.
            bool isHeld = Domain.IsHeld;
            if (!isHeld)
                Domain.Acquire();
            Domain.EventChannels.RaiseVirq(this, Virq.Timer);
            if (!isHeld)
                Domain.Release();
            return;
        }
        // First what is wanted, then the timer. One of an earlier deadline that fires on another CPU at this moment takes that deadline, if it
        // comes before this, or finds the new one, which is not due or due as well; either way the new one is not lost.
        Volatile.Write(ref _singleShotDeadline, deadline);
        Domain.Services.Timers.Set(_singleShot, deadline);
    }

    /// <summary>VCPUOP_stop_singleshot_timer, or set_timer_op with 0.</summary>
    public void StopSingleShot()
    {
        Volatile.Write(ref _singleShotDeadline, NotWanted);
        Domain.Services.Timers.Stop(_singleShot);
    }

    /// <summary>VCPUOP_set_periodic_timer.</summary>
    /// <param name="period">Nanoseconds; the caller has refused less than a millisecond.</param>
    public void SetPeriodic(ulong period)
    {
        Period = period;
        ulong now = Domain.Services.Clock.Nanoseconds;
        Domain.Services.Timers.Set(_periodic, period > ulong.MaxValue - now ? ulong.MaxValue : now + period);
    }

    /// <summary>VCPUOP_stop_periodic_timer.</summary>
    public void StopPeriodic()
    {
        Period = 0;
        Domain.Services.Timers.Stop(_periodic);
    }

    /// <summary>
    /// VCPUOP_register_vcpu_time_memory_area: a second copy of vcpu_time_info at the address. False: it is not writable memory.
    /// </summary>
    /// <param name="access">The address space that the address belongs to: the caller's.</param>
    public bool RegisterTimeArea(GuestAccess access, ulong linear)
    {
        if (!_timeArea.TryRegister(access, linear, PvTime.Size))
            return false;
        PublishTime();
        return true;
    }

    /// <summary>VCPUOP_register_vcpu_time_phys_area: likewise for a guest-physical address, or <see cref="RegisteredArea.None"/>, beside the other.</summary>
    /// <returns>As <see cref="RegisteredArea.Register"/>.</returns>
    public Errno RegisterTimeArea(ulong physical)
    {
        Errno error = _physicalTimeArea.Register(physical, PvTime.Size, AreaAlignment);
        if (error == Errno.None)
            PublishTime();
        return error;
    }

    /// <summary>Writes vcpu_time_info, and its further copies.</summary>
    public void PublishTime()
    {
        DomainServices services = Domain.Services;
        byte flags = services.TscIsStable ? PvClockFlags.TscStable : (byte)0;
        _published = PvTime.Of(services.Clock.Scale, Cpu.TscOffset, flags);
        Info.WriteTime(in _published);
        WriteTime(_timeArea, ref _timeAreaVersion, in _published);
        WriteTime(_physicalTimeArea, ref _physicalTimeAreaVersion, in _published);
    }

    /// <summary>Stops all timers for good: the domain ends.</summary>
    internal void StopTimers()
    {
        CpuTimers timers = Domain.Services.Timers;
        timers.Stop(_singleShot);
        timers.Stop(_periodic);
        timers.Stop(_pollTimeout);
        Apic.StopTimer();
    }

    /// <summary>A timer's time has come. It may have been stopped or set anew on another CPU at the same moment, which then holds.</summary>
    internal void TimerFired(VcpuTimerKind kind, ulong now)
    {
        if (kind == VcpuTimerKind.PollTimeout)
        {
            if (!_pollTimeout.IsSet && IsPolling)
                Wake();
            return;
        }
        if (kind == VcpuTimerKind.SingleShot && !TryTakeSingleShot(now))
            return;
        Domain.Acquire();
        if (Domain.IsDying)
        {
            // It fired while the domain's timers were stopped: what it would write to may be gone.
            Domain.Release();
            return;
        }
        if (kind == VcpuTimerKind.SingleShot)
        {
            Domain.EventChannels.RaiseVirq(this, Virq.Timer);
        }
        else if (!_periodic.IsSet && Period != 0)
        {
            Domain.EventChannels.RaiseVirq(this, Virq.Timer);
            Domain.Services.Timers.Set(_periodic, Period > ulong.MaxValue - now ? ulong.MaxValue : now + Period);
        }
        Domain.Release();
    }

    /// <summary>Takes the single-shot timer's deadline when it has come; false: it is stopped, later by now, or somebody else took it.</summary>
    private bool TryTakeSingleShot(ulong now)
    {
        ulong deadline = Volatile.Read(ref _singleShotDeadline);
        return deadline <= now && deadline != NotWanted && Interlocked.CompareExchange(ref _singleShotDeadline, NotWanted, deadline) == deadline;
    }

    private void PublishTimeIfChanged()
    {
        DomainServices services = Domain.Services;
        if (_published != PvTime.Of(services.Clock.Scale, Cpu.TscOffset, _published.Flags))
            PublishTime();
    }

    private static void WriteTime(RegisteredArea area, ref uint version, in PvTime time)
    {
        if (!area.IsRegistered)
            return;
        Span<byte> image = stackalloc byte[PvTime.Size];
        version = unchecked((version | 1) + 2);
        time.Write(image, version);
        area.Write(0, image.Slice(0, 4));
        Interlocked.MemoryBarrier();
        area.Write(PvTime.BodyOffset, image.Slice(PvTime.BodyOffset));
        Interlocked.MemoryBarrier();
        version++;
        time.Write(image, version);
        area.Write(0, image.Slice(0, 4));
    }
}

/// <summary>What a vCPU has timers for.</summary>
internal enum VcpuTimerKind { SingleShot, Periodic, PollTimeout }

/// <summary>One of a vCPU's timers.</summary>
internal sealed class VcpuTimer(Vcpu vcpu, VcpuTimerKind kind) : Timer
{
    protected internal override void Fire(ulong now) => vcpu.TimerFired(kind, now);
}
