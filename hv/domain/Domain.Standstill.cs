using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>All of a domain's vCPUs off the CPUs, so that another can look at their registers and change them.</summary>
public sealed partial class Domain
{
    private readonly LettingGo _lettingGo;

    /// <summary>Whether no CPU has, or is about to have, a vCPU of the domain.</summary>
    private bool StandsStill
    {
        get
        {
            // Who is chosen to run is chosen with the queues held.
            Services.RunQueueLock.Acquire();
            bool stands = true;
            foreach (Vcpu vcpu in Vcpus)
                stands &= !vcpu.IsOnCpu && vcpu.Schedule.Home?.Current != vcpu;
            Services.RunQueueLock.Release();
            return stands;
        }
    }

    /// <summary>
    /// Holds the domain back (<see cref="Pause"/>), and waits until no CPU has any of its vCPUs. Called with its lock held, which may have been
    /// given back for a moment, and the caller's with it.
    /// </summary>
    /// <param name="caller">On whose behalf; of another domain.</param>
    /// <returns>
    /// False: it runs, or is no more, or the caller is itself held back meanwhile, maybe by this domain; nothing is held back. The caller
    /// passes its run loop and tries again.
    /// </returns>
    public bool TryStandStill(Vcpu caller)
    {
        Pause();
        if (!StandsStill && !AwaitStandstill(caller))
        {
            Unpause();
            return false;
        }
        LetGo();
        return true;
    }

    /// <summary>Every CPU gives up what it holds of the domain's vCPUs, none of which is on one.</summary>
    public void LetGo() => Services.Messages.Call(new CpuSet(ulong.MaxValue >> (64 - Services.CpuCount)), _lettingGo);

    private bool AwaitStandstill(Vcpu caller)
    {
        // Its vCPUs may wait for either lock.
        caller.ReleaseOther();
        caller.Domain.Release();
        ulong end = Services.Clock.Nanoseconds + CpuMessages.PatienceNanoseconds;
        while (!StandsStill && caller.IsRunnable && Services.Clock.Nanoseconds < end)
            Services.Messages.Poll();
        caller.Domain.Acquire();
        caller.AlsoAcquire(this);
        return StandsStill && Services.Domains.Find(Id) == this;
    }

    private sealed class LettingGo(Domain domain) : CpuWork
    {
        public override void Run()
        {
            foreach (Vcpu vcpu in domain.Vcpus)
                vcpu.Cpu.LetGo();
        }
    }
}
