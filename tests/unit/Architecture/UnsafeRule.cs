using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Xenolith.Build.Sources;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>Where <c>unsafe</c> may stand, and that a comment beside it gives its reason.</summary>
internal static partial class UnsafeRule
{
    private const int LinesBefore = 4, LinesAfter = 8;

    private static readonly string[] Folders =
        ["runtime-stub/", "kernel/", "drivers/", "hv/hal/", "tests/guests/", "tests/features/", "tests/unit/"];

    // The accessors of guest memory: the only places of hv/mm that may turn addresses into references.
    private static readonly string[] Accessors = ["Guest", "Shared"];

    public static IEnumerable<string> Violations(SourceFile file)
    {
        string[] code = CSharpText.WithoutCommentsAndLiterals(file.Text).Replace("\r\n", "\n").Split('\n');
        for (int i = 0; i < code.Length; i++)
        {
            if (!Keyword().IsMatch(code[i]))
            {
                continue;
            }

            if (!MayStand(file.Path))
            {
                yield return $"{file.Path}({i + 1}): unsafe does not belong here";
            }
            else if (!HasReason(file.Lines, i))
            {
                yield return $"{file.Path}({i + 1}): unsafe without a comment that gives its reason";
            }
        }
    }

    private static bool MayStand(string path) =>
        Folders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal))
        || (path.StartsWith("hv/mm/", StringComparison.Ordinal)
            && Accessors.Any(name => System.IO.Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal)));

    private static bool HasReason(string[] lines, int line)
    {
        int last = Math.Min(lines.Length - 1, line + LinesAfter);
        for (int i = Math.Max(0, line - LinesBefore); i <= last; i++)
        {
            if (Comment().IsMatch(lines[i]))
            {
                return true;
            }
        }

        return false;
    }

    [GeneratedRegex(@"\bunsafe\b")]
    private static partial Regex Keyword();

    [GeneratedRegex(@"//.*\w+.*\w+")]
    private static partial Regex Comment();
}
