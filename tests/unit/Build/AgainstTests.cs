using Xenolith.Build.Against;
using Xenolith.Build.Bench;
using Xenolith.Build.Host;
using Xunit;

namespace Xenolith.Tests.Unit.Build;

/// <summary>Comparing guests' results and reading the list of known differences.</summary>
public sealed class AgainstTests
{
    private const string Head = "| guest | test | machine | Xenolith | Xen | reason |";
    private const string Rule = "|---|---|---|---|---|---|";

    private static Comparison Compare(string ours, string theirs) =>
        Comparison.Between(Arena.QemuSvm, "events", TestResults.Parse([ours]), TestResults.Parse([theirs]), []);

    [Fact]
    public void ResultsAreFoundBehindTheHypervisorsPrefix()
    {
        TestResults results = TestResults.Parse(["(d0) test send: passed", "test poll: failed: deadline: 3 instead of 0", "(XEN) d0v0 something", "test send: skipped: no port"]);
        Assert.Equal(["send", "poll", "send (2)"], results.Names);
        Assert.Equal("failed: deadline: 3 instead of 0", results["poll"]);
        Assert.Equal("skipped: no port", results["send (2)"]);
        Assert.Equal(TestResults.Absent, results["close"]);
    }

    [Fact]
    public void EqualResultsAreNoDifference() => Assert.Empty(Compare("test send: passed", "test send: passed").Differences);

    [Fact]
    public void ResultsThatDifferOrLackAreDifferences()
    {
        Assert.Equal("passed", Assert.Single(Compare("test send: failed: x", "test send: passed").Differences).Theirs);
        Assert.Equal(TestResults.Absent, Assert.Single(Compare("test send: passed", "").Differences).Theirs);
    }

    [Fact]
    public void FailingAlikeIsEqualButNamed()
    {
        Comparison comparison = Compare("test send: failed: x", "test send: failed: x");
        Assert.Empty(comparison.Differences);
        Assert.Equal("send: failed: x", Assert.Single(comparison.FailedAlike));
    }

    [Fact]
    public void SilenceOnBothIsAProblem() => Assert.NotEmpty(Compare("", "").Problems);

    [Fact]
    public void ARowExplainsWhatIsLikeItAndNothingElse()
    {
        KnownDifference row = Assert.Single(KnownDifferences.Parse(["text", Head, Rule, "| events | send | all | passed | `failed: port…` | the reason |"]));
        var difference = new Difference("events", "send", "qemu-svm", "passed", "failed: port: 3 instead of 4");
        Assert.True(row.Explains(difference));
        Assert.False(row.Explains(difference with { Guest = "timers" }));
        Assert.False(row.Explains(difference with { Test = "poll" }));
        Assert.False(row.Explains(difference with { Ours = "skipped: x" }));
        Assert.False(row.Explains(difference with { Theirs = "failed: other" }));
        Assert.False((row with { Machine = "bochs-vmx" }).Explains(difference));
        Assert.True(row.Explains(difference with { Guest = "events (32-bit)" }));
        Assert.False(row.Explains(difference with { Guest = "timers (32-bit)" }));
    }

    [Theory]
    [InlineData("| events | send | all | passed | absent | |")]
    [InlineData("| events | send | all | passed | absent |")]
    [InlineData("| events | send | bochs | passed | absent | why |")]
    public void ARowWithoutReasonOrWithAnUnknownMachineIsRefused(string row) =>
        Assert.Throws<BuildFailure>(() => KnownDifferences.Parse([Head, Rule, row]));

    [Fact]
    public void OtherTablesAreLeftAlone() => Assert.Empty(KnownDifferences.Parse(["| a | b |", Rule, "| 1 | 2 |"]));

    [Fact]
    public void TheTreesOwnListCanBeRead() => Assert.NotNull(KnownDifferences.Load());

    [Fact]
    public void FiguresAndMissingRowsAreRead()
    {
        var run = new GuestRun(
            ["calibration: 10 instructions in 10 ticks", "bench a: median 20, least 19, most 30", "bench b: answered -38 instead of 0", "test b: skipped: another"], null, "log");
        BenchFigures ours = BenchFigures.Parse(Arena.QemuSvm, "xenolith", run);
        Assert.Equal(new Figure(20, 19, 30), ours["a"]);
        Assert.Null(ours["b"]);
        Assert.Equal("answered -38 instead of 0", ours.Missing["b"]);
        BenchFigures theirs = BenchFigures.Parse(Arena.QemuSvm, "xen", new GuestRun(["bench a: median 40, least 40, most 40"], null, "log"));
        var record = new BenchRecord([ours, theirs]);
        Assert.Equal(["a", "b"], record.Rows);
        Assert.Equal(0.5, record.Ratio(Arena.QemuSvm, "a"));
        Assert.Null(record.Ratio(Arena.QemuSvm, "b"));
    }
}
