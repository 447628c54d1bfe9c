namespace Xenolith.Abi.Contract.Table;

/// <summary>Numbers with few operations or none: console_io, vm_assist, set_timer_op, multicall, xenpmu_op.</summary>
internal static class SmallRows
{
    public static HypercallGroup Console => new()
    {
        Number = Hypercall.ConsoleIo,
        Self = new() { Name = "console_io", Permission = Permission.Privileged, Errors = "EPERM" },
        Selector = Selector.First,
        Prelude = "ConsoleOps.Prepare",
        Parameters = "cmd, count, *buffer",
        Rows =
        [
            Row.Done(ConsoleIoOp.Write, "ConsoleOps.Write").Privileged().Preemptible().Errors("EPERM EFAULT"),
            Row.Done(ConsoleIoOp.Read, "ConsoleOps.Read").Privileged().Errors("EPERM E2BIG EFAULT").Note("The result is the number of bytes."),
        ],
    };

    public static HypercallGroup VmAssist => new()
    {
        Number = Hypercall.VmAssist,
        Self = new() { Name = "vm_assist", Handler = "VmAssistOps.Handle", Errors = "EINVAL ENOSYS" },
        Selector = Selector.First,
        Parameters = "cmd, type",
        Rows =
        [
            Row.Done(VmAssistCommand.Enable, "VmAssistOps.Handle").Errors("EINVAL").Note("Of the types, runstate_update_flag only: the others are for paravirtual guests."),
            Row.Done(VmAssistCommand.Disable, "VmAssistOps.Handle").Errors("EINVAL"),
        ],
    };

    public static HypercallGroup SetTimer => new()
    {
        Number = Hypercall.SetTimerOp,
        Self = new() { Name = "set_timer_op", Handler = "VcpuTimerOps.SetTimer", Unlocked = true },
        Parameters = "timeout (64-bit callers); low, high (32-bit callers)",
    };

    public static HypercallGroup PagingContinuation => new()
    {
        Number = Hypercall.Arch1,
        Self = new()
        {
            Name = "arch_1 (paging_domctl_cont)", Handler = "PagingContinuationOps.Handle", State = RowState.Done, Permission = Permission.Privileged,
            Argument = typeof(Domctl), Direction = Direction.InOut, Preemptible = true, Errors = "EFAULT EOPNOTSUPP ESRCH EPERM EINVAL EBUSY EINVAL ENOMEM EFAULT",
            Note = "Goes on with a XEN_DOMCTL_shadow_op that was not finished in one pass.",
        },
        Parameters = "op",
    };

    public static HypercallGroup Multicall => new()
    {
        Number = Hypercall.Multicall,
        Self = new()
        {
            Name = "multicall", Handler = "MulticallOps.Handle", Argument = typeof(MulticallEntry), NarrowArgument = typeof(MulticallEntry32),
            Direction = Direction.InOut, Preemptible = true, Errors = "EINVAL EFAULT",
        },
        Parameters = "*call_list, nr_calls",
    };

    public static HypercallGroup Mmuext => new()
    {
        Number = Hypercall.MmuextOp,
        Self = new() { Name = "mmuext_op", Handler = "MmuextOps.Handle", Errors = "ESRCH EINVAL", Note = "for paravirtual guests" },
        Selector = Selector.InArgument,
        Parameters = "*op, count, *pdone, foreigndom",
        Rows = Row.Absent<MmuextOp>("for paravirtual guests", Errno.EINVAL),
    };

    public static HypercallGroup Pmu => new()
    {
        Number = Hypercall.XenpmuOp,
        Self = new() { Name = "xenpmu_op", State = RowState.Absent, Answer = Errno.EOPNOTSUPP, Note = "as 4.17 answers every guest with a local APIC" },
        Parameters = "op, *arg",
        Selector = Selector.First,
    };
}
