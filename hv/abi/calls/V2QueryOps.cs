using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>64: what there is of calls from 64 on, and which of them user mode is left (docs/v2-calls.md). Ours.</summary>
internal static class V2QueryOps
{
    public static long Version(ref HypercallCall call) => V2Calls.Version;

    /// <summary>The operations of a number, a bit each: those that the caller is shown.</summary>
    public static long Operations(ref HypercallCall call)
    {
        if (!call.Domain.Exposure.Shows(ExposureGroup.HighNumber, unchecked(call.A1 - V2Calls.First)))
            return call.Fail(Errno.ENOENT, "no such number");
        return Dispatch.OperationsOf(call.Domain.Exposure, (uint)call.A1);
    }

    public static long UserCalls(ref HypercallCall call)
    {
        long refused = V2VcpuOps.TryFind(ref call, call.A1, out Vcpu vcpu);
        return refused != 0 ? refused : (long)vcpu.UserCalls;
    }

    public static long SetUserCalls(ref HypercallCall call)
    {
        long refused = V2VcpuOps.TryFind(ref call, call.A1, out Vcpu vcpu);
        if (refused != 0)
            return refused;
        if ((call.A2 & ~(ulong)Contract.UserCalls.All) != 0)
            return call.Fail(Errno.EINVAL, "calls that are not for user mode");
        vcpu.UserCalls = (UserCalls)call.A2;
        return 0;
    }
}
