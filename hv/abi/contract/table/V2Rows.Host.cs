namespace Xenolith.Abi.Contract.Table;

/// <summary>From 64 on: calls of ours, whose arguments are numbers in registers and guest-physical addresses.</summary>
internal static class V2Rows
{
    private const string Ours = "Ours; see [v2-calls.md](v2-calls.md).";

    private const string Frames = "The result is the number of frames that are done, from the first on; an error if that is none.";

    public static HypercallGroup Query => new()
    {
        Number = Hypercall.V2Query,
        Self = new() { Name = "xenolith_query", Since = HypercallRow.Own, Note = Ours },
        Selector = Selector.FirstWide,
        Parameters = "op, a1, a2",
        Rows =
        [
            Row.V2(V2QueryOp.Version, "V2QueryOps.Version").Takes("op").User(UserCalls.QueryVersion).Unlocked(),
            Row.V2(V2QueryOp.Operations, "V2QueryOps.Operations").Takes("op, number").User(UserCalls.QueryOperations).Errors("ENOENT"),
            Row.V2(V2QueryOp.UserCalls, "V2QueryOps.UserCalls").Takes("op, vcpuid").Of(CallFeature.User).Errors("ENOENT"),
            Row.V2(V2QueryOp.SetUserCalls, "V2QueryOps.SetUserCalls").Takes("op, vcpuid, bits").Of(CallFeature.User).Errors("ENOENT EINVAL"),
        ],
    };

    public static HypercallGroup Hctlb => new()
    {
        Number = Hypercall.V2Hctlb,
        Self = new() { Name = "xenolith_hctlb", Since = HypercallRow.Own, Note = Ours },
        Selector = Selector.FirstWide,
        Parameters = "op, list, count, a3, cookie",
        Rows =
        [
            Row.V2(V2HctlbOp.Batch, "V2HctlbOps.Batch").Of(CallFeature.Table).InOut<HypercallTlbCall>().Preemptible().Errors("E2BIG EBADF EINVAL EAGAIN EFAULT")
                .Note("The result is the number of calls that failed."),
        ],
    };

    public static HypercallGroup Memory => new()
    {
        Number = Hypercall.V2Memory,
        Self = new() { Name = "xenolith_memory", Since = HypercallRow.Own, Note = Ours },
        Selector = Selector.FirstWide,
        Parameters = "op, list, count, a3, cookie",
        Rows =
        [
            Row.V2(V2MemoryOp.Populate, "V2MemoryOps.Populate").Preemptible().Allocates().Errors("E2BIG EBADF EINVAL EAGAIN EFAULT EINVAL ENOMEM").Note(Frames),
            Row.V2(V2MemoryOp.Decrease, "V2MemoryOps.Decrease").Preemptible().Errors("E2BIG EBADF EINVAL EAGAIN EFAULT EINVAL").Note(Frames),
            Row.V2(V2MemoryOp.Pages, "V2MemoryOps.Pages").Takes("op"),
            Row.V2(V2MemoryOp.MostPages, "V2MemoryOps.MostPages").Takes("op"),
            Row.V2(V2MemoryOp.MaximumGfn, "V2MemoryOps.MaximumGfn").Takes("op"),
        ],
    };

    public static HypercallGroup Event => new()
    {
        Number = Hypercall.V2Event,
        Self = new() { Name = "xenolith_event", Since = HypercallRow.Own, Note = Ours },
        Selector = Selector.FirstWide,
        Parameters = "op, a1, a2",
        Rows =
        [
            Row.V2(V2EventOp.BindInterdomain, "V2EventOps.BindInterdomain").Takes("op, domid, port").Allocates().Errors("ESRCH ENOSPC ENOMEM EINVAL"),
            Row.V2(V2EventOp.BindVirq, "V2EventOps.BindVirq").Takes("op, virq, vcpuid").Allocates().Errors("EINVAL ENOENT EEXIST ENOSPC ENOMEM"),
            Row.V2(V2EventOp.Close, "V2EventOps.Close").Takes("op, port").Errors("EINVAL"),
            Row.V2(V2EventOp.Send, "V2EventOps.Send").Takes("op, port").User(UserCalls.EventSend).Errors("EINVAL"),
            Row.V2(V2EventOp.Status, "V2EventOps.Status").Takes("op, port").User(UserCalls.EventStatus).Errors("EINVAL"),
            Row.V2(V2EventOp.AllocUnbound, "V2EventOps.AllocateUnbound").Takes("op, domid").Allocates().Errors("ESRCH ENOSPC ENOMEM"),
            Row.V2(V2EventOp.BindIpi, "V2EventOps.BindIpi").Takes("op, vcpuid").Allocates().Errors("ENOENT ENOSPC ENOMEM"),
            Row.V2(V2EventOp.BindVcpu, "V2EventOps.BindVcpu").Takes("op, port, vcpuid").Errors("ENOENT EINVAL"),
            Row.V2(V2EventOp.Unmask, "V2EventOps.Unmask").Takes("op, port").User(UserCalls.EventUnmask).Errors("EINVAL"),
        ],
    };

    public static HypercallGroup Vcpu => new()
    {
        Number = Hypercall.V2Vcpu,
        Self = new() { Name = "xenolith_vcpu", Since = HypercallRow.Own, Note = Ours },
        Selector = Selector.FirstWide,
        Parameters = "op, vcpuid",
        Rows =
        [
            Row.V2(V2VcpuOp.Up, "V2VcpuOps.Up").Errors("ENOENT EINVAL"),
            Row.V2(V2VcpuOp.Down, "V2VcpuOps.Down").Errors("ENOENT").Note("The last vCPU down powers the domain off."),
            Row.V2(V2VcpuOp.IsUp, "V2VcpuOps.IsUp").User(UserCalls.VcpuIsUp).Unlocked().Errors("ENOENT"),
            Row.V2(V2VcpuOp.SendNmi, "V2VcpuOps.SendNmi").Errors("ENOENT"),
            Row.V2(V2VcpuOp.Own, "V2VcpuOps.Own").Takes("op").User(UserCalls.VcpuOwn).Unlocked(),
            Row.V2(V2VcpuOp.SwitchView, "V2VcpuOps.SwitchView").Takes("op, view").Unlocked().Errors("EOPNOTSUPP EPERM EINVAL")
                .Note("The caller's own; shown by the bit of HVMOP_altp2m's switch_vcpu within the domain. See [altp2m.md](altp2m.md)."),
        ],
    };
}
