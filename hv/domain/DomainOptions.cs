using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What a domain is created with.</summary>
public sealed class DomainOptions
{
    /// <summary>0 to 0x7FEF; the first domain is 0.</summary>
    public required ushort Id { get; init; }

    /// <summary>For the log.</summary>
    public required string Name { get; init; }

    /// <summary>May use the calls of the control domain.</summary>
    public bool IsPrivileged { get; init; }

    /// <summary>Is the one that the hypervisor built at its start.</summary>
    public bool IsInitialDomain { get; init; }

    /// <summary>1 to <see cref="Domain.MaximumVcpus"/>.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Its share of CPU time against others': 1 to <see cref="DomainShare.MaximumWeight"/>.</summary>
    public int Weight { get; init; } = DomainShare.DefaultWeight;

    /// <summary>The most of a physical CPU that it may have, in per cent; 0: no limit.</summary>
    public int Cap { get; init; }

    /// <summary>The physical CPUs that its vCPUs may run on; at least one is in use.</summary>
    public CpuSet Cpus { get; init; } = new(ulong.MaxValue);

    /// <summary>The most frames that the domain may have.</summary>
    public ulong MaximumPages { get; set; } = ulong.MaxValue;

    /// <summary>The most frames of a grant table unless told otherwise (gnttab_max_frames); Xen's default.</summary>
    public const int DefaultGrantFrames = 64;

    /// <summary>The most frames of its grant table.</summary>
    public int MaximumGrantFrames { get; init; } = DefaultGrantFrames;

    /// <summary>What a toolstack asked for; nothing for the hypervisor's own domains.</summary>
    public DomctlCreateDomain Settings { get; init; } = new() { Emulation = new DomainEmulation { Flags = (uint)EmulationFlags.LocalApic } };

    /// <summary>Whether the vCPUs can be named from the start.</summary>
    public bool HasVcpus { get; init; } = true;

    /// <summary>
    /// The highest port that the domain may bind, up to 131,071. A port takes 16 bytes of the hypervisor's frames, which grow by a frame
    /// with use.
    /// </summary>
    public uint MaximumEventPort { get; init; } = EventChannelLimits.Fifo - 1;

    /// <summary>The most mappings of others' grants unless told otherwise, in frames of 256 (gnttab_max_maptrack_frames); Xen's default.</summary>
    public const int DefaultMappingFrames = 1024;

    /// <summary>The most mappings of others' grants, in frames of 256.</summary>
    public int MaximumMappingFrames { get; init; } = DefaultMappingFrames;

    /// <summary>Who may have views of its memory made, and change them; a toolstack says so later of what is disabled.</summary>
    public Altp2mMode Altp2mMode { get; init; }

    /// <summary>The most views of its memory, 1 to <see cref="Altp2m.MaximumLimit"/>.</summary>
    public int MaximumViews { get; init; } = Altp2m.DefaultLimit;

    /// <summary>How they are otherwise than Xen's.</summary>
    public Altp2mOptions ViewOptions { get; init; }

    /// <summary>The calls that it is shown, a word a group; null: the default. What is there lives as long as the machine.</summary>
    public ulong[]? ShownCalls { get; init; }
}
