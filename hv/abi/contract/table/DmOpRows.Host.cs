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
        Parameters = "domid, nr_bufs, **bufs",
        Rows =
        [
            Row.NotYet(DmOp.CreateIoreqServer).InOut<DmOpCreateServer>().DeviceModel(),
            Row.NotYet(DmOp.GetIoreqServerInfo).InOut<DmOpServerInformation>().DeviceModel(),
            Row.NotYet(DmOp.MapIoRangeToIoreqServer).In<DmOpRange>().DeviceModel(),
            Row.NotYet(DmOp.UnmapIoRangeFromIoreqServer).In<DmOpRange>().DeviceModel(),
            Row.NotYet(DmOp.SetIoreqServerState).In<DmOpServerState>().DeviceModel(),
            Row.NotYet(DmOp.DestroyIoreqServer).In<DmOpDestroyServer>().DeviceModel(),
            Row.Done(DmOp.TrackDirtyVram, "DmMemoryOps.TrackDirty").In<DmOpTrackDirty>().DeviceModel().Errors("EINVAL ESRCH EINVAL EFAULT")
                .Note("Writes are not logged: every frame counts as written each time, on Xen only the first time."),
            Row.Done(DmOp.SetPciIntxLevel, "DmInterruptOps.SetPciLevel").In<DmOpPciLevel>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.SetIsaIrqLevel, "DmInterruptOps.SetIsaLevel").In<DmOpIsaLevel>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.SetPciLinkRoute, "DmInterruptOps.SetLinkRoute").In<DmOpLinkRoute>().DeviceModel().Errors("EINVAL").Note(NoController),
            Row.Done(DmOp.ModifiedMemory, "DmMemoryOps.Modified").InOut<DmOpModifiedMemory>().DeviceModel().Errors("EINVAL")
                .Note("Nothing is logged, and then Xen does no more either."),
            Row.Done(DmOp.SetMemType, "DmMemoryOps.SetType").InOut<DmOpMemoryType>().DeviceModel().Preemptible().Errors("EINVAL ENOMEM")
                .Note("Memory that becomes a device's goes back to the machine; Xen leaves it with the domain, unmapped."),
            Row.Done(DmOp.InjectEvent, "DmInterruptOps.InjectEvent").In<DmOpInjectEvent>().DeviceModel().Errors("EINVAL EBUSY")
                .Note("An external interrupt waits until the vCPU takes interrupts; on Xen it ends the domain before that, on Intel's processors."),
            Row.Done(DmOp.InjectMsi, "DmInterruptOps.InjectMessage").In<DmOpInjectMsi>().DeviceModel().Errors("EINVAL ERANGE EINVAL ESRCH"),
            Row.NotYet(DmOp.MapMemTypeToIoreqServer).InOut<DmOpMapMemoryType>().DeviceModel(),
            Row.Done(DmOp.RemoteShutdown, "DmInterruptOps.Shutdown").In<DmOpRemoteShutdown>().DeviceModel(),
            Row.Done(DmOp.RelocateMemory, "DmMemoryOps.Relocate").InOut<DmOpRelocate>().DeviceModel().Preemptible().Errors("EINVAL ENOENT ENOMEM"),
            Row.Done(DmOp.PinMemoryCacheattr, "DmMemoryOps.PinCaching").In<DmOpPinCaching>().DeviceModel().Errors("EINVAL EBUSY ENOENT ENOSPC")
                .Note("Without effect: the memory of a domain without devices is cached by write-back, as on Xen."),
            Row.Absent(DmOp.SetIrqLevel, "for Arm", Errno.EOPNOTSUPP).In<DmOpIrqLevel>().DeviceModel(),
            Row.Done(DmOp.NrVcpus, "DmInterruptOps.CountVcpus").Out<DmOpVcpuCount>().DeviceModel().Errors("EFAULT"),
        ],
    };
}
