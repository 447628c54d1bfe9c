using System.Diagnostics.CodeAnalysis;
using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>Sending and unmasking, the shared bits of the two-level ABI, and who is told of an event.</summary>
public sealed partial class EventChannels
{
    /// <summary>
    /// EVTCHNOP_send. EINVAL: no such port, or one that the guest does not send on. An unbound port swallows the event.
    /// </summary>
    public Errno Send(uint port)
    {
        if (!IsValid(port))
            return Errno.EINVAL;
        EventChannel channel = _channels[port];
        switch (channel.State)
        {
            case var _ when channel.IsDeviceModels:
                return Errno.EINVAL;
            case EventChannelState.Interdomain when channel.Consumer != 0:
                _consumers[channel.Consumer - 1]?.Notify(port);
                return Errno.None;
            case EventChannelState.Interdomain:
                if (TryAcquireFarEnd(port, out Domain? remote, out uint farPort))
                {
                    remote.EventChannels.SetPending(farPort);
                    ReleaseFarEnd(remote);
                }
                return Errno.None;
            case EventChannelState.Ipi:
                SetPending(port, channel.NotifyVcpu);
                return Errno.None;
            case EventChannelState.Unbound:
                return Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    /// <summary>EVTCHNOP_unmask: clears the mask bit and delivers what waited behind it. EINVAL: no such port.</summary>
    public Errno Unmask(uint port)
    {
        if (!IsValid(port))
            return Errno.EINVAL;
        EventChannel channel = _channels[port];
        if (channel.State == EventChannelState.Closed)
            return Errno.None;
        SharedInfoPage shared = _domain.SharedInfo;
        if (_fifo.IsActive)
        {
            if (_fifo.Unmask(port))
                SetPending(port, channel.NotifyVcpu);
        }
        else if (HasBits(port) && shared.Page.TestAndClearBit(shared.MaskOffset, (int)port) && shared.Page.TestBit(shared.PendingOffset, (int)port))
        {
            Select(channel.NotifyVcpu, port);
        }
        return Errno.None;
    }

    /// <summary>The hypervisor's end of a consumer's port sends to the guest. Nothing happens once the guest closed the port.</summary>
    public void NotifyGuest(uint port, EventConsumer consumer)
    {
        if (!IsValid(port))
            return;
        EventChannel channel = _channels[port];
        if (channel.Consumer != 0 && !channel.IsDeviceModels && _consumers[channel.Consumer - 1] == consumer)
            SetPending(port);
    }

    /// <summary>Raises a per-vCPU VIRQ. Nothing happens when the guest has not bound it.</summary>
    public void RaiseVirq(Vcpu vcpu, Virq virq)
    {
        uint port = vcpu.VirqPorts[SlotOf(virq)];
        if (port != 0 && IsValid(port))
            SetPending(port, vcpu.Id);
    }

    /// <summary>Raises a VIRQ of the domain on the vCPU that its port is bound to.</summary>
    public void RaiseGlobalVirq(Virq virq)
    {
        uint port = _domain.Vcpus[0].VirqPorts[SlotOf(virq)];
        if (port != 0)
            SetPending(port);
    }

    /// <summary>Whether an event waits on the port, for SCHEDOP_poll. EINVAL: no such port. None waits on one that is not in use.</summary>
    public Errno Poll(uint port, out bool isPending)
    {
        isPending = IsPending(port);
        return IsValid(port) ? Errno.None : Errno.EINVAL;
    }

    /// <summary>Whether an event waits on the port.</summary>
    public bool IsPending(uint port)
    {
        if (!IsValid(port) || _channels[port].State == EventChannelState.Closed)
            return false;
        return _fifo.IsActive ? _fifo.IsPending(port) : IsPendingOnTwoLevels(port);
    }

    /// <summary>Whether the port is masked.</summary>
    public bool IsMasked(uint port)
    {
        if (_fifo.IsActive)
            return _fifo.IsMasked(port);
        return HasBits(port) && _domain.SharedInfo.Page.TestBit(_domain.SharedInfo.MaskOffset, (int)port);
    }

    /// <summary>An event arrived at a port of this domain.</summary>
    internal void SetPending(uint port)
    {
        if (!IsValid(port))
            return;
        if (_channels[port].IsDeviceModels)
            NotifyReserved(port);
        else
            SetPending(port, _channels[port].NotifyVcpu);
    }

    private void SetPending(uint port, int vcpu)
    {
        if (_fifo.IsActive)
        {
            if (_fifo.SetPending(port, ref _channels[port], vcpu))
                EndPolls(port);
            return;
        }
        SharedInfoPage shared = _domain.SharedInfo;
        if (!HasBits(port) || shared.Page.TestAndSetBit(shared.PendingOffset, (int)port))
            return;
        if (!shared.Page.TestBit(shared.MaskOffset, (int)port))
            Select(vcpu, port);
        if (_domain.PollerCount != 0)
            EndPolls(port);
    }

    private void EndPolls(uint port)
    {
        foreach (Vcpu poller in _domain.Vcpus)
            poller.EndPollOn(port);
    }

    /// <summary>Sets the selector bit of the port's word; if that was clear, the vCPU is told.</summary>
    private void Select(int vcpu, uint port)
    {
        Vcpu target = _domain.Vcpus[vcpu];
        if (!target.Info.TestAndSetSelector((int)(port >> _domain.SharedInfo.WordShift)))
            target.MarkEventsPending();
    }

    /// <summary>
    /// Takes the lock of the domain at the far end of an interdomain channel. False: there is none, or the port has become something else
    /// while the locks were taken in their order.
    /// </summary>
    /// <param name="remote">The domain that was at the far end; null: it has ended.</param>
    private bool TryAcquireFarEnd(uint port, [NotNullWhen(true)] out Domain? remote, out uint farPort)
    {
        EventChannel channel = _channels[port];
        farPort = channel.RemotePort;
        if (channel.RemoteDomain == _domain.Id)
        {
            remote = _domain;
            _keepFarEnd = true;
            return true;
        }
        // Whatever would answer other CPUs does so before the look: they might take the found domain apart.
        _domain.Settle();
        remote = _domain.Services.Domains.Find(channel.RemoteDomain);
        if (remote is null || remote.IsHeld)
        {
            _keepFarEnd = true;
            return remote is not null;
        }
        _domain.AcquireBeside(remote);
        _keepFarEnd = false;
        EventChannel now = _channels[port];
        if (now.IsConnected && now.Consumer == channel.Consumer && now.RemoteDomain == remote.Id && now.RemotePort == farPort)
            return true;
        remote.Release();
        return false;
    }

    // Whether the far end's lock was held before.
    private bool _keepFarEnd;

    private void ReleaseFarEnd(Domain remote)
    {
        if (!_keepFarEnd)
            remote.Release();
    }

    /// <summary>Whether shared_info has bits for the port: a guest that has become narrower may have ports past the last.</summary>
    private bool HasBits(uint port) => port < _domain.SharedInfo.PortLimit;

    private bool IsPendingOnTwoLevels(uint port) =>
        HasBits(port) && _domain.SharedInfo.Page.TestBit(_domain.SharedInfo.PendingOffset, (int)port);
}
