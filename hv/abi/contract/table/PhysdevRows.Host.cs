using System;

namespace Xenolith.Abi.Contract.Table;

/// <summary>33: physdev_op. A PVH guest reaches only what the hardware domain needs for PCI; there is none yet.</summary>
internal static class PhysdevRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.PhysdevOp,
        Self = new() { Name = "physdev_op" },
        Selector = Selector.First,
        Exposure = ExposureGroup.Physdev,
        Parameters = "cmd, arg",
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
        PhysdevOp.PciMmcfgReserved => Row.NotYet(operation).In<PhysdevPciMmcfgReserved>().Privileged(),
        PhysdevOp.PciDeviceAdd => Row.NotYet(operation).In<PhysdevPciDeviceAdd>().Privileged(),
        PhysdevOp.PciDeviceRemove => Row.NotYet(operation).In<PhysdevPciDevice>().Privileged(),
        PhysdevOp.DbgpOp => Row.NotYet(operation).In<PhysdevDbgpOp>().Privileged(),
        PhysdevOp.MapPirq => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevMapPirq, PhysdevMapPirq32>(),
        PhysdevOp.UnmapPirq => Row.Absent(operation, "no PIRQs in a PVH guest").In<PhysdevUnmapPirq>(),
        PhysdevOp.Eoi => Row.Absent(operation, "no PIRQs in a PVH guest").In<PhysdevEoi>(),
        PhysdevOp.IrqStatusQuery => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevIrqStatusQuery>(),
        PhysdevOp.GetFreePirq => Row.Absent(operation, "no PIRQs in a PVH guest").InOut<PhysdevGetFreePirq>(),
        PhysdevOp.SetupGsi => Row.Absent(operation).In<PhysdevSetupGsi>(),
        _ => Row.Absent(operation),
    };
}
