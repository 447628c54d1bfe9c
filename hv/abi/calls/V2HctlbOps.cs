using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>65: many of vcpu_op's calls for hypercall TLBs at once (docs/v2-calls.md). Ours.</summary>
internal static class V2HctlbOps
{
    private const ulong CallSize = 40, ResultOffset = 32;

    /// <summary>Each call leaves its result in the list. The list may change meanwhile: each call is read once.</summary>
    public static long Batch(ref HypercallCall call)
    {
        const int failedShift = 16;
        ulong list = call.A1, count = call.A2;
        if (count > V2Calls.MostTlbCalls)
            return call.Fail(Errno.E2BIG, "a batch of more than 512");
        long refused = call.TryGoOn(out ulong progress);
        if (refused != 0)
            return refused;
        ulong first = progress & 0xFFFF, failed = progress >> failedShift;
        for (ulong at = first; at < count; at++)
        {
            if (at - first == (ulong)call.Dispatcher.Budget)
                return call.Pause(failed << failedShift | at);
            ulong place = unchecked(list + at * CallSize);
            if (!call.TryRead(place, out HypercallTlbCall one))
                return call.Fault();
            long result = Invoke(in call, in one);
            failed += result < 0 ? 1UL : 0;
            if (!call.TryWrite(unchecked(place + ResultOffset), in result))
                return call.Fault();
        }
        return (long)failed;
    }

    /// <summary>Arguments of the list are whole, whatever the caller's width; addresses are the caller's own.</summary>
    private static long Invoke(in HypercallCall batch, in HypercallTlbCall one)
    {
        if (one.Command is < (uint)VcpuOp.HctlbQuery or > (uint)VcpuOp.HctlbPolicy)
            return -(long)Errno.ENOSYS;
        var call = new HypercallCall(in batch) { Number = (ulong)Hypercall.VcpuOp, A0 = one.Command, A1 = one.Vcpu, A2 = one.A3 };
        call.SetRest(one.A4, one.A5, 0);
        return Dispatch.Invoke(ref call);
    }
}
