using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>memory_op: exchanges of frames, which Xen knows for paravirtual domains only.</summary>
internal static class MemoryExchangeOps
{
    private const int ProgressShift = 6;

    /// <summary>The largest extents that the initial domain, and others, may name.</summary>
    private const uint InitialDomainMaximumOrder = 12, MaximumOrder = 9;

    /// <summary>By how much the orders of the two sides may differ for 32-bit callers.</summary>
    private const int NarrowMaximumDifference = 9;

    /// <summary>All that Xen looks at before it finds the domain to be a translated one, in its order; where there is nothing to do it is done.</summary>
    public static long Exchange(ref HypercallCall call)
    {
        if (call.A0 >> ProgressShift != 0)
            return call.Fail(Errno.EINVAL, "a call whose progress is in its argument has none beside");
        if (!TryRead(ref call, out Extents given, out Extents taken, out ulong done))
            return call.Fault();
        if (!call.Is64Bit)
        {
            // The layer that translates for 32-bit callers looks at the sides first, and has room for so many of the one list's elements.
            if (done > given.Count || !HaveOneSize(is64Bit: false, in given, in taken))
                return call.Fail(Errno.EINVAL, "the two sides are of two sizes, or more is done than there is");
            if (Math.Abs((long)given.Order - taken.Order) > NarrowMaximumDifference)
                return call.Fail(Errno.E2BIG, "one extent for more than a 32-bit caller may name");
        }
        if (Math.Max(given.Order, taken.Order) > (call.Domain.IsInitialDomain ? InitialDomainMaximumOrder : MaximumOrder))
            return call.Fail(Errno.EPERM, "larger extents than the caller may name");
        if (done > given.Count || given.Domain != taken.Domain || !HaveOneSize(call.Is64Bit, in given, in taken))
        {
            return call.Fail(Errno.EINVAL, "the two sides are of two domains or of two sizes, or more is done than there is");
        }
        if (done == given.Count)
            return 0;
        Errno error = call.TryResolve(given.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        // As many as make one of those that are taken go together.
        int together = (int)(Math.Max(taken.Order, given.Order) - given.Order);
        if (!call.TryReadLong(given.List, done >> together << together, out ulong gfn))
            return call.Fault();
        return domain.P2m.Lookup(new Gfn(gfn)).Type == P2mType.None
            ? call.Fail(Errno.EINVAL, "nothing is at the guest frame")
            : call.Fail(Errno.EOPNOTSUPP, "the frames of a translated domain are not exchanged");
    }

    private static bool HaveOneSize(bool is64Bit, in Extents given, in Extents taken) =>
        given.TryCountFrames(is64Bit, out ulong frames) && taken.TryCountFrames(is64Bit, out ulong takenFrames) && frames == takenFrames;

    private static bool TryRead(ref HypercallCall call, out Extents given, out Extents taken, out ulong done)
    {
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(call.A1, out MemoryExchange wide);
            given = new Extents(wide.In.ExtentStart, wide.In.ExtentCount, wide.In.ExtentOrder, wide.In.Domain);
            taken = new Extents(wide.Out.ExtentStart, wide.Out.ExtentCount, wide.Out.ExtentOrder, wide.Out.Domain);
            done = wide.ExchangedCount;
        }
        else
        {
            read = call.TryRead(call.A1, out MemoryExchange32 narrow);
            given = new Extents(narrow.In.ExtentStart, narrow.In.ExtentCount, narrow.In.ExtentOrder, narrow.In.Domain);
            taken = new Extents(narrow.Out.ExtentStart, narrow.Out.ExtentCount, narrow.Out.ExtentOrder, narrow.Out.Domain);
            done = narrow.ExchangedCount;
        }
        return read;
    }

    /// <summary>One side.</summary>
    private readonly record struct Extents(ulong List, ulong Count, uint Order, ushort Domain)
    {
        /// <summary>False: more than an unsigned long of the caller counts.</summary>
        public bool TryCountFrames(bool is64Bit, out ulong frames)
        {
            // The processor takes so many bits of a count to shift by; larger orders are refused afterwards.
            int shift = (int)(Order & (is64Bit ? 63u : 31u));
            ulong most = (is64Bit ? ulong.MaxValue : uint.MaxValue) >> shift;
            frames = Count <= most ? Count << shift : 0;
            return Count <= most;
        }
    }
}
