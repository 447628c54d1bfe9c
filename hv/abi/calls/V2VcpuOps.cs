using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>67: vCPUs (docs/v2-calls.md). Ours.</summary>
internal static class V2VcpuOps
{
    /// <summary>The caller's own number.</summary>
    public static long Own(ref HypercallCall call) => call.Vcpu.Id;

    /// <summary>Another view for the caller. Unlocked: it is the vCPU's own way, which who changes views waits for (<see cref="Vcpu.TryGoTo(ulong)"/>).</summary>
    public static long SwitchView(ref HypercallCall call)
    {
        Domain domain = call.Domain;
        if (domain.Altp2m is null || !domain.Exposure.Shows(ExposureGroup.Altp2mInside, SwitchVcpuBit))
            return call.Fail(Errno.EOPNOTSUPP, "the domain's views are off, or such a call is not shown");
        if (domain.Altp2mMode != Altp2mMode.Mixed)
            return call.Fail(Errno.EPERM, "not by the domain's altp2m mode");
        return call.Vcpu.TryGoTo(call.A1) ? 0 : call.Fail(Errno.EINVAL, "no such view, or one that is hidden");
    }

    // As Altp2mOps.ExposureBit has it.
    private const ulong SwitchVcpuBit = 32 + ((ulong)Altp2mOp.SwitchVcpu - Altp2mOps.FirstOwn);

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
