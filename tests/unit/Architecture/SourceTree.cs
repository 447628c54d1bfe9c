using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>The sources of the repository, found upward from the test's own assembly.</summary>
internal static class SourceTree
{
    private static readonly string[] NotSources = ["out", ".git", "obj", "bin", "node_modules"];

    /// <summary>The repository's root: the folder that holds Directory.Build.props.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every file below the root with one of the extensions, as a path relative to the root with forward slashes.</summary>
    public static IEnumerable<SourceFile> Files(params string[] extensions) =>
        Walk(new DirectoryInfo(Root))
            .Where(file => extensions.Any(extension => file.Name.EndsWith(extension, StringComparison.Ordinal)))
            .Select(file => new SourceFile(
                Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'), File.ReadAllText(file.FullName)))
            .OrderBy(file => file.Path, StringComparer.Ordinal);

    private static IEnumerable<FileInfo> Walk(DirectoryInfo directory) =>
        directory.EnumerateFiles().Concat(directory.EnumerateDirectories()
            .Where(child => !NotSources.Contains(child.Name))
            .SelectMany(Walk));

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Directory.Build.props")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"no Directory.Build.props above {AppContext.BaseDirectory}: the tests must run inside the repository");
    }
}

/// <summary>One source file: its path relative to the root, and its text.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>Lines without their ends.</summary>
    public string[] Lines { get; } = Text.Replace("\r\n", "\n").Split('\n');
}
