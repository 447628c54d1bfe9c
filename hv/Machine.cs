using Xenolith.Abi;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The root object: everything that the hypervisor knows hangs off it, so that tests run many machines side by side.</summary>
public sealed class Machine
{
    // Six timers a vCPU, and a domain has at most 128 of them; two a watchdog, one a cap; one a scheduler.
    private const int TimerCapacity = 6 * MaximumVcpus + 4 * DomainTable.Capacity;

    // Of all domains together.
    private const int MaximumVcpus = Domain.MaximumVcpus + DomainKeeper.MaximumVcpus;

    /// <param name="kernel">What the kernel below offers.</param>
    /// <param name="virtualisation">The machine's virtualisation, not yet enabled.</param>
    /// <param name="cpuid">The machine's CPUID.</param>
    public Machine(KernelServices kernel, Virtualisation virtualisation, HostCpuid cpuid)
    {
        Kernel = kernel;
        HostCpuid = cpuid;
        Timers = new TimerQueue(kernel.Clock, TimerCapacity);
        Services = new DomainServices
        {
            Memory = kernel.Memory,
            Frames = kernel.Frames,
            Clock = kernel.Clock,
            Log = kernel.Log,
            Virtualisation = virtualisation,
            Timers = Timers,
            CommandLine = kernel.Options.Text,
            ExposedCalls = HypercallDispatcher.FrozenExposure(),
        };
        Scheduler = new Scheduler(kernel.Clock, Timers, DomainTable.Capacity);
        Keeper = new DomainKeeper(this);
        Input = new TypedInput(this);
        Hypercalls = new HypercallDispatcher(Services, Input.ForInitial);
    }

    /// <summary>What the kernel below offers.</summary>
    public KernelServices Kernel { get; }

    public HostCpuid HostCpuid { get; }

    /// <summary>Timers of all domains.</summary>
    public TimerQueue Timers { get; }

    /// <summary>What runs on the one physical CPU.</summary>
    public Scheduler Scheduler { get; }

    public DomainServices Services { get; }

    /// <summary>The way of a hypercall.</summary>
    public HypercallDispatcher Hypercalls { get; }

    /// <summary>The domain made of the first boot module, once it is built.</summary>
    public Domain? Initial { get; set; }

    /// <summary>The domains of further modules.</summary>
    internal DomainKeeper Keeper { get; }

    /// <summary>Who gets what is typed.</summary>
    internal TypedInput Input { get; }

    /// <summary>Whether a physical CPU runs one of the domain's vCPUs or is about to.</summary>
    internal bool IsAnywhere(Domain domain)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            if (vcpu.IsOnCpu || Scheduler.Current == vcpu)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Undoes <see cref="Schedule"/>. No vCPU of the domain is anywhere.</summary>
    internal void Unschedule(Domain domain)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Scheduler.Detach(vcpu);
        }
    }

    /// <summary>Lets the domain's vCPUs run. Allocates: call it with an arena open.</summary>
    public void Schedule(Domain domain)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Scheduler.Attach(vcpu);
        }
    }
}
