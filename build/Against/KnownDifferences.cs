using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Host;

namespace Xenolith.Build.Against;

/// <summary>A test that gives different results on the two hypervisors.</summary>
/// <param name="Guest">The guest.</param>
/// <param name="Test">The test's name.</param>
/// <param name="Machine">An arena's name.</param>
/// <param name="Ours">The result on Xenolith.</param>
/// <param name="Theirs">The result on Xen.</param>
public sealed record Difference(string Guest, string Test, string Machine, string Ours, string Theirs);

/// <summary>A row of docs/differences.md.</summary>
/// <param name="Guest">The guest; the row holds for its run with 32-bit calls as well.</param>
/// <param name="Test">The test's name.</param>
/// <param name="Machine">An arena's name, or <c>all</c>.</param>
/// <param name="Ours">The result on Xenolith; <c>…</c> at its end stands for any rest.</param>
/// <param name="Theirs">The result on Xen, likewise.</param>
/// <param name="Line">Line number in the file.</param>
public sealed record KnownDifference(string Guest, string Test, string Machine, string Ours, string Theirs, int Line)
{
    /// <summary>Whether this row is about the difference, and both results are as it says.</summary>
    public bool Explains(Difference difference) =>
        IsAbout(difference.Guest) && Test == difference.Test && (Machine == "all" || Machine == difference.Machine)
        && IsLike(Ours, difference.Ours) && IsLike(Theirs, difference.Theirs);

    /// <summary>Whether a run of that name is the guest's.</summary>
    public bool IsAbout(string run) => run == Guest || run == Guest + Comparison.NarrowMark;

    private static bool IsLike(string pattern, string text) =>
        pattern.EndsWith('…') ? text.StartsWith(pattern[..^1], StringComparison.Ordinal) : pattern == text;
}

/// <summary>
/// The table of docs/differences.md: the rows below a head that begins with guest, test, machine, Xenolith, Xen, reason.
/// A row without a reason is refused.
/// </summary>
public static class KnownDifferences
{
    private const int Cells = 6;
    private static readonly string[] Head = ["guest", "test", "machine", "Xenolith", "Xen", "reason"];

    /// <summary>The file, relative to the root.</summary>
    public const string File = "docs/differences.md";

    /// <summary>Reads the tree's own file.</summary>
    public static IReadOnlyList<KnownDifference> Load() => Parse(System.IO.File.ReadAllLines(Tree.At(File)));

    /// <summary>Reads the rows from the file's lines.</summary>
    public static IReadOnlyList<KnownDifference> Parse(IReadOnlyList<string> lines)
    {
        var rows = new List<KnownDifference>();
        bool inTable = false;
        for (int i = 0; i < lines.Count; i++)
        {
            string line = lines[i].Trim();
            if (!line.StartsWith('|'))
            {
                inTable = false;
                continue;
            }

            string[] cells = [.. line.Trim('|').Split('|').Select(cell => cell.Trim().Trim('`'))];
            if (cells.SequenceEqual(Head))
            {
                inTable = true;
            }
            else if (inTable && !cells.All(cell => cell.All(c => c is '-' or ':')))
            {
                rows.Add(Row(cells, i + 1));
            }
        }

        return rows;
    }

    private static KnownDifference Row(string[] cells, int line)
    {
        if (cells.Length != Cells || cells.Any(cell => cell.Length == 0))
        {
            throw new BuildFailure($"{File}({line}): a row has {Cells} cells ({string.Join(", ", Head)}), none of them empty");
        }

        if (cells[2] != "all" && !Arena.All.Any(arena => arena.Name == cells[2]))
        {
            throw new BuildFailure($"{File}({line}): \"{cells[2]}\" is no machine; these are: all, {string.Join(", ", Arena.All.Select(arena => arena.Name))}");
        }

        return new KnownDifference(cells[0], cells[1], cells[2], cells[3], cells[4], line);
    }
}
