namespace Xenolith.Abi.Contract.Table;

/// <summary>35: sysctl. All operations point at one structure, whose union the operation chooses from.</summary>
internal static class SysctlRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.Sysctl,
        Self = new() { Name = "sysctl", Argument = typeof(Sysctl), Direction = Direction.InOut, Errors = "EFAULT EACCES EPERM" },
        Selector = Selector.InArgument,
        Frame = "SysctlOps",
        Parameters = "*op",
        Rows = Row.Privileged(All()),
    };

    private static HypercallRow[] All() =>
    [
        Row.Done(SysctlOp.Readconsole, "SysctlConsoleOps.ReadConsole").InOut<SysctlReadConsole>().Errors("EFAULT"),
        Row.Done(SysctlOp.TbufOp, "SysctlConsoleOps.TraceBuffer").InOut<SysctlTraceBuffer>().Errors("EINVAL")
            .Note("There are no trace buffers: EINVAL to set a size or to begin, as on Xen before a size is set."),
        Row.Done(SysctlOp.Physinfo, "SysctlMachineOps.PhysicalInformation").Out<SysctlPhysicalInformation>(),
        Row.Done(SysctlOp.SchedId, "SysctlSchedulerOps.SchedulerId").Out<SysctlSchedulerId>().Note("credit2, as whose weights and caps domains have theirs."),
        Row.Absent(SysctlOp.PerfcOp, "a release build of 4.17 has no performance counters"),
        Row.Done(SysctlOp.Getdomaininfolist, "SysctlMachineOps.Domains").InOut<SysctlDomainList>().Errors("EFAULT"),
        Row.Done(SysctlOp.DebugKeys, "SysctlConsoleOps.DebugKeys").In<SysctlDebugKeys>().Errors("EFAULT")
            .Note("Nothing is bound to any key; the first 64 are named in the log."),
        Row.Done(SysctlOp.Getcpuinfo, "SysctlMachineOps.Cpus").InOut<SysctlCpuList>().Errors("EFAULT"),
        Row.Done(SysctlOp.Availheap, "SysctlMachineOps.AvailableHeap").InOut<SysctlAvailableHeap>()
            .Note("Of a width that covers a part of memory: at most what that part is."),
        Row.Done(SysctlOp.GetPmstat, "SysctlPowerOps.Statistics").InOut<SysctlPowerStatistics>().Errors("EINVAL ENODEV").Note("ENODEV, as on Xen without a driver."),
        Row.Done(SysctlOp.CpuHotplug, "SysctlPowerOps.Hotplug").In<SysctlCpuHotplug>().Errors("EINVAL EEXIST EBUSY EOPNOTSUPP").Note("All CPUs stay in use."),
        Row.Done(SysctlOp.PmOp, "SysctlPowerOps.Control").InOut<SysctlPower>().Errors("EINVAL EACCES ENOSYS").Note("As on Xen without a driver."),
        Row.Done(SysctlOp.PageOfflineOp, "SysctlPowerOps.PageOffline").InOut<SysctlPageOffline, SysctlPageOffline32>().Errors("EINVAL EFAULT")
            .Note("No page can be put out of use: its word says failed. At most 1,024 pages a call."),
        Row.Absent(SysctlOp.LockprofOp, "a release build of 4.17 has no lock profile"),
        Row.Done(SysctlOp.Cputopoinfo, "SysctlMachineOps.CpuTopology").InOut<SysctlCpuTopology>().Errors("EFAULT").Note("One socket, a core a CPU."),
        Row.Done(SysctlOp.Numainfo, "SysctlMachineOps.Nodes").InOut<SysctlNodes>().Errors("EFAULT").Note("One node."),
        Row.Done(SysctlOp.CpupoolOp, "SysctlSchedulerOps.CpuPool").InOut<SysctlCpuPool>().Errors("EEXIST ENOENT ENOMEM EBUSY ENODEV EINVAL ESRCH EPERM EFAULT ENOSYS")
            .Note("One pool with all CPUs; another one is ENOMEM."),
        Row.Done(SysctlOp.SchedulerOp, "SysctlSchedulerOps.Parameters").InOut<SysctlScheduler>().Errors("EINVAL ESRCH EINVAL EOPNOTSUPP")
            .Note("The rate limit is 0, off; another one is EOPNOTSUPP."),
        Row.Absent(SysctlOp.CoverageOp, "4.17 is built without it", Errno.EOPNOTSUPP),
        Row.Done(SysctlOp.PsrCmtOp, "SysctlPowerOps.MonitorResources").Errors("ENODEV").Note("ENODEV, as on Xen where the CPU has none."),
        Row.Done(SysctlOp.Pcitopoinfo, "SysctlMachineOps.PciTopology").InOut<SysctlPciTopology>().Errors("EINVAL EFAULT")
            .Note("No device is known. At most 64 a call."),
        Row.Done(SysctlOp.PsrAlloc, "SysctlPowerOps.AllocateResources").InOut<SysctlResourceAllocation>().Errors("ENODEV EOPNOTSUPP")
            .Note("ENODEV, as on Xen where the CPU has none."),
        Row.Done(SysctlOp.GetCpuLevellingCaps, "SysctlPolicyOps.Levelling").Out<SysctlLevelling>().Note("None."),
        Row.Done(SysctlOp.GetCpuFeatureset, "SysctlPolicyOps.Features").InOut<SysctlFeatureSet>().Errors("EOPNOTSUPP EINVAL ENOBUFS EFAULT")
            .Note("EOPNOTSUPP for paravirtual guests."),
        Row.Absent(SysctlOp.LivepatchOp, "4.17's answer without live patches"),
        Row.Done(SysctlOp.GetCpuPolicy, "SysctlPolicyOps.Policy").InOut<SysctlCpuPolicy>().Errors("EINVAL EOPNOTSUPP ENOBUFS EFAULT")
            .Note("EOPNOTSUPP for paravirtual guests; the greatest policy and the default are one."),
    ];
}
