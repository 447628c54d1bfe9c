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
        Parameters = "cmd, uop, count",
        Rows =
        [
            Row.Done(GrantTableOp.MapGrantRef, "GrantBatchOps.Map").InOut<GnttabMapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_gntref bad_domain bad_gntref; EFAULT")
                .Note("A grant that could be mapped answers general_error: mappings are not written yet."),
            Row.Done(GrantTableOp.UnmapGrantRef, "GrantBatchOps.Unmap").InOut<GnttabUnmapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_handle; EFAULT").Note("No mapping exists, so no handle is good."),
            Row.Done(GrantTableOp.SetupTable, "GrantTableOps.SetupTable").InOut<GnttabSetupTable, GnttabSetupTable32>().Target().Allocates()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied general_error bad_virt_addr; EFAULT"),
            Row.Absent(GrantTableOp.DumpTable).InOut<GnttabDumpTable>(),
            Row.Absent(GrantTableOp.Transfer).InOut<GnttabTransfer, GnttabTransfer32>(),
            Row.Done(GrantTableOp.Copy, "GrantBatchOps.Copy").InOut<GnttabCopy, GnttabCopy32>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied bad_gntref bad_page bad_copy_arg; EFAULT")
                .Note("Between frames of the caller; a grant reference answers general_error."),
            Row.Done(GrantTableOp.QuerySize, "GrantTableOps.QuerySize").InOut<GnttabQuerySize>().Target()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied; EFAULT"),
            Row.Absent(GrantTableOp.UnmapAndReplace).InOut<GnttabUnmapAndReplace>(),
            Row.Done(GrantTableOp.SetVersion, "GrantTableOps.SetVersion").InOut<GnttabSetVersion>().Allocates().Errors("EFAULT EINVAL ENOMEM ERANGE EFAULT"),
            Row.Absent(GrantTableOp.GetStatusFrames).InOut<GnttabGetStatusFrames, GnttabGetStatusFrames32>(),
            Row.Done(GrantTableOp.GetVersion, "GrantTableOps.GetVersion").InOut<GnttabGetVersion>().Target().Errors("EFAULT ESRCH EPERM EFAULT"),
            Row.Done(GrantTableOp.SwapGrantRef, "GrantBatchOps.Swap").InOut<GnttabSwapGrantRef>().Preemptible()
                .Errors("EINVAL EFAULT; status bad_gntref; EFAULT"),
            Row.Absent(GrantTableOp.CacheFlush).In<GnttabCacheFlush>(),
        ],
    };
}
