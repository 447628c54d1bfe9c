using System;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// A domain's event channels on the two-level ABI: which port is bound to what, and the pending and mask bits that it shares
/// with the guest (public/event_channel.h, xen.h). Methods that a hypercall calls return the error that Xen 4.17 gives, its
/// checks in Xen's order; the caller has checked who may call.
/// </summary>
public sealed partial class EventChannels
{
    private const int MaximumConsumers = 4;

    private readonly Domain _domain;
    private readonly EventChannel[] _channels = new EventChannel[EventChannelLimits.TwoLevelWide];
    private readonly EventConsumer?[] _consumers = new EventConsumer?[MaximumConsumers];

    internal EventChannels(Domain domain)
    {
        _domain = domain;
    }

    /// <summary>One past the highest port that the guest's layout of shared_info has bits for.</summary>
    public uint PortLimit => _domain.SharedInfo.PortLimit;

    /// <summary>Whether the number can name a port: 1 to <see cref="PortLimit"/> - 1. Port 0 is reserved.</summary>
    public bool IsValid(uint port) => port < PortLimit;

    /// <summary>EVTCHNOP_alloc_unbound: a port to which <paramref name="remote"/> may connect. ENOSPC.</summary>
    /// <param name="remote">A domain's id, not DOMID_SELF.</param>
    public Errno AllocateUnbound(ushort remote, out uint port)
    {
        if (!TryFindFree(out port))
            return Errno.ENOSPC;
        _channels[port] = new EventChannel { State = EventChannelState.Unbound, RemoteDomain = remote };
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_bind_interdomain: connects a new port to an unbound one of <paramref name="remote"/> (which may be this domain).
    /// ENOSPC; EINVAL when the remote port does not wait for this domain.
    /// </summary>
    public Errno BindInterdomain(Domain remote, uint remotePort, out uint port)
    {
        if (!TryFindFree(out port))
            return Errno.ENOSPC;
        EventChannels far = remote.EventChannels;
        if (!far.IsValid(remotePort))
            return Errno.EINVAL;
        ref EventChannel other = ref far._channels[remotePort];
        if (other.State != EventChannelState.Unbound || other.RemoteDomain != _domain.Id || other.Consumer != 0)
            return Errno.EINVAL;
        _channels[port] = new EventChannel { State = EventChannelState.Interdomain, RemoteDomain = remote.Id, RemotePort = remotePort };
        other.State = EventChannelState.Interdomain;
        other.RemoteDomain = _domain.Id;
        other.RemotePort = port;
        // Events that the far end sent while it was unbound are lost; one now makes this end look.
        SetPending(port);
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_bind_virq. EINVAL: no such VIRQ, or a global one for a vCPU other than 0; ENOENT: no such vCPU; EEXIST: bound
    /// already; ENOSPC.
    /// </summary>
    public Errno BindVirq(uint virq, uint vcpu, out uint port)
    {
        port = 0;
        if (virq >= Limits.Virqs || (IsGlobal((Virq)virq) && vcpu != 0))
            return Errno.EINVAL;
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        ref uint bound = ref _domain.Vcpus[vcpu].VirqPorts[virq];
        if (bound != 0)
            return Errno.EEXIST;
        if (!TryFindFree(out port))
            return Errno.ENOSPC;
        _channels[port] = new EventChannel { State = EventChannelState.Virq, NotifyVcpu = (ushort)vcpu, Virq = (Virq)virq };
        bound = port;
        return Errno.None;
    }

    /// <summary>EVTCHNOP_bind_ipi. ENOENT: no such vCPU; ENOSPC.</summary>
    public Errno BindIpi(uint vcpu, out uint port)
    {
        port = 0;
        if (vcpu >= (uint)_domain.Vcpus.Length)
            return Errno.ENOENT;
        if (!TryFindFree(out port))
            return Errno.ENOSPC;
        _channels[port] = new EventChannel { State = EventChannelState.Ipi, NotifyVcpu = (ushort)vcpu };
        return Errno.None;
    }

    /// <summary>
    /// A port whose far end is the hypervisor: to the guest an interdomain channel with <see cref="DomainIds.Xen"/>, as one
    /// with a back-end in another domain. ENOSPC.
    /// </summary>
    public Errno BindConsumer(EventConsumer consumer, out uint port)
    {
        for (int i = 0; i < MaximumConsumers; i++)
        {
            if (_consumers[i] != null)
                continue;
            if (!TryFindFree(out port))
                return Errno.ENOSPC;
            _consumers[i] = consumer;
            _channels[port] = new EventChannel
            {
                State = EventChannelState.Interdomain, RemoteDomain = DomainIds.Xen, Consumer = (byte)(i + 1),
            };
            return Errno.None;
        }
        port = 0;
        return Errno.ENOSPC;
    }

    /// <summary>EVTCHNOP_close. EINVAL: no such port, or it is not in use.</summary>
    public Errno Close(uint port)
    {
        if (!IsValid(port))
            return Errno.EINVAL;
        EventChannel channel = _channels[port];
        switch (channel.State)
        {
            case EventChannelState.Closed:
                return Errno.EINVAL;
            case EventChannelState.Virq:
                foreach (Vcpu vcpu in _domain.Vcpus)
                {
                    if (vcpu.VirqPorts[(int)channel.Virq] == port)
                        vcpu.VirqPorts[(int)channel.Virq] = 0;
                }
                break;
            case EventChannelState.Interdomain when channel.Consumer != 0:
                _consumers[channel.Consumer - 1] = null;
                break;
            case EventChannelState.Interdomain:
                Disconnect(port);
                break;
        }
        _channels[port] = default;
        ClearPending(port);
        return Errno.None;
    }

    /// <summary>
    /// EVTCHNOP_reset: closes every port. The caller may hold a third domain's lock besides, so that of one at a far end is never waited for.
    /// </summary>
    /// <returns>False: another CPU has such a lock, and some ports are open still; the caller lets go of its own and tries again.</returns>
    public bool TryReset()
    {
        for (uint port = 1; port < PortLimit; port++)
        {
            EventChannel channel = _channels[port];
            bool isConnected = channel.State == EventChannelState.Interdomain && channel.Consumer == 0;
            Domain? far = isConnected ? _domain.Services.Domains.Find(channel.RemoteDomain) : null;
            bool takes = far is { IsHeld: false };
            if (takes && !far!.TryAcquire())
                return false;
            Close(port);
            if (takes)
                far!.Release();
        }
        return true;
    }

    /// <summary>EVTCHNOP_status. EINVAL: no such port. A port not in use is <see cref="EventChannelState.Closed"/>.</summary>
    public Errno Status(uint port, out EventChannelStatus status)
    {
        status = default;
        if (!IsValid(port))
            return Errno.EINVAL;
        EventChannel channel = _channels[port];
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

    /// <summary>Whether the VIRQ is the domain's, not each vCPU's own (public/xen.h).</summary>
    public static bool IsGlobal(Virq virq) => virq is not (Virq.Timer or Virq.Debug or Virq.Xenoprof or Virq.Xenpmu);

    internal void Release()
    {
        _domain.Acquire();
        // The layout may have changed after ports were bound, so go by the table and not by the limit.
        for (uint port = 1; port < (uint)_channels.Length; port++)
        {
            EventChannel channel = _channels[port];
            if (channel.State == EventChannelState.Interdomain && channel.Consumer == 0)
                Disconnect(port);
            _channels[port] = default;
        }
        Array.Clear(_consumers);
        _domain.Release();
    }

    private bool TryFindFree(out uint port)
    {
        uint limit = PortLimit;
        for (port = 1; port < limit; port++)
        {
            if (_channels[port].State == EventChannelState.Closed)
                return true;
        }
        port = 0;
        return false;
    }

    /// <summary>The far end of a closing channel waits again for this domain.</summary>
    private void Disconnect(uint port)
    {
        if (!TryAcquireFarEnd(port, out Domain? remote, out uint farPort))
            return;
        ref EventChannel other = ref remote.EventChannels._channels[farPort];
        if (other.State == EventChannelState.Interdomain && other.RemoteDomain == _domain.Id && other.RemotePort == port)
        {
            other.State = EventChannelState.Unbound;
            other.RemotePort = 0;
        }
        ReleaseFarEnd(remote);
    }
}
