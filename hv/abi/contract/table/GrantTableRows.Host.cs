namespace Xenolith.Abi.Contract.Table;

/// <summary>20: grant_table_op.</summary>
internal static class GrantTableRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.GrantTableOp,
        Self = new() { Name = "grant_table_op", Errors = "EINVAL for a count of 2^31 or more, to operations that are there" },
        Selector = Selector.First,
        Exposure = ExposureGroup.GrantTable,
        Parameters = "cmd, *uop, count",
        Rows =
        [
            Row.Done(GrantTableOp.MapGrantRef, "GrantMapOps.Map").InOut<GnttabMapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_gntref general_error bad_domain no_device_space bad_gntref general_error bad_page general_error; EFAULT")
                .Note("Memory at the address goes back to the machine; Xen leaves it with the domain, unmapped. A mapping there: general_error; Xen ends the caller."),
            Row.Done(GrantTableOp.UnmapGrantRef, "GrantMapOps.Unmap").InOut<GnttabUnmapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_handle general_error; EFAULT").Note("When the granter has ended, its frame goes with the last mapping."),
            Row.Done(GrantTableOp.SetupTable, "GrantTableOps.SetupTable").InOut<GnttabSetupTable, GnttabSetupTable32>().Target().Allocates()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied general_error bad_virt_addr; EFAULT"),
            Row.Absent(GrantTableOp.DumpTable).InOut<GnttabDumpTable>(),
            Row.Absent(GrantTableOp.Transfer).InOut<GnttabTransfer, GnttabTransfer32>(),
            Row.Done(GrantTableOp.Copy, "GrantCopyOps.Copy").InOut<GnttabCopy, GnttabCopy32>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied bad_gntref general_error bad_page bad_copy_arg general_error; EFAULT"),
            Row.Done(GrantTableOp.QuerySize, "GrantTableOps.QuerySize").InOut<GnttabQuerySize>().Target()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied; EFAULT"),
            Row.Absent(GrantTableOp.UnmapAndReplace).InOut<GnttabUnmapAndReplace>(),
            Row.Done(GrantTableOp.SetVersion, "GrantTableOps.SetVersion").InOut<GnttabSetVersion>().Allocates().Errors("EFAULT EINVAL EBUSY ENOMEM ERANGE EFAULT"),
            Row.Absent(GrantTableOp.GetStatusFrames).InOut<GnttabGetStatusFrames, GnttabGetStatusFrames32>(),
            Row.Done(GrantTableOp.GetVersion, "GrantTableOps.GetVersion").InOut<GnttabGetVersion>().Target().Errors("EFAULT ESRCH EPERM EFAULT"),
            Row.Done(GrantTableOp.SwapGrantRef, "GrantBatchOps.Swap").InOut<GnttabSwapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_gntref eagain; EFAULT"),
            Row.Absent(GrantTableOp.CacheFlush).In<GnttabCacheFlush>(),
        ],
    };
}
