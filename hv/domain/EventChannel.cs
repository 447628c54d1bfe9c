using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// One end of an event channel, as its domain's table holds it: 16 bytes. Remote ends are named by domain and port, never by reference.
/// </summary>
internal struct EventChannel
{
    private byte _state;

    /// <summary>Index + 1 into the table of consumers when the far end (or, unbound, this end) is the hypervisor's own; or <see cref="DeviceModel"/>.</summary>
    public byte Consumer;

    /// <summary>For <see cref="Consumer"/>: this end is the hypervisor's, and the far one a device model's.</summary>
    public const byte DeviceModel = byte.MaxValue;

    /// <summary>Whether the hypervisor speaks to a device model by it: nothing that the domain itself may use.</summary>
    public readonly bool IsDeviceModels => Consumer == DeviceModel;

    /// <summary>Whether another domain's end is connected to it.</summary>
    public readonly bool IsConnected => State == EventChannelState.Interdomain && (Consumer == 0 || IsDeviceModels);

    /// <summary>The vCPU that is told.</summary>
    public ushort NotifyVcpu;

    /// <summary>Unbound: who may bind. Interdomain: who is at the far end.</summary>
    public ushort RemoteDomain;

    /// <summary>FIFO: the queue of its vCPU that the next event goes to, 0 (first served) to 15.</summary>
    public byte Priority;

    /// <summary>What <see cref="FifoEvents"/> remembers of the port, whatever it is bound to.</summary>
    public FifoPlace Place;

    /// <summary>Interdomain: the port at the far end. Virq: which.</summary>
    private uint _value;

    public EventChannelState State
    {
        readonly get => (EventChannelState)_state;
        set => _state = (byte)value;
    }

    public uint RemotePort
    {
        readonly get => State == EventChannelState.Interdomain ? _value : 0;
        set => _value = value;
    }

    public Virq Virq
    {
        readonly get => State == EventChannelState.Virq ? (Virq)_value : 0;
        set => _value = (uint)value;
    }
}

/// <summary>Where a port was linked last, on the FIFO ABI.</summary>
internal struct FifoPlace
{
    /// <summary>The vCPU and the priority of the queue. The port may be its tail still.</summary>
    public byte Vcpu, Priority;

    /// <summary>An event came while the guest had no event word for the port.</summary>
    public bool IsPending;
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
