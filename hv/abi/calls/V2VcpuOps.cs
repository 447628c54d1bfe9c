using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>67: vCPUs (docs/v2-calls.md). Ours.</summary>
internal static class V2VcpuOps
{
    /// <summary>The caller's own number.</summary>
    public static long Own(ref HypercallCall call) => call.Vcpu.Id;

    public static long Up(ref HypercallCall call)
    {
        long refused = TryFind(ref call, call.A1, out _);
        return refused != 0 ? refused : VcpuOps.Up(ref call);
    }

    public static long Down(ref HypercallCall call)
    {
        long refused = TryFind(ref call, call.A1, out _);
        return refused != 0 ? refused : VcpuOps.Down(ref call);
    }

    public static long IsUp(ref HypercallCall call)
    {
        long refused = TryFind(ref call, call.A1, out _);
        return refused != 0 ? refused : VcpuOps.IsUp(ref call);
    }

    public static long SendNmi(ref HypercallCall call)
    {
        long refused = TryFind(ref call, call.A1, out Vcpu vcpu);
        if (refused == 0)
            vcpu.RaiseNmi();
        return refused;
    }

    /// <summary>A vCPU of the caller's domain: 0, or ENOENT.</summary>
    internal static long TryFind(ref HypercallCall call, ulong id, out Vcpu vcpu)
    {
        vcpu = call.Vcpu;
        if (id >= (ulong)call.Domain.Vcpus.Length)
            return call.Fail(Errno.ENOENT, "no such vCPU");
        vcpu = call.Domain.Vcpus[id];
        return 0;
    }
}
