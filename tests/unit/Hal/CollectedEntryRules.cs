using System.Collections.Generic;
using Xenolith.Hal;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>Keeps the broken rules for a test to look at.</summary>
internal sealed class CollectedEntryRules : EntryRules
{
    public List<(string Field, ulong Value, string Rule, string Section)> Reports { get; } = [];

    protected override void Report(string field, ulong value, string rule, string section) => Reports.Add((field, value, rule, section));
}
