using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>One end of an event channel, as its domain's table holds it. Remote ends are named by domain and port, never by reference.</summary>
internal struct EventChannel
{
    public EventChannelState State;

    /// <summary>Index + 1 into the table of consumers when the far end (or, unbound, this end) is the hypervisor's own.</summary>
    public byte Consumer;

    /// <summary>The vCPU that is told.</summary>
    public ushort NotifyVcpu;

    /// <summary>Unbound: who may bind. Interdomain: who is at the far end.</summary>
    public ushort RemoteDomain;

    /// <summary>Interdomain: the port at the far end.</summary>
    public uint RemotePort;

    /// <summary>Virq: which.</summary>
    public Virq Virq;
}

/// <summary>What EVTCHNOP_status tells. Fields that the state does not name are 0.</summary>
public readonly record struct EventChannelStatus(EventChannelState State, uint Vcpu, ushort RemoteDomain, uint RemotePort, Virq Virq);

/// <summary>A part of the hypervisor at the far end of a guest's event channel.</summary>
public abstract class EventConsumer
{
    /// <summary>The guest sent an event. Called on the guest's exit path.</summary>
    /// <param name="port">The guest's own port.</param>
    public abstract void Notify(uint port);
}
