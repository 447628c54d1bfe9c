using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>66: event channels by numbers alone, of the caller's own domain (docs/v2-calls.md). Ours.</summary>
internal static class V2EventOps
{
    private const string NoPort = "no such port, or it is not in the state that the call needs";

    public static long BindInterdomain(ref HypercallCall call)
    {
        Domain? remote = call.A1 == DomainIds.Self ? call.Domain : call.A1 > ushort.MaxValue ? null : call.Vcpu.AcquireDomain((ushort)call.A1);
        if (remote is null)
            return call.Fail(Errno.ESRCH, "no such domain");
        Errno error = call.Domain.EventChannels.BindInterdomain(remote, Word(call.A2), out uint port);
        return Port(ref call, error, port, "no port is free, or the remote one does not wait for the caller");
    }

    public static long BindVirq(ref HypercallCall call)
    {
        Errno error = call.Domain.EventChannels.BindVirq(Word(call.A1), Word(call.A2), out uint port);
        return Port(ref call, error, port, "no such VIRQ or vCPU, a global VIRQ off vCPU 0, or bound already");
    }

    public static long BindIpi(ref HypercallCall call)
    {
        Errno error = call.Domain.EventChannels.BindIpi(Word(call.A1), out uint port);
        return Port(ref call, error, port, "no such vCPU, or no port is free");
    }

    public static long AllocateUnbound(ref HypercallCall call)
    {
        if (call.A1 > ushort.MaxValue)
            return call.Fail(Errno.ESRCH, "no id of a domain");
        ushort remote = call.A1 == DomainIds.Self ? call.Domain.Id : (ushort)call.A1;
        Errno error = call.Domain.EventChannels.AllocateUnbound(remote, out uint port);
        return Port(ref call, error, port, "no port is free");
    }

    public static long Close(ref HypercallCall call) => call.Result(call.Domain.EventChannels.Close(Word(call.A1)), NoPort);

    public static long Send(ref HypercallCall call) => call.Result(call.Domain.EventChannels.Send(Word(call.A1)), NoPort);

    public static long Unmask(ref HypercallCall call) => call.Result(call.Domain.EventChannels.Unmask(Word(call.A1)), NoPort);

    public static long BindVcpu(ref HypercallCall call) => call.Result(call.Domain.EventChannels.BindVcpu(Word(call.A1), Word(call.A2)),
        "no such vCPU or port, or a port that is tied to its vCPU");

    /// <summary>The state, as event_channel_op has it, in the low 8 bits, and the vCPU above.</summary>
    public static long Status(ref HypercallCall call)
    {
        Errno error = call.Domain.EventChannels.Status(Word(call.A1), out EventChannelStatus status);
        return error == Errno.None ? (long)status.State | (long)status.Vcpu << 8 : call.Fail(error, NoPort);
    }

    private static long Port(ref HypercallCall call, Errno error, uint port, string reason) => error == Errno.None ? port : call.Fail(error, reason);

    /// <summary>A register as a number of 32 bits; what is larger is none that there is.</summary>
    private static uint Word(ulong value) => value > uint.MaxValue ? uint.MaxValue : (uint)value;
}
