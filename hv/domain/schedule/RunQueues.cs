using System;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The schedulers of all physical CPUs: which vCPU waits where, and how it comes to another CPU. One lock guards them all
/// (<see cref="DomainServices.RunQueueLock"/>).
/// </summary>
public sealed class RunQueues
{
    private readonly DomainServices _services;
    private readonly Scheduler[] _schedulers;

    /// <param name="capacity">The most domains that have vCPUs at a time.</param>
    public RunQueues(DomainServices services, int capacity)
    {
        _services = services;
        _schedulers = new Scheduler[services.CpuCount];
        for (int i = 0; i < _schedulers.Length; i++)
            _schedulers[i] = new Scheduler(this, services, capacity, i);
        services.Queues = this;
    }

    /// <summary>A CPU's.</summary>
    public Scheduler this[int cpu] => _schedulers[cpu];

    /// <summary>CPUs that run nothing.</summary>
    internal CpuSet Idle { get; set; }

    // About the least that a domain had lately of those that have to wait.
    private RecentTime _leastRecent;

    internal int Count => _schedulers.Length;

    /// <summary>Takes a domain's vCPUs in. Allocates: call it with the domain's arena open.</summary>
    public void Attach(Domain domain)
    {
        var cap = new DomainCap(domain, this);
        var shares = new DomainShare[_schedulers.Length];
        for (int i = 0; i < shares.Length; i++)
            shares[i] = new DomainShare(_schedulers[i], cap);
        _services.RunQueueLock.Acquire();
        domain.Shares = shares;
        foreach (Scheduler scheduler in _schedulers)
            scheduler.Add(shares[scheduler.Cpu]);
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            // What the builder has written to it, on this CPU, goes where another can run it.
            vcpu.Cpu.LetGo();
            Scheduler home = LeastLoaded(vcpu.Affinity);
            home.AttachedCount++;
            vcpu.Schedule.Home = home;
            vcpu.Schedule.Share = shares[home.Cpu];
            home.Update(vcpu);
        }
        _services.RunQueueLock.Release();
    }

    /// <summary>Lets go of a domain's vCPUs, none of which runs.</summary>
    public void Detach(Domain domain)
    {
        if (domain.Shares is not { } shares)
            return;
        _services.RunQueueLock.Acquire();
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            vcpu.Schedule.Share!.Remove(vcpu);
            vcpu.Schedule.Home!.AttachedCount--;
            vcpu.Schedule = new VcpuSchedule();
        }
        _services.Timers.Stop(shares[0].Cap.Refill);
        foreach (Scheduler scheduler in _schedulers)
            scheduler.Remove(shares[scheduler.Cpu]);
        domain.Shares = null;
        _services.RunQueueLock.Release();
    }

    /// <summary>Whether a physical CPU runs one of the domain's vCPUs or is about to.</summary>
    public bool IsAnywhere(Domain domain)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            if (vcpu.IsOnCpu || IsCurrent(vcpu))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Every CPU gives up what it holds of the domain's vCPUs, and of the domain, which nobody can find any more. No vCPU of it is anywhere.
    /// </summary>
    public void Retire(Domain domain)
    {
        _services.Domains.Remove(domain);
        domain.StopTimers();
        domain.LetGo();

        // Who found it before, or fired a timer of its, has its lock or that of the run queues by now, or waits for it.
        domain.Acquire();
        domain.Release();
        _services.RunQueueLock.Acquire();
        _services.RunQueueLock.Release();
    }

    /// <summary>Whether a CPU has the vCPU, or has chosen it.</summary>
    public bool IsCurrent(Vcpu vcpu)
    {
        foreach (Scheduler scheduler in _schedulers)
        {
            if (scheduler.Current == vcpu)
                return true;
        }
        return false;
    }

    /// <summary>Where a vCPU that wants to run is put: where it was, unless that CPU is busy and another it may use has nothing to do.</summary>
    internal Scheduler PlaceFor(Vcpu vcpu)
    {
        Scheduler home = vcpu.Schedule.Home!;
        if (home.IsIdle || !IsMovable(vcpu))
            return home;
        CpuSet idle = Idle.And(vcpu.Affinity);
        return idle.IsEmpty ? home : _schedulers[idle.First];
    }

    /// <summary>The vCPU that a CPU with nothing to do takes over: of the longest queue that has one. Null: there is none.</summary>
    internal Vcpu? FindFor(Scheduler idle, ulong now)
    {
        Vcpu? found = null;
        int longest = 0;
        foreach (Scheduler scheduler in _schedulers)
        {
            int waiting = scheduler.WaitingCount;
            if (scheduler != idle && waiting > longest && scheduler.FindMovable(idle.Cpu, now) is { } vcpu)
            {
                found = vcpu;
                longest = waiting;
            }
        }
        return found;
    }

    /// <summary>The vCPU that waits on another CPU and is furthest behind what this one would run. Null: nobody is by two slices.</summary>
    internal Vcpu? FindBehind(Scheduler scheduler, DomainShare share, ulong now)
    {
        Vcpu? found = null;
        ulong most = 2 * share.WeightedSlice;
        foreach (Scheduler other in _schedulers)
        {
            if (other != scheduler && other.WaitingCount > 0 && other.FindBehind(share, now, ref most) is { } vcpu)
                found = vcpu;
        }
        ulong least = share.Cap.Recent.At(now);
        _leastRecent.Raise(now, least > most ? least - most : 0);
        return found;
    }

    /// <summary>Who begins to want a CPU again is owed nothing for the time when it did not.</summary>
    internal void Welcome(Vcpu vcpu, ulong now)
    {
        bool isWanted = false;
        foreach (DomainShare share in vcpu.Domain.Shares!)
        {
            if (share.RunnableCount == 0)
                continue;
            isWanted = true;
            vcpu.Schedule.Recent.Raise(now, share.First(null).Schedule.Recent.At(now));
        }
        if (!isWanted)
            vcpu.Schedule.Share!.Cap.Recent.Raise(now, _leastRecent.At(now));
    }

    /// <summary>Whether a vCPU waits on another CPU.</summary>
    internal bool HasWaiting(Scheduler except)
    {
        foreach (Scheduler scheduler in _schedulers)
        {
            if (scheduler != except && scheduler.WaitingCount > 0)
                return true;
        }
        return false;
    }

    /// <summary>Has CPUs that one vCPU has to itself look for others, now that somebody waits.</summary>
    internal void LimitOthers(Scheduler except)
    {
        foreach (Scheduler scheduler in _schedulers)
        {
            if (scheduler != except)
                scheduler.LimitFromElsewhere();
        }
    }

    /// <summary>Moves a vCPU that waits, or is about to.</summary>
    /// <param name="lead">Nanoseconds by which it comes before the others of its domain there.</param>
    internal void Move(Vcpu vcpu, Scheduler to, ulong lead = 0)
    {
        Scheduler from = vcpu.Schedule.Home!;
        vcpu.Schedule.Share!.Remove(vcpu);
        from.AttachedCount--;
        to.AttachedCount++;
        DomainShare share = vcpu.Domain.Shares![to.Cpu];
        vcpu.Schedule.Home = to;
        vcpu.Schedule.Share = share;
        share.Welcome(vcpu, lead);
    }

    /// <summary>A domain's cap has let it run again.</summary>
    internal void Refilled(Domain domain, ulong now)
    {
        foreach (Scheduler scheduler in _schedulers)
            scheduler.Refilled(domain.Shares![scheduler.Cpu], now);
    }

    /// <summary>Has the run loop of another CPU look at its scheduler.</summary>
    internal void Kick(int cpu) => _services.Messages.Kick(cpu);

    /// <summary>The same for several.</summary>
    internal void Kick(CpuSet cpus) => _services.Messages.Kick(cpus);

    /// <summary>Whether another CPU could run a vCPU that waits.</summary>
    internal static bool IsMovable(Vcpu vcpu) => vcpu.Schedule.Home!.Current != vcpu && !vcpu.Cpu.IsHeld;

    internal Scheduler LeastLoaded(CpuSet allowed)
    {
        Scheduler? least = null;
        foreach (Scheduler scheduler in _schedulers)
        {
            if (allowed.Contains(scheduler.Cpu) && (least is null || scheduler.AttachedCount < least.AttachedCount))
                least = scheduler;
        }
        return least ?? _schedulers[0];
    }
}
