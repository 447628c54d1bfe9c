using System;

namespace Xenolith.Domains;

/// <summary>
/// What counts of a domain over all physical CPUs: what it had lately, and what its cap leaves it in each period. Guarded as
/// <see cref="RunQueues"/> is.
/// </summary>
internal sealed class DomainCap
{
    /// <summary>Nanoseconds in which a capped domain gets no more than its cap.</summary>
    public const ulong Period = 10_000_000;

    private readonly RunQueues _queues;
    private long _allowance;
    private ulong _refilledAt;

    public DomainCap(Domain domain, RunQueues queues)
    {
        Domain = domain;
        _queues = queues;
        Refill = new RefillTimer(this);
    }

    public Domain Domain { get; }

    /// <summary>Nanoseconds that the domain ran, weighted as <see cref="DomainShare.VirtualTime"/>.</summary>
    public RecentTime Recent;

    public Timer Refill { get; }

    /// <summary>Nanoseconds that the cap leaves; the last value when there is no cap.</summary>
    public ulong Allowance => Quota == 0 ? ulong.MaxValue : (ulong)Math.Max(_allowance, 0);

    // A cap of all CPUs or more can't be reached.
    private ulong Quota => Domain.Cap > 0 && Domain.Cap < 100 * _queues.Count ? (uint)Domain.Cap * (Period / 100) : 0;

    /// <summary>Whether the cap lets the domain run.</summary>
    public bool MayRun(ulong now)
    {
        ulong quota = Quota;
        if (quota == 0)
            return true;
        if (now - _refilledAt >= Period)
        {
            ulong periods = (now - _refilledAt) / Period;
            _refilledAt += periods * Period;
            // What was not used in a period is lost; what was overdrawn is paid back.
            long earned = (long)(Math.Min(periods, 1_000_000) * quota);
            _allowance = Math.Min(_allowance + earned, (long)quota);
        }
        if (_allowance > 0)
            return true;
        if (!Refill.IsSet)
            Domain.Services.Timers.Set(Refill, _refilledAt + Period);
        return false;
    }

    public void Charge(ulong nanoseconds)
    {
        if (Quota != 0)
            _allowance -= (long)nanoseconds;
    }

    private void Refilled(ulong now)
    {
        Domain.Services.RunQueueLock.Acquire();
        if (Domain.Shares is not null && MayRun(now))
            _queues.Refilled(Domain, now);
        Domain.Services.RunQueueLock.Release();
    }

    private sealed class RefillTimer(DomainCap cap) : Timer
    {
        protected internal override void Fire(ulong now) => cap.Refilled(now);
    }
}
