namespace Xenolith.Abi.Contract.Table;

/// <summary>24: vcpu_op.</summary>
internal static class VcpuRows
{
    private const string PhysicalAreas = "A guest-physical address; all ones: none any more. ENXIO: over the end of a page, or not aligned. EINVAL: not the guest's own memory.";

    private const string Tlb = "Ours, of values in registers alone; see [hypercall-tlb.md](hypercall-tlb.md).";

    public static HypercallGroup Group => new()
    {
        Number = Hypercall.VcpuOp,
        Self = new() { Name = "vcpu_op", Errors = "ENOENT" },
        Selector = Selector.First,
        Prelude = "VcpuOps.Prepare",
        Exposure = ExposureGroup.Vcpu,
        Parameters = "cmd, vcpuid, *arg",
        Rows =
        [
            Row.Done(VcpuOp.Initialise, "VcpuInitialiseOps.Initialise").In<VcpuHvmContext>().Errors("EINVAL EFAULT EEXIST")
                .Note("Registers that a CPU could not be entered with are EINVAL; Xen lets some of them pass and ends the domain at the entry."),
            Row.Done(VcpuOp.Up, "VcpuOps.Up").Errors("EINVAL"),
            Row.Done(VcpuOp.Down, "VcpuOps.Down").Note("The last vCPU down powers the domain off."),
            Row.Done(VcpuOp.IsUp, "VcpuOps.IsUp").Unlocked(),
            Row.Done(VcpuOp.GetRunstateInfo, "VcpuOps.GetRunState").Out<VcpuRunstateInfo, VcpuRunstateInfo32>().Errors("EFAULT"),
            Row.Done(VcpuOp.RegisterRunstateMemoryArea, "VcpuOps.RegisterRunStateArea").In<VcpuRegisterRunstateMemoryArea>().Errors("EFAULT")
                .Note("The address is resolved now; Xen walks the caller's tables at each update and can miss."),
            Row.Done(VcpuOp.SetPeriodicTimer, "VcpuTimerOps.SetPeriodic").In<VcpuSetPeriodicTimer>().Errors("EFAULT EINVAL"),
            Row.Done(VcpuOp.StopPeriodicTimer, "VcpuTimerOps.StopPeriodic"),
            Row.Done(VcpuOp.SetSingleshotTimer, "VcpuTimerOps.SetSingleShot").In<VcpuSetSingleshotTimer, VcpuSetSingleshotTimer32>()
                .Errors("EINVAL EFAULT").Unlocked().Note("A time in the past fires at once; VCPU_SSHOTTMR_future is ignored, as 4.17.7 does."),
            Row.Done(VcpuOp.StopSingleshotTimer, "VcpuTimerOps.StopSingleShot").Errors("EINVAL").Unlocked(),
            Row.Done(VcpuOp.RegisterVcpuInfo, "VcpuOps.RegisterInfo").In<VcpuRegisterVcpuInfo>().Errors("EFAULT ENXIO EINVAL"),
            Row.Done(VcpuOp.SendNmi, "VcpuOps.SendNmi").Errors("EINVAL"),
            Row.Done(VcpuOp.GetPhysid, "VcpuOps.GetPhysicalId").Out<VcpuGetPhysid>().Errors("EINVAL")
                .Note("EINVAL, as on Xen for a vCPU that is not pinned; Xen counts an initial domain on a one-CPU machine as pinned."),
            Row.Done(VcpuOp.RegisterVcpuTimeMemoryArea, "VcpuOps.RegisterTimeArea").In<VcpuRegisterTimeMemoryArea>().Errors("EFAULT")
                .Note("The address is resolved now; Xen walks the caller's tables at each update and can miss."),
            Row.Done(VcpuOp.RegisterRunstatePhysArea, "VcpuAreaOps.RegisterRunState").In<VcpuRegisterRunstateMemoryArea>().Since("4.18").Errors("EFAULT ENXIO EINVAL")
                .Note(PhysicalAreas),
            Row.Done(VcpuOp.RegisterVcpuTimePhysArea, "VcpuAreaOps.RegisterTime").In<VcpuRegisterTimeMemoryArea>().Since("4.18").Errors("EFAULT ENXIO EINVAL")
                .Note(PhysicalAreas),
            Row.Done(VcpuOp.HctlbQuery, "HypercallTlbOps.Query").Takes("cmd, vcpuid, what").Of(CallFeature.Table).Unlocked().Errors("EINVAL").Note(Tlb),
            Row.Done(VcpuOp.HctlbInsert, "HypercallTlbOps.Insert").Takes("cmd, vcpuid, page, gfn, pages").Of(CallFeature.Table).Unlocked().Errors("EINVAL EEXIST ENOSPC").Note(Tlb),
            Row.Done(VcpuOp.HctlbPurge, "HypercallTlbOps.Purge").Takes("cmd, vcpuid, page, count, flags").Of(CallFeature.Table).Unlocked().Errors("EINVAL").Note(Tlb),
            Row.Done(VcpuOp.HctlbShare, "HypercallTlbOps.Share").Takes("cmd, vcpuid, owner").Of(CallFeature.Table).Unlocked().Errors("ENOENT EBUSY").Note(Tlb),
            Row.Done(VcpuOp.HctlbPolicy, "HypercallTlbOps.SetPolicy").Takes("cmd, vcpuid, what").Of(CallFeature.Strict).Unlocked().Errors("EINVAL EPERM").Note(Tlb),
        ],
    };
}
