using System;
using System.Collections.Generic;

namespace Xenolith.Abi.Contract.Table;

/// <summary>36: domctl. All operations point at one structure, whose union the operation chooses from.</summary>
internal static class DomctlRows
{
    private const string NoDevices = "No domain is handed devices, so the caller has none that it could pass on: EPERM for any range there is.";

    private const string NoIommu = "As 4.17 answers for a domain without an IOMMU, whatever the device.";
    private const string Paravirtual = "For paravirtual domains: the others have them in their HVM context.";
    private const string ReleaseBuild = "a release build of 4.17 is made without it";

    private static readonly HypercallRow[] s_written =
    [
        Row.Done(DomctlOp.Createdomain, "DomctlLifeOps.Create").InOut<DomctlCreateDomain>().Allocates()
            .Errors("EEXIST ENOMEM EINVAL EOPNOTSUPP EINVAL ESRCH ENOMEM EFAULT")
            .Note("Only PVH domains: hardware-assisted paging, a local APIC and no other device. No IOMMU and no nested virtualisation, as on a machine without."),
        Row.Done(DomctlOp.Destroydomain, "DomctlLifeOps.Destroy").Preemptible().Errors("EINVAL")
            .Note("A domain of a boot module is stopped, and taken apart after the call."),
        Row.Done(DomctlOp.Pausedomain, "DomctlLifeOps.Pause").Preemptible().Errors("EINVAL EOVERFLOW"),
        Row.Done(DomctlOp.Unpausedomain, "DomctlLifeOps.Unpause").Errors("EINVAL"),
        Row.Done(DomctlOp.Getdomaininfo, "DomctlInformationOps.GetDomain").Out<DomainInformation>().Xenstore().Errors("EINVAL ESRCH EPERM EFAULT").Note("Of an id that nobody has: the domain of the next higher one."),
        Row.Done(DomctlOp.Setvcpuaffinity, "DomctlVcpuOps.SetAffinity").InOut<DomctlVcpuAffinity>().Preemptible().Errors("EINVAL EFAULT EINVAL EBUSY EFAULT")
            .Note("Soft affinity is kept and never looked at. EBUSY, where Xen does not know it: a vCPU of the caller would have to leave its CPU."),
        Row.Done(DomctlOp.Getvcpuaffinity, "DomctlVcpuOps.GetAffinity").InOut<DomctlVcpuAffinity>().Errors("EINVAL EFAULT"),
        Row.Done(DomctlOp.Setnodeaffinity, "DomctlVcpuOps.SetNodes").In<DomctlNodeAffinity>().Errors("EFAULT EINVAL").Note("There is one node."),
        Row.Done(DomctlOp.Getnodeaffinity, "DomctlVcpuOps.GetNodes").Out<DomctlNodeAffinity>().Errors("EFAULT"),
        Row.Done(DomctlOp.Getvcpuinfo, "DomctlVcpuOps.Describe").InOut<DomctlVcpuInformation>().Errors("EINVAL ESRCH EFAULT"),
        Row.Done(DomctlOp.Sendtrigger, "DomctlVcpuOps.Trigger").In<DomctlTrigger>().Errors("ESRCH ENOSYS"),
        Row.Done(DomctlOp.ShadowOp, "DirtyLogOps.Handle").InOut<DomctlShadow>().Preemptible().Errors("EINVAL EBUSY EINVAL ENOMEM EFAULT")
            .Note("Of CLEAN only what was reported is cleared; on Xen as well the rest of each 32,768 frames."),
        Row.Done(DomctlOp.GetPagingMempoolSize, "DomctlMemoryOps.GetPool").Out<DomctlPagingPool>().Errors("EFAULT"),
        Row.Done(DomctlOp.SetPagingMempoolSize, "DomctlMemoryOps.SetPool").In<DomctlPagingPool>().Errors("EINVAL ENOMEM")
            .Note("A limit: the frames are taken from the machine when tables need them."),
        Row.Done(DomctlOp.SchedulerOp, "DomctlStateOps.Schedule").InOut<DomctlScheduler>().Errors("EINVAL EFAULT")
            .Note("The scheduler answers to credit2's parameters, weight and cap."),
        Row.Done(DomctlOp.Setdomainhandle, "DomctlStateOps.SetHandle").In<DomctlHandle>(),
        Row.Done(DomctlOp.Resumedomain, "DomctlStateOps.Resume").Errors("EINVAL"),
        Row.Done(DomctlOp.Settimeoffset, "DomctlStateOps.SetTimeOffset").In<DomctlTimeOffset>(),
        Row.Done(DomctlOp.HypercallInit, "DomctlStateOps.InstallHypercallPage").In<DomctlHypercallPage>().Errors("EINVAL"),
        Row.Done(DomctlOp.Gettscinfo, "DomctlStateOps.GetTsc").Out<DomctlTscInformation>().Errors("EINVAL EFAULT"),
        Row.Done(DomctlOp.Settscinfo, "DomctlStateOps.SetTsc").In<DomctlTscInformation>().Errors("EINVAL EOPNOTSUPP")
            .Note("The TSC is the processor's own in every mode; EOPNOTSUPP for another frequency."),
        Row.Done(DomctlOp.SetAddressSize, "DomctlStateOps.AddressSize").In<DomctlAddressSize>().Errors("EOPNOTSUPP").Note("As 4.17 answers for any PVH domain."),
        Row.Done(DomctlOp.GetAddressSize, "DomctlStateOps.AddressSize").Out<DomctlAddressSize>().Errors("EOPNOTSUPP").Note("As 4.17 answers for any PVH domain."),
        Row.Done(DomctlOp.IomemPermission, "DomctlStateOps.PermitMemory").In<DomctlMemoryPermission>().Errors("EINVAL EPERM").Note(NoDevices),
        Row.Done(DomctlOp.IoportPermission, "DomctlStateOps.PermitPorts").In<DomctlPortPermission>().Errors("EINVAL EPERM").Note(NoDevices),
        Row.Done(DomctlOp.IrqPermission, "DomctlStateOps.PermitInterrupt").In<DomctlIrqPermission>().Errors("EINVAL EPERM").Note(NoDevices),
        Row.Done(DomctlOp.AssignDevice, "DomctlDeviceOps.Assign").In<DomctlAssignDevice>().Errors("EOPNOTSUPP").Note(NoIommu),
        Row.Done(DomctlOp.TestAssignDevice, "DomctlDeviceOps.Assign").In<DomctlAssignDevice>().Errors("EOPNOTSUPP").Note(NoIommu),
        Row.Done(DomctlOp.DeassignDevice, "DomctlDeviceOps.Assign").In<DomctlAssignDevice>().Errors("EOPNOTSUPP").Note(NoIommu),
        Row.Done(DomctlOp.GetDeviceGroup, "DomctlDeviceOps.Assign").InOut<DomctlDeviceGroup>().Errors("EOPNOTSUPP").Note(NoIommu),
        Row.Done(DomctlOp.BindPtIrq, "DomctlDeviceOps.BindInterrupt").In<DomctlBindInterrupt>().Errors("EPERM").Note("No domain has an interrupt of the machine's."),
        Row.Done(DomctlOp.UnbindPtIrq, "DomctlDeviceOps.BindInterrupt").In<DomctlBindInterrupt>().Errors("EPERM").Note("No domain has an interrupt of the machine's."),
        Row.Done(DomctlOp.MemoryMapping, "DomctlDeviceOps.MapMemory").In<DomctlMemoryMapping>().Errors("EINVAL EPERM").Note(NoDevices),
        Row.Done(DomctlOp.IoportMapping, "DomctlDeviceOps.MapPorts").In<DomctlPortMapping>().Errors("EINVAL EPERM").Note(NoDevices),
        Row.Done(DomctlOp.SetVirqHandler, "DomctlStateOps.SetVirqHandler").In<DomctlVirqHandler>().Errors("EINVAL"),
        Row.Done(DomctlOp.SetTarget, "DomctlStateOps.SetTarget").In<DomctlTarget>().Errors("ESRCH EINVAL"),
        Row.Done(DomctlOp.MaxMem, "DomctlMemoryOps.SetMaximum").In<DomctlMaximumMemory>(),
        Row.Done(DomctlOp.MaxVcpus, "DomctlLifeOps.MakeVcpus").In<DomctlMaximumVcpus>().Errors("EINVAL"),
        Row.Done(DomctlOp.Gethvmcontext, "DomctlContextOps.Get").InOut<DomctlHvmContext>().Errors("EINVAL ENOSPC EFAULT")
            .Note("The size that is needed goes to the caller for a buffer at 0."),
        Row.Done(DomctlOp.Sethvmcontext, "DomctlContextOps.Set").In<DomctlHvmContext>().Errors("EINVAL ENOMEM EFAULT; of the stream: ENODATA EINVAL ENODEV")
            .Note("At most 8 KiB, and 8 KiB more a vCPU; Xen has no limit. MSRs that the CPU would fault for, and registers that it can't be entered with, are EINVAL; Xen lets some of them pass."),
        Row.Done(DomctlOp.GethvmcontextPartial, "DomctlContextOps.GetOne").InOut<DomctlHvmContextPartial>().Errors("EINVAL ENOENT ENODATA ENOBUFS EFAULT"),
        Row.Done(DomctlOp.GetCpuPolicy, "DomctlPolicyOps.Get").InOut<DomctlCpuPolicy>().Errors("ENOBUFS EFAULT"),
        Row.Done(DomctlOp.SetCpuPolicy, "DomctlPolicyOps.Set").InOut<DomctlCpuPolicy>().Errors("EINVAL EEXIST E2BIG EFAULT ERANGE E2BIG EFAULT EINVAL ERANGE EINVAL")
            .Note("What the domain can't be given is left out, as on Xen; the vendor stays the machine's."),
        Row.Done(DomctlOp.Getvcpucontext, "DomctlVcpuContextOps.Get").InOut<DomctlVcpuContext>().Errors("EINVAL ENODATA EFAULT")
            .Note("EINVAL for another vCPU of the caller's own domain; Xen stops it."),
        Row.Done(DomctlOp.Setvcpucontext, "DomctlVcpuContextOps.Set").In<DomctlVcpuContext>().Errors("EINVAL EFAULT EINVAL"),
        Row.Done(DomctlOp.SoftReset, "DomctlResetOps.SoftReset").Preemptible().Errors("EINVAL EBUSY EAGAIN ENOMEM")
            .Note("The second copy of the time is forgotten too."),
        Row.Done(DomctlOp.SoftResetCont, "DomctlResetOps.Continue").Preemptible().Errors("EINVAL EBUSY EAGAIN ENOMEM"),
        Row.Done(DomctlOp.GetExtVcpucontext, "DomctlRegisterOps.GetExtended").InOut<DomctlExtendedContext>().Errors("ESRCH")
            .Note("No vCPU has machine-check banks, of which Xen gives each two."),
        Row.Done(DomctlOp.SetExtVcpucontext, "DomctlRegisterOps.SetExtended").In<DomctlExtendedContext>().Errors("ESRCH EINVAL")
            .Note("EINVAL for machine-check banks, which no vCPU has."),
        Row.Done(DomctlOp.Getvcpuextstate, "DomctlRegisterOps.GetExtendedState").InOut<DomctlExtendedState>().Errors("ESRCH EINVAL EFAULT")
            .Note("As on a machine without XSAVE, which no vCPU is shown."),
        Row.Done(DomctlOp.Setvcpuextstate, "DomctlRegisterOps.SetExtendedState").In<DomctlExtendedState>().Errors("ESRCH EINVAL EFAULT")
            .Note("As on a machine without XSAVE, which no vCPU is shown."),
        Row.Done(DomctlOp.GetVcpuMsrs, "DomctlRegisterOps.Msrs").InOut<DomctlVcpuMsrs>().Errors("ESRCH EINVAL").Note(Paravirtual),
        Row.Done(DomctlOp.SetVcpuMsrs, "DomctlRegisterOps.Msrs").In<DomctlVcpuMsrs>().Errors("ESRCH EINVAL").Note(Paravirtual),
        Row.Done(DomctlOp.Setdebugging, "DomctlDebugOps.SetDebugging").In<DomctlDebugging>().Errors("EINVAL")
            .Note("Told by getdomaininfo. On Xen a debugged domain's breakpoints don't reach it either; here they do."),
        Row.Done(DomctlOp.DebugOp, "DomctlMonitorOps.Debug").In<DomctlDebug>().Errors("EINVAL ENOSYS EOPNOTSUPP").Note("On AMD's processors too, where Xen has no steps. EOPNOTSUPP on a processor of Intel's without a monitor trap flag."),
        Row.Done(DomctlOp.Subscribe, "DomctlDebugOps.Subscribe").In<DomctlSubscription>(),
        Row.Done(DomctlOp.Getpageframeinfo3, "DomctlDebugOps.GetPageTypes").InOut<DomctlPageTypes>().Errors("E2BIG EFAULT"),
        Row.Done(DomctlOp.SetBrokenPageP2m, "DomctlDebugOps.SetBroken").In<DomctlBrokenPage>().Errors("EINVAL ENOMEM")
            .Note("At most 16 a domain. Nothing is at the guest frame any more; Xen ends a domain that touches it."),
        Row.Done(DomctlOp.PsrAlloc, "DomctlDebugOps.AllocateCache").InOut<DomctlCacheAllocation>().Errors("EOPNOTSUPP ENODEV").Note("As on a processor without it."),
        Row.Done(DomctlOp.Setvnumainfo, "VirtualNodeOps.Set").In<DomctlVirtualNodes>().Errors("EINVAL ENOMEM EFAULT E2BIG EFAULT E2BIG EINVAL"),
        Row.Done(DomctlOp.VmEventOp, "DomctlVmEventOps.Handle").InOut<DomctlVmEvent>().Errors("EINVAL ENOSYS EINVAL ENODEV EBUSY EOPNOTSUPP ENOMEM EINVAL ENOSPC")
            .Note("The monitor's ring alone, as 4.17 is built; see [Listening to a domain](monitor.md)."),
        Row.Done(DomctlOp.MonitorOp, "DomctlMonitorOps.Handle").InOut<DomctlMonitor>().Errors("EPERM EINVAL EOPNOTSUPP EINVAL EEXIST ENXIO EINVAL")
            .Note("What can be asked for: [Listening to a domain](monitor.md)."),
        Row.Done(DomctlOp.SetAccessRequired, "DomctlMonitorOps.RequireAccess").In<DomctlAccessRequired>().Errors("EPERM"),
        Row.Absent(DomctlOp.PsrCmtOp, "as on a processor without it", Errno.ENODEV),
        Row.Absent(DomctlOp.VmtraceOp, "no domain has a trace buffer: createdomain refuses one", Errno.EINVAL),
        Row.Absent(DomctlOp.AuditP2m, ReleaseBuild),
        Row.Absent(DomctlOp.GdbsxGuestmemio, ReleaseBuild),
        Row.Absent(DomctlOp.GdbsxPausevcpu, ReleaseBuild),
        Row.Absent(DomctlOp.GdbsxUnpausevcpu, ReleaseBuild),
        Row.Absent(DomctlOp.GdbsxDomstatus, ReleaseBuild),
        Row.Absent(DomctlOp.MemSharingOp, "4.17 is built without it"),
        Row.Absent(DomctlOp.RealModeArea, "of another architecture"),
        Row.Absent(DomctlOp.SetOptFeature, "of another architecture"),
        Row.Absent(DomctlOp.Cacheflush, "of another architecture"),
        Row.Absent(DomctlOp.VuartOp, "of another architecture"),
        Row.Done(DomctlOp.Exposure, "DomctlExposureOps.Handle").InOut<DomctlExposure>().Errors("ENOENT EINVAL EBUSY EOPNOTSUPP").Note("Ours; see exposure.md.") .Since(HypercallRow.Own),
        Row.Done(DomctlOp.Altp2m, "DomctlAltp2mOps.Handle").InOut<DomctlAltp2m>().Allocates().Errors("EOPNOTSUPP EPERM EINVAL EBUSY ENOMEM").Note("Ours; see [altp2m](altp2m.md).").Since(HypercallRow.Own),
    ];

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.Domctl,
        Self = new() { Name = "domctl", Argument = typeof(Domctl), Direction = Direction.InOut, Errors = "EFAULT EACCES ESRCH EPERM" },
        Selector = Selector.InArgument,
        Frame = "DomctlOps",
        Parameters = "*op",
        Rows = All(),
    };

    private static HypercallRow[] All()
    {
        var written = new Dictionary<Enum, HypercallRow>();
        foreach (HypercallRow row in s_written)
            written.Add(row.Operation!, row);
        HypercallRow[] rows = Row.NotYet<DomctlOp>();
        for (int i = 0; i < rows.Length; i++)
        {
            HypercallRow row = written.GetValueOrDefault(rows[i].Operation!, rows[i]);
            rows[i] = row.Permission == Permission.Anyone ? row.Privileged() : row;
        }
        return rows;
    }
}
