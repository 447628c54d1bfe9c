using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>
/// grant_table_op: what the operations that come in arrays have in common, and the plainest of them (public/grant_table.h). Each
/// leaves a status in its element; the whole returns 0.
/// </summary>
internal static class GrantBatchOps
{
    public static long Swap(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = Count(in call, out long result); ; left--, at = Next<GnttabSwapGrantRef>(at))
        {
            if (IsOver(ref call, left, at, ref result))
                return result;
            if (!call.TryRead(at, out GnttabSwapGrantRef argument))
                return call.Fault();
            argument.Status = (short)call.Domain.GrantTable.Swap(argument.ReferenceA, argument.ReferenceB);
            if (!call.TryWrite(at, in argument))
                return call.Fault();
        }
    }

    /// <summary>How many elements are asked for; a count that is negative as a C int fails.</summary>
    public static uint Count(in HypercallCall call, out long result)
    {
        uint count = HypercallCall.Low(call.A2);
        result = count > int.MaxValue ? -(long)Errno.EINVAL : 0;
        return result == 0 ? count : 0;
    }

    /// <summary>Whether nothing is left to do, or enough is done for one pass.</summary>
    public static bool IsOver(ref HypercallCall call, uint left, ulong at, ref long result)
    {
        if (left == 0)
        {
            if (result < 0)
                call.Reason = "a count of 2^31 or more";
            return true;
        }
        if (HypercallCall.Low(call.A2) - left < (uint)call.Dispatcher.Budget)
            return false;
        result = Continue(ref call, left, at);
        return true;
    }

    /// <summary>Has the guest issue the call again for what is left.</summary>
    public static long Continue(ref HypercallCall call, uint left, ulong at)
    {
        call.A1 = at;
        call.A2 = left;
        return call.Restart();
    }

    public static ulong Next<T>(ulong at) where T : unmanaged => unchecked(at + (ulong)Unsafe.SizeOf<T>());
}
