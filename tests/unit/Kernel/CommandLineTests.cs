using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class CommandLineTests
{
    private static OptionRow[] Rows =>
    [
        new("flag", OptionKind.Boolean, "no", "A flag."),
        new("noreboot", OptionKind.Boolean, "no", "A flag whose name begins with no."),
        new("number", OptionKind.Number, "1", "A number."),
        new("size", OptionKind.Size, "1M", "A size."),
        new("list", OptionKind.List, "a", "A list.") { Accepted = "alpha beta" },
        new("switches", OptionKind.List, "", "A list of booleans.") { Accepted = "one two", HasBooleans = true },
        new("text", OptionKind.Text, "", "A text."),
        new("habit", OptionKind.Boolean, "", "Nothing depends on it.") { WithoutEffect = true, AcceptsAnyValue = true },
        new("loglvl", OptionKind.Text, "info", "Levels."),
    ];

    private static CommandLine Parse(string text) => new(text, Rows);

    [Theory]
    [InlineData("flag", true)]
    [InlineData("no-flag", false)]
    [InlineData("flag=yes", true)]
    [InlineData("flag=on", true)]
    [InlineData("flag=true", true)]
    [InlineData("flag=enable", true)]
    [InlineData("flag=1", true)]
    [InlineData("flag=no", false)]
    [InlineData("flag=off", false)]
    [InlineData("flag=false", false)]
    [InlineData("flag=disable", false)]
    [InlineData("flag=0", false)]
    [InlineData("flag no-flag", false)]
    [InlineData("no-flag  text=x flag", true)]
    [InlineData("flag -- no-flag", true)]
    public void Booleans(string text, bool expected)
    {
        Assert.Equal(expected, Parse(text).GetBoolean("flag", !expected));
        Assert.True(Parse(text).Check(new Log()));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("switches=one", true)]
    [InlineData("switches=no-one", false)]
    [InlineData("switches=one=0", false)]
    [InlineData("switches=two=0", true)]
    [InlineData("switches=no-two,one=disable", false)]
    [InlineData("switches=no-one,one=on", true)]
    [InlineData("switches=no-one switches=two", true)]
    public void BooleansInAList(string text, bool expected)
    {
        Assert.Equal(expected, Parse(text).ListBoolean("switches", "one", true));
        Assert.True(Parse(text).Check(new Log()));
    }

    [Theory]
    [InlineData("switches=three")]
    [InlineData("switches=no-three")]
    [InlineData("switches=one=maybe")]
    [InlineData("switches=no-one=0")]
    [InlineData("switches=one,,two")]
    [InlineData("switches=")]
    [InlineData("switches")]
    [InlineData("no-switches")]
    public void MalformedBooleansInAListAreRefused(string text)
    {
        Assert.False(Parse(text).Check(new Log()));
        Assert.True(Parse(text).ListBoolean("switches", "one", true));
    }

    [Theory]
    [InlineData("size=512", 512UL << 10)]
    [InlineData("size=512K", 512UL << 10)]
    [InlineData("size=512k", 512UL << 10)]
    [InlineData("size=512M", 512UL << 20)]
    [InlineData("size=3G", 3UL << 30)]
    [InlineData("size=1T", 1UL << 40)]
    [InlineData("size=4096B", 4096UL)]
    [InlineData("size=0x10M", 16UL << 20)]
    [InlineData("size=0x1B", 0x1BUL << 10)]
    [InlineData("size=1M size=2M", 2UL << 20)]
    public void Sizes(string text, ulong expected)
    {
        Assert.Equal(expected, Parse(text).GetSize("size", 0));
        Assert.True(Parse(text).Check(new Log()));
    }

    [Theory]
    [InlineData("number=10", 10UL)]
    [InlineData("number=0x10", 16UL)]
    [InlineData("number=010", 8UL)]
    [InlineData("number=0", 0UL)]
    public void Numbers(string text, ulong expected) => Assert.Equal(expected, Parse(text).GetNumber("number", 77));

    [Theory]
    [InlineData("flag=maybe", "malformed option \"flag=maybe\": accepted are flag, no-flag")]
    [InlineData("no-flag=1", "unknown option \"no-flag=1\"")]
    [InlineData("number=ten", "malformed option \"number=ten\": accepted is number=<number>")]
    [InlineData("number=18446744073709551616", "malformed option")]
    [InlineData("number", "malformed option \"number\"")]
    [InlineData("no-number", "unknown option")]
    [InlineData("size=12Q", "malformed option \"size=12Q\": accepted is size=<number>[T|G|M|K|B]")]
    [InlineData("size=", "malformed option")]
    [InlineData("size=99999999999T", "malformed option")]
    [InlineData("size=M", "malformed option")]
    [InlineData("list=alpha,gamma", "malformed option \"list=alpha,gamma\": accepted for list= are alpha beta")]
    [InlineData("text=", "malformed option")]
    [InlineData("loglvl=loud", "malformed option")]
    [InlineData("colour=red", "unknown option \"colour=red\"")]
    [InlineData("=", "unknown option \"=\"")]
    public void ErrorsAreNamed(string text, string expected)
    {
        var log = new Log();
        var console = new CapturingConsole();
        log.TryAddDevice(console);
        Assert.False(Parse(text).Check(log));
        Assert.Contains(expected, console.Text);
    }

    [Fact]
    public void AnUnknownOptionShowsTheTable()
    {
        var log = new Log();
        var console = new CapturingConsole();
        log.TryAddDevice(console);
        Assert.False(Parse("flag nonsense").Check(log));
        Assert.Contains("accepted options:", console.Text);
        Assert.Contains("  size=<size> [1M] A size.", console.Text);
    }

    [Fact]
    public void OptionsWithoutEffectGetAWarning()
    {
        var log = new Log();
        var console = new CapturingConsole();
        log.TryAddDevice(console);
        Assert.True(Parse("habit=boot noreboot list=beta,no-alpha,alpha=3").Check(log));
        Assert.Equal("(xenolith) option \"habit=boot\" is accepted without effect: Nothing depends on it.\n", console.Text);
    }

    [Fact]
    public void TablesAddUp()
    {
        CommandLine line = Parse("extra=5 list=beta");
        Assert.False(line.Check(new Log()));
        line.Declare([new OptionRow("extra", OptionKind.Number, "0", "More.")]);
        Assert.True(line.Check(new Log()));
        Assert.True(line.ListHas("list", "beta", false));
        Assert.False(line.ListHas("list", "alpha", true));
        Assert.True(line.ListHas("other", "alpha", true));
        Assert.True(line.IsGiven("extra"));
    }

    [Theory]
    [InlineData("all", LogLevel.Debug, LogLevel.Debug)]
    [InlineData("none/warning", LogLevel.None, LogLevel.Warning)]
    [InlineData("error/all", LogLevel.Error, LogLevel.Debug)]
    [InlineData("info/error", LogLevel.Info, LogLevel.Info)]
    public void Levels(string text, LogLevel always, LogLevel limited)
    {
        Assert.True(OptionValue.TryParseThresholds(text, out LogThresholds thresholds));
        Assert.Equal(new LogThresholds(always, limited), thresholds);
    }
}
