using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>vm_event_op, monitor_op and what a listener's ring does: success, errors in Xen's order, hostile listeners and targets.</summary>
public sealed class MonitorTests
{
    private static readonly DomctlMonitor s_sync = new() { RequestSync = 1 };

    private static VmEventRequest Go(VmEventRequest request, VmEventFlags more = 0)
    {
        request.Flags = VmEventFlags.VcpuPaused | more;
        return request;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_ring_is_one_at_a_time(bool is64Bit)
    {
        using var fixture = new MonitorFixture(is64Bit: is64Bit, isEnabled: false);
        ulong free = fixture.Control.Machine.Frames.FreeFrames;
        Assert.Equal(-(long)Errno.ENODEV, fixture.Operate(VmEventOp.Resume));
        Assert.Equal(-(long)Errno.EINVAL, fixture.Operate(VmEventOp.Disable));
        Assert.Equal(0, fixture.Operate(VmEventOp.Enable));
        Assert.Equal(-(long)Errno.EBUSY, fixture.Operate(VmEventOp.Enable));
        Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        Assert.Equal(0, fixture.Operate(VmEventOp.Disable));
        Assert.Equal(0u, fixture.Monitor.Port);
        Assert.Equal(free, fixture.Control.Machine.Frames.FreeFrames);
        Assert.Equal(0, fixture.Operate(VmEventOp.Enable));
    }

    [Fact]
    public void The_rings_page_is_the_targets_own_memory()
    {
        using var fixture = new MonitorFixture(isEnabled: false);
        ulong free = fixture.Control.Machine.Frames.FreeFrames;
        foreach (ulong gfn in new[] { 1UL << 20, ulong.MaxValue, 0x1000UL })
        {
            fixture.Target.Parameters[(int)HvmParameter.MonitorRingPfn] = gfn;
            Assert.Equal(-(long)Errno.EINVAL, fixture.Operate(VmEventOp.Enable));
        }
        fixture.Target.Parameters[(int)HvmParameter.MonitorRingPfn] = 0;
        Assert.Equal(-(long)Errno.EOPNOTSUPP, fixture.Operate(VmEventOp.Enable));
        Assert.Equal(free, fixture.Control.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void Nothing_is_kept_when_there_is_no_memory()
    {
        using var fixture = new MonitorFixture(isEnabled: false);
        var taken = new System.Collections.Generic.List<Xenolith.Kernel.Mfn>();
        while (fixture.Control.Machine.Frames.FreeFrames > 1
            && fixture.Control.Machine.Frames.TryAllocate(0, Xenolith.Kernel.FrameAllocator.HypervisorOwner, Xenolith.Kernel.FrameType.Control, out Xenolith.Kernel.Mfn mfn))
        {
            taken.Add(mfn);
        }
        Assert.Equal(-(long)Errno.ENOMEM, fixture.Operate(VmEventOp.Enable));
        Assert.Equal(1UL, fixture.Control.Machine.Frames.FreeFrames);
        foreach (Xenolith.Kernel.Mfn one in taken)
            fixture.Control.Machine.Frames.Free(one, 0);
        Assert.Equal(0, fixture.Operate(VmEventOp.Enable));
    }

    [Fact]
    public void The_ring_goes_with_its_listener_and_with_its_target()
    {
        using var fixture = new MonitorFixture();
        fixture.Connect();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        fixture.Request();
        Assert.True(fixture.Target.Vcpus[0].IsPausedByMonitor);
        fixture.Control.Guest.Domain.Leave();
        Assert.False(fixture.Monitor.IsListening);
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }

    [Fact]
    public void A_target_that_ends_gives_everything_back()
    {
        using var fixture = new MonitorFixture(isEnabled: false);
        ulong free = fixture.Control.Machine.Frames.FreeFrames;
        Domain child = fixture.Control.Make(vcpus: 2);
        Assert.Equal(4, fixture.Control.Populate(child.Id, 4));
        child.Parameters[(int)HvmParameter.MonitorRingPfn] = 2;
        Assert.Equal(0, fixture.Control.Call(DomctlOp.VmEventOp, child.Id, new Domctl { VmEvent = new DomctlVmEvent { Mode = (uint)VmEventMode.Monitor } }, out _));
        Assert.Equal(0, fixture.Control.Call(DomctlOp.Destroydomain, child.Id));
        Assert.Equal(free, fixture.Control.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void A_guest_request_is_told_of_and_waits_when_asked_to()
    {
        using var fixture = new MonitorFixture();
        fixture.Request();
        Assert.Equal(0u, fixture.Waiting);
        Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest));
        Vcpu vcpu = fixture.Target.Vcpus[1];
        (vcpu.Cpu.Rip, vcpu.Cpu.Registers.R13) = (0x1234, 0x5678);
        Assert.Equal(HypercallOutcome.Done, fixture.Request(1));
        VmEventRequest request = fixture.Take();
        Assert.Equal((7u, VmEventReason.GuestRequest, VmEventFlags.VcpuPaused & 0, 1u), (request.Version, request.Reason, request.Flags, request.Vcpu));
        Assert.Equal((0x1234UL, 0x5678UL, (ulong)Hypercall.HvmOp), (request.Registers.Rip, request.Registers.R13, request.Registers.Rax));
        Assert.Equal((0, 0, 0), ((int)request.Number0, (int)request.Number1, (int)request.Number2));
        fixture.Set(MonitorOp.Disable, MonitorEvent.GuestRequest);
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        Assert.Equal(HypercallOutcome.Blocked, fixture.Request(1));
        Assert.False(vcpu.IsRunnable);
        fixture.Put(request);
        fixture.Put(Go(fixture.Take()));
        Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        Assert.True(vcpu.IsRunnable);
    }

    [Fact]
    public void User_mode_makes_a_request_only_where_the_listener_takes_it()
    {
        using var fixture = new MonitorFixture();
        Xenolith.Hal.VirtualCpu cpu = fixture.Target.Vcpus[0].Cpu;
        cpu.SetSegment(Xenolith.Hal.SegmentName.Ss, new Xenolith.Hal.Segment(0x1B, 0xCF3, uint.MaxValue, 0));
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest);
        fixture.Request();
        Assert.Equal(-(long)Errno.EPERM, (long)cpu.Registers.Rax);
        fixture.Set(MonitorOp.Disable, MonitorEvent.GuestRequest);
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, new DomctlMonitor { RequestFromUser = 1 });
        fixture.Request();
        Assert.Equal((0L, 1u), ((long)cpu.Registers.Rax, fixture.Waiting));
    }

    [Fact]
    public void Answers_come_by_the_port_or_by_resume()
    {
        using var fixture = new MonitorFixture();
        fixture.Connect();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        for (int i = 0; i < 20; i++)
        {
            fixture.Request();
            fixture.Put(Go(fixture.Take()));
            Assert.False(fixture.Target.Vcpus[0].IsRunnable);
            Assert.Equal(0, i % 2 == 0 ? fixture.Notify() : fixture.Operate(VmEventOp.Resume));
            Assert.True(fixture.Target.Vcpus[0].IsRunnable);
        }
    }

    /// <summary>The ninth event is kept for its vCPU, which waits, until there is room; each is told of once, in the order of its number.</summary>
    [Fact]
    public void Nothing_is_lost_in_a_full_ring()
    {
        const int events = 40;
        using var fixture = new MonitorFixture(vcpus: 12);
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest);
        fixture.Set(MonitorOp.NumberEvents, (MonitorEvent)1);
        var seen = new int[12];
        int made = 0, told = 0;
        for (int step = 0; told < events; step++)
        {
            for (int id = 0; id < 12 && made < events; id++)
            {
                if (!fixture.Target.Vcpus[id].IsRunnable)
                    continue;
                fixture.Request(id);
                made++;
            }
            Assert.True(fixture.Waiting is > 0 and <= MonitorFixture.RingLength, $"{fixture.Waiting} wait");
            for (uint left = fixture.Waiting; left != 0; left--, told++)
            {
                VmEventRequest request = fixture.Take();
                Assert.Equal(told, request.Number0);
                seen[request.Vcpu]++;
                fixture.Put(request);
            }
            Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
            Assert.True(step < events, "it goes on");
        }
        Assert.Equal(0u, fixture.Waiting);
        Assert.All(fixture.Target.Vcpus, vcpu => Assert.True(vcpu.IsRunnable));
        Assert.All(seen, count => Assert.True(count > 0));
    }

    [Fact]
    public void Who_leaves_less_room_than_there_are_vcpus_waits()
    {
        using var fixture = new MonitorFixture(vcpus: 2);
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest);
        for (int i = 0; i < 6; i++)
        {
            fixture.Request();
            Assert.True(fixture.Target.Vcpus[0].IsRunnable);
        }
        fixture.Request();
        Assert.False(fixture.Target.Vcpus[0].IsRunnable);
        Assert.True(fixture.Target.Vcpus[1].IsRunnable);
        fixture.Put(fixture.Take());
        fixture.Operate(VmEventOp.Resume);
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }

    [Fact]
    public void Disabling_lets_everybody_go_on()
    {
        using var fixture = new MonitorFixture(vcpus: 12);
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        for (int id = 0; id < 12; id++)
            fixture.Request(id);
        Assert.All(fixture.Target.Vcpus, vcpu => Assert.False(vcpu.IsRunnable));
        Assert.Equal(0, fixture.Operate(VmEventOp.Disable));
        Assert.All(fixture.Target.Vcpus, vcpu => Assert.True(vcpu.IsRunnable));
        Assert.False(fixture.Monitor.Settings.Asks(MonitorEvent.GuestRequest));
    }

    [Theory]
    [InlineData(9u)]
    [InlineData(0x8000_0000u)]
    [InlineData(uint.MaxValue)]
    public void An_index_that_can_not_be_says_nothing(uint producer)
    {
        using var fixture = new MonitorFixture();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        fixture.Request();
        VmEventRequest request = fixture.Take();
        fixture.WriteProducer(producer);
        Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        Assert.False(fixture.Target.Vcpus[0].IsRunnable);
        fixture.WriteProducer(fixture.Answered);
        fixture.Put(Go(request));
        fixture.Operate(VmEventOp.Resume);
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }

    [Fact]
    public void Answers_without_questions_do_nothing()
    {
        using var fixture = new MonitorFixture();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        var answer = new VmEventRequest { Version = 7, Flags = VmEventFlags.VcpuPaused | VmEventFlags.SetRegisters | VmEventFlags.ToggleSingleStep };
        for (int i = 0; i < 8; i++)
            fixture.Put(answer);
        Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        Assert.False(fixture.Target.Vcpus[0].HasMonitorAnswer);
        Assert.False(fixture.Target.Vcpus[0].WantsSteps);
        fixture.Request();
        Assert.False(fixture.Target.Vcpus[0].IsRunnable);
        VmEventRequest request = fixture.Take();
        foreach (uint vcpu in new[] { 1u, 2u, uint.MaxValue })
        {
            answer.Vcpu = vcpu;
            fixture.Put(answer);
        }
        fixture.Put(Go(request) with { Version = 6 });
        fixture.Operate(VmEventOp.Resume);
        Assert.False(fixture.Target.Vcpus[0].IsRunnable);
        fixture.Put(Go(request));
        fixture.Operate(VmEventOp.Resume);
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }

    /// <summary>The ring's page is the target's until its toolstack takes it out: what it writes there harms its listener's view of itself alone.</summary>
    [Fact]
    public void The_target_may_write_and_give_up_the_rings_page()
    {
        using var fixture = new MonitorFixture();
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        var nonsense = new byte[4096];
        Array.Fill(nonsense, (byte)0xFF);
        Assert.True(fixture.Target.Memory.TryWrite(MonitorFixture.RingGfn << 12, nonsense));
        fixture.Request();
        Assert.Equal(0, fixture.Operate(VmEventOp.Resume));
        Assert.True(fixture.Target.P2m.TryRemove(new Gfn(MonitorFixture.RingGfn), 0));
        fixture.Request(1);
        Assert.Equal(0, fixture.Operate(VmEventOp.Disable));
        Assert.True(fixture.Target.Vcpus[0].IsRunnable);
    }

    [Fact]
    public void Msrs_are_watched_one_by_one()
    {
        using var fixture = new MonitorFixture();
        foreach (uint msr in new[] { 0u, 0x1FFFu, 0x4000_0000u, 0x4000_1FFFu, 0xC000_0000u, 0xC000_1FFFu, 0x174u })
        {
            var argument = new DomctlMonitor { Msr = msr };
            Assert.Equal(-(long)Errno.EEXIST, fixture.Set(MonitorOp.Disable, MonitorEvent.WriteMsr, argument));
            Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.WriteMsr, argument));
            Assert.Equal(-(long)Errno.EEXIST, fixture.Set(MonitorOp.Enable, MonitorEvent.WriteMsr, argument));
            Assert.True(fixture.Monitor.Asks(MonitorEvent.WriteMsr));
            Assert.True(fixture.Monitor.AsksMsr(msr, 1, 1));
            Assert.False(fixture.Monitor.AsksMsr(msr ^ 1, 1, 2));
            Assert.Equal(0, fixture.Set(MonitorOp.Disable, MonitorEvent.WriteMsr, argument));
            Assert.False(fixture.Monitor.Asks(MonitorEvent.WriteMsr));
            argument.MsrOnChange = 1;
            Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.WriteMsr, argument));
            Assert.False(fixture.Monitor.AsksMsr(msr, 1, 1));
            Assert.True(fixture.Monitor.AsksMsr(msr, 1, 2));
            Assert.Equal(0, fixture.Set(MonitorOp.Disable, MonitorEvent.WriteMsr, argument));
        }
        foreach (uint msr in new[] { 0x2000u, 0x3FFF_FFFFu, 0x4000_2000u, 0x8000_0000u, 0xC000_2000u, uint.MaxValue })
        {
            Assert.Equal(-(long)Errno.EINVAL, fixture.Set(MonitorOp.Enable, MonitorEvent.WriteMsr, new DomctlMonitor { Msr = msr }));
            Assert.False(fixture.Monitor.AsksMsr(msr, 1, 2));
        }
    }

    [Theory]
    [InlineData(1UL, 1UL, false, 0UL, false)]
    [InlineData(1UL, 3UL, false, 0UL, true)]
    [InlineData(1UL, 3UL, true, 0UL, true)]
    [InlineData(1UL, 3UL, true, 2UL, false)]
    [InlineData(1UL, 7UL, false, 2UL, true)]
    public void Control_registers_are_told_of_by_what_changes(ulong old, ulong value, bool onChange, ulong mask, bool isTold)
    {
        using var fixture = new MonitorFixture();
        Assert.Equal(0, fixture.Set(MonitorOp.Enable, MonitorEvent.WriteControlRegister,
            new DomctlMonitor { ControlRegister = (byte)VmEventControl.Cr4, ControlOnChange = onChange ? (byte)1 : (byte)0, ControlMask = mask }));
        Assert.Equal(isTold, fixture.Monitor.Settings.AsksControl(VmEventControl.Cr4, old, value));
        Assert.False(fixture.Monitor.Settings.AsksControl(VmEventControl.Cr0, old, value));
    }

    [Fact]
    public void A_denied_write_is_forgotten()
    {
        using var fixture = new MonitorFixture();
        Vcpu vcpu = fixture.Target.Vcpus[0];
        fixture.Set(MonitorOp.Enable, MonitorEvent.GuestRequest, s_sync);
        foreach ((VmEventReason reason, uint index, bool isDenied) in new[]
        {
            (VmEventReason.WriteControlRegister, (uint)VmEventControl.Cr4, true), (VmEventReason.WriteControlRegister, (uint)VmEventControl.Cr0, false),
            (VmEventReason.WriteMsr, 0u, false), (VmEventReason.GuestRequest, 0u, false),
        })
        {
            fixture.Request();
            vcpu.Defer(new DeferredWrite(DeferredWriteKind.ControlRegister, 4, 0x20));
            VmEventRequest request = fixture.Take();
            request.Reason = reason;
            request.ControlRegister.Index = index;
            fixture.Put(Go(request, VmEventFlags.Deny));
            fixture.Operate(VmEventOp.Resume);
            Assert.Equal(isDenied, vcpu.DeferredWrite.Kind == DeferredWriteKind.None);
        }
    }

    [Fact]
    public void Only_the_control_domain_listens_and_never_to_itself()
    {
        using var control = new ControlFixture();
        var enable = new Domctl { VmEvent = new DomctlVmEvent { Mode = (uint)VmEventMode.Monitor } };
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.VmEventOp, 0, enable, out _));
        Assert.Equal(-(long)Errno.EPERM, control.Call(DomctlOp.MonitorOp, 0));
        Assert.Equal(-(long)Errno.EPERM, control.Call(DomctlOp.SetAccessRequired, 0));
        Assert.Equal(-(long)Errno.EINVAL, control.Call(DomctlOp.DebugOp, 0));
        using var other = new ControlFixture(isPrivileged: false, id: 3);
        other.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        foreach (DomctlOp operation in new[] { DomctlOp.VmEventOp, DomctlOp.MonitorOp, DomctlOp.SetAccessRequired, DomctlOp.DebugOp })
        {
            Assert.Equal(-(long)Errno.EPERM, other.Call(operation, 7));
            Assert.Equal(-(long)Errno.ESRCH, other.Call(operation, 9));
        }
    }
}
