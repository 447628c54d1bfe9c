using System.Collections.Generic;
using System.Text.RegularExpressions;
using Xenolith.Build.Host;

namespace Xenolith.Build.Against;

/// <summary>A hypervisor that a guest is run on.</summary>
/// <param name="Name">As printed: xenolith or xen.</param>
/// <param name="Image">Its multiboot image.</param>
/// <param name="Banner">What a line of its own looks like; without one, something else was booted.</param>
/// <param name="Ending">What it says last where it leaves the machine on; null where it switches it off.</param>
public sealed partial record Contestant(string Name, string Image, Regex Banner, Regex? Ending)
{
    /// <summary>This tree's.</summary>
    public static Contestant Xenolith { get; } = new("xenolith", Tree.Image, XenolithBanner(), Ending: null);

    /// <summary>What Debian's Xen is called.</summary>
    public const string XenName = "xen";

    private bool IsXen => Name == XenName;

    /// <summary>Xen from Debian's package.</summary>
    public static Contestant Xen(string image) => new(XenName, image, XenBanner(), XenEnding());

    /// <summary>The command line on a machine.</summary>
    public string ArgumentsOn(Arena arena) => (IsXen ? arena.XenArguments : "loglvl=all console=com1 dom0=pvh") + " dom0_mem=" + arena.DomainMemory;

    /// <summary>Further arguments of the emulator on a machine.</summary>
    public IEnumerable<string> EmulatorArgumentsOn(Arena arena) => [.. arena.EmulatorArguments, .. IsXen ? arena.XenEmulatorArguments : []];

    [GeneratedRegex(@"^\(xenolith\) ")]
    private static partial Regex XenolithBanner();

    [GeneratedRegex(@"^\(XEN\) Xen version \d|^\(XEN\) Latest ChangeSet")]
    private static partial Regex XenBanner();

    [GeneratedRegex(@"\(XEN\) .*(Hardware Dom0 (halted|shutdown|crashed)|Panic on CPU)")]
    private static partial Regex XenEnding();
}
