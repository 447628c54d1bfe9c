namespace Xenolith.Domains;

/// <summary>What a scheduler keeps with a vCPU.</summary>
internal struct VcpuSchedule
{
    public VcpuSchedule()
    {
    }

    /// <summary>The scheduler of the physical CPU that the vCPU runs on; null: none yet.</summary>
    public Scheduler? Home;

    public DomainShare? Share;

    /// <summary>Nanoseconds that the vCPU ran, moved up when it wakes; modulo 2^64.</summary>
    public ulong VirtualTime;

    /// <summary>Nanoseconds that the vCPU ran.</summary>
    public RecentTime Recent;

    /// <summary>Its place among those of its domain that want to run; -1: it does not.</summary>
    public int Slot = -1;
}
