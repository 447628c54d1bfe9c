using System;

namespace Xenolith.Domains;

/// <summary>A domain's account with one physical CPU's scheduler: how much it has had, and which of its vCPUs want to run.</summary>
public sealed class DomainShare
{
    /// <summary>A domain's weight unless told otherwise, as Xen's.</summary>
    public const int DefaultWeight = 256;

    /// <summary>The greatest weight; the least is 1.</summary>
    public const int MaximumWeight = 65535;

    /// <summary>Nanoseconds in which a capped domain gets no more than its cap.</summary>
    public const ulong CapPeriod = 10_000_000;

    private readonly Scheduler _scheduler;
    private readonly Vcpu[] _runnable;
    private ulong _remainder;
    private ulong _vcpuNow;
    private long _allowance;
    private ulong _refilledAt;

    internal DomainShare(Scheduler scheduler, Domain domain)
    {
        _scheduler = scheduler;
        Domain = domain;
        _runnable = new Vcpu[domain.Vcpus.Length];
        Refill = new RefillTimer(this);
    }

    public Domain Domain { get; }

    /// <summary>vCPUs that run here or could.</summary>
    public int RunnableCount { get; private set; }

    /// <summary>Nanoseconds that the domain ran, times <see cref="DefaultWeight"/>, divided by its weight; modulo 2^64.</summary>
    internal ulong VirtualTime { get; set; }

    internal Timer Refill { get; }

    /// <summary>Nanoseconds that the cap leaves; the last value when there is no cap.</summary>
    internal ulong Allowance => Quota == 0 ? ulong.MaxValue : (ulong)Math.Max(_allowance, 0);

    // A cap of a whole CPU or more can't be reached on one.
    private ulong Quota => Domain.Cap is > 0 and < 100 ? (uint)Domain.Cap * (CapPeriod / 100) : 0;

    /// <summary>Whether the cap lets the domain run.</summary>
    internal bool MayRun(ulong now)
    {
        ulong quota = Quota;
        if (quota == 0)
            return true;
        if (now - _refilledAt >= CapPeriod)
        {
            ulong periods = (now - _refilledAt) / CapPeriod;
            _refilledAt += periods * CapPeriod;
            // What was not used in a period is lost; what was overdrawn is paid back.
            long earned = (long)(Math.Min(periods, 1_000_000) * quota);
            _allowance = Math.Min(_allowance + earned, (long)quota);
        }
        if (_allowance > 0)
            return true;
        if (!Refill.IsSet)
            _scheduler.StartRefill(this, _refilledAt + CapPeriod);
        return false;
    }

    /// <summary>Books that a vCPU of the domain ran.</summary>
    internal void Charge(Vcpu vcpu, ulong nanoseconds)
    {
        ulong weighted = nanoseconds * DefaultWeight + _remainder;
        ulong weight = (uint)Domain.Weight;
        VirtualTime = unchecked(VirtualTime + weighted / weight);
        _remainder = weighted % weight;
        vcpu.Schedule.VirtualTime = unchecked(vcpu.Schedule.VirtualTime + nanoseconds);
        if (Quota != 0)
            _allowance -= (long)nanoseconds;
    }

    /// <summary>A vCPU wants to run; one that slept long is not owed for all of it.</summary>
    internal void Add(Vcpu vcpu)
    {
        AdvanceVirtualTime();
        ref VcpuSchedule schedule = ref vcpu.Schedule;
        schedule.VirtualTime = Scheduler.Later(schedule.VirtualTime, unchecked(_vcpuNow - Scheduler.Slice));
        schedule.Slot = RunnableCount;
        _runnable[RunnableCount++] = vcpu;
    }

    internal void Remove(Vcpu vcpu)
    {
        int slot = vcpu.Schedule.Slot;
        if (slot < 0)
            return;
        AdvanceVirtualTime();
        vcpu.Schedule.Slot = -1;
        Vcpu last = _runnable[--RunnableCount];
        _runnable[RunnableCount] = null!;
        if (last == vcpu)
            return;
        _runnable[slot] = last;
        last.Schedule.Slot = slot;
    }

    /// <summary>Who has had least; among equals another than the current one.</summary>
    internal Vcpu First(Vcpu? current)
    {
        Vcpu first = _runnable[0];
        for (int i = 1; i < RunnableCount; i++)
        {
            Vcpu vcpu = _runnable[i];
            if (Scheduler.IsBefore(vcpu.Schedule.VirtualTime, first.Schedule.VirtualTime)
                || (vcpu.Schedule.VirtualTime == first.Schedule.VirtualTime && first == current))
            {
                first = vcpu;
            }
        }
        return first;
    }

    /// <summary>The least virtual time of those that want to run is where who wakes begins.</summary>
    private void AdvanceVirtualTime()
    {
        if (RunnableCount != 0)
            _vcpuNow = Scheduler.Later(_vcpuNow, First(null).Schedule.VirtualTime);
    }

    /// <summary>Puts a vCPU behind all others that want to run.</summary>
    internal void PutLast(Vcpu vcpu)
    {
        for (int i = 0; i < RunnableCount; i++)
            vcpu.Schedule.VirtualTime = Scheduler.Later(vcpu.Schedule.VirtualTime, _runnable[i].Schedule.VirtualTime);
    }

    private sealed class RefillTimer(DomainShare share) : Timer
    {
        protected internal override void Fire(ulong now) => share._scheduler.Refilled(share);
    }
}
