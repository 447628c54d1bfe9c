using System.Collections.Generic;

namespace Xenolith.Build.Scan;

/// <summary>Something the image scan refuses.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Function">The function at fault, or the section.</param>
/// <param name="Detail">What it does.</param>
/// <param name="Chain">How it is reached, from the root; empty when the rule holds everywhere.</param>
public sealed record Finding(string Rule, string Function, string Detail, IReadOnlyList<string> Chain)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"  {Rule}: {Function}: {Detail}" + (Chain.Count > 0 ? $"\n    reached by {string.Join(" → ", Chain)}" : "");
}
