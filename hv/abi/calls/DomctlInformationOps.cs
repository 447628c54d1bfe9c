using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: what only tells.</summary>
internal static class DomctlInformationOps
{
    /// <summary>Of an id that nobody has: about the domain of the next higher one.</summary>
    public static long GetDomain(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain? domain = frame.Target;
        if (domain is null)
        {
            if (frame.Argument.Domain >= DomainIds.FirstReserved)
                return call.Fail(Errno.EINVAL, "no id of a domain");
            call.Vcpu.SettleForLook();
            domain = FindFrom(call.Services, frame.Argument.Domain);
            if (domain is null)
                return call.Fail(Errno.ESRCH, "no domain of that id or a higher one");
            if (!call.Allows(Permission.Xenstore, domain))
                return call.Fail(Errno.EPERM, "not the caller's to know of");
            if (!HasLeft(call.Services, domain))
                call.Vcpu.AlsoAcquire(domain);
        }
        frame.Argument.DomainInformation = Describe(domain);
        frame.Argument.Domain = domain.Id;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>The domain with the lowest id that is not below; one that is taken apart, too. The control lock is held.</summary>
    public static Domain? FindFrom(DomainServices services, ushort id)
    {
        Domain? living = services.Domains.FindFrom(id);
        Domain? ending = services.Toolstack?.FindEndingFrom(id);
        return ending is null || living?.Id < ending.Id ? living : ending;
    }

    /// <summary>Whether it is being taken apart and found by nobody else, so that its lock guards nothing any more.</summary>
    public static bool HasLeft(DomainServices services, Domain domain) => services.Domains.Find(domain.Id) != domain;

    /// <summary>What getdomaininfo and getdomaininfolist tell of a domain, whose lock is held.</summary>
    public static DomainInformation Describe(Domain domain)
    {
        var information = new DomainInformation
        {
            Domain = domain.Id,
            TotalPages = domain.TotalPages,
            MaximumPages = System.Math.Min(domain.MaximumPages, uint.MaxValue),
            OutstandingPages = domain.ClaimedPages,
            SharedInfoFrame = domain.SharedInfo.Frame.Location.Value,
            MaximumVcpuId = domain.HasVcpus ? (uint)domain.Vcpus.Length - 1 : DomctlLimits.NoVcpu,
            Handle = domain.Uuid,
            AddressBits = (byte)domain.Vcpus[0].Access.Features.PhysicalAddressBits,
            Emulation = domain.Settings.Emulation,
        };
        DomainStateFlags flags = DomainStateFlags.Blocked;
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            information.CpuTime += vcpu.RunStateNow.TimeIn(RunState.Running);
            if (!vcpu.IsOnline)
                continue;
            information.OnlineVcpus++;
            if (!vcpu.IsBlocked)
                flags &= ~DomainStateFlags.Blocked;
            if (vcpu.IsRunning)
                flags |= DomainStateFlags.Running;
        }
        if (information.OnlineVcpus == 0)
            flags = 0;
        flags |= DomainStateFlags.Hvm | DomainStateFlags.Hap;
        if (domain.IsXenstoreDomain)
            flags |= DomainStateFlags.XenstoreDomain;
        if (domain.IsDead)
            flags |= DomainStateFlags.Dying;
        if (domain.IsDebugged)
            flags |= DomainStateFlags.Debugged;
        if (domain.IsShutDown)
            flags |= DomainStateFlags.Shutdown;
        if (domain.ControllerPauses != 0)
            flags |= DomainStateFlags.Paused;
        information.Flags = (uint)flags | ReasonOf(domain) << DomctlLimits.ShutdownShift;
        return information;
    }

    /// <summary>Why it has shut down; before that all bits that the flags have room for.</summary>
    private static uint ReasonOf(Domain domain) => domain.IsShutDown ? (uint)domain.ShutdownReason : uint.MaxValue;
}
