using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>Where the checks of a control block report a broken rule. The image logs, tests collect.</summary>
public abstract class EntryRules
{
    /// <summary>Broken rules since <see cref="Begin"/>.</summary>
    public int Broken { get; private set; }

    /// <summary>Starts a new round of checks.</summary>
    public void Begin() => Broken = 0;

    /// <summary>One rule: a field, its value, whether the rule holds, its text and its section in the manual.</summary>
    public void Require(bool holds, string field, ulong value, string rule, string section)
    {
        if (holds)
            return;
        Broken++;
        Report(field, value, rule, section);
    }

    /// <summary>Says which field breaks which rule.</summary>
    protected abstract void Report(string field, ulong value, string rule, string section);
}

/// <summary>Prints broken rules on the hypervisor's console.</summary>
public sealed class LoggedEntryRules(Log log) : EntryRules
{
    protected override void Report(string field, ulong value, string rule, string section) =>
        log.Error($"VM entry: {field} = 0x{value:x}: {rule} ({section})");
}
