namespace Xenolith.Abi.Contract;

/// <summary>event_channel_op: EVTCHNOP_* (public/event_channel.h).</summary>
public enum EventChannelOp : uint
{
    [XenConstant("EVTCHNOP_bind_interdomain")] BindInterdomain = 0,
    [XenConstant("EVTCHNOP_bind_virq")] BindVirq = 1,
    [XenConstant("EVTCHNOP_bind_pirq")] BindPirq = 2,
    [XenConstant("EVTCHNOP_close")] Close = 3,
    [XenConstant("EVTCHNOP_send")] Send = 4,
    [XenConstant("EVTCHNOP_status")] Status = 5,
    [XenConstant("EVTCHNOP_alloc_unbound")] AllocUnbound = 6,
    [XenConstant("EVTCHNOP_bind_ipi")] BindIpi = 7,
    [XenConstant("EVTCHNOP_bind_vcpu")] BindVcpu = 8,
    [XenConstant("EVTCHNOP_unmask")] Unmask = 9,
    [XenConstant("EVTCHNOP_reset")] Reset = 10,
    [XenConstant("EVTCHNOP_init_control")] InitControl = 11,
    [XenConstant("EVTCHNOP_expand_array")] ExpandArray = 12,
    [XenConstant("EVTCHNOP_set_priority")] SetPriority = 13,
    /// <summary>The continuation of reset; the number is Xen's own and a guest that states it gets -ENOSYS unless it continues one.</summary>
    [XenUnstated("public/event_channel.h, under __XEN__")] ResetCont = 14,
}
