using System;
using System.Collections.Generic;

namespace Xenolith.Abi.Contract.Table;

/// <summary>36: domctl. All operations point at one structure, whose union the operation chooses from.</summary>
internal static class DomctlRows
{
    private const string NoDevices = "No domain is handed devices, so the caller has none that it could pass on: EPERM for any range there is.";

    private const string NoIommu = "As 4.17 answers for a domain without an IOMMU, whatever the device.";

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
            .Note("Soft affinity is kept and never looked at. EBUSY, which Xen does not know: a vCPU of the caller would have to leave its CPU."),
        Row.Done(DomctlOp.Getvcpuaffinity, "DomctlVcpuOps.GetAffinity").InOut<DomctlVcpuAffinity>().Errors("EINVAL EFAULT"),
        Row.Done(DomctlOp.Setnodeaffinity, "DomctlVcpuOps.SetNodes").In<DomctlNodeAffinity>().Errors("EFAULT EINVAL").Note("There is one node."),
        Row.Done(DomctlOp.Getnodeaffinity, "DomctlVcpuOps.GetNodes").Out<DomctlNodeAffinity>().Errors("EFAULT"),
        Row.Done(DomctlOp.Getvcpuinfo, "DomctlVcpuOps.Describe").InOut<DomctlVcpuInformation>().Errors("EINVAL ESRCH EFAULT"),
        Row.Done(DomctlOp.Sendtrigger, "DomctlVcpuOps.Trigger").In<DomctlTrigger>().Errors("ESRCH ENOSYS"),
        Row.Done(DomctlOp.ShadowOp, "DomctlMemoryOps.Shadow").InOut<DomctlShadow>().Errors("EINVAL ENOMEM EFAULT")
            .Note("The pool's size; EOPNOTSUPP for what a domain writes, which is not logged yet."),
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
        Row.Done(DomctlOp.Exposure, "DomctlExposureOps.Handle").InOut<DomctlExposure>().Errors("ENOENT EINVAL EBUSY EOPNOTSUPP").Note("Ours; see exposure.md.") .Since(HypercallRow.Own),
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
