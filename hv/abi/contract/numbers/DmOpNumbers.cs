using System;

namespace Xenolith.Abi.Contract;

/// <summary>What a range of an I/O request server is of: XEN_DMOP_IO_RANGE_*.</summary>
public enum IoRangeType : uint
{
    [XenConstant("XEN_DMOP_IO_RANGE_PORT")] Port = 0,
    [XenConstant("XEN_DMOP_IO_RANGE_MEMORY")] Memory = 1,
    [XenConstant("XEN_DMOP_IO_RANGE_PCI")] Pci = 2,
}

/// <summary>How a server takes buffered requests: HVM_IOREQSRV_BUFIOREQ_* (public/hvm/hvm_op.h).</summary>
public enum RequestBuffering : byte
{
    [XenConstant("HVM_IOREQSRV_BUFIOREQ_OFF")] Off = 0,
    [XenConstant("HVM_IOREQSRV_BUFIOREQ_LEGACY")] Legacy = 1,
    [XenConstant("HVM_IOREQSRV_BUFIOREQ_ATOMIC")] Atomic = 2,
}

/// <summary>Kinds of events to inject: XEN_DMOP_EVENT_*.</summary>
public enum InjectedEventType : byte
{
    [XenConstant("XEN_DMOP_EVENT_ext_int")] ExternalInterrupt = 0,
    [XenConstant("XEN_DMOP_EVENT_nmi")] Nmi = 2,
    [XenConstant("XEN_DMOP_EVENT_hw_exc")] HardwareException = 3,
    [XenConstant("XEN_DMOP_EVENT_sw_int")] SoftwareInterrupt = 4,
    [XenConstant("XEN_DMOP_EVENT_pri_sw_exc")] PrivilegedSoftwareException = 5,
    [XenConstant("XEN_DMOP_EVENT_sw_exc")] SoftwareException = 6,
}

/// <summary>How memory is cached: XEN_DMOP_MEM_CACHEATTR_*.</summary>
public enum PinnedCaching : uint
{
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_UC")] Uncached = 0,
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_WC")] WriteCombining = 1,
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_WT")] WriteThrough = 4,
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_WP")] WriteProtected = 5,
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_WB")] WriteBack = 6,
    [XenConstant("XEN_DMOP_MEM_CACHEATTR_UCM")] UncachedMinus = 7,
    [XenConstant("XEN_DMOP_DELETE_MEM_CACHEATTR")] Delete = uint.MaxValue,
}

/// <summary>Which accesses to memory a server gets: XEN_DMOP_IOREQ_MEM_ACCESS_*.</summary>
[Flags]
public enum ForwardedAccess : uint
{
    [XenConstant("XEN_DMOP_IOREQ_MEM_ACCESS_READ")] Read = 1,
    [XenConstant("XEN_DMOP_IOREQ_MEM_ACCESS_WRITE")] Write = 2,
}

/// <summary>Bounds and flags of dm_op.</summary>
public static class DmOpLimits
{
    /// <summary>get_ioreq_server_info: do not give the requests a place in the guest's memory.</summary>
    [XenConstant("XEN_DMOP_no_gfns")] public const ushort NoGfns = 1;

    /// <summary>The most buffers.</summary>
    [XenUnstated("measured: three are E2BIG")] public const uint Buffers = 2;

    /// <summary>Bytes of the head, before the union.</summary>
    [XenConstant("offsetof(struct xen_dm_op, u)")] public const int Head = 8;

    /// <summary>The most servers of a domain.</summary>
    [XenUnstated("measured: the ninth is ENOSPC")] public const int Servers = 8;

    /// <summary>The most ranges of a server, a type.</summary>
    [XenUnstated("measured: the 257th that touches no other is ENOMEM")] public const int Ranges = 256;

    /// <summary>The most ranges with a way of caching.</summary>
    [XenUnstated("measured: the 65th is ENOSPC")] public const int PinnedRanges = 64;

    /// <summary>The most frames to track: 1 GiB.</summary>
    [XenUnstated("measured: one more is EINVAL")] public const uint TrackedFrames = 1 << 18;
}
