namespace Xenolith.Abi.Contract;

/// <summary>XEN_SYSCTL_CPUPOOL_OP_*: what XEN_SYSCTL_cpupool_op does.</summary>
public enum CpuPoolOp : uint
{
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_CREATE")] Create = 1,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_DESTROY")] Destroy = 2,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_INFO")] Info = 3,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_ADDCPU")] AddCpu = 4,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_RMCPU")] RemoveCpu = 5,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN")] MoveDomain = 6,
    [XenConstant("XEN_SYSCTL_CPUPOOL_OP_FREEINFO")] FreeInfo = 7,
}

/// <summary>XEN_SYSCTL_TBUFOP_*: what XEN_SYSCTL_tbuf_op does.</summary>
public enum TraceBufferOp : uint
{
    [XenConstant("XEN_SYSCTL_TBUFOP_get_info")] GetInfo = 0,
    [XenConstant("XEN_SYSCTL_TBUFOP_set_cpu_mask")] SetCpuMask = 1,
    [XenConstant("XEN_SYSCTL_TBUFOP_set_evt_mask")] SetEventMask = 2,
    [XenConstant("XEN_SYSCTL_TBUFOP_set_size")] SetSize = 3,
    [XenConstant("XEN_SYSCTL_TBUFOP_enable")] Enable = 4,
    [XenConstant("XEN_SYSCTL_TBUFOP_disable")] Disable = 5,
}

/// <summary>XEN_SYSCTL_CPU_HOTPLUG_*: what XEN_SYSCTL_cpu_hotplug does.</summary>
public enum CpuHotplugOp : uint
{
    [XenConstant("XEN_SYSCTL_CPU_HOTPLUG_ONLINE")] Online = 0,
    [XenConstant("XEN_SYSCTL_CPU_HOTPLUG_OFFLINE")] Offline = 1,
}

/// <summary>What XEN_SYSCTL_page_offline_op does.</summary>
public enum PageOfflineOp : uint
{
    [XenConstant("sysctl_page_offline")] Offline = 1,
    [XenConstant("sysctl_page_online")] Online = 2,
    [XenConstant("sysctl_query_page_offline")] Query = 3,
}

/// <summary>What XEN_SYSCTL_pm_op does.</summary>
public enum PowerOp : uint
{
    [XenConstant("GET_CPUFREQ_PARA")] GetParameters = 0x11,
    [XenConstant("SET_CPUFREQ_GOV")] SetGovernor = 0x12,
    [XenConstant("SET_CPUFREQ_PARA")] SetParameter = 0x13,
    [XenConstant("GET_CPUFREQ_AVGFREQ")] GetAverageFrequency = 0x14,
    [XenConstant("XEN_SYSCTL_pm_op_set_sched_opt_smt")] SetSchedulerOption = 0x21,
    [XenConstant("XEN_SYSCTL_pm_op_get_max_cstate")] GetMaximumIdleState = 0x22,
    [XenConstant("XEN_SYSCTL_pm_op_set_max_cstate")] SetMaximumIdleState = 0x23,
    [XenConstant("XEN_SYSCTL_pm_op_enable_turbo")] EnableTurbo = 0x26,
    [XenConstant("XEN_SYSCTL_pm_op_disable_turbo")] DisableTurbo = 0x27,
}

/// <summary>XEN_SYSCTL_cpu_featureset_*.</summary>
public enum FeatureSetIndex : uint
{
    [XenConstant("XEN_SYSCTL_cpu_featureset_raw")] Raw = 0,
    [XenConstant("XEN_SYSCTL_cpu_featureset_host")] Host = 1,
    [XenConstant("XEN_SYSCTL_cpu_featureset_pv")] Pv = 2,
    [XenConstant("XEN_SYSCTL_cpu_featureset_hvm")] Hvm = 3,
    [XenConstant("XEN_SYSCTL_cpu_featureset_pv_max")] PvMax = 4,
    [XenConstant("XEN_SYSCTL_cpu_featureset_hvm_max")] HvmMax = 5,
}

/// <summary>XEN_SYSCTL_cpu_policy_*.</summary>
public enum CpuPolicyIndex : uint
{
    [XenConstant("XEN_SYSCTL_cpu_policy_raw")] Raw = 0,
    [XenConstant("XEN_SYSCTL_cpu_policy_host")] Host = 1,
    [XenConstant("XEN_SYSCTL_cpu_policy_pv_max")] PvMax = 2,
    [XenConstant("XEN_SYSCTL_cpu_policy_hvm_max")] HvmMax = 3,
    [XenConstant("XEN_SYSCTL_cpu_policy_pv_default")] PvDefault = 4,
    [XenConstant("XEN_SYSCTL_cpu_policy_hvm_default")] HvmDefault = 5,
}

/// <summary>XEN_FW_*: what XENPF_firmware_info tells.</summary>
public enum FirmwareKind : uint
{
    [XenConstant("XEN_FW_DISK_INFO")] Disk = 1,
    [XenConstant("XEN_FW_DISK_MBR_SIGNATURE")] DiskSignature = 2,
    [XenConstant("XEN_FW_VBEDDC_INFO")] Display = 3,
    [XenConstant("XEN_FW_EFI_INFO")] Efi = 4,
    [XenConstant("XEN_FW_KBD_SHIFT_FLAGS")] Keyboard = 5,
}

/// <summary>Numbers of sysctl and platform_op (public/sysctl.h, public/platform.h).</summary>
public static class SysctlConstants
{
    [XenConstant("XEN_SYSCTL_PHYSCAP_hvm")] public const uint CapabilityHvm = 1;
    [XenConstant("XEN_SYSCTL_PHYSCAP_hap")] public const uint CapabilityHap = 8;
    [XenConstant("XEN_SYSCTL_PHYSCAP_gnttab_v1")] public const uint CapabilityGrantV1 = 0x100;
    [XenConstant("XEN_SYSCTL_PHYSCAP_gnttab_v2")] public const uint CapabilityGrantV2 = 0x200;
    [XenConstant("XEN_SYSCTL_CPUPOOL_PAR_ANY")] public const uint AnyPool = uint.MaxValue;
    [XenConstant("XEN_SYSCTL_SCHED_RATELIMIT_MIN")] public const uint LeastRateLimit = 100;
    [XenConstant("XEN_SYSCTL_SCHED_RATELIMIT_MAX")] public const uint MostRateLimit = 500_000;
    [XenConstant("XEN_SYSCTL_SCHEDOP_putinfo")] public const uint PutScheduler = 0;
    [XenConstant("XEN_SYSCTL_SCHEDOP_getinfo")] public const uint GetScheduler = 1;
    [XenConstant("XEN_INVALID_DEV")] public const uint UnknownDevice = uint.MaxValue - 1;
    [XenConstant("XEN_CPUID_NO_SUBLEAF")] public const uint NoSubleaf = uint.MaxValue;
    [XenConstant("XEN_SYSCTL_CX_UNLIMITED")] public const uint IdleUnlimited = uint.MaxValue;
    [XenConstant("PG_OFFLINE_FAILED")] public const uint PageFailed = 8;
    [XenConstant("XEN_PCPU_FLAGS_ONLINE")] public const uint CpuOnline = 1;
    [XenConstant("XEN_PCPU_FLAGS_INVALID")] public const uint CpuInvalid = 2;
    [XenConstant("XEN_CORE_PARKING_SET")] public const uint ParkingSet = 1;
    [XenConstant("XEN_CORE_PARKING_GET")] public const uint ParkingGet = 2;
    [XenConstant("XENPF_ACPI_SLEEP_EXTENDED")] public const uint SleepExtended = 1;
    [XenConstant("XEN_RESOURCE_OP_MSR_READ")] public const uint ResourceRead = 0;
    [XenConstant("XEN_RESOURCE_OP_MSR_WRITE")] public const uint ResourceWrite = 1;
    [XenConstant("XEN_PM_CX")] public const uint PowerIdle = 0;
    [XenConstant("XEN_PM_TX")] public const uint PowerThrottling = 2;
    [XenConstant("XEN_PM_PX")] public const uint PowerPerformance = 1;
}
