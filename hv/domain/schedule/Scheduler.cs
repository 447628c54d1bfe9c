using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Which vCPU a physical CPU runs, and for how long. Domains share the CPU in proportion to their weights, the vCPUs of one
/// domain share what it gets evenly: both by virtual time, which advances while something runs, the slower the greater its
/// weight, and the least of which runs next (start-time fair queueing). A cap holds a domain below a part of the CPU even when
/// nobody else wants it. One a physical CPU; a vCPU is attached to one at a time.
/// </summary>
public sealed class Scheduler
{
    /// <summary>Nanoseconds that a vCPU runs while others wait, if nobody who wakes comes first.</summary>
    public const ulong Slice = 5_000_000;

    /// <summary>
    /// Nanoseconds (of weight <see cref="DomainShare.DefaultWeight"/>) that who wakes must be behind the running one to displace it:
    /// keeps two that wake each other from switching at each step.
    /// </summary>
    public const ulong Granularity = 500_000;

    private readonly Clock _clock;
    private readonly TimerQueue _timers;

    // Domains end before the scheduler does; the last vCPU that is detached takes its domain's share along.
    private readonly Unowned<DomainShare>[] _shares;
    private readonly SliceTimer _slice;
    private int _shareCount;
    private Unowned<DomainShare> _currentShare;
    private Unowned<Vcpu> _current;
    private ulong _startedAt;
    private ulong _chargedTo;

    /// <summary>The least virtual time of those that want to run, which never goes back: near it who wakes begins.</summary>
    private ulong _virtualNow;

    /// <param name="capacity">The most domains that have vCPUs here.</param>
    public Scheduler(Clock clock, TimerQueue timers, int capacity)
    {
        _clock = clock;
        _timers = timers;
        _shares = new Unowned<DomainShare>[capacity];
        _slice = new SliceTimer(this);
    }

    /// <summary>The vCPU that runs here; null: none.</summary>
    public Vcpu? Current
    {
        get => _current.Value;
        private set => _current = new Unowned<Vcpu>(value);
    }

    private DomainShare? CurrentShare
    {
        get => _currentShare.Value;
        set => _currentShare = new Unowned<DomainShare>(value);
    }

    /// <summary>Whether another choice is due: the slice is over, or somebody woke who comes first.</summary>
    public bool MustChoose => _slice.IsOver;

    /// <summary>Takes a vCPU in. Allocates for the first of a domain: call it with an arena open.</summary>
    public void Attach(Vcpu vcpu)
    {
        DomainShare? share = Find(vcpu.Domain);
        if (share is null)
        {
            share = new DomainShare(this, vcpu.Domain);
            _shares[_shareCount++] = new Unowned<DomainShare>(share);
        }
        vcpu.Schedule.Home = this;
        vcpu.Schedule.Share = share;
        Update(vcpu);
    }

    /// <summary>Lets go of a vCPU that does not run. A domain's share goes with its last.</summary>
    public void Detach(Vcpu vcpu)
    {
        DomainShare share = vcpu.Schedule.Share!;
        share.Remove(vcpu);
        vcpu.Schedule = new VcpuSchedule();
        foreach (Vcpu other in share.Domain.Vcpus)
        {
            if (other.Schedule.Share == share)
                return;
        }
        _timers.Stop(share.Refill);
        for (int i = 0; i < _shareCount; i++)
        {
            if (_shares[i].Value != share)
                continue;
            _shares[i] = _shares[--_shareCount];
            _shares[_shareCount] = default;
            return;
        }
    }

    /// <summary>Chooses who runs from now on, and stops the account of who ran until now. Null: nobody wants to.</summary>
    public Vcpu? Choose()
    {
        ulong now = _clock.Nanoseconds;
        Charge(now);
        _slice.IsOver = false;
        DomainShare? share = FirstShare(now);
        if (share is null)
        {
            Current = null;
            CurrentShare = null;
            _timers.Stop(_slice);
            return null;
        }
        Vcpu vcpu = share.First(Current);
        Current = vcpu;
        CurrentShare = share;
        _startedAt = _chargedTo = now;
        LimitRun(now);
        return vcpu;
    }

    /// <summary>Stops the account of who ran, who is put back. The next <see cref="Choose"/> takes them up again.</summary>
    public void Leave()
    {
        Charge(_clock.Nanoseconds);
        Current = null;
        CurrentShare = null;
    }

    /// <summary>Lets others that wait go first, once: those of the same domain, else other domains.</summary>
    public void Yield()
    {
        if (Current is not { } vcpu || CurrentShare is not { } share)
            return;
        ulong now = _clock.Nanoseconds;
        Charge(now);
        if (share.RunnableCount > 1)
        {
            share.PutLast(vcpu);
            EndSlice();
            return;
        }
        DomainShare? other = FirstShare(now, except: share);
        if (other is null)
            return;
        share.VirtualTime = Later(share.VirtualTime, other.VirtualTime);
        EndSlice();
    }

    /// <summary>Whether a vCPU may run has changed, perhaps.</summary>
    internal void Update(Vcpu vcpu)
    {
        DomainShare share = vcpu.Schedule.Share!;
        bool isQueued = vcpu.Schedule.Slot >= 0;
        if (vcpu.IsRunnable == isQueued)
            return;
        ulong now = _clock.Nanoseconds;
        Charge(now);
        AdvanceVirtualTime(now);
        if (isQueued)
        {
            share.Remove(vcpu);
            return;
        }
        if (share.RunnableCount == 0)
            share.VirtualTime = Later(share.VirtualTime, unchecked(_virtualNow - Slice));
        share.Add(vcpu);
        if (Current is null)
            return;
        if (share.MayRun(now) && ComesFirst(vcpu, share))
            EndSlice();
        else
            LimitRun(now);
    }

    /// <summary>A capped domain may run again.</summary>
    internal void Refilled(DomainShare share)
    {
        ulong now = _clock.Nanoseconds;
        Charge(now);
        AdvanceVirtualTime(now);
        share.VirtualTime = Later(share.VirtualTime, unchecked(_virtualNow - Slice));
        if (share.RunnableCount == 0 || !share.MayRun(now) || Current is null)
            return;
        if (CurrentShare != share && IsBehind(share.VirtualTime, CurrentShare!.VirtualTime))
            EndSlice();
        else
            LimitRun(now);
    }

    /// <summary>Whether a virtual time is before another. They wrap around, and live ones are never half their range apart.</summary>
    internal static bool IsBefore(ulong one, ulong other) => unchecked((long)(one - other)) < 0;

    internal static ulong Later(ulong one, ulong other) => IsBefore(one, other) ? other : one;

    internal void StartRefill(DomainShare share, ulong at) => _timers.Set(share.Refill, at);

    private static bool IsBehind(ulong one, ulong other) => IsBefore(unchecked(one + Granularity), other);

    private bool ComesFirst(Vcpu vcpu, DomainShare share) => share == CurrentShare
        ? IsBehind(vcpu.Schedule.VirtualTime, Current!.Schedule.VirtualTime)
        : IsBehind(share.VirtualTime, CurrentShare!.VirtualTime);

    private void Charge(ulong now)
    {
        if (Current is not { } vcpu || now <= _chargedTo)
            return;
        CurrentShare!.Charge(vcpu, now - _chargedTo);
        _chargedTo = now;
    }

    private void AdvanceVirtualTime(ulong now)
    {
        if (FirstShare(now) is { } first)
            _virtualNow = Later(_virtualNow, first.VirtualTime);
    }

    /// <summary>Sets the alarm that ends the current run: when others wait, or when a cap does.</summary>
    private void LimitRun(ulong now)
    {
        ulong end = ulong.MaxValue;
        if (HasCompetition(now))
            end = _startedAt + Slice;
        ulong allowance = CurrentShare!.Allowance;
        if (allowance != ulong.MaxValue)
            end = Math.Min(end, now + allowance);
        if (end == ulong.MaxValue)
            _timers.Stop(_slice);
        else if (!_slice.IsSet || _slice.Deadline != end)
            _timers.Set(_slice, end);
    }

    private bool HasCompetition(ulong now)
    {
        if (CurrentShare!.RunnableCount > 1)
            return true;
        for (int i = 0; i < _shareCount; i++)
        {
            DomainShare share = _shares[i].Value!;
            if (share != CurrentShare && share.RunnableCount != 0 && share.MayRun(now))
                return true;
        }
        return false;
    }

    /// <summary>Among equals another than the current one, so that nobody waits for a second slice of the same.</summary>
    private DomainShare? FirstShare(ulong now, DomainShare? except = null)
    {
        DomainShare? first = null;
        for (int i = 0; i < _shareCount; i++)
        {
            DomainShare share = _shares[i].Value!;
            if (share == except || share.RunnableCount == 0 || !share.MayRun(now))
                continue;
            if (first is null || IsBefore(share.VirtualTime, first.VirtualTime)
                || (share.VirtualTime == first.VirtualTime && first == CurrentShare))
            {
                first = share;
            }
        }
        return first;
    }

    private DomainShare? Find(Domain domain)
    {
        for (int i = 0; i < _shareCount; i++)
        {
            if (_shares[i].Value!.Domain == domain)
                return _shares[i].Value;
        }
        return null;
    }

    private void EndSlice()
    {
        _slice.IsOver = true;
        Current?.Notify(Attention.Schedule);
    }

    private sealed class SliceTimer(Scheduler scheduler) : Timer
    {
        public bool IsOver { get; set; }

        protected internal override void Fire(ulong now) => scheduler.EndSlice();
    }
}
