namespace Xenolith.Abi.Contract.Table;

/// <summary>HVMOP_altp2m's subops: views of a domain's memory. Their argument is one structure, whose union the subop chooses from.</summary>
internal static class Altp2mRows
{
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
                .Inside("Tells what the answers of the others tell."),
            Row.Done(Altp2mOp.SetDomainState, "Altp2mStateOps.Set").In<HvmAltp2mDomainState>().Target().Preemptible().Errors("EINVAL ENOMEM ENOSPC")
                .Inside("Off, it ends what a monitor outside has made, as any change from inside does in mode mixed: who needs that to last gives the domain another mode. What views had goes back in bounded steps."),
            Row.Done(Altp2mOp.VcpuEnableNotify, "Altp2mStateOps.EnableNotify").In<HvmAltp2mVcpuEnableNotify>().Target().Errors("EINVAL EEXIST EINVAL")
                .Inside("The page is the domain's own writable memory, and pinned: no other's frame is written, nor this one once it is another's."),
            Row.Done(Altp2mOp.CreateP2m, "Altp2mViewOps.Create").InOut<HvmAltp2mView>().Target().Errors("EINVAL EOPNOTSUPP ENOMEM ENOSPC EFAULT")
                .Inside("Views are as many as the domain was given, and their tables together as large as it was given; a root is one frame.")
                .Note("EOPNOTSUPP: rights that the processor's tables can't say."),
            Row.Done(Altp2mOp.DestroyP2m, "Altp2mViewOps.Destroy").In<HvmAltp2mView>().Target().Errors("EBUSY")
                .Inside("None that a vCPU is in; one that runs is made to leave its guest before it is counted."),
            Row.Done(Altp2mOp.SwitchP2m, "Altp2mViewOps.Switch").In<HvmAltp2mView>().Target().Errors("EINVAL")
                .Inside("To what is visible to it, as VMFUNC; it can leave a view that a monitor has put it in, unless that hides the others."),
            Row.Done(Altp2mOp.SetMemAccess, "Altp2mFrameOps.SetAccess").In<HvmAltp2mMemAccess>().Target().Errors("EINVAL EOPNOTSUPP ENOMEM ENOSPC")
                .Inside("Takes rights of its own accesses alone: the hypervisor's copies for it and those of others are not bound by them. It can give itself back what a monitor took: mode external is for that.")
                .Note("View 0 stands for the host p2m, and so does frame ~0, its default, in any view."),
            Row.Done(Altp2mOp.ChangeGfn, "Altp2mFrameOps.Change").In<HvmAltp2mChangeGfn>().Target().Errors("EINVAL ESRCH ENOMEM ENOSPC")
                .Inside("Both frames are its own memory, and what leads to one ends when the host p2m lets that go."),
            Row.Done(Altp2mOp.SetMemAccessMulti, "Altp2mListOps.SetAccesses").InOut<HvmAltp2mSetMemAccessMulti, HvmAltp2mSetMemAccessMulti32>().Target().Preemptible()
                .Errors("EINVAL EFAULT EINVAL EOPNOTSUPP ENOMEM ENOSPC EFAULT").Inside("As set_mem_access, a budget of frames a pass; each element is read once."),
            Row.Done(Altp2mOp.SetSuppressVe, "Altp2mFrameOps.SetSuppressed").In<HvmAltp2mSuppressVe>().Target().Errors("EINVAL ESRCH ENOMEM ENOSPC")
                .Inside("Who is told of a violation: it itself in place of a monitor, which mode mixed leaves to it."),
            Row.Done(Altp2mOp.GetSuppressVe, "Altp2mFrameOps.GetSuppressed").InOut<HvmAltp2mSuppressVe>().Target().Errors("EINVAL ESRCH EFAULT")
                .Inside("Tells what was set."),
            Row.Done(Altp2mOp.GetMemAccess, "Altp2mFrameOps.GetAccess").InOut<HvmAltp2mMemAccess>().Target().Errors("EINVAL ESRCH EFAULT")
                .Inside("Tells what was set."),
            Row.Done(Altp2mOp.VcpuDisableNotify, "Altp2mStateOps.DisableNotify").In<HvmAltp2mVcpuDisableNotify>().Target().Errors("EINVAL")
                .Inside("Lets the page go, once no CPU writes it.").Note("VMFUNC stays, as on Xen, until views are off."),
            Row.Done(Altp2mOp.GetP2mIdx, "Altp2mViewOps.GetIndex").InOut<HvmAltp2mGetVcpuP2mIdx>().Target().Errors("EINVAL EFAULT")
                .Inside("Tells which view a vCPU is in."),
            Row.Done(Altp2mOp.SetSuppressVeMulti, "Altp2mListOps.SetSuppressed").InOut<HvmAltp2mSuppressVeMulti>().Target().Preemptible().Errors("EINVAL EFAULT")
                .Inside("As set_suppress_ve, a budget of frames a pass; behind the last frame that there ever was it ends."),
            Row.Done(Altp2mOp.SetVisibility, "Altp2mViewOps.SetVisibility").In<HvmAltp2mSetVisibility>().Target().Errors("EINVAL")
                .Inside("Opens to its VMFUNC what a monitor hid: mode external is against that. Entries are roots of its own views, or none."),
            Row.Done(Altp2mOp.Capabilities, "Altp2mOwnOps.GetCapabilities").Out<Altp2mCapabilities>().Target().Since(HypercallRow.Own).Errors("EFAULT")
                .Inside("Tells what it may have and has, and what the processor can."),
            Row.Done(Altp2mOp.Describe, "Altp2mOwnOps.Describe").InOut<Altp2mViewDescription>().Target().Since(HypercallRow.Own).Errors("ENOENT EFAULT")
                .Inside("Tells of its own views."),
            Row.Done(Altp2mOp.SwitchVcpu, "Altp2mOwnOps.SwitchVcpu").In<Altp2mSwitchVcpu>().Target().Since(HypercallRow.Own).Errors("EINVAL")
                .Inside("As switch_p2m, of one vCPU."),
            Row.Done(Altp2mOp.NextLost, "Altp2mOwnOps.FindLost").InOut<Altp2mLost>().Target().Preemptible().Since(HypercallRow.Own).Errors("EINVAL ENOENT EFAULT")
                .Inside("Tells of its own views; a budget of records a pass."),
            Row.Done(Altp2mOp.Transaction, "Altp2mOwnOps.Change").InOut<Altp2mTransaction>().Target().Since(HypercallRow.Own)
                .Errors("E2BIG; of each change: EFAULT EINVAL ESRCH EOPNOTSUPP ENOMEM ENOSPC; EFAULT")
                .Inside("As the subops for one frame, 64 of them at most under one lock."),
        ],
    };
}
