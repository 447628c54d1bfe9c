using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: small things that a toolstack says about a domain.</summary>
internal static class DomctlStateOps
{
    private const uint ModeDefault = 0, ModeAlwaysEmulate = 1, ModeNeverEmulate = 2;

    private const uint IoPorts = 0x10000;

    public static long SetHandle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Target!.Uuid = frame.Argument.Handle.Handle;
        return 0;
    }

    public static long Resume(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        if (frame.Target == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        frame.Target!.Resume();
        return 0;
    }

    public static long SetTimeOffset(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        frame.Target!.SetTimeOffset(frame.Argument.TimeOffset.Seconds);
        return 0;
    }

    /// <summary>Fills a frame of the domain with the stubs of the hypercall page.</summary>
    public static long InstallHypercallPage(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        HypercallPage.TryInstall(frame.Target!.Memory, new Gfn(frame.Argument.HypercallPage.Gfn), call.Services.Virtualisation.UsesVmcall)
            ? 0 : call.Fail(Errno.EINVAL, "not memory that the domain may write");

    public static long GetTsc(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        bool isTold = domain.TscMode != ModeNeverEmulate;
        frame.Argument.TscInformation = new DomctlTscInformation
        {
            Mode = domain.TscMode,
            Incarnation = domain.TscIncarnation,
            Kilohertz = isTold ? (uint)(call.Services.Clock.TscFrequency / 1000) : 0,
            Elapsed = isTold ? unchecked(call.Services.Clock.Nanoseconds - domain.TscSetAt) : 0,
        };
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>The TSC is the processor's own in every mode, so another frequency than that can't be had.</summary>
    public static long SetTsc(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        ref readonly DomctlTscInformation information = ref frame.Argument.TscInformation;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        if (information.Mode > ModeNeverEmulate)
            return call.Fail(Errno.EINVAL, "no such mode");
        if (information.Mode != ModeNeverEmulate && information.Kilohertz != 0 && information.Kilohertz != call.Services.Clock.TscFrequency / 1000)
            return call.Fail(Errno.EOPNOTSUPP, "the TSC runs at the machine's frequency");
        domain.SetTsc(information.Mode, information.Incarnation, information.Elapsed);
        return 0;
    }

    /// <summary>Only paravirtual domains have a width of their own.</summary>
    public static long AddressSize(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        call.Fail(Errno.EOPNOTSUPP, "for paravirtual domains");

    public static long Schedule(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        ref DomctlScheduler argument = ref frame.Argument.Scheduler;
        if (argument.Scheduler != (uint)SchedulerKind.Credit2)
            return call.Fail(Errno.EINVAL, "the domain is under another scheduler");
        switch ((SchedulerOp)argument.Command)
        {
            case SchedulerOp.GetInformation:
                argument.Weight = (ushort)domain.Weight;
                argument.Cap = (ushort)domain.Cap;
                frame.CopiesBack = true;
                return 0;
            case SchedulerOp.PutInformation when argument.Cap <= 100 * domain.Vcpus.Length:
                domain.SetShare(argument.Weight, argument.Cap);
                return 0;
            default:
                return call.Fail(Errno.EINVAL, "no such operation, or a cap of more CPUs than the domain has");
        }
    }

    /// <summary>No domain has memory of devices, ports or interrupts, so none can pass any on, or take any back.</summary>
    public static long PermitMemory(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlMemoryPermission range = ref frame.Argument.MemoryPermission;
        return range.Count == 0 || range.First > ulong.MaxValue - (range.Count - 1)
            ? call.Fail(Errno.EINVAL, "no range of frames") : NotOnesOwn(ref call);
    }

    public static long PermitPorts(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref readonly DomctlPortPermission range = ref frame.Argument.PortPermission;
        return range.Count == 0 || range.First >= IoPorts || range.Count > IoPorts - range.First
            ? call.Fail(Errno.EINVAL, "no range of ports") : NotOnesOwn(ref call);
    }

    public static long PermitInterrupt(ref HypercallCall call, ref DomctlOps.Frame frame) =>
        frame.Argument.IrqPermission.Pirq >= Limits.Pirqs ? call.Fail(Errno.EINVAL, "no such interrupt") : NotOnesOwn(ref call);

    public static long SetVirqHandler(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        uint virq = frame.Argument.VirqHandler.Virq;
        if (virq >= Limits.Virqs || !EventChannels.IsGlobal((Virq)virq))
            return call.Fail(Errno.EINVAL, "no VIRQ of the machine");
        call.Services.Virqs.SetHandler((Virq)virq, frame.Target!);
        return 0;
    }

    /// <summary>Makes a domain the device model of another, once and for all: of no other when that has ended.</summary>
    public static long SetTarget(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        Domain domain = frame.Target!;
        ushort id = frame.Argument.Target.Target;
        // Xen keeps what is left of a domain that has ended, and its id, for as long as its device model is there.
        if (domain.ServedDomain.Id != id && call.Services.Domains.Find(id) is null)
            return call.Fail(Errno.ESRCH, "no such domain to serve");
        if (id == domain.Id || domain.ServesDomain || call.Services.Domains.Find(id) is not { } served)
            return call.Fail(Errno.EINVAL, "itself, or it serves another already, or did");
        domain.ServedDomain = served.Identity;
        return 0;
    }

    private static long NotOnesOwn(ref HypercallCall call) => call.Fail(Errno.EPERM, "the caller has it not itself");
}
