using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>sched_op.</summary>
public sealed class SchedCallTests
{
    private static long Sched<T>(CallFixture guest, SchedOp operation, ref T argument) where T : unmanaged =>
        guest.Call(Hypercall.SchedOp, (ulong)operation, ref argument);

    [Fact]
    public void OnlyTheInitialDomainPinsItsVcpus()
    {
        using var initial = new CallFixture();
        using var other = new CallFixture(id: 4);
        var argument = new SchedPinOverride();
        Assert.Equal(-(long)Errno.EPERM, other.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EFAULT, initial.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, CallFixture.NotCanonical));
        Assert.Equal(0, initial.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, ref argument));
        Assert.Equal(-(long)Errno.EBUSY, initial.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, ref argument));
        argument.Cpu = -1;
        Assert.Equal(0, initial.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, ref argument));
        Assert.Equal(-(long)Errno.EINVAL, initial.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, ref argument));
    }

    /// <summary>To any CPU that there is, and from none but back to where it was.</summary>
    [Fact]
    public void A_vcpu_is_pinned_to_the_CPU_that_it_names()
    {
        using var guest = new CallFixture(cpus: 3);
        CpuSet before = guest.Vcpu.Affinity;
        foreach (int cpu in (int[])[3, 64, int.MaxValue])
        {
            var none = new SchedPinOverride { Cpu = cpu };
            Assert.Equal(-(long)Errno.EINVAL, Sched(guest, SchedOp.PinOverride, ref none));
        }
        foreach (int cpu in (int[])[2, 0, 1])
        {
            var there = new SchedPinOverride { Cpu = cpu };
            Assert.Equal(0, Sched(guest, SchedOp.PinOverride, ref there));
            Assert.Equal((1UL << cpu, true), (guest.Vcpu.Affinity.Bits, guest.Vcpu.IsPinned));
            Assert.Equal(-(long)Errno.EBUSY, Sched(guest, SchedOp.PinOverride, ref there));
            var back = new SchedPinOverride { Cpu = int.MinValue };
            Assert.Equal(0, Sched(guest, SchedOp.PinOverride, ref back));
            Assert.Equal((before, false), (guest.Vcpu.Affinity, guest.Vcpu.IsPinned));
        }
    }

    [Fact]
    public void Yield_goes_on()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield, CallFixture.NotCanonical));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
    }

    [Fact]
    public void Block_waits_for_an_event()
    {
        using var guest = new CallFixture();
        guest.Domain.SetCallback(2UL << 56 | 0xF3);
        Assert.Equal(0, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Block));
        Assert.Equal(HypercallOutcome.Blocked, guest.Outcome);
        Assert.True(guest.Vcpu.IsBlocked);
        guest.Domain.EventChannels.BindIpi(0, out uint port);
        guest.Domain.EventChannels.Send(port);
        Assert.False(guest.Vcpu.IsBlocked);
        Assert.Equal(0, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Block));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
    }

    [Theory]
    [InlineData(0u, ShutdownReason.Poweroff)]
    [InlineData(1u, ShutdownReason.Reboot)]
    [InlineData(3u, ShutdownReason.Crash)]
    [InlineData(0x101u, ShutdownReason.Reboot)]
    public void Shutdown_stops_the_domain(uint reason, ShutdownReason expected)
    {
        using var guest = new CallFixture();
        var argument = new SchedShutdown { Reason = reason };
        Assert.Equal(0, Sched(guest, SchedOp.Shutdown, ref argument));
        Assert.Equal((HypercallOutcome.Blocked, expected), (guest.Outcome, guest.Domain.ShutdownReason));
    }

    [Fact]
    public void Shutdown_needs_its_argument()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Shutdown, CallFixture.Unmapped));
        Assert.False(guest.Domain.IsShutDown);
    }

    [Fact]
    public void What_was_said_before_wins()
    {
        using var guest = new CallFixture();
        var argument = new SchedShutdown { Reason = (uint)ShutdownReason.Crash };
        Assert.Equal(0, Sched(guest, SchedOp.ShutdownCode, ref argument));
        Assert.Equal(0, Sched(guest, SchedOp.ShutdownCode, ref argument));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.ShutdownCode, CallFixture.Unmapped));
        argument.Reason = (uint)ShutdownReason.Poweroff;
        Assert.Equal(0, Sched(guest, SchedOp.Shutdown, ref argument));
        Assert.Equal(ShutdownReason.Crash, guest.Domain.ShutdownReason);
    }

    [Fact]
    public void Remote_shutdown_takes_an_id_and_the_control_domain_or_the_device_model()
    {
        using var guest = new CallFixture();
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        var argument = new SchedRemoteShutdown { Domain = 5, Reason = 1 };
        Assert.Equal(-(long)Errno.ESRCH, Sched(guest, SchedOp.RemoteShutdown, ref argument));
        argument.Domain = DomainIds.Self;
        Assert.Equal(-(long)Errno.ESRCH, Sched(guest, SchedOp.RemoteShutdown, ref argument));
        argument.Domain = 4;
        Assert.Equal(0, Sched(guest, SchedOp.RemoteShutdown, ref argument));
        Assert.Equal((true, ShutdownReason.Reboot), (other.IsShutDown, other.ShutdownReason));
        using var plain = new CallFixture(isPrivileged: false, id: 3);
        argument.Domain = 3;
        Assert.Equal(-(long)Errno.EPERM, Sched(plain, SchedOp.RemoteShutdown, ref argument));
        Domain served = plain.Machine.CreateDomain(2, 1, 4, isPrivileged: false);
        argument.Domain = 4;
        Assert.Equal(-(long)Errno.EPERM, Sched(plain, SchedOp.RemoteShutdown, ref argument));
        Assert.False(served.IsShutDown);
        plain.Domain.ServedDomain = served.Identity;
        Assert.Equal(0, Sched(plain, SchedOp.RemoteShutdown, ref argument));
        Assert.Equal((true, ShutdownReason.Reboot), (served.IsShutDown, served.ShutdownReason));
        Assert.Equal(-(long)Errno.EFAULT, plain.Call(Hypercall.SchedOp, (ulong)SchedOp.RemoteShutdown, CallFixture.Unmapped));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_watchdogs(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        Assert.Equal(-(long)Errno.EINVAL, Watch(guest, 3, 1));
        Assert.Equal(-(long)Errno.EINVAL, Watch(guest, 1, 1));
        Assert.Equal(1, Watch(guest, 0, 100));
        Assert.Equal(2, Watch(guest, 0, 50));
        // Xen's own slip: the error goes through an unsigned int.
        Assert.Equal(is64Bit ? 0xFFFF_FFE4 : -(long)Errno.ENOSPC, Watch(guest, 0, 100));
        Assert.Equal(0, Watch(guest, 1, 0));
        Assert.Equal(-(long)Errno.EINVAL, Watch(guest, 1, 0));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Watchdog, guest.Hole));
        guest.Machine.Advance(50_000_000_000);
        Assert.Equal((true, ShutdownReason.Watchdog), (guest.Domain.IsShutDown, guest.Domain.ShutdownReason));
    }

    private static long Watch(CallFixture guest, uint id, uint timeout)
    {
        var argument = new SchedWatchdog { Id = id, Timeout = timeout };
        return Sched(guest, SchedOp.Watchdog, ref argument);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Poll_ends_by_a_port_or_by_the_time(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        guest.Domain.EventChannels.BindIpi(0, out uint port);
        guest.Write(CallFixture.List, port);
        Assert.Equal(0, Poll(guest, 1, 0));
        Assert.Equal(HypercallOutcome.Blocked, guest.Outcome);
        guest.Domain.EventChannels.Send(port);
        Assert.False(guest.Vcpu.IsBlocked);
        Assert.Equal(0, Poll(guest, 1, 0));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
        guest.Domain.EventChannels.BindIpi(0, out uint quiet);
        guest.Write(CallFixture.List, quiet);
        Assert.Equal(0, Poll(guest, 1, 500));
        Assert.Equal(HypercallOutcome.Blocked, guest.Outcome);
        guest.Machine.Advance(500);
        Assert.False(guest.Vcpu.IsBlocked);
        Assert.Equal(0, Poll(guest, 0, ulong.MaxValue));
        guest.Machine.Advance(0);
        Assert.False(guest.Vcpu.IsBlocked);
    }

    [Fact]
    public void Poll_has_its_errors_in_order()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.SchedOp, (ulong)SchedOp.Poll, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EINVAL, Poll(guest, 129, 0, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EFAULT, Poll(guest, 1, 0, CallFixture.NotCanonical));
        guest.Write(CallFixture.List, 64u);
        Assert.Equal(-(long)Errno.EINVAL, Poll(guest, 1, 0));
        guest.Write(CallFixture.List, 63u);
        Assert.Equal(0, Poll(guest, 1, 1));
    }

    [Fact]
    public void Poll_does_not_look_at_its_ports_while_an_event_waits()
    {
        using var guest = new CallFixture();
        guest.Domain.SetCallback(2UL << 56 | 0xF3);
        guest.Domain.EventChannels.BindIpi(0, out uint port);
        guest.Domain.EventChannels.Send(port);
        Assert.Equal(0, Poll(guest, 1, 0, CallFixture.NotCanonical));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
        guest.Vcpu.Cpu.Rflags &= ~0x200UL;
        Assert.Equal(-(long)Errno.EFAULT, Poll(guest, 1, 0, CallFixture.NotCanonical));
    }

    private static long Poll(CallFixture guest, uint count, ulong timeout, ulong ports = CallFixture.List)
    {
        if (guest.Is64Bit)
        {
            var wide = new SchedPoll { Ports = ports, PortCount = count, Timeout = timeout };
            return Sched(guest, SchedOp.Poll, ref wide);
        }
        var narrow = new SchedPoll32 { Ports = (uint)ports, PortCount = count, Timeout = timeout };
        return Sched(guest, SchedOp.Poll, ref narrow);
    }
}
