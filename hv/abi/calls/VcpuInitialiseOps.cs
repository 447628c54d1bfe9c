using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>VCPUOP_initialise: registers for a vCPU that has none (public/hvm/hvm_vcpu.h).</summary>
internal static class VcpuInitialiseOps
{
    private const uint Mode32 = 0, Mode64 = 1;

    /// <summary>A vCPU that has no vcpu_info (from the 33rd on, before VCPUOP_register_vcpu_info) can't be started, as on Xen.</summary>
    public static long Initialise(ref HypercallCall call)
    {
        Vcpu vcpu = VcpuOps.Target(in call);
        if (!vcpu.Info.Exists)
            return call.Fail(Errno.EINVAL, "the vCPU has no vcpu_info; register one first");
        if (!call.TryRead(call.A2, out VcpuHvmContext context))
            return call.Fault();
        if (vcpu.IsInitialised)
            return call.Fail(Errno.EEXIST, "the vCPU has registers already");
        if (context.Pad != 0)
            return call.Fail(Errno.EINVAL, "the padding is not zero");
        switch (context.Mode)
        {
            case Mode32:
                return Start32(ref call, vcpu, in context);
            case Mode64:
                return Start64(ref call, vcpu, in context);
            default:
                return call.Fail(Errno.EINVAL, "no such mode");
        }
    }

    private static long Start32(ref HypercallCall call, Vcpu vcpu, in VcpuHvmContext context)
    {
        ref readonly VcpuHvmProtectedMode registers = ref context.ProtectedMode;
        if (registers.Pad1 != 0 || registers.Pad2[0] != 0 || registers.Pad2[1] != 0 || registers.Pad2[2] != 0)
            return call.Fail(Errno.EINVAL, "the padding is not zero");
        string? problem = VcpuStart.Problem32(vcpu.Domain, in registers);
        if (problem != null)
            return call.Fail(Errno.EINVAL, problem);
        return Load(ref call, vcpu, in context, is64Bit: false);
    }

    private static long Start64(ref HypercallCall call, Vcpu vcpu, in VcpuHvmContext context)
    {
        ref readonly VcpuHvmLongMode registers = ref context.LongMode;
        string? problem = VcpuStart.Problem64(vcpu.Domain, in registers);
        if (problem != null)
            return call.Fail(Errno.EINVAL, problem);
        return Load(ref call, vcpu, in context, is64Bit: true);
    }

    private static long Load(ref HypercallCall call, Vcpu vcpu, in VcpuHvmContext context, bool is64Bit) =>
        call.Result(vcpu.Initialise(in context, is64Bit), "the vCPU has registers already");
}
