using Xenolith.Abi;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The root object: everything that the hypervisor knows hangs off it, so that tests run many machines side by side.</summary>
public sealed class Machine
{
    // Six timers a vCPU, and a domain has at most 128 of them; one a scheduler, two a watchdog, one a cap.
    private const int TimerCapacity = 6 * Domain.MaximumVcpus + 16;

    private const int MaximumDomains = 64;

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
        Scheduler = new Scheduler(kernel.Clock, Timers, MaximumDomains);
        Hypercalls = new HypercallDispatcher(Services, kernel.Input);
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

    /// <summary>Lets the domain's vCPUs run. Allocates: call it with an arena open.</summary>
    public void Schedule(Domain domain)
    {
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            Scheduler.Attach(vcpu);
        }
    }
}
