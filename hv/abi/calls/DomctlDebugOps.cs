using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: who watches a domain, and what its memory is.</summary>
internal static class DomctlDebugOps
{
    private const ulong MaximumFrames = 1024;

    /// <summary>XEN_DOMCTL_PFINFO_NOTAB and _XTAB: memory without a type, and none.</summary>
    private const ulong IsMemory = 0, IsNone = 0xF000_0000;

    /// <summary>The last of XEN_DOMCTL_PSR_*.</summary>
    private const uint LastAllocation = 9;

    /// <summary>A debugger is told of in getdomaininfo; nothing else here depends on it.</summary>
    public static long SetDebugging(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (frame.Target == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        frame.Target!.IsDebugged = frame.Argument.Debugging.IsEnabled != 0;
        return 0;
    }

    /// <summary>Any port is taken: it is looked at when the domain suspends.</summary>
    public static long Subscribe(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Target!.Suspension.Port = frame.Argument.Subscription.Port;
        return 0;
    }

    /// <summary>What each frame is. An element has the width that shared_info has for the caller, as on Xen.</summary>
    public static long GetPageTypes(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        DomctlPageTypes argument = frame.Argument.PageTypes;
        if (argument.Count > MaximumFrames)
            return call.Fail(Errno.E2BIG, "more than 1024 frames");
        bool isWide = call.Domain.SharedInfo.Is64Bit;
        for (ulong i = 0; i < argument.Count; i++)
        {
            ulong gfn;
            if (isWide)
            {
                if (!call.Handle<ulong>(argument.Frames).TryReadElement(call.Access, i, out gfn))
                    return call.Fault();
            }
            else
            {
                if (!call.Handle<uint>(argument.Frames).TryReadElement(call.Access, i, out uint narrow))
                    return call.Fault();
                gfn = narrow;
            }
            ulong type = TypeOf(frame.Target!, gfn);
            bool isWritten = isWide
                ? call.Handle<ulong>(argument.Frames).TryWriteElement(call.Access, i, in type)
                : call.Handle<uint>(argument.Frames).TryWriteElement(call.Access, i, (uint)type);
            if (!isWritten)
                return call.Fault();
        }
        return 0;
    }

    /// <summary>The domain does not reach the frame any more, and nobody gets it before the domain's end.</summary>
    public static long SetBroken(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        call.Result(frame.Target!.SetBroken(new Gfn(frame.Argument.BrokenPage.Gfn)), "not memory, a 17th frame, or no frame for a page table");

    /// <summary>As on a processor without cache allocation.</summary>
    public static long AllocateCache(ref HypercallCall call, ref DomctlOps.Frame frame) => frame.Argument.CacheAllocation.Command > LastAllocation
        ? call.Fail(Errno.EOPNOTSUPP, "no such operation")
        : call.Fail(Errno.ENODEV, "the processor's caches can't be divided");

    private static ulong TypeOf(Domain domain, ulong gfn)
    {
        // Not cleared for a look at what it is.
        if (domain.P2m.IsUncleared(new Gfn(gfn), out _))
            return IsMemory;
        P2mEntry entry = domain.P2m.Lookup(new Gfn(gfn));
        bool isMemory = entry.IsReadable && domain.Services.Frames.OwnerOf(entry.Mfn) != FrameAllocator.HypervisorOwner;
        return isMemory ? IsMemory : IsNone;
    }
}
