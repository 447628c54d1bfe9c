using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Remaps that have lost the frame that they show are told of: to the domain itself by XENOLITH_VIRQ_lost_remap, to who listens by an event, each where it was asked for alone.</summary>
public sealed class LostRemapTests
{
    private static readonly Gfn s_target = new(0x150);

    private static P2mView Remapped(Domain domain, Altp2mOptions options)
    {
        Assert.Equal(Errno.None, domain.SetViews(10, options));
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Assert.Equal(ViewResult.Done, domain.Altp2m!.TryCreate(MemoryAccess.All, out int index));
        P2mView view = domain.Altp2m.Find(index)!;
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(3), s_target));
        return view;
    }

    private static void Lose(MonitorFixture fixture, Gfn gfn)
    {
        fixture.Target.Acquire();
        Assert.True(fixture.Target.P2m.TryDepopulate(gfn));
        fixture.Target.Release();
        fixture.Control.Machine.Services.Timers.Run(fixture.Control.Machine.Clock.Nanoseconds);
    }

    private static void GiveBack(MonitorFixture fixture)
    {
        fixture.Target.Acquire();
        Assert.Equal(Errno.None, fixture.Target.TryPopulate(s_target, 1));
        fixture.Target.Release();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_domain_binds_the_VIRQ_where_its_options_have_it(bool isAsked)
    {
        using var fixture = new MonitorFixture();
        Remapped(fixture.Target, isAsked ? Altp2mOptions.LostVirq : 0);
        EventChannels channels = fixture.Target.EventChannels;
        Assert.Equal(isAsked ? Errno.None : Errno.EINVAL, channels.BindVirq((uint)Virq.LostRemap, 0, out uint port));
        Assert.Equal(Errno.EINVAL, channels.BindVirq((uint)Virq.LostRemap, 1, out _));
        foreach (uint none in new[] { Limits.Virqs, (uint)Virq.LostRemap - 1, (uint)Virq.LostRemap + 1, uint.MaxValue })
            Assert.Equal(Errno.EINVAL, channels.BindVirq(none, 0, out _));
        if (!isAsked)
            return;
        Assert.Equal(Errno.EEXIST, channels.BindVirq((uint)Virq.LostRemap, 0, out _));
        Assert.Equal(Errno.None, channels.Status(port, out EventChannelStatus status));
        Assert.Equal((EventChannelState.Virq, Virq.LostRemap), (status.State, status.Virq));
        Assert.Equal(Errno.None, channels.BindVcpu(port, 1));
        Lose(fixture, new Gfn(0x151));
        Assert.False(channels.IsPending(port));
        Lose(fixture, s_target);
        Assert.True(channels.IsPending(port));
        Assert.Equal(Errno.None, channels.Close(port));
        Assert.Equal(Errno.None, channels.BindVirq((uint)Virq.LostRemap, 0, out _));
    }

    [Fact]
    public void Who_listens_is_told_when_it_asks_for_that()
    {
        using var fixture = new MonitorFixture();
        Remapped(fixture.Target, 0);
        Lose(fixture, s_target);
        GiveBack(fixture);
        Assert.Equal(0u, fixture.Waiting);
        Assert.Equal(0, fixture.Set(MonitorOp.TellLostRemaps, (MonitorEvent)1));
        Lose(fixture, new Gfn(0x151));
        Assert.Equal(0u, fixture.Waiting);
        Lose(fixture, s_target);
        VmEventRequest request = fixture.Take();
        Assert.Equal((InterfaceVersions.VmEvent, VmEventReason.LostRemap, (VmEventFlags)0, 2UL), (request.Version, request.Reason, request.Flags, request.LostRemaps.Count));
        Assert.True(fixture.Target.Vcpus[0].IsRunnable && fixture.Target.Vcpus[1].IsRunnable);
        GiveBack(fixture);
        Assert.Equal(0, fixture.Set(MonitorOp.TellLostRemaps, 0));
        Lose(fixture, s_target);
        Assert.Equal(0u, fixture.Waiting);
    }

    /// <summary>With the ring full no vCPU waits, and one event says all that was lost meanwhile.</summary>
    [Fact]
    public void A_full_ring_delays_the_event_and_loses_none()
    {
        using var fixture = new MonitorFixture();
        Remapped(fixture.Target, 0);
        fixture.Set(MonitorOp.TellLostRemaps, (MonitorEvent)1);
        fixture.Set(MonitorOp.NumberEvents, (MonitorEvent)1);
        for (uint lost = 1; lost <= MonitorFixture.RingLength + 3; lost++)
        {
            Lose(fixture, s_target);
            GiveBack(fixture);
            Assert.Equal(System.Math.Min(lost, MonitorFixture.RingLength), fixture.Waiting);
        }
        for (uint told = 0; told < MonitorFixture.RingLength; told++)
        {
            VmEventRequest request = fixture.Take();
            Assert.Equal((told + 1UL, (ushort)told), (request.LostRemaps.Count, request.Number0));
            fixture.Put(request);
            Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        }
        VmEventRequest last = fixture.Take();
        Assert.Equal((MonitorFixture.RingLength + 3UL, (ushort)MonitorFixture.RingLength), (last.LostRemaps.Count, last.Number0));
        Assert.Equal(0u, fixture.Waiting);
        Assert.True(fixture.Target.Vcpus[0].IsRunnable && fixture.Target.Vcpus[1].IsRunnable);
    }

    [Fact]
    public void A_domain_that_ends_tells_nobody()
    {
        using var fixture = new MonitorFixture();
        Remapped(fixture.Target, Altp2mOptions.LostVirq);
        fixture.Set(MonitorOp.TellLostRemaps, (MonitorEvent)1);
        fixture.Target.Acquire();
        Assert.True(fixture.Target.P2m.TryDepopulate(s_target));
        fixture.Target.Release();
        fixture.Target.Leave();
        fixture.Control.Machine.Services.Timers.Run(fixture.Control.Machine.Clock.Nanoseconds);
        Assert.False(fixture.Monitor.IsListening);
    }
}
