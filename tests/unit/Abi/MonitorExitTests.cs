using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>Events of exits, which may come with the event that the exit is about, and of what is delivered next.</summary>
public sealed class MonitorExitTests
{
    private static void Report(MonitorFixture fixture, int vcpu, VmEventReason reason, bool pause = false)
    {
        var request = new VmEventRequest { Reason = reason };
        fixture.Target.Acquire();
        Assert.True(fixture.Monitor.TryReport(fixture.Target.Vcpus[vcpu], ref request, pause));
        fixture.Target.Release();
    }

    /// <summary>An exit and what it was are two events of a vCPU, and neither is lost or comes before what was kept of another.</summary>
    [Fact]
    public void Two_events_of_one_exit_are_kept_while_the_ring_is_full()
    {
        using var fixture = new MonitorFixture(vcpus: 4);
        fixture.Set(MonitorOp.NumberEvents, (MonitorEvent)1);
        for (int i = 0; i < MonitorFixture.RingLength; i++)
            Report(fixture, 0, VmEventReason.GuestRequest);
        for (int vcpu = 1; vcpu < 4; vcpu++)
        {
            Report(fixture, vcpu, VmEventReason.Exit);
            Report(fixture, vcpu, VmEventReason.Cpuid, pause: true);
        }
        Assert.Equal(MonitorFixture.RingLength, fixture.Waiting);
        var seen = new List<(uint Vcpu, VmEventReason Reason)>();
        for (int round = 0; round < 20; round++)
        {
            for (uint left = fixture.Waiting; left != 0; left--)
            {
                VmEventRequest request = fixture.Take();
                Assert.Equal(seen.Count, request.Number0);
                seen.Add((request.Vcpu, request.Reason));
                request.Flags &= VmEventFlags.VcpuPaused;
                fixture.Put(request);
                Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
            }
        }
        Assert.Equal((int)MonitorFixture.RingLength + 6, seen.Count);
        for (uint vcpu = 1; vcpu < 4; vcpu++)
            Assert.Equal([(vcpu, VmEventReason.Exit), (vcpu, VmEventReason.Cpuid)], seen.FindAll(one => one.Vcpu == vcpu));
        Assert.All(fixture.Target.Vcpus, vcpu => Assert.True(vcpu.IsRunnable));
    }

    /// <summary>What is kept goes with the ring.</summary>
    [Fact]
    public void Kept_events_are_forgotten_with_the_ring()
    {
        using var fixture = new MonitorFixture();
        for (int i = 0; i < MonitorFixture.RingLength; i++)
            Report(fixture, 0, VmEventReason.GuestRequest);
        Report(fixture, 1, VmEventReason.Exit);
        Report(fixture, 1, VmEventReason.Cpuid);
        Assert.Equal(0, fixture.Operate(VmEventOp.Disable));
        Assert.Equal(0, fixture.Operate(VmEventOp.Enable));
        Assert.All(fixture.Target.Vcpus, vcpu => Assert.True(vcpu.IsRunnable));
        Report(fixture, 1, VmEventReason.Exit);
        Assert.True(fixture.Target.Vcpus[1].IsRunnable);
    }

    [Fact]
    public void Exits_are_left_to_who_listens_if_asked_to()
    {
        using var fixture = new MonitorFixture();
        Vcpu vcpu = fixture.Target.Vcpus[0];
        vcpu.Cpu.Exit.RawReason = 10;
        vcpu.Cpu.Exit.RawInformation1 = 0x1234;
        Assert.False(Listeners.TellOfExit(vcpu));
        Assert.Equal(0u, fixture.Waiting);
        Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.Exit));
        Assert.Equal(-(long)Errno.EEXIST, fixture.Set(MonitorOp.Enable, MonitorEvent.Exit, new DomctlMonitor { ExitSync = 1 }));
        Assert.False(Listeners.TellOfExit(vcpu));
        VmEventRequest request = fixture.Take();
        Assert.Equal((VmEventReason.Exit, 10UL, 0x1234UL, true), (request.Reason, request.Exit.Reason, request.Exit.Qualification, vcpu.IsRunnable));
        Assert.Equal(0, fixture.Set(MonitorOp.Disable, MonitorEvent.Exit));
        Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.Exit, new DomctlMonitor { ExitSync = 1 }));
        Assert.True(Listeners.TellOfExit(vcpu));
        Assert.Equal((VmEventFlags.VcpuPaused, false), (fixture.Take().Flags, vcpu.IsRunnable));
    }

    [Fact]
    public void The_next_event_is_asked_for_by_the_answer_to_a_vcpu_that_waits()
    {
        using var fixture = new MonitorFixture();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, new DomctlMonitor { RequestSync = 1 });
        Assert.Equal(-(long)Errno.EOPNOTSUPP, fixture.Set(MonitorOp.Enable, MonitorEvent.Interrupt));
        Vcpu vcpu = fixture.Target.Vcpus[0];
        var answer = new VmEventRequest { Version = 7, Flags = VmEventFlags.VcpuPaused | VmEventFlags.GetNextInterrupt };
        fixture.Put(answer);
        fixture.Operate(VmEventOp.Resume);
        Assert.False(vcpu.WantsNextInterrupt);
        fixture.Request();
        fixture.Take();
        fixture.Put(answer);
        fixture.Operate(VmEventOp.Resume);
        Assert.True(vcpu.WantsNextInterrupt);
        Listeners.TellOfInterrupt(vcpu, Xenolith.Hal.PendingEvent.Fault(14, true, 6));
        VmEventRequest request = fixture.Take();
        Assert.Equal((VmEventReason.Interrupt, 14u, 3u, 6u), (request.Reason, request.Interrupt.Vector, request.Interrupt.Type, request.Interrupt.ErrorCode));
        Assert.False(vcpu.WantsNextInterrupt);
        Assert.False(vcpu.IsRunnable);
        fixture.Put(answer);
        fixture.Operate(VmEventOp.Resume);
        Listeners.TellOfInterrupt(vcpu, Xenolith.Hal.PendingEvent.Interrupt(0x51));
        request = fixture.Take();
        Assert.Equal((0x51u, 0u, uint.MaxValue), (request.Interrupt.Vector, request.Interrupt.Type, request.Interrupt.ErrorCode));
        fixture.Put(answer);
        fixture.Operate(VmEventOp.Resume);
        Assert.Equal(0, fixture.Operate(VmEventOp.Disable));
        Assert.False(vcpu.WantsNextInterrupt);
    }
}
