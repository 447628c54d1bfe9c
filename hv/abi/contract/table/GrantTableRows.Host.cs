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
            Row.NotYet(GrantTableOp.MapGrantRef).InOut<GnttabMapGrantRef>(),
            Row.NotYet(GrantTableOp.UnmapGrantRef).InOut<GnttabUnmapGrantRef>(),
            Row.Done(GrantTableOp.SetupTable, "GrantTableOps.SetupTable").InOut<GnttabSetupTable, GnttabSetupTable32>().Target().Allocates()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied general_error bad_virt_addr; EFAULT"),
            Row.Absent(GrantTableOp.DumpTable).InOut<GnttabDumpTable>(),
            Row.Absent(GrantTableOp.Transfer).InOut<GnttabTransfer, GnttabTransfer32>(),
            Row.NotYet(GrantTableOp.Copy).InOut<GnttabCopy, GnttabCopy32>(),
            Row.Done(GrantTableOp.QuerySize, "GrantTableOps.QuerySize").InOut<GnttabQuerySize>().Target()
                .Errors("EINVAL EFAULT; status bad_domain permission_denied; EFAULT"),
            Row.Absent(GrantTableOp.UnmapAndReplace).InOut<GnttabUnmapAndReplace>(),
            Row.Done(GrantTableOp.SetVersion, "GrantTableOps.SetVersion").InOut<GnttabSetVersion>().Allocates().Errors("EFAULT EINVAL ENOMEM ERANGE EFAULT"),
            Row.Absent(GrantTableOp.GetStatusFrames).InOut<GnttabGetStatusFrames, GnttabGetStatusFrames32>(),
            Row.Done(GrantTableOp.GetVersion, "GrantTableOps.GetVersion").InOut<GnttabGetVersion>().Target().Errors("EFAULT ESRCH EPERM EFAULT"),
            Row.NotYet(GrantTableOp.SwapGrantRef).InOut<GnttabSwapGrantRef>(),
            Row.Absent(GrantTableOp.CacheFlush).In<GnttabCacheFlush>(),
        ],
    };
}
