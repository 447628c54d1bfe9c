namespace Xenolith.Abi.Contract.Table;

/// <summary>32: event_channel_op.</summary>
internal static class EventChannelRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.EventChannelOp,
        Self = new() { Name = "event_channel_op" },
        Selector = Selector.First,
        Exposure = ExposureGroup.EventChannel,
        Parameters = "cmd, *arg",
        Rows =
        [
            Row.Done(EventChannelOp.BindInterdomain, "EventChannelOps.BindInterdomain").InOut<EvtchnBindInterdomain>().Allocates()
                .Errors("EFAULT ESRCH ENOSPC ENOMEM EINVAL EFAULT"),
            Row.Done(EventChannelOp.BindVirq, "EventChannelOps.BindVirq").InOut<EvtchnBindVirq>().Allocates().Errors("EFAULT EINVAL ENOENT EEXIST ENOSPC ENOMEM EFAULT"),
            Row.Done(EventChannelOp.BindPirq, "EventChannelOps.BindPirq").InOut<EvtchnBindPirq>().Errors("EFAULT EINVAL")
                .Note("Domains have no PIRQs, so every number is past the last; Xen gives an initial domain as many as the machine has GSIs."),
            Row.Done(EventChannelOp.Close, "EventChannelOps.Close").In<EvtchnClose>().Errors("EFAULT EINVAL"),
            Row.Done(EventChannelOp.Send, "EventChannelOps.Send").In<EvtchnSend>().Errors("EFAULT EINVAL"),
            Row.Done(EventChannelOp.Status, "EventChannelOps.Status").InOut<EvtchnStatus>().Target().Errors("EFAULT ESRCH EINVAL EPERM EFAULT"),
            Row.Done(EventChannelOp.AllocUnbound, "EventChannelOps.AllocateUnbound").InOut<EvtchnAllocUnbound>().Allocates().Target()
                .Errors("EFAULT ESRCH EPERM ENOSPC ENOMEM EFAULT"),
            Row.Done(EventChannelOp.BindIpi, "EventChannelOps.BindIpi").InOut<EvtchnBindIpi>().Allocates().Errors("EFAULT ENOENT ENOSPC ENOMEM EFAULT"),
            Row.Done(EventChannelOp.BindVcpu, "EventChannelOps.BindVcpu").In<EvtchnBindVcpu>().Errors("EFAULT ENOENT EINVAL"),
            Row.Done(EventChannelOp.Unmask, "EventChannelOps.Unmask").In<EvtchnUnmask>().Errors("EFAULT EINVAL"),
            Row.Done(EventChannelOp.Reset, "EventChannelOps.Reset").In<EvtchnReset>().Target().Preemptible()
                .Errors("EFAULT ESRCH EPERM EINVAL EBUSY EAGAIN").Note("Back to two levels."),
            Row.Done(EventChannelOp.InitControl, "EventChannelOps.InitialiseControl").InOut<EvtchnInitControl>().Errors("EFAULT ENOENT EINVAL EFAULT")
                .Note("The first one changes the domain to the FIFO ABI."),
            Row.Done(EventChannelOp.ExpandArray, "EventChannelOps.ExpandArray").In<EvtchnExpandArray>().Errors("EFAULT EOPNOTSUPP ENOSPC EINVAL")
                .Note("EOPNOTSUPP while the domain uses two levels."),
            Row.Done(EventChannelOp.SetPriority, "EventChannelOps.SetPriority").In<EvtchnSetPriority>().Errors("EFAULT EINVAL ENOSYS EACCES EINVAL")
                .Note("ENOSYS while the domain uses two levels."),
            Row.Done(EventChannelOp.ResetCont, "EventChannelOps.ContinueReset").In<EvtchnReset>().Target().Preemptible()
                .Errors("EFAULT ESRCH EPERM EINVAL EBUSY EAGAIN").Note("The continuation of reset."),
        ],
    };
}
