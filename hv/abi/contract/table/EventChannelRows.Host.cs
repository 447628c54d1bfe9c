namespace Xenolith.Abi.Contract.Table;

/// <summary>32: event_channel_op.</summary>
internal static class EventChannelRows
{
    internal const string AllPortsAreThere = "All ports of the layout are valid from the start; Xen's table grows by 64 with use.";

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.EventChannelOp,
        Self = new() { Name = "event_channel_op" },
        Selector = Selector.First,
        Exposure = ExposureGroup.EventChannel,
        Parameters = "cmd, arg",
        Rows =
        [
            Row.Done(EventChannelOp.BindInterdomain, "EventChannelOps.BindInterdomain").InOut<EvtchnBindInterdomain>()
                .Errors("EFAULT ESRCH ENOSPC EINVAL EFAULT"),
            Row.Done(EventChannelOp.BindVirq, "EventChannelOps.BindVirq").InOut<EvtchnBindVirq>().Errors("EFAULT EINVAL ENOENT EEXIST ENOSPC EFAULT"),
            Row.Done(EventChannelOp.BindPirq, "EventChannelOps.BindPirq").InOut<EvtchnBindPirq>().Errors("EFAULT EINVAL")
                .Note("Domains have no PIRQs, so every number is past the last; Xen gives an initial domain as many as the machine has GSIs."),
            Row.Done(EventChannelOp.Close, "EventChannelOps.Close").In<EvtchnClose>().Errors("EFAULT EINVAL"),
            Row.Done(EventChannelOp.Send, "EventChannelOps.Send").In<EvtchnSend>().Errors("EFAULT EINVAL"),
            Row.Done(EventChannelOp.Status, "EventChannelOps.Status").InOut<EvtchnStatus>().Target().Errors("EFAULT ESRCH EPERM EINVAL EFAULT")
                .Note(AllPortsAreThere),
            Row.Done(EventChannelOp.AllocUnbound, "EventChannelOps.AllocateUnbound").InOut<EvtchnAllocUnbound>().Target()
                .Errors("EFAULT ESRCH EPERM ENOSPC EFAULT"),
            Row.Done(EventChannelOp.BindIpi, "EventChannelOps.BindIpi").InOut<EvtchnBindIpi>().Errors("EFAULT ENOENT ENOSPC EFAULT"),
            Row.Done(EventChannelOp.BindVcpu, "EventChannelOps.BindVcpu").In<EvtchnBindVcpu>().Errors("EFAULT ENOENT EINVAL"),
            Row.Done(EventChannelOp.Unmask, "EventChannelOps.Unmask").In<EvtchnUnmask>().Errors("EFAULT EINVAL")
                .Note(AllPortsAreThere),
            Row.Done(EventChannelOp.Reset, "EventChannelOps.Reset").In<EvtchnReset>().Target().Errors("EFAULT ESRCH EPERM EINVAL"),
            Row.NotYet(EventChannelOp.InitControl, note: "the FIFO ABI; guests fall back to two levels").InOut<EvtchnInitControl>(),
            Row.Done(EventChannelOp.ExpandArray, "EventChannelOps.ExpandArray").In<EvtchnExpandArray>().Errors("EFAULT EOPNOTSUPP")
                .Note("Always EOPNOTSUPP, as on Xen for a domain that uses two levels."),
            Row.Done(EventChannelOp.SetPriority, "EventChannelOps.SetPriority").In<EvtchnSetPriority>().Errors("EFAULT EINVAL ENOSYS")
                .Note("ENOSYS for any port, as on Xen for a domain that uses two levels."),
            Row.Done(EventChannelOp.ResetCont, "EventChannelOps.ContinueReset").In<EvtchnReset>().Target().Errors("EFAULT ESRCH EPERM EBUSY")
                .Note("A reset is never interrupted, so there is none to continue."),
        ],
    };
}
