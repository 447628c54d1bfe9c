using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Tests.Unit.Harness;

/// <summary>A vendor that exists in tests only.</summary>
public sealed class ScriptedVirtualisation : Virtualisation
{
    private readonly PlainPageFormat _format = new();

    public override string Name => "scripted";

    public override bool UsesVmcall => true;

    /// <summary>Whether its vCPUs' APICs are the CPU's to keep.</summary>
    public bool Keeps { get; init; }

    public override bool KeepsApics => Keeps;

    /// <summary>Whether its vCPUs go to other views without an exit.</summary>
    public bool SwitchesViews { get; set; }

    public override bool HasViewFunctions => SwitchesViews;

    /// <summary>Whether its vCPUs' CPUs note first writes, if that is allowed.</summary>
    public bool NotesWrites { get; set; }

    public override bool LogsWrites => NotesWrites && AllowsWriteLog;

    public override PageTableFormat NestedFormat => _format;

    public override string? Enable(PhysicalMemory memory, FrameAllocator frames) => null;

    public override bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames) => true;

    public override string? EnableHere() => null;

    /// <summary>For how many more vCPUs there is a frame.</summary>
    public int CpusLeft { get; set; } = int.MaxValue;

    public override VirtualCpu? CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log) => CpusLeft-- > 0 ? new ScriptedCpu(memory) : null;
}

/// <summary>Nested tables as plain as can be: rights in bits 0 to 2, leaf bit 7, cacheability in bit 3, what only some leaves have in bits 52 to 54.</summary>
public sealed class PlainPageFormat() : PageTableFormat(7 | (ulong)Rights.Withheld << HighShift)
{
    private const int HighShift = 49;
    private const Rights High = Rights.Withheld | Rights.Convertible | Rights.Logged;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching) =>
        mfn.Address | (ulong)(rights & Rights.All) | ((ulong)(rights & High) << HighShift) | (caching == Caching.Uncached ? 8UL : 0) | (level > 1 ? 0x80UL : 0);

    public override ulong Table(Mfn mfn) => mfn.Address | 7;

    public override Rights RightsOf(ulong entry) => (Rights)(entry & 7) | ((Rights)(entry >> HighShift) & High);

    public override ulong Absent => 0;

    public override int MaximumOrder => Page.Order1G;
}
