using System;

namespace Xenolith.Abi.Contract;

/// <summary>64: what there is of calls from 64 on (docs/v2-calls.md).</summary>
public enum V2QueryOp : uint
{
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_QUERY_version")] Version = 0,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_QUERY_operations")] Operations = 1,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_QUERY_user_calls")] UserCalls = 2,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_QUERY_set_user_calls")] SetUserCalls = 3,
}

/// <summary>65: hypercall TLBs.</summary>
public enum V2HctlbOp : uint
{
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_HCTLB_batch")] Batch = 0,
}

/// <summary>66: event channels. An operation has the number that it has in event_channel_op.</summary>
public enum V2EventOp : uint
{
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_bind_interdomain")] BindInterdomain = 0,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_bind_virq")] BindVirq = 1,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_close")] Close = 3,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_send")] Send = 4,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_status")] Status = 5,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_alloc_unbound")] AllocUnbound = 6,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_bind_ipi")] BindIpi = 7,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_bind_vcpu")] BindVcpu = 8,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_EVENT_unmask")] Unmask = 9,
}

/// <summary>67: vCPUs. An operation has the number that it has in vcpu_op, if that has it.</summary>
public enum V2VcpuOp : uint
{
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_up")] Up = 1,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_down")] Down = 2,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_is_up")] IsUp = 3,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_send_nmi")] SendNmi = 11,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_own")] Own = 32,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_VCPU_switch_view")] SwitchView = 33,
}

/// <summary>69: the domain's memory.</summary>
public enum V2MemoryOp : uint
{
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_MEMORY_populate")] Populate = 0,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_MEMORY_decrease")] Decrease = 1,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_MEMORY_pages")] Pages = 2,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_MEMORY_most_pages")] MostPages = 3,
    [XenUnstated("ours: docs/v2-calls.md", Name = "XENOLITH_V2_MEMORY_maximum_gfn")] MaximumGfn = 4,
}

/// <summary>Calls from 64 on that a kernel may leave to its user mode: a bit each. None of them has a pointer, pauses, or changes what another domain made.</summary>
[Flags]
[XenUnstated("ours: docs/v2-calls.md", Name = "enum xenolith_user_call")]
public enum UserCalls : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary><see cref="V2QueryOp.Version"/>.</summary>
    QueryVersion = 1,
    /// <summary><see cref="V2QueryOp.Operations"/>.</summary>
    QueryOperations = 2,
    /// <summary><see cref="V2EventOp.Send"/>.</summary>
    EventSend = 4,
    /// <summary><see cref="V2EventOp.Status"/>.</summary>
    EventStatus = 8,
    /// <summary><see cref="V2EventOp.Unmask"/>.</summary>
    EventUnmask = 16,
    /// <summary><see cref="V2VcpuOp.IsUp"/>.</summary>
    VcpuIsUp = 32,
    /// <summary><see cref="V2VcpuOp.Own"/>.</summary>
    VcpuOwn = 64,
    /// <summary>All that there are.</summary>
    All = QueryVersion | QueryOperations | EventSend | EventStatus | EventUnmask | VcpuIsUp | VcpuOwn,
}

/// <summary>Numbers of calls from 64 on.</summary>
public static class V2Calls
{
    /// <summary>The first of their numbers.</summary>
    [XenUnstated("ours", Name = "XENOLITH_V2_FIRST")] public const uint First = 64;

    /// <summary>What <see cref="V2QueryOp.Version"/> answers.</summary>
    [XenUnstated("ours", Name = "XENOLITH_V2_VERSION")] public const uint Version = 1;

    /// <summary>The most calls of a batch for hypercall TLBs.</summary>
    [XenUnstated("ours", Name = "XENOLITH_V2_HCTLB_MOST")] public const uint MostTlbCalls = 512;

    /// <summary>The most frames of a list for the memory's calls: 4 GiB.</summary>
    [XenUnstated("ours", Name = "XENOLITH_V2_MEMORY_MOST")] public const uint MostFrames = 1 << 20;

    /// <summary>The most calls of a domain that have paused and wait to be gone on with.</summary>
    [XenUnstated("ours", Name = "XENOLITH_V2_PAUSED_MOST")] public const uint MostPaused = 16;
}
