using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>memory_op: the target of populate-on-demand, which is off: as Xen answers for a domain whose memory was all there from the start.</summary>
internal static class MemoryTargetOps
{
    private const int ProgressShift = 6;

    public static long Get(ref HypercallCall call)
    {
        long result = Open(ref call, out Domain domain, out PodTarget target);
        return result != 0 ? result : Tell(ref call, domain, target);
    }

    public static long Set(ref HypercallCall call)
    {
        long result = Open(ref call, out Domain domain, out PodTarget target);
        if (result != 0)
            return result;
        if (target.TargetPages > domain.MaximumPages || domain.IsDying)
            return call.Fail(Errno.EINVAL, "more than the domain may have, or it is being taken apart");
        return Tell(ref call, domain, target);
    }

    private static long Open(ref HypercallCall call, out Domain domain, out PodTarget target)
    {
        domain = call.Domain;
        target = default;
        if (call.A0 >> ProgressShift != 0)
            return call.Fail(Errno.ENOSYS, "a call that is done at once has no progress");
        if (!TryRead(ref call, out target))
            return call.Fault();
        if ((target.Domain == DomainIds.Self ? call.Domain : call.Vcpu.FindDomain(target.Domain)) is not { } found)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (!call.Allows(Permission.Privileged, found))
            return call.Fail(Errno.EPERM, "not the caller's to control");
        call.Vcpu.AlsoAcquire(found);
        domain = found;
        return 0;
    }

    private static long Tell(ref HypercallCall call, Domain domain, PodTarget target)
    {
        (target.TotalPages, target.CachePages, target.Entries) = (domain.TotalPages, 0, 0);
        bool isWritten = call.Is64Bit ? call.TryWrite(call.A1, in target) : call.TryWrite(call.A1, new PodTarget32
        {
            TargetPages = target.TargetPages, TotalPages = target.TotalPages, Domain = target.Domain,
        });
        return isWritten ? 0 : call.Fault();
    }

    private static bool TryRead(ref HypercallCall call, out PodTarget target)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out target);
        bool read = call.TryRead(call.A1, out PodTarget32 narrow);
        target = new PodTarget { TargetPages = narrow.TargetPages, Domain = narrow.Domain };
        return read;
    }
}
