using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Architecture;
using Xunit;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>The one table of what can't be combined, and its copy in docs/memory.md.</summary>
public sealed class FeatureMatrixTests
{
    private static IEnumerable<FeatureConflict> Rules => Enumerable.Range(0, FeatureMatrix.Count).Select(FeatureMatrix.Rule);

    private static MemoryFeatures[] All => [.. Enum.GetValues<MemoryFeatures>().Where(feature => feature != MemoryFeatures.None)];

    [Fact]
    public void Each_rule_is_about_two_features_and_stands_once()
    {
        Assert.All(Rules, rule =>
        {
            Assert.Contains(rule.Wanted, All);
            Assert.Contains(rule.Active, All);
            Assert.NotEqual(Errno.None, rule.Error);
            Assert.NotEqual("", rule.Reason);
        });
        Assert.Equal(FeatureMatrix.Count, Rules.Select(rule => (rule.Wanted, rule.Active)).Distinct().Count());
        Assert.Throws<ArgumentOutOfRangeException>(() => FeatureMatrix.Rule(FeatureMatrix.Count));
    }

    [Fact]
    public void What_no_rule_names_goes_together()
    {
        foreach (MemoryFeatures wanted in All)
        {
            foreach (MemoryFeatures active in All)
            {
                FeatureConflict? rule = Rules.Where(rule => rule.Wanted == wanted && rule.Active == active).Select(rule => (FeatureConflict?)rule).FirstOrDefault();
                Assert.Equal(rule?.Error ?? Errno.None, FeatureMatrix.Check(wanted, active, out string reason));
                Assert.Equal(rule?.Reason ?? "", reason);
            }
            Assert.Equal(Rules.Any(rule => rule.Wanted == wanted), FeatureMatrix.Check(wanted, (MemoryFeatures)ushort.MaxValue, out _) != Errno.None);
        }
    }

    [Fact]
    public void The_log_and_views_go_together() =>
        Assert.Equal((Errno.None, Errno.None),
            (FeatureMatrix.Check(MemoryFeatures.DirtyLog, MemoryFeatures.Views, out _), FeatureMatrix.Check(MemoryFeatures.Views, MemoryFeatures.DirtyLog, out _)));

    [Fact]
    public void The_documentation_has_the_table()
    {
        string[] lines = File.ReadAllLines(Path.Combine(SourceTree.Root, "docs", "memory.md"));
        string[] rows = [.. lines.SkipWhile(line => !line.StartsWith("| to be switched on |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'))];
        string[] expected = [.. Rules.Select(rule => $"| {rule.Wanted} | {rule.Active} | {rule.Error} | {rule.Reason} |")];
        Assert.Equal(expected, rows);
    }
}
