using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>69: the domain's own memory, by lists of guest frames of 64 bits (docs/v2-calls.md). Ours.</summary>
internal static class V2MemoryOps
{
    public static long Populate(ref HypercallCall call) => Walk(ref call, populate: true);

    public static long Decrease(ref HypercallCall call) => Walk(ref call, populate: false);

    public static long Pages(ref HypercallCall call) => (long)call.Domain.TotalPages;

    public static long MostPages(ref HypercallCall call) => Clip(in call, call.Domain.MaximumPages);

    public static long MaximumGfn(ref HypercallCall call) => Clip(in call, call.Domain.P2m.MaximumGfn.Value);

    /// <summary>A number as the caller's width can have it, without a sign that is an error.</summary>
    private static long Clip(in HypercallCall call, ulong value)
    {
        ulong most = call.Is64Bit ? (ulong)long.MaxValue : int.MaxValue;
        return (long)(value < most ? value : most);
    }

    private static long Walk(ref HypercallCall call, bool populate)
    {
        ulong list = call.A1, count = call.A2;
        if (count > V2Calls.MostFrames)
            return call.Fail(Errno.E2BIG, "a list of more than 2^20 frames");
        long refused = call.TryGoOn(out ulong first);
        if (refused != 0)
            return refused;
        for (ulong at = first; at < count; at++)
        {
            if (at - first == (ulong)call.Dispatcher.Budget)
                return call.Pause(at);
            long error = call.TryRead(unchecked(list + at * sizeof(ulong)), out ulong gfn) ? Do(ref call, gfn, populate) : call.Fault();
            if (error != 0)
                return at == 0 ? error : (long)at;
        }
        return (long)count;
    }

    private static long Do(ref HypercallCall call, ulong gfn, bool populate)
    {
        if (gfn >= PhysmapOps.GfnLimit)
            return call.Fail(Errno.EINVAL, "a frame past the guest's physical address space");
        if (populate)
            return MemoryReservationOps.TryPopulate(call.Domain, gfn, 0) ? 0 : call.Fail(Errno.ENOMEM, "no memory is left for the domain, or none for tables");
        return MemoryReservationOps.TryTake(call.Domain, gfn, 0) ? 0 : call.Fail(Errno.EINVAL, "a frame that is no memory of the domain's");
    }
}
