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
        DomainHandle self = Identity;
        if (!StandsStill && !AwaitStandstill(caller, self))
        {
            caller.AcquireDomain(self)?.Unpause();
            return false;
        }
        LetGo();
        return true;
    }

    /// <summary>Every CPU gives up what it holds of the domain's vCPUs, none of which is on one.</summary>
    public void LetGo() => Services.Messages.Call(new CpuSet(ulong.MaxValue >> (64 - Services.CpuCount)), _lettingGo);

    private static bool AwaitStandstill(Vcpu caller, DomainHandle awaited)
    {
        DomainServices services = caller.Domain.Services;
        // Its vCPUs may wait for either lock. Without its own it may end with each answer to another CPU.
        caller.ReleaseOther();
        caller.Domain.Release();
        ulong end = services.Clock.Nanoseconds + CpuMessages.PatienceNanoseconds;
        while (services.Domains.Find(awaited) is { StandsStill: false } && caller.IsRunnable && services.Clock.Nanoseconds < end)
            services.Messages.Poll();
        caller.Domain.Acquire();
        return caller.AcquireDomain(awaited) is { StandsStill: true } && services.Domains.Find(awaited) is not null;
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
