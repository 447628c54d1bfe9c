using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>Rules that look at one source file: conditional compilation, length, machine paths.</summary>
internal static partial class SourceRules
{
    public const int MostLines = 500;

    // Put together so that this file does not name them.
    private static readonly string[] MachinePaths = ["/wor" + "k/", "/tm" + "p/", "/roo" + "t/", "/hom" + "e/"];

    /// <summary><c>#if</c> in code of both worlds, outside the runtime stub: a seam has a file a world instead.</summary>
    public static IEnumerable<string> Conditionals(SourceFile file)
    {
        if (!file.Path.StartsWith("kernel/", StringComparison.Ordinal) && !file.Path.StartsWith("drivers/", StringComparison.Ordinal)
            && !file.Path.StartsWith("hv/", StringComparison.Ordinal))
        {
            return [];
        }

        return file.Lines.Select((line, index) => (line, index))
            .Where(entry => Conditional().IsMatch(entry.line))
            .Select(entry => $"{file.Path}({entry.index + 1}): {entry.line.Trim()}");
    }

    /// <summary>A file too long for one concept. Generated files are exempt.</summary>
    public static IEnumerable<string> Length(SourceFile file)
    {
        if (file.Lines.Length > MostLines && !file.Path.EndsWith(".g.cs", StringComparison.Ordinal))
        {
            yield return $"{file.Path}: {file.Lines.Length} lines, more than {MostLines}";
        }
    }

    /// <summary>Paths that exist on one machine only.</summary>
    public static IEnumerable<string> Paths(SourceFile file) =>
        file.Lines.SelectMany((line, index) => MachinePaths
            .Where(path => MatchesPath(line, path))
            .Select(path => $"{file.Path}({index + 1}): names {path}"));

    private static bool MatchesPath(string line, string path)
    {
        int at = line.IndexOf(path, StringComparison.Ordinal);
        // "out" or "~" before the slash makes it a relative path.
        return at >= 0 && (at == 0 || !(char.IsAsciiLetterOrDigit(line[at - 1]) || "._-*)}".Contains(line[at - 1], StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"^\s*#\s*(if|elif)\b")]
    private static partial Regex Conditional();
}
