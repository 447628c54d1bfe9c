using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The device models of a domain: what they answer for, where their requests lie, by which ports both sides tell each other. Every method is
/// called with the domain's lock held.
/// </summary>
public sealed partial class IoRequestServers
{
    private readonly Domain _domain;
    private readonly IoRequestServer[] _servers = new IoRequestServer[DmOpLimits.Servers];
    private int _count;

    internal IoRequestServers(Domain domain)
    {
        _domain = domain;
        for (int i = 0; i < _servers.Length; i++)
            _servers[i] = new IoRequestServer(domain);
    }

    /// <summary>What the domain wrote last to the port for addresses in PCI configuration space, while it had a device model.</summary>
    public uint PciAddress { get; set; }

    /// <summary>Whether there is any. Needs no lock.</summary>
    public bool AreThere => Volatile.Read(ref _count) != 0;

    /// <summary>XEN_DMOP_create_ioreq_server. ENOSPC: there are eight, or no port is free; ENOMEM.</summary>
    public Errno Create(DomainHandle emulator, RequestBuffering buffering, out ushort id)
    {
        for (id = 0; id < _servers.Length && _servers[id].IsUsed; id++)
        {
        }
        if (id == _servers.Length)
            return Errno.ENOSPC;
        IoRequestServer server = _servers[id];
        server.Begin(emulator, buffering);
        Errno error = AddPorts(server);
        if (error != Errno.None)
        {
            End(server);
            return error;
        }
        Volatile.Write(ref _count, _count + 1);
        return Errno.None;
    }

    /// <summary>The server of that id, for the one who made it. ENOENT: there is none; EPERM: it is another's.</summary>
    public Errno Find(ushort id, DomainHandle emulator, out IoRequestServer server)
    {
        server = _servers[0];
        if (id >= _servers.Length || !_servers[id].IsUsed)
            return Errno.ENOENT;
        server = _servers[id];
        return server.Emulator == emulator ? Errno.None : Errno.EPERM;
    }

    /// <summary>XEN_DMOP_destroy_ioreq_server. Who waits for it goes on as if nobody were there.</summary>
    public void Destroy(IoRequestServer server)
    {
        Abandon(server);
        if (_memoryServer == server)
            _memoryServer = null;
        End(server);
        Volatile.Write(ref _count, _count - 1);
    }

    /// <summary>The domain that made them has ended.</summary>
    internal void DestroyAllOf(DomainHandle emulator)
    {
        foreach (IoRequestServer server in _servers)
        {
            if (server.IsUsed && server.Emulator == emulator)
                Destroy(server);
        }
    }

    /// <summary>The domain's own end: its ports and its memory go by themselves.</summary>
    internal void Release()
    {
        foreach (IoRequestServer server in _servers)
            server.End();
        _memoryServer = null;
        Volatile.Write(ref _count, 0);
    }

    /// <summary>The domain's vCPUs have been made: each gets a port of each server. ENOSPC, ENOMEM.</summary>
    public Errno AddPortsOfVcpus()
    {
        foreach (IoRequestServer server in _servers)
        {
            if (server.IsUsed && AddPorts(server) is not Errno.None and Errno error)
                return error;
        }
        return Errno.None;
    }

    /// <summary>XEN_DMOP_map_io_range_to_ioreq_server. EEXIST: some of it is there already; ENOMEM.</summary>
    public Errno Map(IoRequestServer server, IoRangeType type, ulong first, ulong last)
    {
        IoRangeSet ranges = server.Ranges(type);
        return ranges.Overlaps(first, last) ? Errno.EEXIST : ranges.Add(first, last);
    }

    /// <summary>XEN_DMOP_unmap_io_range_from_ioreq_server. ENOENT: not all of it is there; ENOMEM.</summary>
    public Errno Unmap(IoRequestServer server, IoRangeType type, ulong first, ulong last) => server.Ranges(type).Remove(first, last);

    /// <summary>XEN_DMOP_set_ioreq_server_state.</summary>
    public void Enable(IoRequestServer server, bool on)
    {
        if (server.IsEnabled == on)
            return;
        if (on)
        {
            server.Requests.Hide();
            server.Buffered.Hide();
            PublishPorts(server);
        }
        else
        {
            server.Requests.Show();
            server.Buffered.Show();
        }
        server.IsEnabled = on;
    }

    /// <summary>
    /// Gives the pages of a server a place in the domain's memory, of those that a toolstack set aside by HVM parameters. EPERM: they are the
    /// hypervisor's; ENOMEM: none is left; EINVAL: there is no memory.
    /// </summary>
    public Errno PlacePages(IoRequestServer server)
    {
        bool isNew = !server.Requests.Page.IsAttached;
        Errno error = Place(server.Requests);
        if (error == Errno.None && server.Buffering != RequestBuffering.Off)
            error = Place(server.Buffered);
        if (error != Errno.None && isNew)
            server.Requests.Release();
        return error;
    }

    /// <summary>
    /// A frame of a server, to map elsewhere (XENMEM_resource_ioreq_server). ENOENT: no such server, or it takes no buffered requests; EPERM:
    /// it is another's, or its pages have a place in the domain's memory; EINVAL: no such frame; ENOMEM.
    /// </summary>
    /// <param name="frame">0: that of the buffered requests; 1: that of the others.</param>
    public Errno FrameFor(ushort id, DomainHandle emulator, ulong frame, out Kernel.Mfn mfn)
    {
        mfn = Kernel.Mfn.Invalid;
        Errno error = Find(id, emulator, out IoRequestServer server);
        if (error != Errno.None)
            return error;
        error = server.Requests.Allocate();
        if (error == Errno.None && server.Buffering != RequestBuffering.Off)
            error = server.Buffered.Allocate();
        if (error != Errno.None)
            return error;
        if (server.IsEnabled)
            PublishPorts(server);
        switch (frame)
        {
            case BufferedFrame when server.Buffering == RequestBuffering.Off:
                return Errno.ENOENT;
            case BufferedFrame:
                mfn = server.Buffered.Page.Mfn;
                return Errno.None;
            case RequestFrame:
                mfn = server.Requests.Page.Mfn;
                return Errno.None;
            default:
                return Errno.EINVAL;
        }
    }

    private const ulong BufferedFrame = 0, RequestFrame = 1;

    private Errno Place(IoRequestPage page)
    {
        if (page.Page.IsAttached)
            return page.Gfn == Gfn.Invalid ? Errno.EPERM : Errno.None;
        return FindPlace(out Gfn gfn, out int place) ? page.Attach(gfn, place) : Errno.ENOMEM;
    }

    /// <summary>
    /// A place that no page has yet: of the newer parameters, which name several, or of the two older ones, which name frame 0 unless set, as
    /// on Xen.
    /// </summary>
    private bool FindPlace(out Gfn gfn, out int place)
    {
        ulong first = _domain.Parameters[(int)HvmParameter.IoreqServerPfn];
        ulong count = _domain.Parameters[(int)HvmParameter.NrIoreqServerPages];
        for (place = 0; (ulong)place < count; place++)
        {
            gfn = new Gfn(unchecked(first + (ulong)place));
            if (!IsTaken(place))
                return true;
        }
        for (HvmParameter parameter = HvmParameter.IoreqPfn; parameter <= HvmParameter.BufioreqPfn; parameter++)
        {
            gfn = new Gfn(_domain.Parameters[(int)parameter]);
            place = OlderPlaces + (int)parameter;
            if (!IsTaken(place))
                return true;
        }
        gfn = Gfn.Invalid;
        return false;
    }

    /// <summary>Places of the newer parameters have numbers below.</summary>
    private const int OlderPlaces = 64;

    private bool IsTaken(int place)
    {
        foreach (IoRequestServer server in _servers)
        {
            if (server.Requests.Place == place || server.Buffered.Place == place)
                return true;
        }
        return false;
    }

    private Errno AddPorts(IoRequestServer server)
    {
        foreach (Vcpu vcpu in _domain.MadeVcpus)
        {
            ref uint port = ref server.Ports[vcpu.Id];
            Errno error = port != 0 ? Errno.None : _domain.EventChannels.AllocateForDeviceModel(server.Emulator.Id, vcpu.Id, out port);
            if (error == Errno.None && vcpu.Id == 0 && server.Buffering != RequestBuffering.Off && server.BufferedPort == 0)
            {
                error = _domain.EventChannels.AllocateForDeviceModel(server.Emulator.Id, 0, out uint buffered);
                server.BufferedPort = error == Errno.None ? buffered : 0;
            }
            if (error != Errno.None)
                return error;
        }
        return Errno.None;
    }

    private void End(IoRequestServer server)
    {
        foreach (uint port in server.Ports)
        {
            if (port != 0)
                _domain.EventChannels.CloseOfDeviceModel(port);
        }
        if (server.BufferedPort != 0)
            _domain.EventChannels.CloseOfDeviceModel(server.BufferedPort);
        server.End();
    }

    private void PublishPorts(IoRequestServer server)
    {
        if (!server.Requests.Page.IsAttached)
            return;
        for (int i = 0; i < server.Ports.Length; i++)
            server.Requests.Page.Write32(i * IoRequestLayout.Size + IoRequestLayout.Port, server.Ports[i]);
    }
}
