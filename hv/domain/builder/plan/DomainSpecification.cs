using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What the words of a boot module's string ask for: a domain beside the initial one. See docs/running.md.</summary>
public sealed class DomainSpecification
{
    /// <summary>The kernel's module, counted from 1 as the messages do.</summary>
    public required int ModuleNumber { get; init; }

    public required BootModule Kernel { get; init; }

    /// <summary>The name of the kernel's file, for messages; empty when the loader does not tell it.</summary>
    public string File { get; init; } = "";

    /// <summary>The initrd's module; null: none.</summary>
    public BootModule? Ramdisk { get; set; }

    /// <summary>The guest's own command line: what stands behind <c>--</c>.</summary>
    public string CommandLine { get; set; } = "";

    /// <summary>1 to <see cref="MaximumNameLength"/> letters, digits, dots, dashes, plus signs and underscores; no other domain has it.</summary>
    public string Name { get; set; } = "";

    /// <summary>In bytes, whole frames.</summary>
    public ulong Memory { get; set; }

    /// <summary>1 to <see cref="Domain.MaximumVcpus"/>.</summary>
    public int VcpuCount { get; set; } = 1;

    /// <summary>Its share of CPU time against others': 1 to <see cref="DomainShare.MaximumWeight"/>.</summary>
    public int Weight { get; set; } = DomainShare.DefaultWeight;

    /// <summary>Per cent of a physical CPU; 0: no limit.</summary>
    public int Cap { get; set; }

    /// <summary>The physical CPUs that its vCPUs may run on, a bit each.</summary>
    public ulong Cpus { get; set; } = ulong.MaxValue;

    /// <summary>The word that says so, for messages; empty: none does.</summary>
    public string CpusText { get; set; } = "";

    /// <summary>Whether it may use the calls of the control domain.</summary>
    public bool IsPrivileged { get; set; }

    /// <summary>Whether it waits, each time it is made, until a control domain lets it run (XEN_DOMCTL_unpausedomain).</summary>
    public bool IsHeldBack { get; set; }

    /// <summary>Whether the module behind the kernel's is its initrd.</summary>
    public bool HasRamdisk { get; set; }

    /// <summary>Names of calls that it is shown beyond the default, separated by commas.</summary>
    public string Expose { get; set; } = "";

    /// <summary>Names of calls that it is not shown, likewise.</summary>
    public string Hide { get; set; } = "";

    /// <summary>What these two make of the default, a word a group; null: the default.</summary>
    public ulong[]? ShownCalls { get; set; }

    /// <summary>Who may have views of its memory made, and change them.</summary>
    public Altp2mMode Altp2mMode { get; set; }

    /// <summary>The most views of its memory, 1 to <see cref="Altp2m.MaximumLimit"/>.</summary>
    public int MaximumViews { get; set; } = Altp2m.DefaultLimit;

    /// <summary>How they are otherwise than Xen's.</summary>
    public Altp2mOptions ViewOptions { get; set; }

    /// <summary>Whether it is built anew when it asks for a reboot.</summary>
    public bool RestartsOnReboot { get; set; } = true;

    /// <summary>The longest name.</summary>
    public const int MaximumNameLength = 31;
}
