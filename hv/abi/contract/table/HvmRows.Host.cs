namespace Xenolith.Abi.Contract.Table;

/// <summary>34: hvm_op.</summary>
internal static class HvmRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.HvmOp,
        Self = new() { Name = "hvm_op" },
        Selector = Selector.FirstWide,
        Exposure = ExposureGroup.Hvm,
        Parameters = "op, *arg",
        Rows =
        [
            Row.Done(HvmOp.SetParam, "HvmParameterOps.Set").In<HvmParam>().Target().Errors("EFAULT EINVAL ESRCH EPERM EINVAL EEXIST ENODEV EINVAL"),
            Row.Done(HvmOp.GetParam, "HvmParameterOps.Get").InOut<HvmParam>().Target().Errors("EFAULT EINVAL ESRCH EPERM EINVAL EFAULT"),
            Row.Done(HvmOp.FlushTlbs, "HvmOps.FlushTlbs").Errors("EINVAL"),
            Row.Done(HvmOp.PagetableDying, "HvmOps.PageTableDying").In<HvmPagetableDying>().Errors("EFAULT ESRCH EINVAL")
                .Note("Always EINVAL in the end, as on Xen with nested paging."),
            Row.Done(HvmOp.GetTime, "HvmOps.GetTime").Out<HvmGetTime>().Errors("EFAULT"),
            Row.Done(HvmOp.Xentrace, "HvmOps.Trace").In<HvmXentrace>().Errors("EFAULT EINVAL").Note("There is no trace buffer: the record is dropped, as on Xen while tracing is off."),
            Row.Absent(HvmOp.SetMemAccess, "gone since 4.5"),
            Row.Absent(HvmOp.GetMemAccess, "gone since 4.5"),
            Row.Done(HvmOp.GetMemType, "HvmOps.GetMemoryType").InOut<HvmGetMemType>().Target().Errors("EFAULT ESRCH EPERM EFAULT"),
            Row.Done(HvmOp.SetEvtchnUpcallVector, "HvmOps.SetUpcallVector").In<HvmEvtchnUpcallVector>().Errors("EFAULT EINVAL ENOENT"),
            Row.Done(HvmOp.GuestRequestVmEvent, "HvmOps.GuestRequest").Errors("EINVAL").Note("Tells who listens to the domain ([Listening to a domain](monitor.md)); 0 without effect if nobody does."),
            Row.Done(HvmOp.Altp2m, "HvmOpAltp2m").InOut<HvmAltp2mOp, HvmAltp2mOp32>().Errors("EOPNOTSUPP EFAULT EINVAL EOPNOTSUPP ESRCH EOPNOTSUPP EINVAL EPERM")
                .Note("The subops have rows of their own, below. EOPNOTSUPP without the boot option altp2m, as on Xen."),
        ],
    };
}
