namespace Xenolith.Abi.Contract;

/// <summary>sysctl: XEN_SYSCTL_* (public/sysctl.h).</summary>
public enum SysctlOp : uint
{
    [XenConstant("XEN_SYSCTL_readconsole")] Readconsole = 1,
    [XenConstant("XEN_SYSCTL_tbuf_op")] TbufOp = 2,
    [XenConstant("XEN_SYSCTL_physinfo")] Physinfo = 3,
    [XenConstant("XEN_SYSCTL_sched_id")] SchedId = 4,
    [XenConstant("XEN_SYSCTL_perfc_op")] PerfcOp = 5,
    [XenConstant("XEN_SYSCTL_getdomaininfolist")] Getdomaininfolist = 6,
    [XenConstant("XEN_SYSCTL_debug_keys")] DebugKeys = 7,
    [XenConstant("XEN_SYSCTL_getcpuinfo")] Getcpuinfo = 8,
    [XenConstant("XEN_SYSCTL_availheap")] Availheap = 9,
    [XenConstant("XEN_SYSCTL_get_pmstat")] GetPmstat = 10,
    [XenConstant("XEN_SYSCTL_cpu_hotplug")] CpuHotplug = 11,
    [XenConstant("XEN_SYSCTL_pm_op")] PmOp = 12,
    [XenConstant("XEN_SYSCTL_page_offline_op")] PageOfflineOp = 14,
    [XenConstant("XEN_SYSCTL_lockprof_op")] LockprofOp = 15,
    [XenConstant("XEN_SYSCTL_cputopoinfo")] Cputopoinfo = 16,
    [XenConstant("XEN_SYSCTL_numainfo")] Numainfo = 17,
    [XenConstant("XEN_SYSCTL_cpupool_op")] CpupoolOp = 18,
    [XenConstant("XEN_SYSCTL_scheduler_op")] SchedulerOp = 19,
    [XenConstant("XEN_SYSCTL_coverage_op")] CoverageOp = 20,
    [XenConstant("XEN_SYSCTL_psr_cmt_op")] PsrCmtOp = 21,
    [XenConstant("XEN_SYSCTL_pcitopoinfo")] Pcitopoinfo = 22,
    [XenConstant("XEN_SYSCTL_psr_alloc")] PsrAlloc = 23,
    [XenConstant("XEN_SYSCTL_get_cpu_levelling_caps")] GetCpuLevellingCaps = 25,
    [XenConstant("XEN_SYSCTL_get_cpu_featureset")] GetCpuFeatureset = 26,
    [XenConstant("XEN_SYSCTL_livepatch_op")] LivepatchOp = 27,
    [XenConstant("XEN_SYSCTL_get_cpu_policy")] GetCpuPolicy = 29,
}
