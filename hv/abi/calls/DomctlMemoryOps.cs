using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: how much memory a domain may have, and how many tables for it.</summary>
internal static class DomctlMemoryOps
{
    private const int PageKibibytesShift = 2;

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

    /// <summary>Below what is in use the pool shrinks to that, and the call fails, as on Xen.</summary>
    internal static long SetTables(ref HypercallCall call, Domain domain, ulong pages)
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
