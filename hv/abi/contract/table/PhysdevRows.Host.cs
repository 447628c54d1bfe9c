using System;

namespace Xenolith.Abi.Contract.Table;

/// <summary>33: physdev_op. A PVH guest reaches only what the hardware domain needs for PCI.</summary>
internal static class PhysdevRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.PhysdevOp,
        Self = new() { Name = "physdev_op" },
        Selector = Selector.First,
        Exposure = ExposureGroup.Physdev,
        Prelude = "PhysdevOps.Prepare",
        Parameters = "cmd, *arg",
        Rows = All(),
    };

    private static HypercallRow[] All()
    {
        PhysdevOp[] operations = Enum.GetValues<PhysdevOp>();
        var rows = new HypercallRow[operations.Length];
        for (int i = 0; i < rows.Length; i++)
            rows[i] = RowOf(operations[i]);
        return rows;
    }

    private static HypercallRow RowOf(PhysdevOp operation) => operation switch
    {
        PhysdevOp.PciMmcfgReserved => Row.Done(operation, "PhysdevOps.ReservedMmcfg").In<PhysdevPciMmcfgReserved>().Privileged().Errors("EFAULT EINVAL ENODEV")
            .Note("ENODEV, as on Xen of a segment that it does not know; another than the initial domain: ENOSYS."),
        PhysdevOp.PciDeviceAdd => Row.Done(operation, "PhysdevOps.AddDevice").In<PhysdevPciDeviceAdd>().Privileged().Errors("EFAULT")
            .Note("Nothing comes of it: no device is assigned to a domain."),
        PhysdevOp.PciDeviceRemove => Row.Done(operation, "PhysdevOps.RemoveDevice").In<PhysdevPciDevice>().Privileged().Errors("EFAULT")
            .Note("Nothing comes of it: no device is assigned to a domain."),
        PhysdevOp.DbgpOp => Row.Done(operation, "PhysdevOps.DebugPort").In<PhysdevDbgpOp>().Privileged().Errors("EFAULT")
            .Note("0, as on Xen without a debug port."),
        PhysdevOp.MapPirq => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevMapPirq, PhysdevMapPirq32>(),
        PhysdevOp.UnmapPirq => Row.Absent(operation, "no PIRQs in a PVH guest").In<PhysdevUnmapPirq>(),
        PhysdevOp.Eoi => Row.Absent(operation, "no PIRQs in a PVH guest").In<PhysdevEoi>(),
        PhysdevOp.IrqStatusQuery => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevIrqStatusQuery>(),
        PhysdevOp.GetFreePirq => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevGetFreePirq>(),
        PhysdevOp.SetupGsi => Row.Absent(operation).In<PhysdevSetupGsi>(),
        _ => Row.Absent(operation),
    };
}
