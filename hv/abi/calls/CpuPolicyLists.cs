using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>CPU policies as the lists of leaves and registers that sysctl and domctl write (public/arch-x86/xen.h).</summary>
internal static class CpuPolicyLists
{
    /// <summary>MSRs of a policy: MSR_PLATFORM_INFO and IA32_ARCH_CAPABILITIES.</summary>
    internal const uint MsrCount = 2;

    internal const uint ArchCapabilities = 0x10A;

    /// <summary>The only bit that a domain's MSR_PLATFORM_INFO may have: CPUID can be made to fault.</summary>
    internal const ulong CpuidFaulting = 1UL << 31;

    /// <summary>
    /// Writes a policy out; a list without an address is only counted, to the most that there can be. ENOBUFS: a list is too short, and
    /// what was written before stays; EFAULT.
    /// </summary>
    /// <param name="leafCount">Room; out: leaves written.</param>
    /// <param name="msrCount">Room; out: registers written.</param>
    public static long Write(ref HypercallCall call, HostCpuid source, bool isRaw, ulong leaves, ref uint leafCount, ulong msrs, ref uint msrCount)
    {
        if (leaves == 0)
        {
            leafCount = CpuidListing.MostLeaves;
        }
        else
        {
            var listing = new CpuidListing(source, isRaw);
            uint written = 0;
            while (listing.TryNext(out XenCpuidLeaf leaf))
            {
                if (written == leafCount)
                    return call.Fail(Errno.ENOBUFS, "not enough room for the leaves");
                if (!call.Handle<XenCpuidLeaf>(leaves).TryWriteElement(call.Access, written, in leaf))
                    return call.Fault();
                written++;
            }
            leafCount = written;
        }
        if (msrs == 0)
        {
            msrCount = MsrCount;
            return 0;
        }
        if (msrCount < MsrCount)
            return call.Fail(Errno.ENOBUFS, "not enough room for the MSRs");
        var first = new XenMsrEntry { Index = MsrIndex.PlatformInfo, Value = CpuidFaulting };
        var second = new XenMsrEntry { Index = ArchCapabilities };
        if (!call.Handle<XenMsrEntry>(msrs).TryWriteElement(call.Access, 0, in first) || !call.Handle<XenMsrEntry>(msrs).TryWriteElement(call.Access, 1, in second))
            return call.Fault();
        msrCount = MsrCount;
        return 0;
    }
}
