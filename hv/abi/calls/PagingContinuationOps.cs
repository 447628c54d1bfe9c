using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>
/// arch_1: how Xen goes on with a XEN_DOMCTL_shadow_op that it did not finish. Here each is done at once, so there is never one to go on with.
/// </summary>
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
        if (domain == call.Domain || !domain.HasVcpus)
            return call.Fail(Errno.EINVAL, "the caller's own, or a domain without vCPUs");
        return domain.IsDying ? 0 : call.Fail(Errno.EBUSY, "no operation is under way");
    }
}
