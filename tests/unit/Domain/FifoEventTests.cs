using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

/// <summary>The FIFO ABI, seen by a guest that takes its events as public/event_channel.h says, and by one that does not.</summary>
public sealed partial class FifoEventTests : IDisposable
{
    private const ulong Control = 0x300, Array = 0x310;
    private const uint PendingBit = 1u << 31, MaskedBit = 1u << 30, LinkedBit = 1u << 29, BusyBit = 1u << 28, LinkMask = 0x1FFFF;
    private const uint ControlSize = 72;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly EventChannels _events;

    public FifoEventTests()
    {
        _domain = _machine.CreateDomain(4, vcpus: 2);
        _events = _domain.EventChannels;
        _domain.SetCallback((2UL << 56) | 0xF3);
    }

    public void Dispose() => _machine.Dispose();

    private ref uint At(ulong address) => ref _machine.Memory.Word32(_domain.P2m.Lookup(Gfn.Of(address)).Mfn.Address + (address & 0xFFF));

    private ref uint Word(uint port) => ref At((Array << 12) + port * 4);

    private ref uint Ready(int vcpu) => ref At((Control << 12) + (ulong)vcpu * 2048);

    private ref uint Head(int vcpu, int priority) => ref At((Control << 12) + (ulong)vcpu * 2048 + 8 + (ulong)priority * 4);

    private bool UpcallPending(int vcpu) => _machine.Memory.Frame(_domain.SharedInfo.Frame.Mfn)[vcpu * 64] != 0;

    private void UseFifo(int pages = 1)
    {
        Assert.Equal(Errno.None, _events.InitialiseControl(0, new Gfn(Control), 0));
        Assert.Equal(Errno.None, _events.InitialiseControl(1, new Gfn(Control), 2048));
        for (int i = 0; i < pages; i++)
            Assert.Equal(Errno.None, _events.ExpandArray(new Gfn(Array + (ulong)i)));
    }

    private uint Ipi(uint vcpu = 0)
    {
        Assert.Equal(Errno.None, _events.BindIpi(vcpu, out uint port));
        return port;
    }

    private void Send(uint port) => Assert.Equal(Errno.None, _events.Send(port));

    private readonly Dictionary<(int, int), uint> _next = [];

    /// <summary>Takes the vCPU's events as a guest does: by priority, along each queue. At most <paramref name="most"/>.</summary>
    private List<uint> Take(int vcpu, int most = 10_000)
    {
        var taken = new List<uint>();
        _machine.Memory.Frame(_domain.SharedInfo.Frame.Mfn)[vcpu * 64] = 0;
        uint ready = Ready(vcpu);
        Ready(vcpu) = 0;
        for (int priority = 0; priority < 16; priority++)
        {
            if ((ready & (1u << priority)) == 0)
                continue;
            uint port = _next.GetValueOrDefault((vcpu, priority));
            port = port == 0 ? Head(vcpu, priority) : port;
            while (port != 0 && taken.Count < most)
            {
                uint word = Word(port);
                Word(port) = word & ~(LinkedBit | LinkMask);
                if ((word & (PendingBit | MaskedBit)) == PendingBit)
                {
                    Word(port) &= ~PendingBit;
                    taken.Add(port);
                }
                port = word & LinkMask;
            }
        }
        return taken;
    }

    [Theory]
    [InlineData(2u, 1u, 0x90000UL, Errno.ENOENT)] // no such vCPU, before all else
    [InlineData(uint.MaxValue, 0u, Control, Errno.ENOENT)]
    [InlineData(0u, 4096 - ControlSize + 8, 0x90000UL, Errno.EINVAL)] // past the page
    [InlineData(0u, uint.MaxValue - 7, Control, Errno.EINVAL)]
    [InlineData(0u, 4u, Control, Errno.EINVAL)] // not aligned
    [InlineData(0u, 0u, 0x90000UL, Errno.EINVAL)] // no memory there
    [InlineData(0u, 0u, ulong.MaxValue, Errno.EINVAL)]
    [InlineData(0u, 4096 - ControlSize, Control, Errno.None)]
    [InlineData(1u, 0u, Control, Errno.None)]
    public void AControlBlockLiesWithinAPage(uint vcpu, uint offset, ulong gfn, Errno expected)
    {
        Assert.Equal(expected, _events.InitialiseControl(vcpu, new Gfn(gfn), offset));
        Assert.Equal(expected == Errno.None, _events.UsesFifo);
        if (expected == Errno.None)
            Assert.Equal(Errno.EINVAL, _events.InitialiseControl(vcpu, new Gfn(gfn), offset));
    }

    [Fact]
    public void ARefusedControlBlockLeavesTwoLevels()
    {
        uint port = Ipi();
        Assert.Equal(Errno.EINVAL, _events.InitialiseControl(0, new Gfn(0x90000), 0));
        Assert.Equal(Errno.EOPNOTSUPP, _events.ExpandArray(new Gfn(Array)));
        Assert.Equal(Errno.ENOSYS, _events.SetPriority(port, 0));
        Send(port);
        Assert.Equal(1u << (int)port, At2Level(port));
    }

    private uint At2Level(uint port) => _machine.Memory.Word32(_domain.SharedInfo.Frame.Mfn.Address + 2048 + port / 32 * 4);

    [Fact]
    public void EventsComeByPriorityAndThenInOrder()
    {
        UseFifo();
        uint low = Ipi(), first = Ipi(), second = Ipi(), high = Ipi();
        Assert.Equal(Errno.None, _events.SetPriority(low, 15));
        Assert.Equal(Errno.None, _events.SetPriority(high, 0));
        foreach (uint port in (uint[])[low, second, first, high, second])
            Send(port);
        Assert.True(UpcallPending(0));
        Assert.Equal((1u << 15) | (1u << 7) | 1u, Ready(0));
        Assert.Equal([high, second, first, low], Take(0));
        Assert.Equal(0u, At2Level(low));
        Send(first);
        Assert.Equal([first], Take(0));
        Assert.Empty(Take(0));
    }

    [Fact]
    public void PrioritiesAreRefusedInXensOrder()
    {
        Assert.Equal(Errno.EINVAL, _events.SetPriority(64, 99));
        Assert.Equal(Errno.ENOSYS, _events.SetPriority(1, 99));
        UseFifo();
        Assert.Equal(Errno.EINVAL, _events.SetPriority(64, 0));
        Assert.Equal(Errno.EACCES, _events.SetPriority(1, 99));
        Assert.Equal(Errno.EACCES, _events.SetPriority(0, 0));
        uint port = Ipi();
        Assert.Equal(Errno.EINVAL, _events.SetPriority(port, 16));
        Assert.Equal(Errno.None, _events.SetPriority(port, 15));
    }

    [Fact]
    public void AMaskedEventWaitsForUnmask()
    {
        UseFifo();
        uint port = Ipi();
        Word(port) = MaskedBit;
        Send(port);
        Assert.Equal(PendingBit | MaskedBit, Word(port));
        Assert.True(_events.IsMasked(port));
        Assert.False(UpcallPending(0));
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.Equal(PendingBit | LinkedBit, Word(port));
        Assert.True(UpcallPending(0));
        Assert.Equal([port], Take(0));
        Word(port) = MaskedBit;
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.Equal(0u, Word(port));
        Assert.False(UpcallPending(0));
    }

    [Fact]
    public void WhatIsPendingOnTwoLevelsComesWithTheWords()
    {
        uint pending = Ipi(), idle = Ipi(), other = Ipi(1);
        Send(pending);
        Send(other);
        Assert.Equal(Errno.None, _events.InitialiseControl(0, new Gfn(Control), 0));
        Assert.Equal(Errno.None, _events.InitialiseControl(1, new Gfn(Control), 2048));
        Assert.False(_events.IsPending(pending));
        Assert.True(_events.IsMasked(pending));
        Assert.Equal(Errno.None, _events.Unmask(pending));
        Send(idle);
        Assert.Equal(Errno.None, _events.ExpandArray(new Gfn(Array)));
        Assert.True(_events.IsPending(pending));
        Assert.Equal([pending, idle], Take(0));
        Assert.Equal([other], Take(1));
    }

    [Fact]
    public void AnEventOfAPortWithoutAWordComesWithTheWord()
    {
        UseFifo();
        for (uint port = 1; port < 1030; port++)
            Ipi();
        Send(1024);
        Send(1029);
        Send(1023);
        Assert.Equal([1023u], Take(0));
        Assert.Equal(Errno.None, _events.Close(1029));
        Assert.Equal(Errno.None, _events.ExpandArray(new Gfn(Array + 1)));
        Assert.Equal([1024u], Take(0));
    }

    [Fact]
    public void AChangedPriorityIsForTheNextEvent()
    {
        UseFifo();
        uint other = Ipi(), port = Ipi(), last = Ipi();
        Send(other);
        Send(port);
        Assert.Equal(Errno.None, _events.SetPriority(port, 3));
        Send(port);
        Assert.Equal(1u << 7, Ready(0));
        Assert.Equal([other, port], Take(0));
        Send(port);
        Assert.Equal(1u << 3, Ready(0));
        // The old queue ended with the port, which is linked again, elsewhere: it has to begin anew.
        Send(last);
        Assert.Equal(last, Head(0, 7));
        Assert.Equal(PendingBit | LinkedBit, Word(port));
        Assert.Equal([port, last], Take(0));
    }

    [Fact]
    public void AMovedPortLeavesItsOldQueueBehind()
    {
        UseFifo();
        Assert.Equal(Errno.None, _events.AllocateUnbound(0, out uint far));
        Assert.Equal(Errno.None, _events.BindInterdomain(_domain, far, out uint near));
        Take(0);
        Send(near);
        Assert.Equal(Errno.None, _events.BindVcpu(far, 1));
        Send(near);
        Assert.False(UpcallPending(1));
        Assert.Equal([far], Take(0));
        Send(near);
        Assert.Equal([far], Take(1));
        uint ipi = Ipi();
        Send(ipi);
        Send(near);
        Assert.Equal([ipi], Take(0));
        Assert.Equal([far], Take(1));
    }

    [Fact]
    public void APortInAQueueIsNotBoundAgain()
    {
        UseFifo();
        uint port = Ipi(), next = port + 1;
        Send(port);
        Assert.Equal(Errno.None, _events.Close(port));
        Assert.Equal(LinkedBit, Word(port));
        Assert.Equal(next, Ipi());
        Assert.Empty(Take(0));
        Assert.Equal(port, Ipi());
    }

    /// <summary>A port that is closed while it is the tail, and taken out of the queue by the guest, may come back in another queue.</summary>
    [Fact]
    public void AReboundPortThatWasTheTailElsewhereIsForgottenThere()
    {
        UseFifo();
        uint port = Ipi();
        Send(port);
        Assert.Equal([port], Take(0));
        Assert.Equal(Errno.None, _events.Close(port));
        Assert.Equal(port, Ipi(1));
        Send(port);
        uint other = Ipi();
        Send(other);
        Assert.Equal([other], Take(0));
        Assert.Equal([port], Take(1));
    }

    [Fact]
    public void WithoutAControlBlockAnEventIsMarkedAndNoMore()
    {
        Assert.Equal(Errno.None, _events.InitialiseControl(0, new Gfn(Control), 0));
        Assert.Equal(Errno.None, _events.ExpandArray(new Gfn(Array)));
        uint port = Ipi(1);
        Send(port);
        Assert.Equal(PendingBit, Word(port));
        Assert.False(UpcallPending(1));
        Assert.Equal(Errno.None, _events.InitialiseControl(1, new Gfn(Control), 2048));
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.Equal([port], Take(1));
    }

    [Fact]
    public void APollEndsWithTheEvent()
    {
        UseFifo();
        uint port = Ipi();
        Word(port) = MaskedBit;
        Vcpu vcpu = _domain.Vcpus[0];
        vcpu.Poll(port, 0);
        Assert.True(vcpu.IsPolling);
        Send(port);
        Assert.False(vcpu.IsPolling);
        Assert.Equal(Errno.None, _events.Poll(port, out bool isPending));
        Assert.True(isPending);
        Assert.Equal(Errno.None, _events.Close(port));
        Assert.Equal(Errno.None, _events.Poll(port, out isPending));
        Assert.False(isPending);
        Assert.Equal(Errno.EINVAL, _events.Poll(64, out _));
    }

    [Fact]
    public void AResetGoesBackToTwoLevelsAndLetsGoOfThePages()
    {
        ulong free = _machine.Frames.FreeFrames;
        Mfn words = _domain.P2m.Lookup(new Gfn(Array)).Mfn;
        Mfn control = _domain.P2m.Lookup(new Gfn(Control)).Mfn;
        UseFifo(2);
        Assert.Equal(1u, _machine.Frames.ReferencesTo(words));
        Assert.Equal(2u, _machine.Frames.ReferencesTo(control));
        uint port = Ipi();
        Send(port);
        Assert.Equal(Errno.EBUSY, _events.Reset(true, 1, out _));
        Assert.Equal(Errno.None, _events.Reset(false, 1, out bool isDone));
        int passes = 1;
        for (; !isDone; passes++)
            Assert.Equal(Errno.None, _events.Reset(true, 1, out isDone));
        Assert.Equal(Errno.EBUSY, _events.Reset(true, 1, out _));
        Assert.Equal(63, passes);
        Assert.False(_events.UsesFifo);
        Assert.Equal(0u, _machine.Frames.ReferencesTo(words));
        Assert.Equal(0u, _machine.Frames.ReferencesTo(control));
        Assert.Equal(free, _machine.Frames.FreeFrames);
        Assert.Equal(Errno.EOPNOTSUPP, _events.ExpandArray(new Gfn(Array)));
        port = Ipi();
        Send(port);
        Assert.NotEqual(0u, At2Level(port) & (1u << (int)port));
        // And once more, with pages that hold what was there.
        UseFifo();
        Assert.Equal(Errno.EINVAL, _events.InitialiseControl(0, new Gfn(Control), 0));
    }

    [Fact]
    public void AResetThatIsUnderWayIsNotBegunAgainAndNoticesNewPorts()
    {
        UseFifo();
        Ipi();
        Assert.Equal(Errno.None, _events.Reset(false, 2, out bool isDone));
        Assert.False(isDone);
        Assert.Equal(Errno.EBUSY, _events.Reset(false, 2, out _));
        Assert.Equal(1u, Ipi());
        Assert.Equal(Errno.EAGAIN, _events.Reset(true, uint.MaxValue, out _));
        Assert.True(_events.UsesFifo);
        Assert.Equal(Errno.None, _events.Reset(false, uint.MaxValue, out isDone));
        Assert.True(isDone);
        Assert.False(_events.UsesFifo);
    }

    [Fact]
    public void APageThatIsGivenAwayStaysUntilItIsLetGo()
    {
        UseFifo();
        uint port = Ipi();
        Mfn words = _domain.P2m.Lookup(new Gfn(Array)).Mfn;
        // The large page is split by this.
        Assert.True(_domain.P2m.TryDepopulate(new Gfn(Array + 9)));
        ulong free = _machine.Frames.FreeFrames;
        Assert.True(_domain.P2m.TryDepopulate(new Gfn(Array)));
        Assert.True(_domain.P2m.TryDepopulate(new Gfn(Control)));
        Assert.Equal(free, _machine.Frames.FreeFrames);
        Send(port);
        Assert.Equal(PendingBit | LinkedBit, _machine.Memory.Word32(words.Address + port * 4));
        Assert.Equal(Errno.None, _events.Reset(false, uint.MaxValue, out _));
        Assert.Equal(free + 2, _machine.Frames.FreeFrames);
    }

    [Fact]
    public void TheEndOfADomainGivesEverythingBack()
    {
        ulong free = _machine.Frames.FreeFrames;
        Domain other = _machine.CreateDomain(4, vcpus: 1, id: 3);
        Assert.Equal(Errno.None, other.EventChannels.InitialiseControl(0, new Gfn(Control), 0));
        for (int page = 0; page < 128; page++)
            Assert.Equal(Errno.None, other.EventChannels.ExpandArray(new Gfn(Array)));
        for (uint port = 1; port < 131_072; port++)
            Assert.Equal(Errno.None, other.EventChannels.BindIpi(0, out _));
        Assert.Equal(512, other.EventChannels.TableFrames);
        Assert.Equal(Errno.ENOSPC, other.EventChannels.BindIpi(0, out _));
        Assert.Equal(Errno.EINVAL, other.EventChannels.Send(131_072));
        Assert.Equal(Errno.None, other.EventChannels.Send(131_071));
        Assert.Equal(Errno.ENOSPC, other.EventChannels.ExpandArray(new Gfn(Array)));
        other.Dispose();
        Assert.Equal(free, _machine.Frames.FreeFrames);
    }

    [Fact]
    public void TheTableGrowsBy64AndEndsAtTheDomainsLimit()
    {
        var options = new DomainOptions { Id = 5, Name = "few", MaximumEventPort = 70 };
        using Domain few = Domain.TryCreate(_machine.Services, options)!;
        EventChannels events = few.EventChannels;
        Assert.Equal(Errno.None, events.Status(63, out _));
        Assert.Equal(Errno.EINVAL, events.Status(64, out _));
        for (uint port = 1; port <= 70; port++)
            Assert.Equal(Errno.None, events.AllocateUnbound(0, out _));
        Assert.Equal(Errno.ENOSPC, events.AllocateUnbound(0, out _));
        Assert.Equal(Errno.None, events.Status(127, out _));
        Assert.Equal(Errno.EINVAL, events.Status(128, out _));
        Assert.Equal(1, events.TableFrames);
        Assert.Equal(Errno.None, events.Close(7));
        Assert.Equal(Errno.None, events.AllocateUnbound(0, out uint again));
        Assert.Equal(7u, again);
    }

    [Fact]
    public void WithoutFramesATableDoesNotGrow()
    {
        for (uint port = 1; port < 256; port++)
            Ipi();
        while (_machine.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Unspecified, out _))
        {
        }
        Assert.Equal(Errno.ENOMEM, _events.BindIpi(0, out _));
        Assert.Equal(Errno.ENOMEM, _events.BindVirq(0, 0, out _));
        Assert.Equal(Errno.ENOMEM, _events.AllocateUnbound(0, out _));
        Assert.Equal(Errno.ENOMEM, _events.BindInterdomain(_domain, 1, out _));
        Assert.Equal(Errno.None, _events.Close(9));
        Assert.Equal(9u, Ipi());
    }
}
