using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The timers of the whole machine: a queue a physical CPU. A timer is set on the queue of the CPU that sets it, whose alarm then
/// tells of it, and can be stopped from any. Who sets and stops one and the same timer on several CPUs keeps them from doing it at once.
/// </summary>
public sealed class CpuTimers
{
    private readonly TimerQueue[] _queues;

    /// <param name="capacity">How many timers can be set at once on a CPU.</param>
    /// <param name="cpus">How many CPUs.</param>
    public CpuTimers(Clock clock, int capacity, int cpus = 1)
    {
        _queues = new TimerQueue[cpus];
        for (int i = 0; i < cpus; i++)
            _queues[i] = new TimerQueue(clock, capacity, i);
    }

    /// <summary>The calling CPU's earliest deadline; <see cref="ulong.MaxValue"/> when it has no timer.</summary>
    public ulong NextDeadline => Here.NextDeadline;

    /// <summary>The calling CPU's timers that are set.</summary>
    public int Count => Here.Count;

    private TimerQueue Here => _queues[CurrentCpu.Number];

    /// <summary>Sets the timer on the calling CPU, or moves one that is set. A deadline in the past fires at the next <see cref="Run"/>.</summary>
    /// <param name="deadline">Nanoseconds of the clock.</param>
    public void Set(Timer timer, ulong deadline)
    {
        TimerQueue here = Here;
        TimerQueue? other = timer.Queue;
        if (other is not null && other != here)
            other.Stop(timer);
        here.Set(timer, deadline);
    }

    /// <summary>Stops the timer. One that fires on another CPU at this moment is past stopping, and has to see for itself that it is late.</summary>
    public void Stop(Timer timer) => timer.Queue?.Stop(timer);

    /// <summary>Fires the calling CPU's timers whose deadline has come.</summary>
    public void Run(ulong now) => Here.Run(now);
}
