namespace Xenolith.Abi.Contract.Table;

/// <summary>41: dm_op. The operation stands in the first of the buffers that the call names; each acts on one domain, for its device model.</summary>
internal static class DmOpRows
{
    private const string NoController = "Without effect: a PVH domain has no interrupt controller that the line leads to.";

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.DmOp,
        Self = new()
        {
            Name = "dm_op", Argument = typeof(DmOpArgument), Direction = Direction.InOut, Permission = Permission.DeviceModel,
            Errors = "ENODATA E2BIG EFAULT EPERM ESRCH EPERM EFAULT EOPNOTSUPP EFAULT EINVAL",
        },
        Selector = Selector.InArgument,
        Frame = "DmOps",
        Exposure = ExposureGroup.DeviceModel,
        Parameters = "domid, nr_bufs, **bufs",
        Rows =
        [
            Row.Done(DmOp.CreateIoreqServer, "DmServerOps.Create").InOut<DmOpCreateServer>().DeviceModel().Allocates().Errors("EINVAL ENOSPC ENOMEM EFAULT"),
            Row.Done(DmOp.GetIoreqServerInfo, "DmServerOps.Describe").InOut<DmOpServerInformation>().DeviceModel().Errors("EINVAL ENOENT EPERM ENOMEM EINVAL EFAULT"),
            Row.Done(DmOp.MapIoRangeToIoreqServer, "DmServerOps.Map").In<DmOpRange>().DeviceModel().Allocates().Errors("EINVAL ENOENT EPERM EINVAL EEXIST ENOMEM"),
            Row.Done(DmOp.UnmapIoRangeFromIoreqServer, "DmServerOps.Unmap").In<DmOpRange>().DeviceModel().Allocates().Errors("EINVAL ENOENT EPERM EINVAL ENOENT ENOMEM"),
            Row.Done(DmOp.SetIoreqServerState, "DmServerOps.SetState").In<DmOpServerState>().DeviceModel().Errors("EINVAL ENOENT EPERM")
                .Note("Each element of a repeated instruction is a request of its own. Nothing of a PVH domain is buffered, as on Xen. Of memory that the domain gives away device models are not told."),
            Row.Done(DmOp.DestroyIoreqServer, "DmServerOps.Destroy").In<DmOpDestroyServer>().DeviceModel().Errors("EINVAL ENOENT EPERM")
                .Note("A server ends with the domain that made it, too; on Xen it stays, and who it served waits for ever."),
            Row.Done(DmOp.TrackDirtyVram, "DmMemoryOps.TrackDirty").In<DmOpTrackDirty>().DeviceModel().Preemptible().Errors("EINVAL ESRCH EINVAL EFAULT")
                .Note("What the hypervisor writes for the domain is in it as well."),
            Row.Done(DmOp.SetPciIntxLevel, "DmInterruptOps.SetPciLevel").In<DmOpPciLevel>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.SetIsaIrqLevel, "DmInterruptOps.SetIsaLevel").In<DmOpIsaLevel>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.SetPciLinkRoute, "DmInterruptOps.SetLinkRoute").In<DmOpLinkRoute>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.ModifiedMemory, "DmMemoryOps.Modified").InOut<DmOpModifiedMemory>().DeviceModel().Preemptible().Errors("EINVAL EFAULT EINVAL")
                .Note("For XEN_DOMCTL_shadow_op; without effect while that logs nothing."),
            Row.Done(DmOp.SetMemType, "DmMemoryOps.SetType").InOut<DmOpMemoryType>().DeviceModel().Preemptible().Errors("EINVAL ENOMEM")
                .Note("Memory that becomes a device's goes back to the machine; Xen leaves it with the domain, unmapped."),
            Row.Done(DmOp.InjectEvent, "DmInterruptOps.InjectEvent").In<DmOpInjectEvent>().DeviceModel().Errors("EINVAL EBUSY")
                .Note("An external interrupt waits until the vCPU takes interrupts; on Xen it ends the domain, on Intel's processors if it comes before that, on AMD's always, as for an NMI."),
            Row.Done(DmOp.InjectMsi, "DmInterruptOps.InjectMessage").In<DmOpInjectMsi>().DeviceModel().Errors("EINVAL ERANGE EINVAL ESRCH"),
            Row.Done(DmOp.MapMemTypeToIoreqServer, "DmServerOps.MapMemory").InOut<DmOpMapMemoryType>().DeviceModel().Preemptible()
                .Errors("EINVAL ENOENT EPERM EBUSY EINVAL EFAULT"),
            Row.Done(DmOp.RemoteShutdown, "DmInterruptOps.Shutdown").In<DmOpRemoteShutdown>().DeviceModel(),
            Row.Done(DmOp.RelocateMemory, "DmMemoryOps.Relocate").InOut<DmOpRelocate>().DeviceModel().Preemptible().Errors("EINVAL ENOENT ENOMEM"),
            Row.Done(DmOp.PinMemoryCacheattr, "DmMemoryOps.PinCaching").In<DmOpPinCaching>().DeviceModel().Errors("EINVAL EBUSY ENOENT ENOSPC")
                .Note("Without effect: the memory of a domain without devices is cached by write-back, as on Xen."),
            Row.Absent(DmOp.SetIrqLevel, "for Arm", Errno.EOPNOTSUPP).In<DmOpIrqLevel>().DeviceModel(),
            Row.Done(DmOp.NrVcpus, "DmInterruptOps.CountVcpus").Out<DmOpVcpuCount>().DeviceModel().Errors("EFAULT"),
        ],
    };
}
