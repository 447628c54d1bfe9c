using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// Ports by which the hypervisor and a device model, or who listens to the domain, speak about it. They are among the domain's own, which may do nothing with them; a
/// reset leaves them alone.
/// </summary>
public sealed partial class EventChannels
{
    private uint _deviceModelPorts;

    /// <summary>A port to which the device model may connect. ENOSPC, ENOMEM.</summary>
    /// <param name="remote">The device model's id.</param>
    /// <param name="vcpu">The vCPU that it is about.</param>
    /// <param name="port">0 after a failure.</param>
    internal Errno AllocateForDeviceModel(ushort remote, int vcpu, out uint port)
    {
        Errno error = FindFree(out port);
        if (error != Errno.None)
        {
            port = 0;
            return error;
        }
        Bind(port, new EventChannel
        {
            State = EventChannelState.Unbound, RemoteDomain = remote, NotifyVcpu = (ushort)vcpu, Consumer = EventChannel.DeviceModel,
        });
        _deviceModelPorts++;
        return Errno.None;
    }

    /// <summary>Closes such a port; the device model's end waits for this domain again, in vain.</summary>
    internal void CloseOfDeviceModel(uint port)
    {
        while (_channels[port].IsConnected && !TryDisconnect(port))
        {
        }
        Unbind(port);
        _deviceModelPorts--;
    }

    /// <summary>A device model, or who listens to the domain, has sent an event.</summary>
    private void NotifyReserved(uint port)
    {
        if (_domain.Monitor.Port == port)
            _domain.Monitor.TakeAnswers();
        else
            _domain.IoServers.Notify(port);
    }

    /// <summary>An event for the device model. Nothing happens when it has not connected.</summary>
    internal void SendForDeviceModel(uint port)
    {
        if (!IsValid(port) || !_channels[port].IsConnected || !TryAcquireFarEnd(port, out Domain? remote, out uint farPort))
            return;
        remote.EventChannels.SetPending(farPort);
        ReleaseFarEnd(remote);
    }
}
