using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>What a toolstack knows of the domain, and how it holds it (public/domctl.h).</summary>
public sealed partial class Domain
{
    /// <summary>How often a toolstack may hold the domain back, as on Xen.</summary>
    public const int MaximumControllerPauses = 255;

    /// <summary>The toolstack's name for the domain, a UUID; nothing here looks at it.</summary>
    public Bytes16 Uuid;

    /// <summary>What the toolstack asked for when it created the domain; the hypervisor's own domains have Xen's defaults.</summary>
    public DomctlCreateDomain Settings { get; }

    /// <summary>How often a toolstack holds the domain back; each counts once in <see cref="PauseCount"/>.</summary>
    public int ControllerPauses { get; private set; }

    /// <summary>Whether the toolstack has had the vCPUs made (XEN_DOMCTL_max_vcpus). Before that nothing can name them.</summary>
    public bool HasVcpus { get; set; } = true;

    /// <summary>Whether a debugger looks at the domain, as a toolstack says (XEN_DOMCTL_setdebugging).</summary>
    public bool IsDebugged { get; set; }

    /// <summary>Whether the domain is being taken apart (XEN_DOMCTL_destroydomain): it never runs again.</summary>
    public bool IsDying { get; private set; }

    /// <summary>Whether nothing is left of it but frames that others refer to. Until they let go, its id is taken and it can be described.</summary>
    public bool IsDead { get; internal set; }

    /// <summary>Whether the domain serves xenstore to others, so that it may look at each.</summary>
    public bool IsXenstoreDomain => ((CreateFlags)Settings.Flags & CreateFlags.XenstoreDomain) != 0;

    /// <summary>The domain whose device model this one is (XEN_DOMCTL_set_target), and no later one of its id; none, if nobody is named so.</summary>
    public DomainHandle ServedDomain { get; set; } = new(DomainIds.Invalid, 0);

    /// <summary>Whether it is, or was, the device model of another.</summary>
    public bool ServesDomain => ServedDomain.Id != DomainIds.Invalid;

    /// <summary>The NUMA topology that the domain is told of.</summary>
    public VirtualNodes VirtualNodes { get; }

    /// <summary>Where a topology is put together before it is the domain's; empty between calls.</summary>
    public VirtualNodes SpareVirtualNodes { get; }

    /// <summary>A vCPU by the number that a caller gives; null: there is none.</summary>
    public Vcpu? FindVcpu(uint id) => HasVcpus && id < (uint)Vcpus.Length ? Vcpus[id] : null;

    /// <summary>A <see cref="Pause"/> was a toolstack's, which takes it back by <see cref="UnpauseByController"/>.</summary>
    public void CountControllerPause() => ControllerPauses++;

    /// <summary>Whether it ran, or a toolstack let it: what it is cannot be changed from then on.</summary>
    public bool HasBegun { get; internal set; }

    /// <summary>The vCPUs that can be named.</summary>
    public System.ReadOnlySpan<Vcpu> MadeVcpus => HasVcpus ? Vcpus : default;

    /// <summary>XEN_DOMCTL_unpausedomain. EINVAL: no toolstack holds it back.</summary>
    public Errno UnpauseByController()
    {
        if (ControllerPauses == 0)
            return Errno.EINVAL;
        ControllerPauses--;
        HasBegun |= ControllerPauses == 0;
        Unpause();
        return Errno.None;
    }

    /// <summary>0 to 2 (XEN_CPUID_TSC_MODE_*): how the toolstack wants the TSC, which is the processor's own in each.</summary>
    public uint TscMode { get; private set; }

    /// <summary>How often the domain has come from elsewhere, and once more, as Xen counts.</summary>
    public uint TscIncarnation { get; private set; } = 1;

    /// <summary>The time at which the guest's time was 0: nanoseconds of system time, modulo 2^64.</summary>
    public ulong TscSetAt { get; private set; }

    private long _timeOffset;

    /// <summary>Seconds since 1970 at system time 0, as the domain is told.</summary>
    private ulong WallClockAtStart => unchecked(Services.WallClock + (ulong)_timeOffset * 1_000_000_000);

    /// <summary>Writes the wall clock to shared_info anew.</summary>
    public void PublishWallClock() => SharedInfo.PublishWallClock(WallClockAtStart);

    /// <summary>XEN_DOMCTL_settscinfo.</summary>
    public void SetTsc(uint mode, uint incarnation, ulong elapsed)
    {
        TscMode = mode;
        TscIncarnation = unchecked(incarnation + 1);
        TscSetAt = unchecked(Services.Clock.Nanoseconds - elapsed);
    }

    /// <summary>XEN_DOMCTL_settimeoffset: the domain's wall clock differs from the machine's by that many seconds.</summary>
    public void SetTimeOffset(long seconds)
    {
        _timeOffset = seconds;
        SharedInfo.PublishWallClock(WallClockAtStart);
    }

    /// <summary>What the domain gets of the CPUs; a weight of 0 leaves that as it is.</summary>
    public void SetShare(int weight, int cap)
    {
        Services.RunQueueLock.Acquire();
        if (weight != 0)
            Weight = weight;
        Cap = cap;
        Services.RunQueueLock.Release();
    }

    /// <summary>The domain is going to be taken apart: it is held back for good. The caller has the control lock, and no domain's.</summary>
    public void BeginDying()
    {
        if (IsDying)
            return;
        Acquire();
        IsDying = true;
        Pause();
        Release();
    }
}
