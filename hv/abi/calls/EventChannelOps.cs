using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>event_channel_op (public/event_channel.h). What the structures look like does not depend on the caller's width.</summary>
internal static class EventChannelOps
{
    private const string NoPort = "no such port, or it is not in the state that the call needs";

    public static long BindInterdomain(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnBindInterdomain argument))
            return call.Fault();
        Domain? remote = argument.RemoteDomain == DomainIds.Self ? call.Domain : call.Vcpu.AcquireDomain(argument.RemoteDomain);
        if (remote == null)
            return call.Fail(Errno.ESRCH, "no such domain");
        Errno error = call.Domain.EventChannels.BindInterdomain(remote, argument.RemotePort, out uint port);
        argument.LocalPort = port;
        return Finish(ref call, error, "no port is free, or the remote one does not wait for the caller", in argument);
    }

    public static long BindVirq(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnBindVirq argument))
            return call.Fault();
        Errno error = call.Domain.EventChannels.BindVirq(argument.Virq, argument.Vcpu, out argument.Port);
        return Finish(ref call, error, "no such VIRQ or vCPU, a global VIRQ off vCPU 0, or bound already", in argument);
    }

    /// <summary>No domain has physical interrupts to bind.</summary>
    public static long BindPirq(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnBindPirq _)
        ? call.Fail(Errno.EINVAL, "the domain has no physical interrupts") : call.Fault();

    public static long BindIpi(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnBindIpi argument))
            return call.Fault();
        Errno error = call.Domain.EventChannels.BindIpi(argument.Vcpu, out argument.Port);
        return Finish(ref call, error, "no such vCPU, or no port is free", in argument);
    }

    public static long AllocateUnbound(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnAllocUnbound argument))
            return call.Fault();
        Errno error = call.TryResolve(argument.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        ushort remote = argument.RemoteDomain == DomainIds.Self ? call.Domain.Id : argument.RemoteDomain;
        error = domain.EventChannels.AllocateUnbound(remote, out argument.Port);
        return Finish(ref call, error, "no port is free", in argument);
    }

    public static long Close(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnClose argument)
        ? call.Result(call.Domain.EventChannels.Close(argument.Port), NoPort) : call.Fault();

    public static long Send(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnSend argument)
        ? call.Result(call.Domain.EventChannels.Send(argument.Port), NoPort) : call.Fault();

    public static long Unmask(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnUnmask argument)
        ? call.Result(call.Domain.EventChannels.Unmask(argument.Port), NoPort) : call.Fault();

    public static long BindVcpu(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnBindVcpu argument)
        ? call.Result(call.Domain.EventChannels.BindVcpu(argument.Port, argument.Vcpu), "no such vCPU or port, or a port that is tied to its vCPU")
        : call.Fault();

    public static long Status(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnStatus argument))
            return call.Fault();
        Domain? domain = argument.Domain == DomainIds.Self ? call.Domain : call.Vcpu.FindDomain(argument.Domain);
        if (domain == null)
            return call.Fail(Errno.ESRCH, "no such domain");
        call.Vcpu.AlsoAcquire(domain);
        Errno error = domain.EventChannels.Status(argument.Port, out EventChannelStatus status);
        if (error == Errno.None && !call.Allows(Permission.Target, domain))
            return call.Fail(Errno.EPERM, "the domain is not the caller's to control");
        argument.Status = (uint)status.State;
        argument.Vcpu = status.Vcpu;
        switch (status.State)
        {
            case EventChannelState.Unbound:
                argument.UnboundDomain = status.RemoteDomain;
                break;
            case EventChannelState.Interdomain:
                argument.InterdomainDomain = status.RemoteDomain;
                argument.InterdomainPort = status.RemotePort;
                break;
            case EventChannelState.Virq:
                argument.Virq = (uint)status.Virq;
                break;
        }
        return Finish(ref call, error, NoPort, in argument);
    }

    public static long Reset(ref HypercallCall call) => Reset(ref call, false);

    /// <summary>What a reset that is not done goes on with.</summary>
    public static long ContinueReset(ref HypercallCall call) => Reset(ref call, true);

    public static long InitialiseControl(ref HypercallCall call)
    {
        if (!call.TryRead(call.A1, out EvtchnInitControl argument))
            return call.Fault();
        Errno error = call.Domain.EventChannels.InitialiseControl(argument.Vcpu, new Gfn(argument.ControlGfn), argument.Offset);
        argument.LinkBits = (byte)EventWord.LinkBits;
        return Finish(ref call, error, "no such vCPU, one that has a control block, or no place for one", in argument);
    }

    public static long ExpandArray(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnExpandArray argument)
        ? call.Result(call.Domain.EventChannels.ExpandArray(new Gfn(argument.ArrayGfn)), "the domain does not use the FIFO ABI, has a word for each port, or the page is not its own writable memory")
        : call.Fault();

    public static long SetPriority(ref HypercallCall call) => call.TryRead(call.A1, out EvtchnSetPriority argument)
        ? call.Result(call.Domain.EventChannels.SetPriority(argument.Port, argument.Priority), "no such port or priority, or the domain does not use the FIFO ABI")
        : call.Fault();

    private static long Reset(ref HypercallCall call, bool goesOn)
    {
        long refused = ResolveReset(ref call, out Domain domain);
        if (refused != 0)
            return refused;
        if (domain != call.Domain && domain.ControllerPauses == 0)
            return call.Fail(Errno.EINVAL, "a toolstack must have paused another domain for it");
        Errno error = domain.EventChannels.Reset(goesOn, (uint)call.Dispatcher.Budget, out bool isDone);
        if (error != Errno.None)
            return call.Fail(error, "a reset is under way, or none to go on with, or ports were bound meanwhile");
        if (isDone)
            return 0;
        call.A0 = (ulong)EventChannelOp.ResetCont;
        return call.Restart();
    }

    private static long ResolveReset(ref HypercallCall call, out Domain domain)
    {
        domain = call.Domain;
        return call.TryRead(call.A1, out EvtchnReset argument) ? -(long)call.TryResolve(argument.Domain, out domain) : call.Fault();
    }

    /// <summary>Copies the argument back after success. When that fails the port stays bound, as on Xen.</summary>
    private static long Finish<T>(ref HypercallCall call, Errno error, string reason, in T argument) where T : unmanaged
    {
        if (error != Errno.None)
            return call.Fail(error, reason);
        return call.TryWrite(call.A1, in argument) ? 0 : call.Fault();
    }
}
