using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>What becomes of a further boot module: one domain after the other, as often as it asks for a reboot. Immortal.</summary>
public sealed class ModuleDomain
{
    private Unowned<Domain> _domain;
    private Unowned<DomainBuild> _build;

    /// <param name="writer">Its first number as a writer of the log; it takes two.</param>
    public ModuleDomain(DomainRecipe recipe, KernelServices kernel, uint writer)
    {
        Recipe = recipe;
        Console = new GuestLines(kernel.Log, kernel.Clock, 0, writer);
        Debug = new GuestLines(kernel.Log, kernel.Clock, 0, writer + 1);
    }

    public DomainRecipe Recipe { get; }

    public string Name => Recipe.Words.Name;

    public DomainArena Arena { get; } = new();

    /// <summary>What comes by the console ring.</summary>
    public GuestLines Console { get; }

    /// <summary>What comes by port 0xE9.</summary>
    public GuestLines Debug { get; }

    public ModuleDomainState State { get; set; }

    /// <summary>The id of the domain that there is, or was last.</summary>
    public ushort Id { get; set; }

    /// <summary>How often it was built anew.</summary>
    public uint Rebuilds { get; set; }

    /// <summary>The earliest time for the next build, in nanoseconds.</summary>
    public ulong NotBefore { get; set; }

    /// <summary>Whether the domain that ends is to be built anew.</summary>
    public bool ComesBack { get; set; }

    /// <summary>The domain; null: there is none now.</summary>
    public Domain? Domain
    {
        get => _domain.Value;
        set => _domain = new Unowned<Domain>(value);
    }

    /// <summary>The build that goes on; null: none.</summary>
    public DomainBuild? Build
    {
        get => _build.Value;
        set => _build = new Unowned<DomainBuild>(value);
    }

    /// <summary>Whether a person types to it.</summary>
    public bool HasInput
    {
        set
        {
            Console.IsLive = value;
            Debug.IsLive = value;
        }
    }
}

/// <summary>Where a module's domain stands.</summary>
public enum ModuleDomainState
{
    /// <summary>Not made yet, or being made.</summary>
    Building,

    /// <summary>It runs, or could.</summary>
    Running,

    /// <summary>It has shut down; physical CPUs may still be leaving it.</summary>
    Stopping,

    /// <summary>Its memory goes back.</summary>
    Releasing,

    /// <summary>It does not come back.</summary>
    Gone,
}
