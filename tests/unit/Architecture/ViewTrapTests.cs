using System;
using System.IO;
using System.Linq;
using Xunit;

namespace Xenolith.Tests.Unit.Architecture;

/// <summary>docs/altp2m.md says of each thing that Xen gets wrong with views which test shows that it is otherwise here.</summary>
public sealed class ViewTrapTests
{
    [Fact]
    public void Each_trap_that_the_documentation_names_has_its_test()
    {
        string[] lines = File.ReadAllLines(Path.Combine(SourceTree.Root, "docs", "altp2m.md"));
        string[] tests = [.. lines.SkipWhile(line => line != "## Where Xen goes wrong").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith('|')).Skip(2).Select(line => line.Split('|')[3].Trim())];
        Assert.True(tests.Length > 10);
        string sources = string.Concat(new[] { "guests", "unit" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests", folder), "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        foreach (string test in tests)
        {
            string mark = test.Contains(' ', StringComparison.Ordinal) ? $"tests.Start(\"{test}\")" : $"public void {test}(";
            Assert.Contains(mark, sources, StringComparison.Ordinal);
        }
    }
}
