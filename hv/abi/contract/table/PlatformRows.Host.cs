namespace Xenolith.Abi.Contract.Table;

/// <summary>7: platform_op. All operations point at one structure, whose union the operation chooses from.</summary>
internal static class PlatformRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.PlatformOp,
        Self = new() { Name = "platform_op", Argument = typeof(PlatformArgument), Direction = Direction.InOut, Errors = "EFAULT EACCES EPERM" },
        Selector = Selector.InArgument,
        Frame = "PlatformOps",
        Parameters = "*platform_op",
        Rows = Row.Privileged(All()),
    };

    private static HypercallRow[] All() =>
    [
        Row.Done(PlatformOp.Settime32, "PlatformOps.SetTime32"),
        Row.Done(PlatformOp.AddMemtype, "PlatformOps.MemoryType").Errors("EINVAL").Note("The machine's memory types are not for domains."),
        Row.Done(PlatformOp.DelMemtype, "PlatformOps.MemoryType").Errors("EINVAL").Note("As add_memtype; Xen lets its control domain."),
        Row.Done(PlatformOp.ReadMemtype, "PlatformOps.MemoryType").Errors("EINVAL").Note("As add_memtype; Xen lets its control domain."),
        Row.Done(PlatformOp.MicrocodeUpdate, "PlatformOps.LoadMicrocode").Errors("ENOENT EFAULT EINVAL").Note("None is loaded."),
        Row.Done(PlatformOp.PlatformQuirk, "PlatformOps.Quirk").Errors("EINVAL"),
        Row.Done(PlatformOp.GetCpuVersion, "PlatformOps.CpuVersion"),
        Row.Absent(PlatformOp.EfiRuntimeCall, "as on Xen that was not started by EFI"),
        Row.Done(PlatformOp.FirmwareInfo, "PlatformOps.FirmwareInformation").Errors("ESRCH ENOSYS EINVAL"),
        Row.Done(PlatformOp.EnterAcpiSleep, "PlatformOps.Sleep").Errors("EINVAL EPERM").Note("The machine sleeps for nobody."),
        Row.Absent(PlatformOp.ChangeFreq, "as on Xen whose control domain does not govern frequencies"),
        Row.Absent(PlatformOp.Getidletime, "as on Xen whose control domain does not govern frequencies"),
        Row.Done(PlatformOp.SetProcessorPminfo, "PlatformOps.SetPowerInformation").Errors("ENOSYS EINVAL").Note("No driver uses it."),
        Row.Done(PlatformOp.GetCpuinfo, "PlatformOps.CpuInformation"),
        Row.Done(PlatformOp.CpuOnline, "PlatformOps.CpuOnline").Errors("EINVAL"),
        Row.Done(PlatformOp.CpuOffline, "PlatformOps.CpuOffline").Errors("EINVAL EOPNOTSUPP").Note("All CPUs stay in use."),
        Row.Done(PlatformOp.CpuHotadd, "PlatformOps.HotAdd").Errors("EINVAL"),
        Row.Done(PlatformOp.MemHotadd, "PlatformOps.HotAdd").Errors("EINVAL"),
        Row.Done(PlatformOp.CoreParking, "PlatformOps.ParkCpus").Errors("EINVAL EOPNOTSUPP").Note("All CPUs stay in use."),
        Row.Done(PlatformOp.ResourceOp, "PlatformOps.AccessResources").Errors("EINVAL EFAULT; an error an entry")
            .Note("Of registers only the time, read first; the others are EPERM."),
        Row.Done(PlatformOp.Settime64, "PlatformOps.SetTime64").Errors("EINVAL"),
        Row.Done(PlatformOp.GetSymbol, "PlatformOps.Symbol").Errors("ERANGE").Note("The table is empty: names are found by ./build.sh symbolise."),
    ];
}
