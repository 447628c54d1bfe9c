using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>physdev_op: what Xen asks of the domain that has the machine's PCI devices (public/physdev.h). None is assigned to a domain here.</summary>
internal static class PhysdevOps
{
    /// <summary>Nobody but the initial domain has these calls.</summary>
    public static long Prepare(ref HypercallCall call) => call.Domain.IsInitialDomain || !IsForHardwareDomain(call.Operation) ? 0 : call.Unknown();

    public static long ReservedMmcfg(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out PhysdevPciMmcfgReserved argument))
            return call.Fault();
        return (argument.Flags & ~PhysdevFlags.MmcfgReserved) != 0
            ? call.Fail(Errno.EINVAL, "unknown flags")
            : call.Fail(Errno.ENODEV, "the machine's configuration space is not looked at");
    }

    public static long AddDevice(ref HypercallCall call) => call.TryRead(call.A1, out PhysdevPciDeviceAdd _) ? 0 : call.Fault();

    public static long RemoveDevice(ref HypercallCall call) => call.TryRead(call.A1, out PhysdevPciDevice _) ? 0 : call.Fault();

    /// <summary>There is no debug port on USB that a reset could take away.</summary>
    public static long DebugPort(ref HypercallCall call) => call.TryRead(call.A1, out PhysdevDbgpOp _) ? 0 : call.Fault();

    private static bool IsForHardwareDomain(uint operation) =>
        (PhysdevOp)operation is PhysdevOp.PciMmcfgReserved or PhysdevOp.PciDeviceAdd or PhysdevOp.PciDeviceRemove or PhysdevOp.DbgpOp;
}
