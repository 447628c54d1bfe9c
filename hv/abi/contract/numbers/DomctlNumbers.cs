using System;

namespace Xenolith.Abi.Contract;

/// <summary>What a domain is created as: XEN_DOMCTL_CDF_* (public/domctl.h).</summary>
[Flags]
public enum CreateFlags : uint
{
    [XenConstant("XEN_DOMCTL_CDF_hvm")] Hvm = 1,
    [XenConstant("XEN_DOMCTL_CDF_hap")] Hap = 2,
    [XenConstant("XEN_DOMCTL_CDF_s3_integrity")] S3Integrity = 4,
    [XenConstant("XEN_DOMCTL_CDF_oos_off")] OosOff = 8,
    [XenConstant("XEN_DOMCTL_CDF_xs_domain")] XenstoreDomain = 0x10,
    [XenConstant("XEN_DOMCTL_CDF_iommu")] Iommu = 0x20,
    [XenConstant("XEN_DOMCTL_CDF_nested_virt")] NestedVirtualisation = 0x40,
    [XenConstant("XEN_DOMCTL_CDF_vpmu")] Vpmu = 0x80,
}

/// <summary>Devices: XEN_X86_EMU_* (public/arch-x86/xen.h).</summary>
[Flags]
public enum EmulationFlags : uint
{
    [XenConstant("XEN_X86_EMU_LAPIC")] LocalApic = 1,
    [XenConstant("XEN_X86_EMU_ALL")] All = 0x7FF,
}

/// <summary>What getdomaininfo tells: XEN_DOMINF_* (public/domctl.h).</summary>
[Flags]
public enum DomainStateFlags : uint
{
    [XenConstant("XEN_DOMINF_dying")] Dying = 1,
    [XenConstant("XEN_DOMINF_hvm_guest")] Hvm = 2,
    [XenConstant("XEN_DOMINF_shutdown")] Shutdown = 4,
    [XenConstant("XEN_DOMINF_paused")] Paused = 8,
    [XenConstant("XEN_DOMINF_blocked")] Blocked = 0x10,
    [XenConstant("XEN_DOMINF_running")] Running = 0x20,
    [XenConstant("XEN_DOMINF_debugged")] Debugged = 0x40,
    [XenConstant("XEN_DOMINF_xs_domain")] XenstoreDomain = 0x80,
    [XenConstant("XEN_DOMINF_hap")] Hap = 0x100,
}

/// <summary>Numbers of the control interface (public/domctl.h).</summary>
public static class DomctlLimits
{
    [XenConstant("XEN_INVALID_MAX_VCPU_ID")] public const uint NoVcpu = uint.MaxValue;
    /// <summary>Where the reason of a shutdown stands in the flags of getdomaininfo.</summary>
    [XenConstant("XEN_DOMINF_shutdownshift")] public const int ShutdownShift = 16;
    [XenConstant("XEN_DOMINF_shutdownmask")] public const uint ShutdownMask = 0xFF;
    [XenConstant("XEN_DOMCTL_GRANT_version_mask")] public const uint GrantVersionMask = 0xF;
    [XenConstant("XEN_X86_MSR_RELAXED")] public const uint MsrRelaxed = 1;
}

/// <summary>XEN_VCPUAFFINITY_* (public/domctl.h).</summary>
[Flags]
public enum AffinityFlags : uint
{
    [XenConstant("XEN_VCPUAFFINITY_HARD")] Hard = 1,
    [XenConstant("XEN_VCPUAFFINITY_SOFT")] Soft = 2,
    [XenConstant("XEN_VCPUAFFINITY_FORCE")] Force = 4,
}

/// <summary>XEN_DOMCTL_SENDTRIGGER_* (public/domctl.h).</summary>
public enum TriggerKind : uint
{
    [XenConstant("XEN_DOMCTL_SENDTRIGGER_NMI")] Nmi = 0,
    [XenConstant("XEN_DOMCTL_SENDTRIGGER_RESET")] Reset = 1,
    [XenConstant("XEN_DOMCTL_SENDTRIGGER_INIT")] Init = 2,
    [XenConstant("XEN_DOMCTL_SENDTRIGGER_POWER")] Power = 3,
    [XenConstant("XEN_DOMCTL_SENDTRIGGER_SLEEP")] Sleep = 4,
}

/// <summary>Flags of XEN_DOMCTL_shadow_op's mode (public/domctl.h).</summary>
[Flags]
public enum ShadowModes : uint
{
    /// <summary>Of a look at the log: the last one, after which nobody writes any more.</summary>
    [XenConstant("XEN_DOMCTL_SHADOW_LOGDIRTY_FINAL")] Final = 1,
    /// <summary>Of XEN_DOMCTL_SHADOW_OP_ENABLE.</summary>
    [XenConstant("XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY")] LogDirty = 4,
}

/// <summary>XEN_DOMCTL_SHADOW_OP_* (public/domctl.h).</summary>
public enum ShadowOp : uint
{
    [XenConstant("XEN_DOMCTL_SHADOW_OP_OFF")] Off = 0,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_ENABLE_TEST")] EnableTest = 1,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_ENABLE_LOGDIRTY")] EnableLogDirty = 2,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_CLEAN")] Clean = 11,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_PEEK")] Peek = 12,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION")] GetAllocation = 30,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_SET_ALLOCATION")] SetAllocation = 31,
    [XenConstant("XEN_DOMCTL_SHADOW_OP_ENABLE")] Enable = 32,
}

/// <summary>XEN_DOMCTL_SCHEDOP_* (public/domctl.h).</summary>
public enum SchedulerOp : uint
{
    [XenConstant("XEN_DOMCTL_SCHEDOP_putinfo")] PutInformation = 0,
    [XenConstant("XEN_DOMCTL_SCHEDOP_getinfo")] GetInformation = 1,
    [XenConstant("XEN_DOMCTL_SCHEDOP_putvcpuinfo")] PutVcpuInformation = 2,
    [XenConstant("XEN_DOMCTL_SCHEDOP_getvcpuinfo")] GetVcpuInformation = 3,
}

/// <summary>XEN_SCHEDULER_* (public/domctl.h).</summary>
public enum SchedulerKind : uint
{
    [XenConstant("XEN_SCHEDULER_CREDIT")] Credit = 5,
    [XenConstant("XEN_SCHEDULER_CREDIT2")] Credit2 = 6,
}
