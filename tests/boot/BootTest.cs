using System;
using System.Collections.Generic;
using Xenolith.Build.Emulators;

namespace Xenolith.Tests.Boot;

/// <summary>How the machine has to come to rest.</summary>
internal enum ExpectedEnd
{
    /// <summary>Software switches it off.</summary>
    PowerOff,

    /// <summary>It resets.</summary>
    Reset,

    /// <summary>Either: which one is not the test's matter.</summary>
    PowerOffOrReset,

    /// <summary>It stays on and says nothing more.</summary>
    Halt,
}

/// <summary>What is typed once a prompt has been seen.</summary>
/// <param name="Prompt">Text that the output since the last thing typed has to contain.</param>
/// <param name="Text">What is typed then.</param>
internal sealed record Typed(string Prompt, string Text);

/// <summary>One boot of the image, and what is to come of it.</summary>
internal sealed record BootTest(string Name, TestMachine Machine)
{
    /// <summary>The image; null for the hypervisor.</summary>
    public string? Image { get; init; }

    /// <summary>What starts the image.</summary>
    public BootLoader Loader { get; init; }

    /// <summary>The hypervisor's command line.</summary>
    public string Arguments { get; init; } = "loglvl=all console=com1 dom0=pvh";

    /// <summary>Boot modules: a guest kernel, then its initrd.</summary>
    public IReadOnlyList<BootModule> Modules { get; init; } = [];

    /// <summary>RAM of the machine.</summary>
    public int MemoryMiB { get; init; } = 512;

    /// <summary>CPUs of the machine.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Time from the emulator's start to the end.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Regular expressions that lines have to match, in this order.</summary>
    public IReadOnlyList<string> Expected { get; init; } = [];

    /// <summary>Regular expressions that no line may match, beside those of every test.</summary>
    public IReadOnlyList<string> Forbidden { get; init; } = [];

    /// <summary>A regular expression whose first group is the same in all lines that match it; null: none.</summary>
    public string? SameNumbers { get; init; }

    /// <summary>Whether lines that report a failed check are the test's failure (they are, unless the guest is to fail).</summary>
    public bool ForbidFailures { get; init; } = true;

    /// <summary>Whether the hypervisor is to panic; it never may otherwise.</summary>
    public bool IsToPanic { get; init; }

    /// <summary>Input, in order.</summary>
    public IReadOnlyList<Typed> Input { get; init; } = [];

    /// <summary>The boot that follows when this one has passed, by the lines that it printed; null: none.</summary>
    public Func<IReadOnlyList<string>, BootTest>? Then { get; init; }

    /// <summary>How the machine ends.</summary>
    public ExpectedEnd End { get; init; } = ExpectedEnd.PowerOff;
}

/// <summary>What came of a test.</summary>
/// <param name="Failure">Why it failed; null when it passed.</param>
/// <param name="Elapsed">How long it ran.</param>
/// <param name="Log">The log's path.</param>
/// <param name="LastLines">The end of the output.</param>
internal sealed record BootOutcome(string? Failure, TimeSpan Elapsed, string Log, IReadOnlyList<string> LastLines);
