using Xenolith.Abi;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The root object: everything that the hypervisor knows hangs off it, so that tests run many machines side by side.</summary>
public sealed class Machine
{
    // Six timers a vCPU, and a domain has at most 128 of them; two a watchdog, one a cap; one a scheduler, one for VIRQs of the machine, one to forget
    // dead domains.
    private const int TimerCapacity = 6 * MaximumVcpus + 7 * DomainTable.Capacity;

    // Of all domains together: the initial one, the modules' and the toolstack's.
    private const int MaximumVcpus = Domain.MaximumVcpus + DomainKeeper.MaximumVcpus + ToolstackDomains.MaximumVcpus;

    // 4 MiB.
    private const ulong ReservedFrames = 1024;

    /// <param name="kernel">What the kernel below offers.</param>
    /// <param name="virtualisation">The machine's virtualisation, not yet enabled.</param>
    /// <param name="cpuid">The machine's CPUID.</param>
    /// <param name="cpus">How many physical CPUs run vCPUs, from number 0 on.</param>
    public Machine(KernelServices kernel, Virtualisation virtualisation, HostCpuid cpuid, int cpus = 1)
    {
        Kernel = kernel;
        HostCpuid = cpuid;
        Timers = new CpuTimers(kernel.Clock, TimerCapacity, cpus);
        Services = new DomainServices
        {
            Memory = kernel.Memory,
            Frames = kernel.Frames,
            RamFrames = CountRam(kernel.Information.MemoryMap),
            Clock = kernel.Clock,
            Log = kernel.Log,
            Virtualisation = virtualisation,
            Timers = Timers,
            CpuCount = cpus,
            Messages = kernel.Messages,
            Cpuid = cpuid,
            DefaultCpuid = new CpuidPolicy(cpuid, new CpuPolicyOptions { Rdtscp = virtualisation.GivesTscAux }, kernel.Clock, 0, 1),
            Cpus = kernel.Cpus,
            CommandLine = kernel.Options.Text,
            ReservedFrames = ReservedFrames,
            HasAltp2m = kernel.Options.GetBoolean("altp2m", false),
            ExposedCalls = HypercallDispatcher.FrozenExposure(),
            ExposableCalls = HypercallDispatcher.WholeExposure(),
        };
        Queues = new RunQueues(Services, DomainTable.Capacity);
        Services.Toolstack = new ToolstackDomains(Services, Queues, cpuid);
        Keeper = new DomainKeeper(this);
        Input = new TypedInput(this);
        Hypercalls = new HypercallDispatcher(Services, Input.ForInitial);
        Loops = new RunLoop[cpus];
        for (int i = 0; i < cpus; i++)
        {
            Loops[i] = new RunLoop(this, i);
        }
    }

    /// <summary>What the kernel below offers.</summary>
    public KernelServices Kernel { get; }

    public HostCpuid HostCpuid { get; }

    /// <summary>Timers of all domains.</summary>
    public CpuTimers Timers { get; }

    /// <summary>What runs on which physical CPU.</summary>
    public RunQueues Queues { get; }

    /// <summary>The run loops of the physical CPUs, by number.</summary>
    public RunLoop[] Loops { get; }

    public DomainServices Services { get; }

    /// <summary>The way of a hypercall.</summary>
    public HypercallDispatcher Hypercalls { get; }

    /// <summary>The domain made of the first boot module, once it is built.</summary>
    public Domain? Initial { get; set; }

    /// <summary>The physical CPUs in use, a bit each.</summary>
    internal ulong Cpus => ulong.MaxValue >> (64 - Loops.Length);

    /// <summary>The domains of further modules.</summary>
    public DomainKeeper Keeper { get; }

    /// <summary>Who gets what is typed.</summary>
    internal TypedInput Input { get; }

    /// <summary>Undoes <see cref="Schedule"/>. No vCPU of the domain is anywhere.</summary>
    internal void Unschedule(Domain domain) => Queues.Detach(domain);

    /// <summary>Lets the domain's vCPUs run. Allocates: call it with an arena open.</summary>
    public void Schedule(Domain domain) => Queues.Attach(domain);

    private static ulong CountRam(MemoryRange[] map)
    {
        ulong frames = 0;
        foreach (MemoryRange range in MemoryMap.WholeFramesOfRam(map, 0, 0))
        {
            frames += range.Length >> Page.Shift;
        }

        return frames;
    }
}
