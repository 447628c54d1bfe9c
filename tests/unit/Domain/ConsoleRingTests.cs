using System;
using System.Linq;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class ConsoleRingTests : IDisposable
{
    private const int InConsumer = 3072, InProducer = 3076, OutConsumer = 3080, OutProducer = 3084;

    private readonly TestMachine _machine = new();
    private readonly CapturingConsole _output = new();
    private readonly Domain _domain;

    public ConsoleRingTests()
    {
        _domain = _machine.CreateDomain();
        Assert.Equal(Errno.None, _domain.TryPopulate(Domain.DefaultConsoleFrame, 1));
        Assert.True(_domain.Console.TryConnect(Domain.DefaultConsoleFrame, _output));
    }

    public void Dispose() => _machine.Dispose();

    private Span<byte> Ring => _machine.Memory.Frame(_domain.P2m.Lookup(Domain.DefaultConsoleFrame).Mfn);

    private uint Index(int offset) => BitConverter.ToUInt32(Ring.Slice(offset));

    private void SetIndex(int offset, uint value) => BitConverter.TryWriteBytes(Ring.Slice(offset), value);

    private void GuestWrites(string text)
    {
        uint producer = Index(OutProducer);
        foreach (char c in text)
            Ring[1024 + (int)(producer++ % 2048)] = (byte)c;
        SetIndex(OutProducer, producer);
        Assert.Equal(Errno.None, _domain.EventChannels.Send(_domain.Console.Port));
    }

    [Fact]
    public void OutputAppearsAndTheGuestIsTold()
    {
        GuestWrites("hello\n");
        Assert.Equal("hello\n", _output.Text);
        Assert.Equal(Index(OutProducer), Index(OutConsumer));
        Assert.True(_domain.EventChannels.IsPending(_domain.Console.Port));
    }

    [Fact]
    public void IndicesRunOverTheEndOfTheRingAndOfThirtyTwoBits()
    {
        SetIndex(OutConsumer, uint.MaxValue - 2);
        SetIndex(OutProducer, uint.MaxValue - 2);
        GuestWrites("abcdefgh");
        Assert.Equal("abcdefgh", _output.Text);
        Assert.Equal(5u, Index(OutConsumer));
    }

    [Fact]
    public void AFullRingIsTakenWhole()
    {
        string text = new('x', 2048);
        GuestWrites(text);
        Assert.Equal(text, _output.Text);
    }

    [Fact]
    public void InputFillsTheRingAndNoMore()
    {
        byte[] typed = Enumerable.Range(0, 1500).Select(i => (byte)i).ToArray();
        Assert.Equal(1024, _domain.Console.PushInput(typed));
        Assert.Equal(0, _domain.Console.PushInput(typed));
        Assert.Equal(typed.Take(1024), Ring.Slice(0, 1024).ToArray());
        SetIndex(InConsumer, 10);
        Assert.Equal(10, _domain.Console.PushInput(typed));
        Assert.Equal(1034u, Index(InProducer));
        Assert.True(_domain.EventChannels.IsPending(_domain.Console.Port));
    }

    [Fact]
    public void HostileIndicesMoveNoByteOutsideTheRing()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<uint[]>(), values =>
        {
            uint At(int i) => values.Length == 0 ? 0 : values[i % values.Length];
            Ring.Slice(3088).Fill(0xEE);
            SetIndex(InConsumer, At(0));
            SetIndex(InProducer, At(1));
            SetIndex(OutConsumer, At(2));
            SetIndex(OutProducer, At(3));
            _output.Clear();
            _domain.Console.Drain();
            Assert.InRange(_output.Text.Length, 0, 2048);
            Assert.Equal(Index(OutProducer), Index(OutConsumer));
            uint producer = Index(InProducer);
            int pushed = _domain.Console.PushInput(new byte[2000]);
            Assert.InRange(pushed, 0, 1024);
            Assert.Equal(producer + (uint)pushed, Index(InProducer));
            Assert.True(Ring.Slice(3088).IndexOfAnyExcept((byte)0xEE) < 0);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void TheRingSurvivesTheGuestGivingItsPageAway()
    {
        Mfn mfn = _domain.P2m.Lookup(Domain.DefaultConsoleFrame).Mfn;
        Assert.True(_domain.P2m.TryDepopulate(Domain.DefaultConsoleFrame));
        Assert.Equal(_domain.Id, _machine.Frames.OwnerOf(mfn));
        _domain.Console.Drain();
        Assert.Equal(3, _domain.Console.PushInput("abc"u8));
    }

    [Fact]
    public void AClosedPortSilencesTheBell()
    {
        uint port = _domain.Console.Port;
        Assert.Equal(Errno.None, _domain.EventChannels.Close(port));
        Assert.Equal(1, _domain.Console.PushInput("a"u8));
        Assert.False(_domain.EventChannels.IsPending(port));
    }

    [Fact]
    public void TheGuestSeesAnInterdomainPort()
    {
        Assert.Equal(Errno.None, _domain.EventChannels.Status(_domain.Console.Port, out EventChannelStatus status));
        Assert.Equal(EventChannelState.Interdomain, status.State);
        Assert.Equal(DomainIds.Xen, status.RemoteDomain);
    }

    [Fact]
    public void APageThatIsNotMemoryIsRefused()
    {
        Domain other = _machine.CreateDomain(4, id: 4);
        Assert.False(other.Console.TryConnect(new Gfn(0x12345678), _output));
        Assert.Equal(0u, other.Console.Port);
    }
}
