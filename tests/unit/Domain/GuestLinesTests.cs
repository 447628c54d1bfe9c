using System;
using System.Text;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>What several domains write comes out apart.</summary>
public sealed class GuestLinesTests : IDisposable
{
    private readonly TestMachine _machine = new(4);
    private readonly GuestLines _one, _two;

    public GuestLinesTests()
    {
        _one = new GuestLines(_machine.Log, _machine.Clock, 1, 1);
        _two = new GuestLines(_machine.Log, _machine.Clock, 2, 2);
        _machine.Console.Clear();
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void LinesOfTwoAreNeverMixed()
    {
        Write(_one, "ha");
        Write(_two, "wo");
        Write(_one, "lf\n");
        _machine.Log.Write("raw "u8);
        Write(_two, "rld\nnext");
        _machine.Log.Write("again\n"u8);
        Assert.Equal("(d1) half\nraw \n(d2) world\nagain\n", _machine.Console.Text);
    }

    [Fact]
    public void ALiveWriterIsSeenAtOnceAndLosesItsLineToOthers()
    {
        Write(_one, "prom");
        _one.IsLive = true;
        Write(_one, "pt> ");
        Assert.Equal("(d1) prompt> ", _machine.Console.Text);
        Write(_two, "other\n");
        Write(_one, "typed\n");
        Write(_one, "x");
        _machine.Log.Write("raw\n"u8);
        Assert.Equal("(d1) prompt> \n(d2) other\n(d1) typed\n(d1) x\nraw\n", _machine.Console.Text);
    }

    [Theory]
    [InlineData("\u001b[6n# ls\n", "(d1) # ls\n")]
    [InlineData("\u001b[1;31mred\u001b[0m\n", "(d1) red\n")]
    [InlineData("\u001bcreset\n", "(d1) reset\n")]
    [InlineData("cut \u001b[12\nnext\n", "(d1) cut \n(d1) next\n")]
    [InlineData("a\tb\u0007\u0000c\r\n", "(d1) a\tb?c\n")]
    public void NothingReachesTheTerminalButText(string text, string shown)
    {
        Write(_one, text);
        Assert.Equal(shown, _machine.Console.Text);
    }

    [Fact]
    public void AFloodOfOneIsCutAndTheOtherIsNot()
    {
        for (uint i = 0; i < GuestLines.LinesPerPeriod + 100; i++)
            Write(_one, "f\n");
        Write(_two, "here\n");
        Assert.EndsWith("(d1) f\n(d2) here\n", _machine.Console.Text);
        Assert.Equal((int)GuestLines.LinesPerPeriod, _machine.Console.Text.AsSpan().Count("(d1) f\n"));
        _machine.Advance(GuestLines.PeriodNanoseconds);
        Write(_one, "g\n");
        Assert.Contains("100 lines were dropped", _machine.Console.Text);
        Assert.EndsWith("(d1) g\n", _machine.Console.Text);
    }

    [Fact]
    public void TheNextDomainBeginsALineOfItsOwn()
    {
        Write(_one, "rest");
        _one.Begin(32751);
        Write(_one, "new\n");
        Assert.Equal("(d1) rest\n(d32751) new\n", _machine.Console.Text);
    }

    private static void Write(GuestLines lines, string text) => lines.Write(Encoding.Latin1.GetBytes(text));
}
