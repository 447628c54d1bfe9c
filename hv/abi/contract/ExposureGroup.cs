namespace Xenolith.Abi.Contract;

/// <summary>Groups of exposure bits: hypercall numbers, then the operations of each group that is told apart.</summary>
[XenUnstated("ours: the numbers of the exposure proposal", Name = "enum xenolith_exposure_group")]
public enum ExposureGroup
{
    /// <summary>Hypercall numbers 0 to 63.</summary>
    Number = 0,
    /// <summary>Hypercall numbers 64 to 127.</summary>
    HighNumber = 1,
    /// <summary>vcpu_op.</summary>
    Vcpu = 2,
    /// <summary>hvm_op.</summary>
    Hvm = 3,
    /// <summary>HVMOP_altp2m's subops, of the domain itself on its own views.</summary>
    Altp2mInside = 4,
    /// <summary>HVMOP_altp2m's subops, of another on the domain's views.</summary>
    Altp2mOutside = 5,
    /// <summary>dm_op.</summary>
    DeviceModel = 6,
    /// <summary>Features of xen_version's get_features.</summary>
    Feature = 8,
    /// <summary>Ways to make calls (<see cref="CallFeature"/>).</summary>
    CallFeature = 9,
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

/// <summary>What XENOLITH_DOMCTL_exposure does.</summary>
[XenUnstated("ours: the operations of the exposure proposal", Name = "enum xenolith_exposure_op")]
public enum ExposureOp : uint
{
    /// <summary>Which groups there are, a bit each.</summary>
    List = 0,
    /// <summary>What a group shows.</summary>
    Get = 1,
    /// <summary>Sets that, until the domain runs.</summary>
    Set = 2,
    /// <summary>The most that a group can show here.</summary>
    GetMaximum = 3,
    /// <summary>Nothing is set from now on.</summary>
    Freeze = 4,
}
