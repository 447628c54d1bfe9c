using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: how much memory a domain may have, and how many tables for it.</summary>
internal static class DomctlMemoryOps
{
    private const int PageKibibytesShift = 2;
    private const int PagesPerMebibyteShift = 20 - Page.Shift;

    /// <summary>Less than the domain has is taken as well: then it gets no more.</summary>
    public static long SetMaximum(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Target!.MaximumPages = Math.Min(frame.Argument.MaximumMemory.Kibibytes >> PageKibibytesShift, uint.MaxValue);
        return 0;
    }

    public static long GetPool(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Argument.PagingPool.Bytes = (ulong)frame.Target!.P2m.TableLimit << Page.Shift;
        frame.CopiesBack = true;
        return 0;
    }

    public static long SetPool(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ulong bytes = frame.Argument.PagingPool.Bytes;
        if ((bytes & Page.OffsetMask) != 0 || bytes >> Page.Shift > int.MaxValue)
            return call.Fail(Errno.EINVAL, "not whole pages, or too many");
        return SetTables(ref call, frame.Target!, bytes >> Page.Shift);
    }

    /// <summary>What 4.17 leaves of shadow_op for domains with hardware-assisted paging: the size of the pool for tables, in MiB.</summary>
    public static long Shadow(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        if (!domain.HasVcpus)
            return call.Fail(Errno.EINVAL, "the domain has no vCPUs yet");
        ref DomctlShadow argument = ref frame.Argument.Shadow;
        switch ((ShadowOp)argument.Operation)
        {
            case ShadowOp.Off:
                return 0;
            case ShadowOp.GetAllocation:
                argument.Mebibytes = Mebibytes(domain);
                frame.CopiesBack = true;
                return 0;
            case ShadowOp.SetAllocation:
                long result = SetTables(ref call, domain, (ulong)argument.Mebibytes << PagesPerMebibyteShift);
                argument.Mebibytes = Mebibytes(domain);
                frame.CopiesBack = frame.CopiesBackFailure = true;
                return result;
            case ShadowOp.EnableLogDirty or ShadowOp.Clean or ShadowOp.Peek:
            case ShadowOp.Enable when (argument.Mode & LogDirtyMode) != 0:
                return call.Fail(Errno.EOPNOTSUPP, "what a domain writes is not logged yet");
            default:
                return call.Fail(Errno.EINVAL, "no such operation, or one for domains without hardware-assisted paging");
        }
    }

    /// <summary>XEN_DOMCTL_SHADOW_ENABLE_LOG_DIRTY.</summary>
    private const uint LogDirtyMode = 4;

    /// <summary>XENMEM_set_memory_map: what XENMEM_memory_map answers the domain.</summary>
    public static long SetMemoryMap(ref HypercallCall call)
    {
        if (!TryReadMap(ref call, out ForeignMemoryMap argument))
            return call.Fault();
        Errno error = call.TryResolve(argument.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        if (argument.EntryCount > Domain.MaximumMapEntries)
            return call.Fail(Errno.ENOMEM, "a memory map has at most 128 entries");
        // As Xen, which copies all in before it changes anything.
        Span<E820Entry> entries = stackalloc E820Entry[Domain.MaximumMapEntries];
        for (uint i = 0; i < argument.EntryCount; i++)
        {
            if (!call.Handle<E820Entry>(argument.Buffer).TryReadElement(call.Access, i, out entries[(int)i]))
                return call.Fault();
        }
        domain.SetMemoryMap(entries[..(int)argument.EntryCount]);
        return 0;
    }

    private static bool TryReadMap(ref HypercallCall call, out ForeignMemoryMap argument)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out argument);
        bool read = call.TryRead(call.A1, out ForeignMemoryMap32 narrow);
        argument = new ForeignMemoryMap { Domain = narrow.Domain, EntryCount = narrow.EntryCount, Buffer = narrow.Buffer };
        return read;
    }

    private static uint Mebibytes(Domain domain) => (uint)((ulong)domain.P2m.TableLimit + (1UL << PagesPerMebibyteShift) - 1 >> PagesPerMebibyteShift);

    /// <summary>Below what is in use the pool shrinks to that, and the call fails, as on Xen.</summary>
    private static long SetTables(ref HypercallCall call, Domain domain, ulong pages)
    {
        ulong used = domain.P2m.NestedTableFrames;
        if (pages < used)
        {
            domain.P2m.TableLimit = (int)used;
            return call.Fail(Errno.ENOMEM, "the domain's tables take more already");
        }
        if (pages > used && pages - used > call.Services.Frames.FreeFrames)
            return call.Fail(Errno.ENOMEM, "the machine has not so much memory");
        domain.P2m.TableLimit = (int)pages;
        return 0;
    }
}
