namespace Xenolith.Abi.Contract.Table;

/// <summary>29: sched_op.</summary>
internal static class SchedRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.SchedOp,
        Self = new() { Name = "sched_op" },
        Selector = Selector.First,
        Exposure = ExposureGroup.Sched,
        Parameters = "cmd, *arg",
        Rows =
        [
            Row.Done(SchedOp.Yield, "SchedOps.Yield"),
            Row.Done(SchedOp.Block, "SchedOps.Block"),
            Row.Done(SchedOp.Shutdown, "SchedOps.Shutdown").In<SchedShutdown>().Errors("EFAULT"),
            Row.Done(SchedOp.Poll, "SchedOps.Poll").In<SchedPoll, SchedPoll32>().Errors("EFAULT EINVAL EFAULT EINVAL"),
            Row.Done(SchedOp.RemoteShutdown, "SchedOps.RemoteShutdown").In<SchedRemoteShutdown>().DeviceModel().Errors("EFAULT ESRCH EPERM"),
            Row.Done(SchedOp.ShutdownCode, "SchedOps.ShutdownCode").In<SchedShutdown>().Errors("EFAULT")
                .Note("Wins over the reason that shutdown gives later."),
            Row.Done(SchedOp.Watchdog, "SchedOps.Watchdog").In<SchedWatchdog>().Errors("EFAULT EINVAL ENOSPC")
                .Note("ENOSPC is 2^32 - 28 to a 64-bit caller, as 4.17.7 gives it back."),
            Row.Done(SchedOp.PinOverride, "SchedOps.PinOverride").In<SchedPinOverride>().Privileged().Errors("EPERM EFAULT EINVAL EBUSY"),
        ],
    };
}
