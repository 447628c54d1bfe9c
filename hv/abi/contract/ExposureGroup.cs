namespace Xenolith.Abi.Contract;

/// <summary>Groups of exposure bits: hypercall numbers, then the operations of each group that is told apart.</summary>
[XenUnstated("ours: the numbers of the exposure proposal")]
public enum ExposureGroup
{
    /// <summary>Hypercall numbers 0 to 63.</summary>
    Number = 0,
    /// <summary>vcpu_op.</summary>
    Vcpu = 2,
    /// <summary>hvm_op.</summary>
    Hvm = 3,
    /// <summary>memory_op.</summary>
    Memory = 10,
    /// <summary>event_channel_op.</summary>
    EventChannel = 11,
    /// <summary>grant_table_op.</summary>
    GrantTable = 12,
    /// <summary>sched_op.</summary>
    Sched = 13,
    /// <summary>xen_version.</summary>
    Version = 14,
    /// <summary>physdev_op.</summary>
    Physdev = 15,
    /// <summary>One past the highest group.</summary>
    Count = 16,
}
