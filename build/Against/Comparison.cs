using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Host;

namespace Xenolith.Build.Against;

/// <summary>One guest on one machine, on both hypervisors.</summary>
/// <param name="Arena">The machine.</param>
/// <param name="Guest">The guest's name.</param>
/// <param name="Tests">Tests that either run named.</param>
/// <param name="Differences">Tests whose results differ.</param>
/// <param name="FailedAlike">Tests that failed on both with the same words: the guest expects what neither does.</param>
/// <param name="Problems">Runs that did not come to a regular end, each in a line.</param>
public sealed record Comparison(
    Arena Arena, string Guest, int Tests, IReadOnlyList<Difference> Differences, IReadOnlyList<string> FailedAlike, IReadOnlyList<string> Problems)
{
    /// <summary>What stands behind the name of a guest that makes 32-bit calls.</summary>
    public const string NarrowMark = " (32-bit)";

    /// <summary>Runs the guest on both and compares.</summary>
    /// <param name="arena">The machine.</param>
    /// <param name="guest">The guest's path.</param>
    /// <param name="isNarrow">Whether it makes 32-bit calls.</param>
    /// <param name="xen">Xen.</param>
    public static Comparison Make(Arena arena, string guest, bool isNarrow, Contestant xen)
    {
        var limit = TimeSpan.FromSeconds(arena.Kind == MachineKind.Qemu ? 90 : 240);
        string logs = Path.Combine(Tree.Out, "against", "logs");
        GuestRun ours = GuestRun.Start(arena, Contestant.Xenolith, guest, isNarrow, limit, logs);
        GuestRun theirs = GuestRun.Start(arena, xen, guest, isNarrow, limit, logs);
        string[] problems = [.. Describe(Contestant.Xenolith, ours), .. Describe(xen, theirs)];
        return Between(arena, Path.GetFileName(guest) + (isNarrow ? NarrowMark : ""), TestResults.Parse(ours.Lines), TestResults.Parse(theirs.Lines), problems);
    }

    /// <summary>Compares results that are there already.</summary>
    public static Comparison Between(Arena arena, string guest, TestResults ours, TestResults theirs, IReadOnlyList<string> problems)
    {
        string[] names = [.. ours.Names.Union(theirs.Names)];
        Difference[] differences =
        [
            .. names.Where(name => ours[name] != theirs[name])
                .Select(name => new Difference(guest, name, arena.Name, ours[name], theirs[name])),
        ];

        string[] failedAlike =
        [
            .. names.Where(name => ours[name] == theirs[name] && ours[name].StartsWith("failed", StringComparison.Ordinal)).Select(name => $"{name}: {ours[name]}"),
        ];

        // Two silent runs are equal in nothing.
        return new Comparison(arena, guest, names.Length, differences, failedAlike, names.Length == 0 && problems.Count == 0 ? ["no results on either"] : problems);
    }

    /// <summary>Prints a line for the comparison, one for each problem, and three for each difference.</summary>
    public void Print(IReadOnlyList<KnownDifference> known)
    {
        Console.Out.WriteLine($"{Guest} {Arena.Name}: {Tests} tests, {Tests - Differences.Count} equal, {Differences.Count} different");
        foreach (string problem in Problems)
        {
            Console.Out.WriteLine($"  unfinished: {problem}");
        }

        foreach (string test in FailedAlike)
        {
            Console.Out.WriteLine($"  the same on both: {test}");
        }

        foreach (Difference difference in Differences)
        {
            KnownDifference? row = known.FirstOrDefault(row => row.Explains(difference));
            Console.Out.WriteLine($"  {(row is null ? "unexplained" : $"explained in {KnownDifferences.File}({row.Line})")}: {difference.Test}");
            Console.Out.WriteLine($"    xenolith  {difference.Ours}");
            Console.Out.WriteLine($"    xen       {difference.Theirs}");
        }
    }

    private static IEnumerable<string> Describe(Contestant contestant, GuestRun run) =>
        run.Problem is null ? [] : [$"{contestant.Name}: {run.Problem}; its output is in {run.Log}"];
}
