using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// What a device model answers for in a domain (XEN_DMOP_create_ioreq_server): ranges, a page of requests with one for each vCPU, a page of
/// buffered ones, and a port for each vCPU. Made with the domain, and used by one device model after the other.
/// </summary>
public sealed class IoRequestServer
{
    private readonly IoRangeSet[] _ranges = new IoRangeSet[(int)IoRangeType.Pci + 1];

    internal IoRequestServer(Domain domain)
    {
        for (int i = 0; i < _ranges.Length; i++)
            _ranges[i] = new IoRangeSet(domain.Services.Memory, domain.Services.Frames);
        Requests = new IoRequestPage(domain);
        Buffered = new IoRequestPage(domain);
        Ports = new uint[domain.Vcpus.Length];
    }

    /// <summary>Whether a device model has it.</summary>
    public bool IsUsed { get; private set; }

    /// <summary>Who made it: the only one that may do anything with it.</summary>
    public DomainHandle Emulator { get; private set; }

    /// <summary>Whether requests go to it.</summary>
    public bool IsEnabled { get; internal set; }

    /// <summary>How buffered requests are taken, of which a PVH domain makes none.</summary>
    public RequestBuffering Buffering { get; private set; }

    /// <summary>The port of the buffered requests; 0: none.</summary>
    public uint BufferedPort { get; internal set; }

    /// <summary>Where the requests lie in the domain's memory.</summary>
    public Gfn RequestGfn => Requests.Gfn;

    /// <summary>The same of the buffered ones.</summary>
    public Gfn BufferedGfn => Buffered.Gfn;

    internal IoRequestPage Requests { get; }

    internal IoRequestPage Buffered { get; }

    /// <summary>The port of each vCPU, in the domain's own numbers; 0: none yet.</summary>
    internal uint[] Ports { get; }

    internal IoRangeSet Ranges(IoRangeType type) => _ranges[(int)type];

    internal void Begin(DomainHandle emulator, RequestBuffering buffering)
    {
        IsUsed = true;
        Emulator = emulator;
        Buffering = buffering;
    }

    /// <summary>Nobody has it any more; its ports are the caller's to close.</summary>
    internal void End()
    {
        IsUsed = IsEnabled = false;
        Emulator = default;
        foreach (IoRangeSet ranges in _ranges)
            ranges.Release();
        Requests.Release();
        Buffered.Release();
        System.Array.Clear(Ports);
        BufferedPort = 0;
    }
}
