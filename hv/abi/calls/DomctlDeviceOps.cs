using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: the machine's devices, of which no domain gets any. Each answers as 4.17 does for a domain without an IOMMU.</summary>
internal static class DomctlDeviceOps
{
    private const uint IoPorts = 0x10000;

    /// <summary>Whatever device it is about.</summary>
    public static long Assign(ref HypercallCall call, ref DomctlOps.Frame frame) => call.Fail(Errno.EOPNOTSUPP, "the domain has no IOMMU");

    /// <summary>Whatever interrupt it is about.</summary>
    public static long BindInterrupt(ref HypercallCall call, ref DomctlOps.Frame frame) => call.Fail(Errno.EPERM, "the domain has no such interrupt");

    public static long MapMemory(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlMemoryMapping range = ref frame.Argument.MemoryMapping;
        ulong last = unchecked(range.FirstMfn + range.Count - 1);
        int bits = call.Access.Features.PhysicalAddressBits - Kernel.Page.Shift;
        return last < range.FirstMfn || (range.FirstMfn | last) >> bits != 0 || unchecked(range.FirstGfn + range.Count - 1) < range.FirstGfn
            ? call.Fail(Errno.EINVAL, "no range of frames") : call.Fail(Errno.EPERM, "the domain may not have them");
    }

    public static long MapPorts(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlPortMapping range = ref frame.Argument.PortMapping;
        return range.Count == 0 || !IsRange(range.First, range.Count) || !IsRange(range.FirstOfMachine, range.Count)
            ? call.Fail(Errno.EINVAL, "no range of ports") : call.Fail(Errno.EPERM, "the caller has them not itself");
    }

    private static bool IsRange(uint first, uint count) => first <= IoPorts && count <= IoPorts - first;
}
