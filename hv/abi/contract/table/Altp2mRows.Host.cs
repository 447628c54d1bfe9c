namespace Xenolith.Abi.Contract.Table;

/// <summary>HVMOP_altp2m's subops: views of a domain's memory. Their argument is one structure, whose union the subop chooses from.</summary>
internal static class Altp2mRows
{
    private const string OwnMemory = "Its own memory alone: a view is made of what the host p2m maps, and ";

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.HvmOp,
        Parent = HvmOp.Altp2m,
        Self = new()
        {
            Name = "HVMOP_altp2m", Argument = typeof(HvmAltp2mOp), NarrowArgument = typeof(HvmAltp2mOp32), Direction = Direction.InOut, Permission = Permission.Target,
            Errors = "EOPNOTSUPP EFAULT EINVAL EOPNOTSUPP ESRCH EOPNOTSUPP EINVAL EPERM",
        },
        Selector = Selector.InArgument,
        Frame = "Altp2mOps",
        Exposure = ExposureGroup.Altp2mInside,
        OutsideExposure = ExposureGroup.Altp2mOutside,
        Parameters = "op, *arg",
        Rows =
        [
            Row.Done(Altp2mOp.GetDomainState, "Altp2mStateOps.Get").Out<HvmAltp2mDomainState>().Target().Errors("EFAULT")
                .Inside("Tells what it can find out by any other subop."),
            Row.NotYet(Altp2mOp.SetDomainState, Errno.EOPNOTSUPP).In<HvmAltp2mDomainState>().Target(),
            Row.NotYet(Altp2mOp.VcpuEnableNotify, Errno.EOPNOTSUPP).In<HvmAltp2mVcpuEnableNotify>().Target(),
            Row.NotYet(Altp2mOp.CreateP2m, Errno.EOPNOTSUPP).InOut<HvmAltp2mView>().Target(),
            Row.NotYet(Altp2mOp.DestroyP2m, Errno.EOPNOTSUPP).In<HvmAltp2mView>().Target(),
            Row.NotYet(Altp2mOp.SwitchP2m, Errno.EOPNOTSUPP).In<HvmAltp2mView>().Target(),
            Row.NotYet(Altp2mOp.SetMemAccess, Errno.EOPNOTSUPP).In<HvmAltp2mMemAccess>().Target(),
            Row.NotYet(Altp2mOp.ChangeGfn, Errno.EOPNOTSUPP).In<HvmAltp2mChangeGfn>().Target(),
            Row.NotYet(Altp2mOp.SetMemAccessMulti, Errno.EOPNOTSUPP).InOut<HvmAltp2mSetMemAccessMulti, HvmAltp2mSetMemAccessMulti32>().Target(),
            Row.NotYet(Altp2mOp.SetSuppressVe, Errno.EOPNOTSUPP).In<HvmAltp2mSuppressVe>().Target(),
            Row.NotYet(Altp2mOp.GetSuppressVe, Errno.EOPNOTSUPP).InOut<HvmAltp2mSuppressVe>().Target(),
            Row.NotYet(Altp2mOp.GetMemAccess, Errno.EOPNOTSUPP).InOut<HvmAltp2mMemAccess>().Target(),
            Row.NotYet(Altp2mOp.VcpuDisableNotify, Errno.EOPNOTSUPP).In<HvmAltp2mVcpuDisableNotify>().Target(),
            Row.NotYet(Altp2mOp.GetP2mIdx, Errno.EOPNOTSUPP).InOut<HvmAltp2mGetVcpuP2mIdx>().Target(),
            Row.NotYet(Altp2mOp.SetSuppressVeMulti, Errno.EOPNOTSUPP).InOut<HvmAltp2mSuppressVeMulti>().Target(),
            Row.NotYet(Altp2mOp.SetVisibility, Errno.EOPNOTSUPP).In<HvmAltp2mSetVisibility>().Target(),
        ],
    };
}
