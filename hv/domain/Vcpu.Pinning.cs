using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using SpinLock = Xenolith.Kernel.SpinLock;

namespace Xenolith.Domains;

/// <summary>SCHEDOP_pin_override: a vCPU ties itself to one physical CPU for a while, whatever its affinity says.</summary>
public sealed partial class Vcpu
{
    /// <summary>Where it may run once it is pinned no more; null: it is not pinned. Changes with the run queues held.</summary>
    private CpuSet? _affinityBefore;

    /// <summary>Whether it has yet to leave its CPU for one on which it may run. Only that CPU sets it.</summary>
    private bool _isLeaving;

    /// <summary>Whether it is pinned, so that its affinity is not to be changed.</summary>
    public bool IsPinned => _affinityBefore is not null;

    /// <summary>
    /// The vCPU, which the calling CPU runs, is on that CPU and no other from its next entry on. EINVAL: no such CPU; EBUSY: it is pinned already.
    /// </summary>
    public Errno Pin(int cpu)
    {
        if ((uint)cpu >= (uint)Domain.Services.CpuCount)
            return Errno.EINVAL;
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        bool isFree = !IsPinned;
        if (isFree)
        {
            _affinityBefore = Affinity;
            GoTo(new CpuSet(1UL << cpu));
        }
        queues.Release();
        return isFree ? Errno.None : Errno.EBUSY;
    }

    /// <summary>The vCPU, which the calling CPU runs, may run where it might before. EINVAL: it is not pinned.</summary>
    public Errno Unpin()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        bool wasPinned = _affinityBefore is not null;
        if (_affinityBefore is { } before)
        {
            _affinityBefore = null;
            GoTo(before);
        }
        queues.Release();
        return wasPinned ? Errno.None : Errno.EINVAL;
    }

    // With the queues held.
    private void GoTo(CpuSet cpus)
    {
        Affinity = cpus;
        bool wasLeaving = _isLeaving;
        _isLeaving = !cpus.Contains(HomeCpu);
        // One that may stay after all is to be queued again.
        if (wasLeaving || _isLeaving)
            Enter(PresentState);
    }

    /// <summary>The vCPU has left its CPU, which holds nothing of it any more, and waits on another. With the queues held.</summary>
    private void Arrive()
    {
        _isLeaving = false;
        Schedule.Home?.MoveAway(this);
        Enter(IdleState);
    }
}
