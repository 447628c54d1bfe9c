using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>Which ports there are, which of them is bound next, and closing all.</summary>
public sealed partial class EventChannels
{
    /// <summary>Ports that come with each growth, as on Xen: what a port past the last answers is the guest's to see.</summary>
    private const uint Growth = 64;

    private readonly FrameTable<EventChannel> _channels;

    /// <summary>Every port from 1 to below this one is bound.</summary>
    private uint _firstFree = 1;

    /// <summary>Bound ports.</summary>
    private uint _inUse;

    /// <summary>Where a reset that is under way goes on; 0: none is.</summary>
    private uint _resetAt;

    internal EventChannels(Domain domain, uint maximumPort)
    {
        _domain = domain;
        uint ports = Math.Min(maximumPort, EventChannelLimits.Fifo - 1) + 1;
        // The table grows whole; the last ports of it may be ones that are never bound.
        _channels = new FrameTable<EventChannel>(domain.Services.Memory, domain.Services.Frames, (ports + Growth - 1) / Growth * Growth);
        MaximumPort = ports - 1;
        _fifo = new FifoEvents(domain);
    }

    /// <summary>The highest port that may be bound, whatever the ABI has room for.</summary>
    public uint MaximumPort { get; }

    /// <summary>Whether the number names a port: below the table's end, which is 64 at first. Port 0 is reserved.</summary>
    public bool IsValid(uint port) => port < _channels.Count;

    /// <summary>Frames that the table takes.</summary>
    public int TableFrames => _channels.FrameCount;

    /// <summary>
    /// EVTCHNOP_reset: closes every port, then goes back to two levels. EBUSY: one is under way (or, to go on with, none is); EAGAIN: ports
    /// were bound meanwhile.
    /// </summary>
    /// <remarks>
    /// The caller may hold a third domain's lock besides, so that of one at a far end is never waited for: the pass ends when another CPU
    /// has it.
    /// </remarks>
    /// <param name="goesOn">Whether this is the continuation of one that was not done.</param>
    /// <param name="budget">The most ports to look at; at least 1.</param>
    public Errno Reset(bool goesOn, uint budget, out bool isDone)
    {
        isDone = true;
        if (goesOn != (_resetAt != 0))
            return Errno.EBUSY;
        uint port = goesOn ? _resetAt : 1;
        while (port < _channels.Count && budget-- != 0 && TryClose(port))
            port++;
        isDone = port >= _channels.Count;
        _resetAt = isDone ? 0 : port;
        if (!isDone)
            return Errno.None;
        if (_inUse != _deviceModelPorts)
            return Errno.EAGAIN;
        _fifo.Release();
        return Errno.None;
    }

    /// <summary>Closes the port, if it is in use. False: another CPU has the lock of the domain at the far end.</summary>
    private bool TryClose(uint port)
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
        return true;
    }

    internal bool TryInitialise() => _channels.TryGrow(Growth);

    internal void Release()
    {
        _domain.Acquire();
        // The layout may have changed after ports were bound, so go by the table and not by the limit.
        for (uint port = 1; port < _channels.Count; port++)
        {
            EventChannel channel = _channels[port];
            if (channel.IsConnected)
                TryDisconnect(port);
            _channels[port] = default;
        }
        Array.Clear(_consumers);
        _fifo.Release();
        _channels.Release();
        _domain.Release();
    }

    /// <summary>The lowest port that may be bound; the table grows for it. ENOSPC, ENOMEM.</summary>
    private Errno FindFree(out uint port)
    {
        uint limit = Math.Min(_fifo.IsActive ? EventChannelLimits.Fifo : _domain.SharedInfo.PortLimit, MaximumPort + 1);
        bool skipped = false;
        for (port = _firstFree; port < limit; port++)
        {
            if (port >= _channels.Count && !_channels.TryGrow(_channels.Count + Growth))
                return Errno.ENOMEM;
            if (_channels[port].State == EventChannelState.Closed)
            {
                if (!_fifo.IsLinked(port))
                    return Errno.None;
                skipped = true;
            }
            else if (!skipped)
            {
                _firstFree = port + 1;
            }
        }
        return Errno.ENOSPC;
    }

    private void Bind(uint port, EventChannel channel)
    {
        channel.Priority = (byte)EventChannelLimits.FifoPriorityDefault;
        _fifo.Replace(port, ref _channels[port], in channel);
        _inUse++;
    }

    private void Unbind(uint port)
    {
        if (!_fifo.IsActive && HasBits(port))
            _domain.SharedInfo.Page.TestAndClearBit(_domain.SharedInfo.PendingOffset, (int)port);
        _fifo.Replace(port, ref _channels[port], default);
        _inUse--;
        _firstFree = Math.Min(_firstFree, port);
    }
}
