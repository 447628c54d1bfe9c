using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>memory_op: questions about what the machine or a domain does not have, and whose answer says so.</summary>
internal static class MemoryAbsenceOps
{
    private const uint AllRegions = 1;

    /// <summary>
    /// XENMEM_machphys_mfn_list: there is no table from machine to guest frames, so it has no parts. 32-bit callers are not even told that:
    /// they have none where Xen runs no 32-bit paravirtual guests.
    /// </summary>
    public static long MachineToPhysical(ref HypercallCall call)
    {
        if (!call.Is64Bit)
            return call.Fail(Errno.EOPNOTSUPP, "not for 32-bit callers");
        if (!call.TryRead(call.A1, out MachphysMfnList list))
            return call.Fault();
        list.ExtentCount = 0;
        return call.TryWrite(call.A1, in list) ? 0 : call.Fault();
    }

    /// <summary>XENMEM_get_sharing_freed_pages and XENMEM_get_sharing_shared_pages: none.</summary>
    public static long SharedPages(ref HypercallCall call) => 0;

    /// <summary>XENMEM_reserved_device_memory_map: no device that a domain could be given has memory of its own set aside.</summary>
    public static long ReservedRegions(ref HypercallCall call)
    {
        // Flags and number of entries; the buffer behind them is not written to.
        if (!call.TryRead(call.A1, out ulong head))
            return call.Fault();
        uint flags = HypercallCall.Low(head);
        if ((flags & ~AllRegions) != 0)
            return call.Fail(Errno.EINVAL, "unknown flags");
        return call.TryWrite(call.A1, (ulong)flags) ? 0 : call.Fault();
    }
}
