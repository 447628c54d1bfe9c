using System;

namespace Xenolith.Domains;

/// <summary>A domain's account with one physical CPU's scheduler: how much it has had, and which of its vCPUs want to run.</summary>
public sealed class DomainShare
{
    /// <summary>A domain's weight unless told otherwise, as Xen's.</summary>
    public const int DefaultWeight = 256;

    /// <summary>The greatest weight; the least is 1.</summary>
    public const int MaximumWeight = 65535;

    private readonly Vcpu[] _runnable;
    private ulong _remainder;
    private ulong _vcpuNow;

    internal DomainShare(Scheduler scheduler, DomainCap cap)
    {
        Scheduler = scheduler;
        Cap = cap;
        _runnable = new Vcpu[cap.Domain.Vcpus.Length];
    }

    public Domain Domain => Cap.Domain;

    /// <summary>vCPUs that run here or could.</summary>
    public int RunnableCount { get; private set; }

    internal Scheduler Scheduler { get; }

    internal DomainCap Cap { get; }

    /// <summary>Nanoseconds that the domain ran, times <see cref="DefaultWeight"/>, divided by its weight; modulo 2^64.</summary>
    internal ulong VirtualTime { get; set; }

    /// <param name="index">0 to <see cref="RunnableCount"/> - 1, in no order.</param>
    internal Vcpu this[int index] => _runnable[index];

    /// <summary>Whether the cap lets the domain run.</summary>
    internal bool MayRun(ulong now) => Cap.MayRun(now);

    /// <summary>Books that a vCPU of the domain ran.</summary>
    internal void Charge(Vcpu vcpu, ulong nanoseconds, ulong now)
    {
        ulong weighted = nanoseconds * DefaultWeight + _remainder;
        ulong weight = (uint)Domain.Weight;
        VirtualTime = unchecked(VirtualTime + weighted / weight);
        Cap.Recent.Add(now, weighted / weight);
        vcpu.Schedule.Recent.Add(now, nanoseconds);
        _remainder = weighted % weight;
        vcpu.Schedule.VirtualTime = unchecked(vcpu.Schedule.VirtualTime + nanoseconds);
        Cap.Charge(nanoseconds);
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

    /// <summary>A vCPU comes from another CPU: the time that it had there is nothing to those here.</summary>
    /// <param name="lead">Nanoseconds by which it comes before them.</param>
    internal void Welcome(Vcpu vcpu, ulong lead)
    {
        AdvanceVirtualTime();
        vcpu.Schedule.VirtualTime = unchecked(_vcpuNow - lead);
    }

    /// <summary>Nanoseconds of <see cref="RecentTime"/> that one slice of the domain is.</summary>
    internal ulong WeightedSlice => Scheduler.Slice * DefaultWeight / (uint)Domain.Weight;

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

    /// <summary>Puts a vCPU behind all others that want to run.</summary>
    internal void PutLast(Vcpu vcpu)
    {
        for (int i = 0; i < RunnableCount; i++)
            vcpu.Schedule.VirtualTime = Scheduler.Later(vcpu.Schedule.VirtualTime, _runnable[i].Schedule.VirtualTime);
    }

    /// <summary>The least virtual time of those that want to run is where who wakes begins.</summary>
    private void AdvanceVirtualTime()
    {
        if (RunnableCount != 0)
            _vcpuNow = Scheduler.Later(_vcpuNow, First(null).Schedule.VirtualTime);
    }
}
