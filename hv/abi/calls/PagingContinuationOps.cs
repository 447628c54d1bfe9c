using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>arch_1: goes on with a XEN_DOMCTL_shadow_op that was not finished in one pass.</summary>
internal static class PagingContinuationOps
{
    public static long Handle(ref HypercallCall call)
    {
        if (!call.TryRead(call.A0, out Domctl argument))
            return call.Fault();
        if (argument.InterfaceVersion != InterfaceVersions.Domctl || argument.Command != (uint)DomctlOp.ShadowOp)
            return call.Fail(Errno.EOPNOTSUPP, "another version of the control interface, or no shadow_op");
        if (call.Vcpu.FindDomain(argument.Domain) is not { } domain)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (!call.Allows(Permission.Privileged, domain))
            return call.Fail(Errno.EPERM, "not the caller's to control");
        if (!call.Services.ControlLock.TryAcquire())
            return call.Restart();
        call.Vcpu.AlsoAcquire(domain);
        long result = DirtyLogOps.Perform(ref call, domain, ref argument.Shadow, resumes: true);
        call.Services.ControlLock.Release();
        return call.IsRestart || call.TryWrite(call.A0, in argument) ? result : call.Fault();
    }
}
