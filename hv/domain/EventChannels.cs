using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// A domain's event channels: which port is bound to what, and the pending and mask bits that it shares with the guest, on two levels or
/// by FIFO (public/event_channel.h, xen.h). Methods that a hypercall calls return the error that Xen 4.17 gives, its checks in Xen's
/// order; the caller has checked who may call.
/// </summary>
public sealed partial class EventChannels
{
    private const int MaximumConsumers = 4;

    private readonly Domain _domain;
    private readonly EventConsumer?[] _consumers = new EventConsumer?[MaximumConsumers];

    /// <summary>EVTCHNOP_alloc_unbound: a port to which <paramref name="remote"/> may connect. ENOSPC, ENOMEM.</summary>
    /// <param name="remote">A domain's id, not DOMID_SELF.</param>
    public Errno AllocateUnbound(ushort remote, out uint port)
    {
        Errno error = FindFree(out port);
        if (error == Errno.None)
            Bind(port, new EventChannel { State = EventChannelState.Unbound, RemoteDomain = remote });
        return error;
    }

    /// <summary>
    /// EVTCHNOP_bind_interdomain: connects a new port to an unbound one of <paramref name="remote"/> (which may be this domain).
    /// ENOSPC, ENOMEM; EINVAL when the remote port does not wait for this domain.
    /// </summary>
    public Errno BindInterdomain(Domain remote, uint remotePort, out uint port)
    {
        Errno error = FindFree(out port);
        if (error != Errno.None)
            return error;
        EventChannels far = remote.EventChannels;
        if (!far.IsValid(remotePort))
            return Errno.EINVAL;
        ref EventChannel other = ref far._channels[remotePort];
        if (other.State != EventChannelState.Unbound || other.RemoteDomain != _domain.Id || other.Consumer is not (0 or EventChannel.DeviceModel))
            return Errno.EINVAL;
        Bind(port, new EventChannel { State = EventChannelState.Interdomain, RemoteDomain = remote.Id, RemotePort = remotePort });
        other.State = EventChannelState.Interdomain;
        other.RemoteDomain = _domain.Id;
        other.RemotePort = port;
        // Events that the far end sent while it was unbound are lost; one now makes this end look.
        SetPending(port);
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_bind_virq. EINVAL: no such VIRQ, or a global one for a vCPU other than 0; ENOENT: no such vCPU; EEXIST: bound
    /// already; ENOSPC, ENOMEM.
    /// </summary>
    public Errno BindVirq(uint virq, uint vcpu, out uint port)
    {
        port = 0;
        bool isThere = virq < Limits.Virqs || (virq == (uint)Virq.LostRemap && (_domain.ViewOptions & Altp2mOptions.LostVirq) != 0);
        if (!isThere || (IsGlobal((Virq)virq) && vcpu != 0))
            return Errno.EINVAL;
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        ref uint bound = ref _domain.Vcpus[vcpu].VirqPorts[SlotOf((Virq)virq)];
        if (bound != 0)
            return Errno.EEXIST;
        Errno error = FindFree(out port);
        if (error != Errno.None)
            return error;
        Bind(port, new EventChannel { State = EventChannelState.Virq, NotifyVcpu = (ushort)vcpu, Virq = (Virq)virq });
        bound = port;
        return Errno.None;
    }

    /// <summary>EVTCHNOP_bind_ipi. ENOENT: no such vCPU; ENOSPC, ENOMEM.</summary>
    public Errno BindIpi(uint vcpu, out uint port)
    {
        port = 0;
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        Errno error = FindFree(out port);
        if (error == Errno.None)
            Bind(port, new EventChannel { State = EventChannelState.Ipi, NotifyVcpu = (ushort)vcpu });
        return error;
    }

    /// <summary>
    /// A port whose far end is the hypervisor: to the guest an interdomain channel with <see cref="DomainIds.Xen"/>, as one
    /// with a back-end in another domain. ENOSPC, ENOMEM.
    /// </summary>
    public Errno BindConsumer(EventConsumer consumer, out uint port)
    {
        for (int i = 0; i < MaximumConsumers; i++)
        {
            if (_consumers[i] != null)
                continue;
            Errno error = FindFree(out port);
            if (error != Errno.None)
                return error;
            _consumers[i] = consumer;
            Bind(port, new EventChannel { State = EventChannelState.Interdomain, RemoteDomain = DomainIds.Xen, Consumer = (byte)(i + 1) });
            return Errno.None;
        }
        port = 0;
        return Errno.ENOSPC;
    }

    /// <summary>EVTCHNOP_close. EINVAL: no such port, it is not in use, or a device model's.</summary>
    public Errno Close(uint port)
    {
        if (!IsValid(port))
            return Errno.EINVAL;
        bool isReady;
        do
        {
            EventChannel channel = _channels[port];
            isReady = true;
            switch (channel.State)
            {
                case EventChannelState.Closed:
                case var _ when channel.IsDeviceModels:
                    return Errno.EINVAL;
                case EventChannelState.Virq:
                    foreach (Vcpu vcpu in _domain.Vcpus)
                    {
                        if (vcpu.VirqPorts[SlotOf(channel.Virq)] == port)
                            vcpu.VirqPorts[SlotOf(channel.Virq)] = 0;
                    }
                    break;
                case EventChannelState.Interdomain when channel.Consumer != 0:
                    _consumers[channel.Consumer - 1] = null;
                    break;
                case EventChannelState.Interdomain:
                    isReady = TryDisconnect(port);
                    break;
            }
        }
        while (!isReady);
        Unbind(port);
        return Errno.None;
    }

    /// <summary>EVTCHNOP_status. EINVAL: no such port; EACCES: it is a device model's. A port not in use is <see cref="EventChannelState.Closed"/>.</summary>
    public Errno Status(uint port, out EventChannelStatus status)
    {
        status = default;
        if (!IsValid(port))
            return Errno.EINVAL;
        EventChannel channel = _channels[port];
        if (channel.IsDeviceModels)
            return Errno.EACCES;
        status = new EventChannelStatus(channel.State, channel.NotifyVcpu, channel.RemoteDomain, channel.RemotePort, channel.Virq);
        return Errno.None;
    }

    /// <summary>EVTCHNOP_bind_vcpu. ENOENT: no such vCPU; EINVAL: no such port, or one that is tied to its vCPU.</summary>
    public Errno BindVcpu(uint port, uint vcpu)
    {
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        if (!IsValid(port))
            return Errno.EINVAL;
        ref EventChannel channel = ref _channels[port];
        if (channel.IsDeviceModels)
            return Errno.EINVAL;
        bool movable = channel.State switch
        {
            EventChannelState.Virq => IsGlobal(channel.Virq),
            EventChannelState.Unbound or EventChannelState.Interdomain => true,
            _ => false,
        };
        if (!movable)
            return Errno.EINVAL;
        channel.NotifyVcpu = (ushort)vcpu;
        return Errno.None;
    }

    /// <summary>Places for ports of VIRQs.</summary>
    internal const int VirqSlots = (int)Limits.Virqs + 1;

    /// <summary>The place of a VIRQ's port: that of ours, whose number is far from all others, is the last.</summary>
    internal static int SlotOf(Virq virq) => virq == Virq.LostRemap ? VirqSlots - 1 : (int)virq;

    /// <summary>Whether the VIRQ is the domain's, not each vCPU's own (public/xen.h).</summary>
    public static bool IsGlobal(Virq virq) => virq is not (Virq.Timer or Virq.Debug or Virq.Xenoprof or Virq.Xenpmu);

    /// <summary>
    /// The far end of a closing channel waits again for this domain, if it is there still. False: the port has become something else
    /// while the locks were taken in their order.
    /// </summary>
    private bool TryDisconnect(uint port)
    {
        if (!TryAcquireFarEnd(port, out Domain? remote, out uint farPort))
            return remote is null;
        ref EventChannel other = ref remote.EventChannels._channels[farPort];
        if (other.State == EventChannelState.Interdomain && other.RemoteDomain == _domain.Id && other.RemotePort == port)
        {
            other.State = EventChannelState.Unbound;
            other.RemotePort = 0;
        }
        ReleaseFarEnd(remote);
        return true;
    }
}
