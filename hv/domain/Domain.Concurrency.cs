using System;
using System.Runtime.CompilerServices;
using System.Threading;
using SpinLock = Xenolith.Kernel.SpinLock;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Several CPUs at work for one domain. What its vCPUs share is guarded by one lock, which the run loop takes around each exit that touches
/// any of it; what is one vCPU's own needs none, and what CPUs signal to each other's vCPUs is atomic.
/// </summary>
public sealed partial class Domain
{
    private readonly SpinLock _lock;

    /// <summary>The CPUs whose run loops have a vCPU of the domain.</summary>
    private ulong _runningOn;

    private ulong _lockedAt;

    /// <summary>Whether the calling CPU has the domain's lock.</summary>
    public bool IsHeld => _lock.IsHeld;

    /// <summary>The physical CPUs that run a vCPU of the domain at this moment.</summary>
    public CpuSet RunningOn => new(Volatile.Read(ref _runningOn));

    /// <summary>Takes the domain's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Acquire()
    {
        _lock.Acquire();
        _lockedAt = P2m.Generation;
    }

    /// <summary>Gives the lock back. When translations went away meanwhile, other CPUs have forgotten them first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release()
    {
        if (P2m.Generation != _lockedAt || P2m.HasRetiredTables)
            P2m.Settle();
        _lock.Release();
    }

    /// <summary>Has other CPUs forget translations that went away since the lock was taken, before their frames are let go of.</summary>
    public void Settle()
    {
        if (P2m.Generation == _lockedAt && !P2m.HasRetiredTables)
            return;
        P2m.Settle();
        _lockedAt = P2m.Generation;
    }

    /// <summary>Gives the lock back in the middle of something that faulted, of a domain that ends for it.</summary>
    public void Abandon() => _lock.Release();

    /// <summary>
    /// Takes the lock of another domain beside this one's, which the calling CPU has. The order of domains may demand that this one's is
    /// given back for a moment: what was looked up in this domain before has to be looked up again.
    /// </summary>
    public void AcquireBeside(Domain other)
    {
        if (other.Id > Id)
        {
            other.Acquire();
            return;
        }
        if (other.TryAcquire())
            return;
        Release();
        other.Acquire();
        Acquire();
    }

    /// <summary>Takes the domain's lock if no other CPU has it or waits for it; in any order with others.</summary>
    public bool TryAcquire()
    {
        if (!_lock.TryAcquire())
            return false;
        _lockedAt = P2m.Generation;
        return true;
    }

    /// <summary>A run loop begins or ends to run a vCPU of the domain on a CPU. A full barrier.</summary>
    internal void CountRunning(int cpu, bool runs)
    {
        if (runs)
            Interlocked.Or(ref _runningOn, 1UL << cpu);
        else
            Interlocked.And(ref _runningOn, ~(1UL << cpu));
    }

    private sealed class Users(Domain domain) : TranslationUsers
    {
        public override bool AreElsewhere => !Others.IsEmpty;

        private CpuSet Others
        {
            get
            {
                // What was taken away is written before this looks; who begins to run is counted before it looks at what was taken away.
                Interlocked.MemoryBarrier();
                return domain.RunningOn.Without(CurrentCpu.Number);
            }
        }

        public override void Expel()
        {
            CpuSet others = Others;
            if (others.IsEmpty)
                return;
            CpuSet silent = domain.Services.Messages.Synchronise(others, CpuMessages.PatienceNanoseconds);
            if (!silent.IsEmpty)
                throw new InvalidOperationException("a CPU does not leave its guest");
        }
    }
}
