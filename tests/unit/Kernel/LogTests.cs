using System;
using Xenolith.Kernel;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class LogTests
{
    private readonly CapturingConsole _text = new();
    private readonly Log _log = new();
    private readonly VirtualClock _clock = new();

    public LogTests() => _log.TryAddDevice(_text);

    private enum Colour : byte
    {
        Blue = 3,
    }

    [Fact]
    public void HolesAreFormatted()
    {
        int negative = -5;
        sbyte small = -1;
        ReadOnlySpan<byte> bytes = "bytes"u8;
        _log.Error($"{1} {negative} {ulong.MaxValue} {255:x} {255:X4} {0xABCUL:x16} {7:d3} {negative:x} {small:x2}");
        _log.Error($"{true} {'c'} {"text"} {bytes} {Colour.Blue} {new Mfn(0x123)} {long.MinValue} {(ushort)9}");
        Assert.Equal(
            "(xenolith) 1 -5 18446744073709551615 ff 00FF 0000000000000abc 007 fffffffb ff\n"
            + "(xenolith) true c text bytes 3 123 -9223372036854775808 9\n", _text.Text);
    }

    [Fact]
    public void TooLongALineIsCutAndSaysSo()
    {
        _log.Error($"{new string('a', 300)}");
        Assert.Equal("(xenolith) " + new string('a', LineText.Capacity - 3) + "...\n", _text.Text);
    }

    [Fact]
    public void ControlCharactersDoNotReachTheConsole()
    {
        _log.Error($"{"a\u001b[2J\u00e9"}");
        Assert.Equal("(xenolith) a?[2J?\n", _text.Text);
    }

    [Fact]
    public void HolesOfAFilteredLineAreNotEvaluated()
    {
        int evaluated = 0;
        _log.Thresholds = new LogThresholds(LogLevel.Warning, LogLevel.Warning);
        _log.Info($"{++evaluated}");
        _log.Warning($"{++evaluated}");
        Assert.Equal(1, evaluated);
        Assert.Equal("(xenolith) 1\n", _text.Text);
    }

    [Fact]
    public void AGuestsLinesAreLimitedAndTheRestIsCounted()
    {
        _log.Clock = _clock;
        var limit = default(RateLimit);
        for (int i = 0; i < 25; i++)
        {
            _log.Guest(ref limit, $"line {i}");
        }

        _clock.Advance(RateLimit.PeriodNanoseconds);
        _log.Guest(ref limit, $"again");
        string[] lines = _text.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12, lines.Length);
        Assert.Equal("(xenolith) line 9", lines[9]);
        Assert.Equal("(xenolith) 15 lines were suppressed here", lines[10]);
        Assert.Equal("(xenolith) again", lines[11]);
    }

    [Fact]
    public void GuestsLinesFollowTheirOwnThresholds()
    {
        _log.GuestThresholds = new LogThresholds(LogLevel.Error, LogLevel.Error);
        var limit = default(RateLimit);
        _log.Guest(ref limit, $"hidden");
        Assert.Equal("", _text.Text);
    }

    [Fact]
    public void RawOutputIsKeptApartFromLines()
    {
        _log.Write("half"u8);
        _log.Info("whole");
        _log.Write("more\n"u8);
        _log.Info("again");
        Assert.Equal("half\n(xenolith) whole\nmore\n(xenolith) again\n", _text.Text);
    }

    [Fact]
    public void ALateDeviceIsShownTheRing()
    {
        _log.Info("early");
        var late = new CapturingConsole();
        Assert.True(_log.TryAddDevice(late, replay: true));
        _log.Info("late");
        Assert.Equal("(xenolith) early\n(xenolith) late\n", late.Text);
        _log.RemoveDevice(late);
        _log.Info("later");
        Assert.Equal("(xenolith) early\n(xenolith) late\n", late.Text);
    }

    [Fact]
    public void TheRingKeepsTheNewestBytesAcrossAResize()
    {
        var ring = new LogRing(256);
        for (int i = 0; i < 1000; i++)
        {
            ring.Write([(byte)i]);
        }

        Assert.Equal((744UL, 1000UL), (ring.Start, ring.End));
        byte[] read = new byte[300];
        Assert.Equal(256, ring.Read(0, read));
        Assert.Equal(unchecked((byte)744), read[0]);
        Assert.Equal(unchecked((byte)999), read[255]);
        // Where they lie: the ring's end is between the 767th and the 768th.
        Assert.Equal((24, unchecked((byte)744)), (ring.Peek(0, 300).Length, ring.Peek(0, 300)[0]));
        Assert.Equal((10, unchecked((byte)768)), (ring.Peek(768, 10).Length, ring.Peek(768, 10)[0]));
        Assert.Equal(232, ring.Peek(768, 300).Length);
        Assert.True(ring.Peek(1000, 1).IsEmpty);
        _log.Info("kept");
        _log.ResizeRing(1 << 20);
        Assert.Equal(1 << 20, _log.Ring.Size);
        Assert.Equal("(xenolith) kept\n"u8.ToArray(), read.AsSpan(0, _log.Ring.Read(0, read)).ToArray());
    }

    [Fact]
    public void WritingALineAllocatesNothing()
    {
        _log.RemoveDevice(_text);
        var limit = default(RateLimit);
        long before = 0;
        for (int i = 0; i < 3; i++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            _log.Error($"number {i:x8} {Colour.Blue} {new Mfn(3)} {"text"}");
            _log.Guest(ref limit, $"guest {i}");
            before = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, before);
    }
}
