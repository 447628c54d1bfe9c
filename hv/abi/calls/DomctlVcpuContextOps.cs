using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: the registers of one vCPU, in the form that is older than HVM contexts.</summary>
internal static class DomctlVcpuContextOps
{
    public static long Get(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        DomctlVcpuContext argument = frame.Argument.VcpuContext;
        Domain domain = frame.Target!;
        if (domain.FindVcpu(argument.Vcpu) is not { } vcpu || vcpu == call.Vcpu)
            return call.Fail(Errno.EINVAL, "no such vCPU, or the caller itself");
        if (!vcpu.IsInitialised)
            return call.Fail(Errno.ENODATA, "the vCPU has no registers yet");
        // Xen lets a vCPU look at another of its own domain, which here would have to stop for it.
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "of the caller's own domain");
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        GuestContext.Save(vcpu, out VcpuGuestContext context);
        domain.Unpause();
        return call.TryWrite(argument.Context, in context) ? 0 : call.Fault();
    }

    /// <summary>Without a context the vCPU goes down, as if it had never had registers.</summary>
    public static long Set(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        DomctlVcpuContext argument = frame.Argument.VcpuContext;
        Domain domain = frame.Target!;
        if (domain == call.Domain || domain.FindVcpu(argument.Vcpu) is not { } vcpu)
            return call.Fail(Errno.EINVAL, "the caller's own, or no such vCPU");
        VcpuGuestContext context = default;
        if (argument.Context != 0 && !call.TryRead(argument.Context, out context))
            return call.Fault();
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        Errno error = Errno.None;
        if (argument.Context == 0)
            vcpu.Forget();
        else
            error = GuestContext.TryLoad(vcpu, in context);
        domain.Unpause();
        return call.Result(error, "an assist that the domain can't have");
    }
}
