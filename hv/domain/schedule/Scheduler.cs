using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// Which vCPU a physical CPU runs, and for how long. Domains share the CPU in proportion to their weights, the vCPUs of one
/// domain share what it gets evenly: both by virtual time, which advances while something runs, the slower the greater its
/// weight, and the least of which runs next (start-time fair queueing). A cap holds a domain below a part of the CPU even when
/// nobody else wants it. One a physical CPU; a vCPU is with one at a time. What is internal is called with the run queues held.
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

    private readonly RunQueues _queues;
    private readonly SpinLock _lock;
    private readonly Clock _clock;
    private readonly CpuTimers _timers;

    // Domains end before the scheduler does; when one is detached its shares go along.
    private readonly Unowned<DomainShare>[] _shares;
    private readonly SliceTimer _slice;
    private int _shareCount;
    private Unowned<DomainShare> _currentShare;
    private Unowned<Vcpu> _current;
    private ulong _startedAt;
    private ulong _chargedTo;

    /// <summary>Whether another CPU has changed what the alarm of the slice depends on: only the CPU itself can set that.</summary>
    private bool _limitIsStale;

    /// <summary>The least virtual time of those that want to run, which never goes back: near it who wakes begins.</summary>
    private ulong _virtualNow;

    internal Scheduler(RunQueues queues, DomainServices services, int capacity, int cpu)
    {
        _queues = queues;
        _lock = services.RunQueueLock;
        _clock = services.Clock;
        _timers = services.Timers;
        _shares = new Unowned<DomainShare>[capacity];
        _slice = new SliceTimer(this);
        Cpu = cpu;
    }

    /// <summary>The physical CPU's number.</summary>
    public int Cpu { get; }

    /// <summary>The vCPU that runs here; null: none.</summary>
    public Vcpu? Current
    {
        get => _current.Value;
        private set => _current = new Unowned<Vcpu>(value);
    }

    /// <summary>Whether another choice is due: the slice is over, or somebody woke who comes first. For the CPU's own run loop.</summary>
    public bool MustChoose
    {
        get
        {
            if (_limitIsStale)
                Relimit();
            return _slice.IsOver;
        }
    }

    /// <summary>vCPUs that were put on this CPU, whatever they do.</summary>
    internal int AttachedCount { get; set; }

    /// <summary>Nanoseconds for which the CPU had a vCPU, as far as they are accounted for.</summary>
    public ulong BusyNanoseconds { get; private set; }

    internal bool IsIdle => Current is null && RunnableCount == 0;

    /// <summary>vCPUs that could run and do not.</summary>
    internal int WaitingCount => RunnableCount - (Current is { Schedule.Slot: >= 0 } ? 1 : 0);

    private DomainShare? CurrentShare
    {
        get => _currentShare.Value;
        set => _currentShare = new Unowned<DomainShare>(value);
    }

    private int RunnableCount
    {
        get
        {
            int count = 0;
            for (int i = 0; i < _shareCount; i++)
                count += ShareAt(i).RunnableCount;
            return count;
        }
    }

    /// <summary>Chooses who runs from now on, and stops the account of who ran until now. Null: nobody wants to.</summary>
    public Vcpu? Choose()
    {
        _lock.Acquire();
        Vcpu? chosen = ChooseNext(_clock.Nanoseconds);
        _queues.Idle = chosen is null ? _queues.Idle.With(Cpu) : _queues.Idle.Without(Cpu);
        // Somebody with nothing to do may take one of those that wait; which of them may, each sees by itself.
        if (!_queues.Idle.IsEmpty && WaitingCount > 0)
            _queues.Kick(_queues.Idle);
        _lock.Release();
        return chosen;
    }

    /// <summary>Stops the account of who ran, who is put back. The next <see cref="Choose"/> takes them up again.</summary>
    public void Leave()
    {
        _lock.Acquire();
        Charge(_clock.Nanoseconds);
        Current = null;
        CurrentShare = null;
        _lock.Release();
    }

    /// <summary>Lets others that wait go first, once: those of the same domain, else other domains.</summary>
    public void Yield()
    {
        _lock.Acquire();
        if (Current is { } vcpu && CurrentShare is { } share)
            Yield(vcpu, share);
        _lock.Release();
    }

    internal void Add(DomainShare share) => _shares[_shareCount++] = new Unowned<DomainShare>(share);

    internal void Remove(DomainShare share)
    {
        for (int i = 0; i < _shareCount; i++)
        {
            if (ShareAt(i) != share)
                continue;
            _shares[i] = _shares[--_shareCount];
            _shares[_shareCount] = default;
            return;
        }
    }

    /// <summary>Whether a vCPU of this CPU's may run has changed, perhaps.</summary>
    internal void Update(Vcpu vcpu)
    {
        bool isQueued = vcpu.Schedule.Slot >= 0;
        if (vcpu.IsRunnable == isQueued)
            return;
        ulong now = _clock.Nanoseconds;
        if (isQueued)
        {
            Charge(now);
            AdvanceVirtualTime(now);
            vcpu.Schedule.Share!.Remove(vcpu);
            return;
        }
        if (_queues.Count > 1)
            _queues.Welcome(vcpu, now);
        Scheduler place = _queues.PlaceFor(vcpu);
        if (place != this)
            _queues.Move(vcpu, place);
        place.Insert(vcpu, now);
    }

    /// <summary>A vCPU that does not run goes to a CPU on which it may.</summary>
    internal void MoveAway(Vcpu vcpu) => _queues.Move(vcpu, _queues.LeastLoaded(vcpu.Affinity));

    /// <summary>A capped domain may run again.</summary>
    internal void Refilled(DomainShare share, ulong now)
    {
        Charge(now);
        AdvanceVirtualTime(now);
        share.VirtualTime = Later(share.VirtualTime, unchecked(_virtualNow - Slice));
        if (share.RunnableCount == 0)
            return;
        if (Current is null)
            Call();
        else if (CurrentShare != share && IsBehind(share.VirtualTime, CurrentShare!.VirtualTime))
            EndSlice();
        else
            LimitRun(now);
    }

    /// <summary>A vCPU that waits here and could run on another CPU; null: there is none.</summary>
    internal Vcpu? FindMovable(int cpu, ulong now)
    {
        for (int i = 0; i < _shareCount; i++)
        {
            DomainShare share = ShareAt(i);
            if (share.RunnableCount == 0 || !share.MayRun(now))
                continue;
            for (int k = 0; k < share.RunnableCount; k++)
            {
                if (share[k].Affinity.Contains(cpu) && RunQueues.IsMovable(share[k]))
                    return share[k];
            }
        }
        return null;
    }

    /// <summary>The vCPU that waits here, could run on another CPU, and is furthest behind the domain that has that CPU; null: none is.</summary>
    /// <param name="share">The other CPU's.</param>
    /// <param name="most">By how much one must be behind, in nanoseconds of <see cref="RecentTime"/>; then by how much the one found is.</param>
    internal Vcpu? FindBehind(DomainShare share, ulong now, ref ulong most)
    {
        Vcpu? found = null;
        ulong leads = share.Cap.Recent.At(now);
        for (int i = 0; i < _shareCount; i++)
        {
            DomainShare other = ShareAt(i);
            if (other.RunnableCount == 0 || !other.MayRun(now))
                continue;
            bool isSame = other.Cap == share.Cap;
            for (int k = 0; k < other.RunnableCount; k++)
            {
                Vcpu vcpu = other[k];
                ulong had = isSame ? vcpu.Schedule.Recent.At(now) : other.Cap.Recent.At(now);
                ulong ahead = isSame ? share.First(null).Schedule.Recent.At(now) : leads;
                ulong least = isSame ? 2 * Slice : 2 * Math.Max(share.WeightedSlice, other.WeightedSlice);
                if (ahead > had && ahead - had > Math.Max(least, most) && vcpu.Affinity.Contains(share.Scheduler.Cpu) && RunQueues.IsMovable(vcpu))
                {
                    found = vcpu;
                    most = ahead - had;
                }
            }
        }
        return found;
    }

    /// <summary>Whether a virtual time is before another. They wrap around, and live ones are never half their range apart.</summary>
    internal static bool IsBefore(ulong one, ulong other) => unchecked((long)(one - other)) < 0;

    internal static ulong Earlier(ulong one, ulong other) => IsBefore(one, other) ? one : other;

    internal static ulong Later(ulong one, ulong other) => IsBefore(one, other) ? other : one;

    private static bool IsBehind(ulong one, ulong other) => IsBefore(unchecked(one + Granularity), other);

    private DomainShare ShareAt(int index) => _shares[index].Value!;

    private Vcpu? ChooseNext(ulong now)
    {
        Charge(now);
        _slice.IsOver = false;
        _limitIsStale = false;
        DomainShare? share = FirstShare(now);
        if (share is null && _queues.Count > 1 && _queues.FindFor(this, now) is { } found)
        {
            _queues.Move(found, this);
            Insert(found, now);
            share = FirstShare(now);
        }
        else if (share is not null && _queues.Count > 1 && _queues.FindBehind(this, share, now) is { } behind)
        {
            TakeOver(behind, share, now);
            share = FirstShare(now)!;
        }
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
        _slice.IsOver = false;
        LimitRun(now);
        if (_queues.Count > 1 && WaitingCount > 0)
            _queues.LimitOthers(this);
        return vcpu;
    }

    /// <summary>
    /// Takes over a vCPU that waits on another CPU and is behind the domain, or the vCPUs of its own domain, that has this CPU: it comes
    /// before them here for a slice or two.
    /// </summary>
    private void TakeOver(Vcpu vcpu, DomainShare share, ulong now)
    {
        _queues.Move(vcpu, this, Slice);
        Insert(vcpu, now);
        DomainShare own = vcpu.Schedule.Share!;
        if (own != share)
            own.VirtualTime = Earlier(own.VirtualTime, unchecked(share.VirtualTime - 2 * own.WeightedSlice));
    }

    /// <summary>A vCPU waits on another CPU: this one, which nobody else wants, chooses again when its slice is over.</summary>
    internal void LimitFromElsewhere()
    {
        if (Current is null || _slice.IsSet)
            return;
        _limitIsStale = true;
        Call();
    }

    private void Insert(Vcpu vcpu, ulong now)
    {
        DomainShare share = vcpu.Schedule.Share!;
        Charge(now);
        AdvanceVirtualTime(now);
        if (share.RunnableCount == 0)
            share.VirtualTime = Later(share.VirtualTime, unchecked(_virtualNow - Slice));
        share.Add(vcpu);
        if (Current is null)
            Call();
        else if (share.MayRun(now) && ComesFirst(vcpu, share))
            EndSlice();
        else
            LimitRun(now);
    }

    private void Yield(Vcpu vcpu, DomainShare share)
    {
        ulong now = _clock.Nanoseconds;
        Charge(now);
        if (share.RunnableCount > 1)
        {
            share.PutLast(vcpu);
            EndSlice();
            return;
        }
        if (FirstShare(now, except: share) is not { } other)
            return;
        share.VirtualTime = Later(share.VirtualTime, other.VirtualTime);
        EndSlice();
    }

    private bool ComesFirst(Vcpu vcpu, DomainShare share) => share == CurrentShare
        ? IsBehind(vcpu.Schedule.VirtualTime, Current!.Schedule.VirtualTime)
        : IsBehind(share.VirtualTime, CurrentShare!.VirtualTime);

    private void Charge(ulong now)
    {
        if (Current is not { } vcpu || now <= _chargedTo)
            return;
        CurrentShare!.Charge(vcpu, now - _chargedTo, now);
        BusyNanoseconds += now - _chargedTo;
        _chargedTo = now;
    }

    private void AdvanceVirtualTime(ulong now)
    {
        if (FirstShare(now) is { } first)
            _virtualNow = Later(_virtualNow, first.VirtualTime);
    }

    private void Relimit()
    {
        _lock.Acquire();
        _limitIsStale = false;
        if (Current is not null)
            LimitRun(_clock.Nanoseconds);
        _lock.Release();
    }

    /// <summary>Sets the alarm that ends the current run: when others wait, or when a cap does.</summary>
    private void LimitRun(ulong now)
    {
        if (CurrentCpu.Number != Cpu)
        {
            _limitIsStale = true;
            Call();
            return;
        }
        ulong end = ulong.MaxValue;
        if (HasCompetition(now))
            end = _startedAt + Slice;
        ulong allowance = CurrentShare!.Cap.Allowance;
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
            if (ShareAt(i) != CurrentShare && ShareAt(i).RunnableCount != 0 && ShareAt(i).MayRun(now))
                return true;
        }
        return _queues.Count > 1 && _queues.HasWaiting(this);
    }

    /// <summary>Among equals another than the current one, so that nobody waits for a second slice of the same.</summary>
    private DomainShare? FirstShare(ulong now, DomainShare? except = null)
    {
        DomainShare? first = null;
        for (int i = 0; i < _shareCount; i++)
        {
            DomainShare share = ShareAt(i);
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

    private void EndSlice()
    {
        _slice.IsOver = true;
        Call();
    }

    /// <summary>Has the CPU's run loop look at its scheduler.</summary>
    private void Call()
    {
        Current?.Notify(Attention.Schedule);
        if (CurrentCpu.Number != Cpu)
            _queues.Kick(Cpu);
    }

    private sealed class SliceTimer(Scheduler scheduler) : Timer
    {
        public bool IsOver { get; set; }

        protected internal override void Fire(ulong now)
        {
            IsOver = true;
            scheduler.Current?.Notify(Attention.Schedule);
        }
    }
}
