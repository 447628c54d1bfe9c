using System;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>A virtual machine: memory, vCPUs, event channels, and what Xen's ABI knows of it.</summary>
public sealed partial class Domain : IDisposable
{
    /// <summary>The most vCPUs of one domain.</summary>
    public const int MaximumVcpus = 128;

    /// <summary>Where the console ring of a domain lies unless its builder chose another place (pfn of libxl's special pages).</summary>
    public static Gfn DefaultConsoleFrame => new(0xFEFFF);

    /// <summary>Where the xenstore ring would lie.</summary>
    public static Gfn DefaultXenstoreFrame => new(0xFEFFC);

    // What a domain's tables may take, as Xen's toolstack gives by default: a page for each MiB of memory and 1 MiB for each vCPU.
    private const ulong PagesPerTable = 256;
    private const int TablesPerVcpu = 256;

    private readonly LentFrame _sharedInfoFrame = new();
    private readonly CpuSet _cpus;

    /// <summary>What the nested page table has where the local APIC's page lies; <see cref="Mfn.Invalid"/>: nothing.</summary>
    private Mfn _apicPage = Mfn.Invalid;

    private Domain(DomainServices services, DomainOptions options)
    {
        Services = services;
        Id = options.Id;
        Identity = new DomainHandle(options.Id, services.NextSerial());
        Name = options.Name;
        IsPrivileged = options.IsPrivileged;
        IsInitialDomain = options.IsInitialDomain;
        Weight = options.Weight;
        Cap = options.Cap;
        _cpus = options.Cpus;
        MaximumPages = options.MaximumPages;
        Settings = options.Settings;
        Uuid = options.Settings.Handle;
        HasVcpus = options.HasVcpus;
        _lock = new SpinLock(LockRank.Domain, "domain", options.Id);
        P2m = new P2m(services.Memory, services.Frames, services.Virtualisation.NestedFormat, options.Id);
        P2m.TableLimit = (int)(Math.Min(MaximumPages, services.Frames.TotalFrames) / PagesPerTable) + TablesPerVcpu * options.VcpuCount;
        P2m.Foreign = services.Foreign;
        if (services.CpuCount > 1)
            P2m.Users = new Users(this);
        _views = new Altp2m(P2m, services.Memory, services.Frames, services.Virtualisation.NestedFormat, options.MaximumViews) { Users = new VcpusInViews(this) };
        ViewOptions = options.ViewOptions;
        Memory = new GuestMemory(P2m, services.Memory);
        Vcpus = new Vcpu[options.VcpuCount];
        Parameters[(int)HvmParameter.TripleFaultReason] = (ulong)ShutdownReason.Reboot;
        Parameters[(int)HvmParameter.Altp2m] = (ulong)options.Altp2mMode;
        Exposure = new Exposure(services.ExposedCalls, services.ExposableCalls, options.ShownCalls);
        EventChannels = new EventChannels(this, options.MaximumEventPort);
        GrantTable = new GrantTable(this, options.MaximumGrantFrames, options.MaximumMappingFrames);
        IoServers = new IoRequestServers(this);
        Monitor = new Monitor(this);
        AccessListener = Monitor;
        Console = new ConsoleRing(this);
        Watchdog = new DomainWatchdog(this);
        Suspension = new Suspension(this);
        VirtualNodes = new VirtualNodes(services);
        SpareVirtualNodes = new VirtualNodes(services);
        SharedInfo = null!;
        _lettingGo = new LettingGo(this);
        LostRemapNotice = new LostRemapNotice(this);
    }

    /// <summary>
    /// Creates a domain without memory, all vCPUs down, and enters it into the table. Allocates managed objects: call it with
    /// the domain's arena open.
    /// </summary>
    /// <returns>Null, and nothing is left behind: out of frames, the id is taken, or the table is full.</returns>
    public static Domain? TryCreate(DomainServices services, DomainOptions options)
    {
        if (options.VcpuCount is < 1 or > MaximumVcpus)
            throw new ArgumentOutOfRangeException(nameof(options));
        if (services.Domains.Find(options.Id) != null)
            return null;
        var domain = new Domain(services, options);
        if (!domain.TryInitialise() || !services.Domains.TryAdd(domain))
        {
            domain.Dispose();
            return null;
        }
        return domain;
    }

    public ushort Id { get; }

    /// <summary>Names this very domain, also when it has ended.</summary>
    public DomainHandle Identity { get; }

    public string Name { get; }

    public bool IsPrivileged { get; }

    public bool IsInitialDomain { get; }

    /// <summary>Its share of CPU time against others'.</summary>
    public int Weight { get; private set; }

    /// <summary>The most of a physical CPU that it may have, in per cent; 0: no limit.</summary>
    public int Cap { get; private set; }

    /// <summary>Its accounts with the physical CPUs' schedulers; null: its vCPUs are not scheduled.</summary>
    internal DomainShare[]? Shares { get; set; }

    /// <summary>Where its objects live, for those that come later; null: there come none.</summary>
    public DomainArena? Arena { get; set; }

    /// <summary>The machine around the domain.</summary>
    public DomainServices Services { get; }

    public P2m P2m { get; }

    /// <summary>The domain's memory by guest-physical address.</summary>
    public GuestMemory Memory { get; }

    public Vcpu[] Vcpus { get; }

    /// <summary>What is changed of the vCPUs' hypercall TLBs.</summary>
    public HypercallTlbs HypercallTlbs { get; private set; } = null!;

    /// <summary>Its calls that have paused.</summary>
    public PausedCalls PausedCalls { get; } = new();

    public EventChannels EventChannels { get; }

    public SharedInfoPage SharedInfo { get; private set; }

    public GrantTable GrantTable { get; }

    /// <summary>The domain's device models.</summary>
    public IoRequestServers IoServers { get; }

    /// <summary>Who listens to the domain.</summary>
    public Monitor Monitor { get; }

    /// <summary>Whether an access that the rights of memory forbid ends the domain while nobody listens.</summary>
    public bool IsAccessRequired { get; set; }

    public ConsoleRing Console { get; }

    public DomainWatchdog Watchdog { get; }

    /// <summary>Who is told when the domain suspends.</summary>
    public Suspension Suspension { get; }

    /// <summary>How ranges of the domain's memory are to be cached.</summary>
    public PinnedRanges PinnedRanges { get; } = new();

    /// <summary>Which hypercalls the domain is shown.</summary>
    public Exposure Exposure { get; }

    /// <summary>What its exits are judged by; the builder sets it.</summary>
    public DomainPolicies Policies { get; set; } = null!;

    /// <summary>What the domain writes to port 0xE9, put together to lines; null: nobody reads it. The builder sets it.</summary>
    public ConsoleDevice? DebugOutput { get; set; }

    /// <summary>HVM parameters by index (public/hvm/params.h). Setting one here has no effect beyond its value.</summary>
    public ulong[] Parameters { get; } = new ulong[HvmParameters.Count];

    private readonly E820Entry[] _memoryMap = new E820Entry[MaximumMapEntries];
    private int _memoryMapLength;

    /// <summary>The most entries of <see cref="MemoryMap"/>; as many as Xen's own start has room for.</summary>
    public const int MaximumMapEntries = 128;

    /// <summary>What XENMEM_memory_map answers; nothing until the builder or a toolstack says.</summary>
    public ReadOnlySpan<E820Entry> MemoryMap => _memoryMap.AsSpan(0, _memoryMapLength);

    /// <summary>Sets <see cref="MemoryMap"/>; at most <see cref="MaximumMapEntries"/>.</summary>
    public void SetMemoryMap(scoped ReadOnlySpan<E820Entry> entries)
    {
        entries.CopyTo(_memoryMap);
        _memoryMapLength = entries.Length;
    }

    /// <summary>The limit for lines that the domain causes in the log.</summary>
    public RateLimit LogLimit;

    /// <summary>The limit for lines of the call trace.</summary>
    public RateLimit TraceLimit;

    private uint _assists;

    /// <summary>Whether the guest switched the assist on (vm_assist).</summary>
    public bool HasAssist(VmAssistType type) => (uint)type < 32 && (_assists & (1u << (int)type)) != 0;

    /// <summary>Switches an assist. <paramref name="type"/>: 0 to 31; the caller has refused what the ABI does not offer.</summary>
    public void SetAssist(VmAssistType type, bool on) =>
        _assists = on ? _assists | (1u << (int)type) : _assists & ~(1u << (int)type);

    private bool TryInitialise()
    {
        if (P2m.Root == Mfn.Invalid || !TryAllocateLent(_sharedInfoFrame))
            return false;
        SharedInfo = new SharedInfoPage(_sharedInfoFrame, new SharedPage(P2m, Services.Memory));
        if (!EventChannels.TryInitialise() || !GrantTable.TryGrow(1) || (Services.Virtualisation.KeepsApics && !TryMapApicPage()))
            return false;
        for (int i = 0; i < Vcpus.Length; i++)
        {
            if (!Services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn apicRegisters))
                return false;
            if (Services.Virtualisation.CreateCpu(Services.Memory, Services.Frames, Services.Log) is not { } cpu)
            {
                Services.Frames.Free(apicRegisters, 0);
                return false;
            }
            cpu.AttachApic(apicRegisters, _apicPage);
            Vcpus[i] = new Vcpu(this, i, cpu, apicRegisters) { Affinity = _cpus };
        }
        var accesses = new GuestAccess[Vcpus.Length];
        for (int i = 0; i < accesses.Length; i++)
            accesses[i] = Vcpus[i].Access;
        HypercallTlbs = new HypercallTlbs(accesses);
        SharedInfo.PublishWallClock(WallClockAtStart);
        foreach (Vcpu vcpu in Vcpus)
            vcpu.PublishTime();
        return true;
    }

    /// <summary>
    /// A guest that switches its APIC to x2APIC mode sees that frame as memory, as on Xen; before it writes there it reads what nothing
    /// at all reads as.
    /// </summary>
    private bool TryMapApicPage()
    {
        if (!Services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out _apicPage))
            return false;
        Services.Memory.Frame(_apicPage).Fill(0xFF);
        return P2m.TryMapApicPage(Gfn.Of(VirtualApic.PageAddress), _apicPage);
    }

    /// <summary>
    /// Ends the domain: it leaves the table, and every frame it held goes back to the allocator. No vCPU of it is running.
    /// The objects may not be used afterwards.
    /// </summary>
    public void Dispose()
    {
        Leave();
        GrantTable.ReleaseMappings(int.MaxValue);
        while (!_views.ReleaseStep(int.MaxValue))
        {
        }
        P2m.Release();
    }

    /// <summary>Stops every timer of the domain, as it ends. One that fires on another CPU at this moment finds the domain dying.</summary>
    internal void StopTimers()
    {
        Watchdog.Release();
        Services.Timers.Stop(Suspension);
        Services.Timers.Stop(LostRemapNotice);
        foreach (Vcpu vcpu in Vcpus)
            vcpu.StopTimers();
    }

    /// <summary>
    /// The first part of the end: nobody finds the domain any more, its peers' event channels are unbound, its timers are stopped. Only
    /// its memory is still there, for <see cref="ReleaseStep"/>. No vCPU of it is running or will.
    /// </summary>
    public void Leave()
    {
        Services.Domains.Remove(this);
        Services.Claims.Release(this);
        EventChannels.Release();
        IoServers.Release();
        Monitor.Release();
        EndForOthers();
        Console.Release();
        Watchdog.Release();
        Services.Timers.Stop(Suspension);
        Services.Timers.Stop(LostRemapNotice);
        foreach (Vcpu vcpu in Vcpus)
            vcpu?.Release();
        _views.Deactivate();
        SharedInfo?.Page.Detach();
        FreeLent(_sharedInfoFrame);
        if (_apicPage != Mfn.Invalid)
            Services.Frames.Free(_apicPage, 0);
        _apicPage = Mfn.Invalid;
        GrantTable.Release();
        VirtualNodes.Release();
        ReleaseBroken();
    }

    /// <summary>What the domain answers for in others goes with it, and whom it listens to is not listened to any more.</summary>
    private void EndForOthers()
    {
        for (int i = 0; i < DomainTable.Capacity; i++)
        {
            if (Services.Domains.At(i) is not { } other || !(other.IoServers.AreThere || other.Monitor.IsListening))
                continue;
            other.Acquire();
            other.IoServers.DestroyAllOf(Identity);
            if (other.Monitor.IsListening && other.Monitor.Listener == Identity)
                other.Monitor.Disable();
            other.Release();
        }
    }

    /// <summary>
    /// The rest of the end, piece by piece: lets go of what it has mapped of others, scrubs memory and gives it back, then the tables. True: every frame is back, and the domain's
    /// arena may be released.
    /// </summary>
    /// <param name="frames">The most frames to scrub; at least 512.</param>
    public bool ReleaseStep(ulong frames) =>
        GrantTable.ReleaseMappings((int)frames) && _views.ReleaseStep(ViewEntriesPerStep) && P2m.ReleaseStep(frames);

    private const int ViewEntriesPerStep = 4096;
}
