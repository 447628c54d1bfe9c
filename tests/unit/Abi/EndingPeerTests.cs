using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Calls about another domain that is taken apart meanwhile. The caller has translations to settle, and another CPU has the other domain's
/// lock: when the caller answers the CPUs, the domain is gone, and nobody may touch it.
/// </summary>
public sealed class EndingPeerTests : IDisposable
{
    private const ushort CallerId = 5, PeerId = 3;
    private const ulong EntrySize = 64;

    private readonly CallFixture _guest = new(id: CallerId);
    private readonly Domain _peer;
    private readonly uint _waiting, _near, _far;

    public EndingPeerTests()
    {
        _peer = _guest.Machine.CreateDomain(2, 1, PeerId, isPrivileged: false);
        Assert.Equal(Errno.None, _peer.EventChannels.AllocateUnbound(CallerId, out _waiting));
        Assert.Equal(Errno.None, _peer.EventChannels.AllocateUnbound(CallerId, out _far));
        _guest.Domain.Acquire();
        _peer.TryAcquire();
        Assert.Equal(Errno.None, _guest.Domain.EventChannels.BindInterdomain(_peer, _far, out _near));
        _peer.Release();
        _guest.Domain.Release();
    }

    public void Dispose() => _guest.Dispose();

    /// <summary>Two calls in one: the first leaves something to settle.</summary>
    private long Call<T>(Hypercall number, ulong? operation, T argument) where T : unmanaged
    {
        CurrentCpu.Number = 1;
        _peer.Acquire();
        CurrentCpu.Number = 0;
        var end = new End(_guest.Domain, _peer);
        _guest.Domain.P2m.Users = end;
        _guest.Write(CallFixture.Results, CallFixture.SpareGfn);
        const ulong reservation = CallFixture.Results + 0x100;
        _guest.Write(reservation, new MemoryReservation { ExtentStart = CallFixture.Results, ExtentCount = 1, Domain = DomainIds.Self });
        _guest.Write(CallFixture.Argument, argument);
        var first = new MulticallEntry { Operation = (ulong)Hypercall.MemoryOp };
        (first.Arguments[0], first.Arguments[1]) = ((ulong)MemoryOp.DecreaseReservation, reservation);
        var second = new MulticallEntry { Operation = (ulong)number };
        (second.Arguments[0], second.Arguments[1]) = operation is { } selector ? (selector, CallFixture.Argument) : (CallFixture.Argument, 0);
        _guest.WriteArray(CallFixture.List, first, second);
        Assert.Equal(0, _guest.Call(Hypercall.Multicall, CallFixture.List, 2));
        Assert.Equal(1UL, _guest.Read<MulticallEntry>(CallFixture.List).Result);
        Assert.True(end.HasHappened);
        Assert.False(_peer.IsHeld);
        return (long)_guest.Read<MulticallEntry>(CallFixture.List + EntrySize).Result;
    }

    private long Event<T>(EventChannelOp operation, T argument) where T : unmanaged => Call(Hypercall.EventChannelOp, (ulong)operation, argument);

    private EventChannelState FarState
    {
        get
        {
            Assert.Equal(Errno.None, _peer.EventChannels.Status(_far, out EventChannelStatus status));
            return status.State;
        }
    }

    [Fact]
    public void Nothing_is_sent_to_it()
    {
        Assert.Equal(0, Event(EventChannelOp.Send, new EvtchnSend { Port = _near }));
        Assert.False(_peer.EventChannels.IsPending(_far));
    }

    [Fact]
    public void Closing_leaves_its_end_alone()
    {
        Assert.Equal(0, Event(EventChannelOp.Close, new EvtchnClose { Port = _near }));
        Assert.Equal(EventChannelState.Interdomain, FarState);
    }

    [Fact]
    public void Nothing_is_bound_to_it() =>
        Assert.Equal(-(long)Errno.ESRCH, Event(EventChannelOp.BindInterdomain, new EvtchnBindInterdomain { RemoteDomain = PeerId, RemotePort = _waiting }));

    [Fact]
    public void No_port_is_waited_on_for_it() => Assert.Equal(-(long)Errno.ESRCH,
        Event(EventChannelOp.AllocUnbound, new EvtchnAllocUnbound { Domain = PeerId, RemoteDomain = CallerId }));

    [Fact]
    public void Nothing_of_it_is_told() => Assert.Equal(-(long)Errno.ESRCH, Event(EventChannelOp.Status, new EvtchnStatus { Domain = PeerId, Port = _far }));

    [Fact]
    public void Nothing_is_claimed_for_it() => Assert.Equal(-(long)Errno.EINVAL,
        Call(Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages, new MemoryReservation { ExtentCount = 513, Domain = PeerId }));

    [Fact]
    public void It_is_not_shut_down()
    {
        Assert.Equal(-(long)Errno.ESRCH, Call(Hypercall.SchedOp, (ulong)SchedOp.RemoteShutdown, new SchedRemoteShutdown { Domain = PeerId }));
        Assert.False(_peer.IsShutDown);
    }

    [Fact]
    public void The_next_domain_is_told_of_instead()
    {
        var argument = new Domctl { Command = (uint)DomctlOp.Getdomaininfo, InterfaceVersion = InterfaceVersions.Domctl, Domain = PeerId - 1 };
        Assert.Equal(0, Call(Hypercall.Domctl, null, argument));
        Assert.Equal(CallerId, _guest.Read<Domctl>(CallFixture.Argument).DomainInformation.Domain);
    }

    /// <summary>The end of a domain, at the moment when the caller answers other CPUs.</summary>
    private sealed class End(Domain caller, Domain peer) : TranslationUsers
    {
        public bool HasHappened { get; private set; }

        public override bool AreElsewhere => !HasHappened;

        public override void Expel()
        {
            if (HasHappened)
                return;
            HasHappened = true;
            Assert.True(caller.IsHeld);
            caller.Services.Domains.Remove(peer);
            CurrentCpu.Number = 1;
            peer.Release();
            CurrentCpu.Number = 0;
        }
    }
}
