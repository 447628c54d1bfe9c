using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: domains come, are held back, and go.</summary>
internal static class DomctlLifeOps
{
    /// <summary>The initial domain's id, which no other gets.</summary>
    private const ushort Initial = 0;

    private const CreateFlags KnownFlags = CreateFlags.Hvm | CreateFlags.Hap | CreateFlags.S3Integrity | CreateFlags.OosOff
        | CreateFlags.XenstoreDomain | CreateFlags.Iommu | CreateFlags.NestedVirtualisation | CreateFlags.Vpmu;

    /// <summary>What Xen refuses on a machine that lacks it.</summary>
    private const CreateFlags MissingFlags = CreateFlags.S3Integrity | CreateFlags.Iommu | CreateFlags.NestedVirtualisation | CreateFlags.Vpmu;

    private const uint NewestGrantVersion = 2;

    public static long Create(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (call.Services.Toolstack is not { } toolstack)
            return call.Fail(Errno.ENOMEM, "this machine makes no domains");
        ushort id = frame.Argument.Domain;
        if (id is > Initial and < DomainIds.FirstReserved)
        {
            if (!toolstack.IsFree(id))
                return call.Fail(Errno.EEXIST, "a domain has that id");
        }
        else if (!toolstack.TryChooseId(out id))
        {
            return call.Fail(Errno.ENOMEM, "every domain id is taken");
        }

        ref readonly DomctlCreateDomain settings = ref frame.Argument.CreateDomain;
        long refused = Check(ref call, in settings);
        if (refused != 0)
            return refused;
        if (toolstack.TryMake(id, in settings, out _) != Errno.None)
        {
            return call.Fail(Errno.ENOMEM, toolstack.IsFullOfEnded
                ? "no room: there are too many domains that have ended, with frames that others still map"
                : "no memory for a domain, too many of them, or too many vCPUs in all");
        }
        frame.Argument.Domain = id;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>Makes the vCPUs that createdomain was told of, and no other number of them. Again: nothing happens.</summary>
    public static long MakeVcpus(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain || frame.Argument.MaximumVcpus.Count != domain.Vcpus.Length)
            return call.Fail(Errno.EINVAL, "the caller's own, or another number than at the domain's creation");
        domain.HasVcpus = true;
        Errno error = domain.IoServers.AddPortsOfVcpus();
        domain.HasVcpus = error == Errno.None;
        return call.Result(error, "no ports for its device models");
    }

    public static long Pause(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "a domain can't hold itself back");
        if (domain.ControllerPauses == Domain.MaximumControllerPauses)
            return call.Fail(Errno.EOVERFLOW, "it is held back 255 times already");
        // After the call no vCPU of it is on a CPU, as on Xen.
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        domain.CountControllerPause();
        return 0;
    }

    public static long Unpause(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        call.Result(frame.Target!.UnpauseByController(), "no toolstack holds it back");

    /// <summary>
    /// Takes a domain apart, a part at a time, until all its memory is back. A domain of a boot module is only stopped: who made it takes it
    /// apart, and does not make it anew.
    /// </summary>
    public static long Destroy(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "a domain can't destroy itself");
        if (call.Services.Toolstack is not { } toolstack || !toolstack.IsMine(domain))
        {
            domain.Shutdown(ShutdownReason.Poweroff);
            return 0;
        }

        // What it is bound to in other domains is unbound, in whatever order their locks have.
        call.Domain.Release();
        bool isOver = toolstack.EndStep(domain);
        call.Domain.Acquire();
        return isOver ? 0 : call.Restart();
    }

    /// <summary>What Xen refuses, in its order: the configuration itself, devices, the kind of paging, the grant table, the pool of CPUs.</summary>
    private static long Check(ref HypercallCall call, in DomctlCreateDomain settings)
    {
        var flags = (CreateFlags)settings.Flags;
        if ((flags & ~KnownFlags) != 0 || (settings.GrantOptions & ~DomctlLimits.GrantVersionMask) != 0)
            return call.Fail(Errno.EINVAL, "unknown flags");
        if (settings.MaximumVcpus is < 1 or > Domain.MaximumVcpus)
            return call.Fail(Errno.EINVAL, "a domain has 1 to 128 vCPUs");
        if ((flags & (CreateFlags.Hvm | CreateFlags.Hap)) == CreateFlags.Hap)
            return call.Fail(Errno.EINVAL, "hardware-assisted paging is for domains with hardware virtualisation");
        if ((flags & MissingFlags) != 0 || settings.IommuOptions != 0 || settings.TraceSize != 0)
            return call.Fail(Errno.EINVAL, "there is no IOMMU, nested virtualisation, virtual PMU, processor trace or measured launch");
        if ((settings.Emulation.Miscellaneous & ~DomctlLimits.MsrRelaxed) != 0)
            return call.Fail(Errno.EINVAL, "unknown flags of the architecture");
        if ((settings.Emulation.Flags & ~(uint)EmulationFlags.All) != 0)
            return call.Fail(Errno.EINVAL, "unknown devices");
        if (settings.Emulation.Flags != (uint)EmulationFlags.LocalApic)
            return call.Fail(Errno.EOPNOTSUPP, "a domain has a local APIC and no other device");
        if ((flags & (CreateFlags.Hvm | CreateFlags.Hap)) != (CreateFlags.Hvm | CreateFlags.Hap))
            return call.Fail(Errno.EOPNOTSUPP, "only domains with hardware-assisted paging can be made");
        if ((settings.GrantOptions & DomctlLimits.GrantVersionMask) is < 1 or > NewestGrantVersion)
            return call.Fail(Errno.EINVAL, "no such version of the grant table");
        if (settings.MaximumGrantFrames is 0 or > DomainOptions.DefaultGrantFrames || settings.MaximumMaptrackFrames > DomainOptions.DefaultMappingFrames)
            return call.Fail(Errno.EINVAL, "no grant frame, or more than a domain may have");
        return settings.CpuPool == 0 ? 0 : call.Fail(Errno.ESRCH, "all CPUs are in pool 0");
    }
}
