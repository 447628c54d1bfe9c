using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What domains need of the machine around them. One a machine; tests make their own.</summary>
public sealed class DomainServices
{
    public DomainServices()
    {
        Virqs = new GlobalVirqs(this);
        Claims = new FrameClaims(this);
        Foreign = new SharedFrames(this);
    }

    public required PhysicalMemory Memory { get; init; }

    public required FrameAllocator Frames { get; init; }

    /// <summary>Whole frames of RAM that the machine has, those of the image and of the frame table among them (physinfo's total_pages).</summary>
    public ulong RamFrames { get; init; }

    public required Clock Clock { get; init; }

    public required Log Log { get; init; }

    /// <summary>Makes the vCPUs and says what nested page tables look like.</summary>
    public required Virtualisation Virtualisation { get; init; }

    /// <summary>Timers of all domains.</summary>
    public required CpuTimers Timers { get; init; }

    /// <summary>How many physical CPUs run vCPUs; their numbers are 0 to this - 1.</summary>
    public int CpuCount { get; init; } = 1;

    /// <summary>How to reach another CPU.</summary>
    public CpuMessages Messages { get; init; } = new(null);

    /// <summary>Held while a vCPU's scheduling state changes, and the run queues with it: all CPUs'.</summary>
    public SpinLock RunQueueLock { get; } = new(LockRank.RunQueue, "run queues");

    /// <summary>The calls that a new domain is shown: a word for each <see cref="Abi.Contract.ExposureGroup"/>.</summary>
    public ulong[] ExposedCalls { get; init; } = [];

    /// <summary>All calls that a domain can be shown, likewise.</summary>
    public ulong[] ExposableCalls { get; init; } = [];

    /// <summary>The machine's CPUID, and what the HAL can give of it.</summary>
    public HostCpuid? Cpuid { get; init; }

    /// <summary>The CPUID that a domain of one vCPU gets; what toolstacks begin from. Null: the machine's is not known.</summary>
    public CpuidPolicy? DefaultCpuid { get; init; }

    /// <summary>The physical CPUs' local APICs, by number; null: the only one's is 0.</summary>
    public CpuTable? Cpus { get; init; }

    /// <summary>What runs on which physical CPU; null: nothing is scheduled.</summary>
    public RunQueues? Queues { get; internal set; }

    private ulong? _wallClock;

    /// <summary>The wall-clock time at system time 0, nanoseconds since 1970-01-01 UTC; a control domain sets it.</summary>
    public ulong WallClock
    {
        get => _wallClock ?? Clock.WallClockAtStart * 1_000_000_000;
        set => _wallClock = value;
    }

    /// <summary>Who is told when a domain stops for good; null: nobody.</summary>
    public DomainEndListener? OnEnd { get; set; }

    /// <summary>Held while domains come and go, and for each call of the control interface.</summary>
    public SpinLock ControlLock { get; } = new(LockRank.DomainList, "domains");

    /// <summary>Frames that are promised to domains which are being built.</summary>
    public FrameClaims Claims { get; }

    /// <summary>Frames that domains leave free, for the hypervisor's own tables.</summary>
    public ulong ReservedFrames { get; init; }

    /// <summary>Whether domains can have views of their memory (boot option altp2m).</summary>
    public bool HasAltp2m { get; set; }

    /// <summary>Who makes domains for a control domain; null: nobody does.</summary>
    public ToolstackDomains? Toolstack { get; set; }

    /// <summary>VIRQs of the machine.</summary>
    public GlobalVirqs Virqs { get; }

    /// <summary>The domains, by id.</summary>
    public DomainTable Domains { get; } = new();

    /// <summary>The frames that domains map of each other.</summary>
    public ForeignFrames Foreign { get; }

    private ulong _lastSerial;

    /// <summary>A number that no domain had before; from 1 on.</summary>
    internal ulong NextSerial() => System.Threading.Interlocked.Increment(ref _lastSerial);

    /// <summary>
    /// Whether guests may be told that system time is one line over all vCPUs (XEN_PVCLOCK_TSC_STABLE_BIT). Xen 4.17 says so only
    /// when its own clock source is the TSC, which is not its default.
    /// </summary>
    public bool TscIsStable { get; init; }

    /// <summary>The hypervisor's command line, for XENVER_commandline.</summary>
    public string CommandLine { get; init; } = "";
}
