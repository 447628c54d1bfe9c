using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>domctl: domains that suspend, soft resets, and what a toolstack says about a domain's memory.</summary>
public sealed class DomctlResetTests : IDisposable
{
    private const ulong Place = 0x100;

    private ControlFixture _control = new();

    public void Dispose() => _control.Dispose();

    private static long Error(Errno error) => -(long)error;

    private long SoftReset(Domain domain, bool goesOn = false) => _control.Call(goesOn ? DomctlOp.SoftResetCont : DomctlOp.SoftReset, domain.Id);

    /// <summary>A domain that lies where it suspended, with shared_info mapped and ports open.</summary>
    private Domain MakeSuspended(int ports = 3)
    {
        Domain domain = _control.Make();
        _control.Populate(domain.Id, 8);
        Assert.Equal(Errno.None, domain.Lend(domain.SharedInfo.Frame, new Gfn(Place)));
        for (int i = 0; i < ports; i++)
            Assert.Equal(Errno.None, domain.EventChannels.AllocateUnbound(0, out _));
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterInfo(new Gfn(3), 64, domain.Vcpus[0]));
        domain.Shutdown(ShutdownReason.Suspend);
        return domain;
    }

    [Fact]
    public void OnlyADomainThatShutDownAndIsPausedIsReset()
    {
        Domain running = _control.Make();
        Assert.Equal(Error(Errno.EINVAL), SoftReset(_control.Guest.Domain));
        Assert.Equal(Error(Errno.EINVAL), SoftReset(running));
        Domain ended = MakeSuspended();
        Assert.Equal(Error(Errno.EBUSY), SoftReset(ended, goesOn: true));
        Assert.Equal(0, _control.Call(DomctlOp.Unpausedomain, ended.Id));
        Assert.Equal(Error(Errno.EINVAL), SoftReset(ended));
        Assert.True(ended.IsShutDown);
    }

    [Fact]
    public void AResetDomainGoesOnWithItsMemoryAlone()
    {
        Domain domain = MakeSuspended();
        ulong pages = domain.TotalPages;
        Assert.Equal(0, SoftReset(domain));
        Assert.False(domain.IsShutDown);
        Assert.Equal((P2mType.Ram, pages + 1, Gfn.Invalid), (domain.P2m.Lookup(new Gfn(Place)).Type, domain.TotalPages, domain.SharedInfo.Frame.Location));
        Assert.NotEqual(domain.SharedInfo.Frame.Mfn, domain.P2m.Lookup(new Gfn(Place)).Mfn);
        Assert.Equal(Errno.None, domain.EventChannels.AllocateUnbound(0, out uint port));
        Assert.Equal(1u, port);
        // vcpu_info may be registered once, and so again.
        Assert.Equal(Errno.None, domain.Vcpus[0].RegisterInfo(new Gfn(4), 64, domain.Vcpus[0]));
        Assert.Equal(1, domain.PauseCount);
    }

    [Fact]
    public void AResetOfManyPortsGoesOn()
    {
        _control.Dispose();
        _control = new ControlFixture(budget: 2);
        Domain domain = MakeSuspended(ports: 9);
        Assert.Equal(0, SoftReset(domain));
        Assert.True(_control.Guest.Restarts > 4);
        Assert.False(domain.IsShutDown);
        Assert.Equal(1, domain.PauseCount);
        // All are closed, and given anew from the first on.
        for (uint expected = 1; expected <= 9; expected++)
        {
            Assert.Equal(Errno.None, domain.EventChannels.AllocateUnbound(0, out uint port));
            Assert.Equal(expected, port);
        }
    }

    [Theory]
    [InlineData(ShutdownReason.Suspend, true)]
    [InlineData(ShutdownReason.Poweroff, false)]
    public void WhoSubscribedIsToldOfASuspendInTheToolstacksPlace(ShutdownReason reason, bool isTold)
    {
        Domain domain = _control.Make(), control = _control.Guest.Domain;
        Assert.Equal(Errno.None, domain.EventChannels.AllocateUnbound(0, out uint port));
        Assert.Equal(Errno.None, control.EventChannels.BindInterdomain(domain, port, out uint own));
        Assert.Equal(Errno.None, control.EventChannels.BindVirq((uint)Virq.DomExc, 0, out uint virq));
        Clear(control, own);
        Clear(control, virq);
        foreach (uint told in new[] { uint.MaxValue, port })
            Assert.Equal(0, _control.Call(DomctlOp.Subscribe, domain.Id, new Domctl { Subscription = new DomctlSubscription { Port = told } }, out _));
        domain.Shutdown(reason);
        _control.Machine.Advance(1);
        Assert.Equal((isTold, !isTold), (IsPending(control, own), IsPending(control, virq)));
    }

    private static bool IsPending(Domain domain, uint port)
    {
        Assert.Equal(Errno.None, domain.EventChannels.Poll(port, out bool isPending));
        return isPending;
    }

    /// <summary>As the guest does, in the first word of its pending bits.</summary>
    private static void Clear(Domain domain, uint port) => domain.Services.Memory.Word64(domain.SharedInfo.Frame.Mfn.Address + 2048) &= ~(1UL << (int)port);

    [Fact]
    public void ADomainThatSuspendsOnAPortThatItDoesNotHaveTellsNobody()
    {
        Domain domain = _control.Make(), control = _control.Guest.Domain;
        Assert.Equal(Errno.None, domain.EventChannels.AllocateUnbound(0, out uint port));
        Assert.Equal(Errno.None, control.EventChannels.BindInterdomain(domain, port, out uint own));
        Assert.Equal(Errno.None, control.EventChannels.BindVirq((uint)Virq.DomExc, 0, out uint virq));
        Clear(control, own);
        Clear(control, virq);
        Assert.Equal(0, _control.Call(DomctlOp.Subscribe, domain.Id, new Domctl { Subscription = new DomctlSubscription { Port = uint.MaxValue } }, out _));
        domain.Shutdown(ShutdownReason.Suspend);
        _control.Machine.Advance(1);
        Assert.Equal((true, false, false), (domain.IsShutDown, IsPending(control, own), IsPending(control, virq)));
    }

    [Fact]
    public void BrokenFramesAreHeldBackUntilTheEnd()
    {
        Domain domain = _control.Make();
        _control.Populate(domain.Id, 20);
        var mfn = domain.P2m.Lookup(new Gfn(5)).Mfn;
        Assert.Equal(Error(Errno.EINVAL), Break(domain, 100));
        Assert.Equal(Error(Errno.EINVAL), Break(domain, ulong.MaxValue));
        Assert.Equal(0, Break(domain, 5));
        Assert.Equal(Error(Errno.EINVAL), Break(domain, 5));
        Assert.Equal((P2mType.None, 20UL), (domain.P2m.Lookup(new Gfn(5)).Type, domain.TotalPages));
        Assert.Equal(domain.Id, _control.Machine.Frames.OwnerOf(mfn));
        for (ulong gfn = 0; gfn < 16; gfn++)
            Assert.Equal(gfn == 5 ? Error(Errno.EINVAL) : 0, Break(domain, gfn));
        Assert.Equal(Error(Errno.ENOMEM), Break(domain, 16));
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, domain.Id));
        Assert.Equal(_control.FreeAtStart, _control.Machine.Frames.FreeFrames);
    }

    private long Break(Domain domain, ulong gfn) =>
        _control.Call(DomctlOp.SetBrokenPageP2m, domain.Id, new Domctl { BrokenPage = new DomctlBrokenPage { Gfn = gfn } }, out _);

    [Fact]
    public void PageTypesTellMemoryFromTheRest()
    {
        Domain domain = _control.Make();
        _control.Populate(domain.Id, 8);
        Assert.Equal(Errno.None, domain.Lend(domain.SharedInfo.Frame, new Gfn(3)));
        Assert.Equal(Error(Errno.E2BIG), Types(domain, 1025));
        Assert.Equal(Error(Errno.E2BIG), Types(domain, 1UL << 32));
        Assert.Equal(Error(Errno.EFAULT), Types(domain, 1, CallFixture.NotCanonical));
        Assert.Equal(0, Types(domain, 0, CallFixture.NotCanonical));
        _control.Guest.WriteArray(CallFixture.List, 0UL, 3UL, 8UL, ulong.MaxValue);
        Assert.Equal(0, Types(domain, 4));
        Assert.Equal([0UL, 0xF000_0000, 0xF000_0000, 0xF000_0000], _control.Guest.ReadArray<ulong>(CallFixture.List, 4));
    }

    private long Types(Domain domain, ulong count, ulong list = CallFixture.List) =>
        _control.Call(DomctlOp.Getpageframeinfo3, domain.Id, new Domctl { PageTypes = new DomctlPageTypes { Count = count, Frames = list } }, out _);

    [Fact]
    public void ADebuggerIsToldOf()
    {
        Domain domain = _control.Make();
        foreach (byte on in new byte[] { 7, 0 })
        {
            var argument = new Domctl { Debugging = new DomctlDebugging { IsEnabled = on } };
            Assert.Equal(Error(Errno.EINVAL), _control.Call(DomctlOp.Setdebugging, 0, argument, out _));
            Assert.Equal(0, _control.Call(DomctlOp.Setdebugging, domain.Id, argument, out _));
            Assert.Equal(on != 0, (_control.Describe(domain.Id).Flags & (uint)DomainStateFlags.Debugged) != 0);
        }
    }

    [Theory]
    [InlineData(9u, Errno.ENODEV)]
    [InlineData(10u, Errno.EOPNOTSUPP)]
    public void CachesAreNotDivided(uint command, Errno expected) => Assert.Equal(Error(expected),
        _control.Call(DomctlOp.PsrAlloc, _control.Make().Id, new Domctl { CacheAllocation = new DomctlCacheAllocation { Command = command } }, out _));
}
