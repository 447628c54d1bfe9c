using System.Threading;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>event_channel_op.</summary>
public sealed class EventCallTests
{
    private static long Event<T>(CallFixture guest, EventChannelOp operation, ref T argument) where T : unmanaged =>
        guest.Call(Hypercall.EventChannelOp, (ulong)operation, ref argument);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_loop_through_the_own_domain(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        var unbound = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = DomainIds.Self };
        Assert.Equal(0, Event(guest, EventChannelOp.AllocUnbound, ref unbound));
        var bound = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = unbound.Port };
        Assert.Equal(0, Event(guest, EventChannelOp.BindInterdomain, ref bound));
        Assert.NotEqual(unbound.Port, bound.LocalPort);
        var status = new EvtchnStatus { Domain = DomainIds.Self, Port = bound.LocalPort };
        Assert.Equal(0, Event(guest, EventChannelOp.Status, ref status));
        Assert.Equal(((uint)EventChannelState.Interdomain, (ushort)0, unbound.Port), (status.Status, status.InterdomainDomain, status.InterdomainPort));
        var send = new EvtchnSend { Port = bound.LocalPort };
        Assert.Equal(0, Event(guest, EventChannelOp.Send, ref send));
        Assert.True(guest.Domain.EventChannels.IsPending(unbound.Port));
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.BindInterdomain, ref bound));
        var close = new EvtchnClose { Port = bound.LocalPort };
        Assert.Equal(0, Event(guest, EventChannelOp.Close, ref close));
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.Send, ref send));
    }

    [Theory]
    [InlineData(0u, 0u, Errno.None)]
    [InlineData(1u, 1u, Errno.None)]
    [InlineData(0u, 2u, Errno.ENOENT)]
    [InlineData(2u, 1u, Errno.EINVAL)] // a global one off vCPU 0
    [InlineData(24u, 0u, Errno.EINVAL)]
    [InlineData(99u, 99u, Errno.EINVAL)]
    [InlineData(uint.MaxValue, 0u, Errno.EINVAL)]
    public void Binding_a_virq(uint virq, uint vcpu, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new EvtchnBindVirq { Virq = virq, Vcpu = vcpu };
        Assert.Equal(-(long)expected, Event(guest, EventChannelOp.BindVirq, ref argument));
        if (expected == Errno.None)
            Assert.Equal(-(long)Errno.EEXIST, Event(guest, EventChannelOp.BindVirq, ref argument));
    }

    [Fact]
    public void Ports_run_out_at_the_layouts_limit()
    {
        using var guest = new CallFixture();
        var argument = new EvtchnBindIpi { Vcpu = 1 };
        for (uint port = 1; port < 4096; port++)
        {
            Assert.Equal(0, Event(guest, EventChannelOp.BindIpi, ref argument));
            Assert.Equal(port, argument.Port);
        }
        Assert.Equal(-(long)Errno.ENOSPC, Event(guest, EventChannelOp.BindIpi, ref argument));
        var reset = new EvtchnReset { Domain = DomainIds.Self };
        Assert.Equal(0, Event(guest, EventChannelOp.Reset, ref reset));
        Assert.Equal(0, Event(guest, EventChannelOp.BindIpi, ref argument));
        argument.Vcpu = 2;
        Assert.Equal(-(long)Errno.ENOENT, Event(guest, EventChannelOp.BindIpi, ref argument));
    }

    [Fact]
    public void Status_of_each_kind()
    {
        using var guest = new CallFixture();
        var virq = new EvtchnBindVirq { Virq = (uint)Virq.Console };
        Event(guest, EventChannelOp.BindVirq, ref virq);
        var ipi = new EvtchnBindIpi { Vcpu = 1 };
        Event(guest, EventChannelOp.BindIpi, ref ipi);
        var unbound = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = 7 };
        Event(guest, EventChannelOp.AllocUnbound, ref unbound);

        var status = new EvtchnStatus { Domain = 0, Port = virq.Port };
        Assert.Equal(0, Event(guest, EventChannelOp.Status, ref status));
        Assert.Equal(((uint)EventChannelState.Virq, (uint)Virq.Console), (status.Status, status.Virq));
        status.Port = ipi.Port;
        Event(guest, EventChannelOp.Status, ref status);
        Assert.Equal(((uint)EventChannelState.Ipi, 1u), (status.Status, status.Vcpu));
        status.Port = unbound.Port;
        Event(guest, EventChannelOp.Status, ref status);
        Assert.Equal(((uint)EventChannelState.Unbound, (ushort)7), (status.Status, status.UnboundDomain));
        status.Port = 0;
        Assert.Equal(0, Event(guest, EventChannelOp.Status, ref status));
        Assert.Equal((uint)EventChannelState.Closed, status.Status);
        status.Port = 5000;
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.Status, ref status));
        status.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Event(guest, EventChannelOp.Status, ref status));
    }

    [Fact]
    public void Moving_a_port_to_another_vcpu()
    {
        using var guest = new CallFixture();
        var ipi = new EvtchnBindIpi();
        Event(guest, EventChannelOp.BindIpi, ref ipi);
        var timer = new EvtchnBindVirq { Virq = (uint)Virq.Timer };
        Event(guest, EventChannelOp.BindVirq, ref timer);
        var console = new EvtchnBindVirq { Virq = (uint)Virq.Console };
        Event(guest, EventChannelOp.BindVirq, ref console);
        Assert.Equal(-(long)Errno.EINVAL, Move(guest, ipi.Port, 1));
        Assert.Equal(-(long)Errno.EINVAL, Move(guest, timer.Port, 1));
        Assert.Equal(0, Move(guest, console.Port, 1));
        Assert.Equal(-(long)Errno.ENOENT, Move(guest, 5000, 9));
        Assert.Equal(-(long)Errno.EINVAL, Move(guest, 5000, 0));
        Assert.Equal(-(long)Errno.EINVAL, Move(guest, 0, 0));
    }

    private static long Move(CallFixture guest, uint port, uint vcpu)
    {
        var argument = new EvtchnBindVcpu { Port = port, Vcpu = vcpu };
        return Event(guest, EventChannelOp.BindVcpu, ref argument);
    }

    [Theory]
    [InlineData(0u, -(int)Errno.EINVAL, -(int)Errno.EINVAL, 0)]
    [InlineData(5u, -(int)Errno.EINVAL, -(int)Errno.EINVAL, 0)]
    [InlineData(5000u, -(int)Errno.EINVAL, -(int)Errno.EINVAL, -(int)Errno.EINVAL)]
    [InlineData(uint.MaxValue, -(int)Errno.EINVAL, -(int)Errno.EINVAL, -(int)Errno.EINVAL)]
    public void Ports_that_are_nobodys(uint port, int send, int close, int unmask)
    {
        using var guest = new CallFixture();
        var sending = new EvtchnSend { Port = port };
        Assert.Equal(send, Event(guest, EventChannelOp.Send, ref sending));
        var closing = new EvtchnClose { Port = port };
        Assert.Equal(close, Event(guest, EventChannelOp.Close, ref closing));
        var unmasking = new EvtchnUnmask { Port = port };
        Assert.Equal(unmask, Event(guest, EventChannelOp.Unmask, ref unmasking));
    }

    [Fact]
    public void Ports_for_others_and_of_others()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        using Domain other = guest.Machine.CreateDomain(2, 1, 4);
        var unbound = new EvtchnAllocUnbound { Domain = 4, RemoteDomain = DomainIds.Self };
        Assert.Equal(-(long)Errno.EPERM, Event(guest, EventChannelOp.AllocUnbound, ref unbound));
        unbound.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Event(guest, EventChannelOp.AllocUnbound, ref unbound));
        Assert.Equal(Errno.None, other.EventChannels.AllocateUnbound(3, out uint theirs));
        var bound = new EvtchnBindInterdomain { RemoteDomain = 4, RemotePort = theirs };
        Assert.Equal(0, Event(guest, EventChannelOp.BindInterdomain, ref bound));
        var send = new EvtchnSend { Port = bound.LocalPort };
        Assert.Equal(0, Event(guest, EventChannelOp.Send, ref send));
        Assert.True(other.EventChannels.IsPending(theirs));
        bound.RemoteDomain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Event(guest, EventChannelOp.BindInterdomain, ref bound));
        var reset = new EvtchnReset { Domain = 4 };
        Assert.Equal(-(long)Errno.EPERM, Event(guest, EventChannelOp.Reset, ref reset));
        var status = new EvtchnStatus { Domain = 4, Port = theirs };
        Assert.Equal(-(long)Errno.EPERM, Event(guest, EventChannelOp.Status, ref status));
        Assert.Equal(0u, status.Status);
        status.Port = 5000;
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.Status, ref status));
        status.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Event(guest, EventChannelOp.Status, ref status));
    }

    /// <summary>Three domains' locks: whoever calls, whoever is reset, and each far end, in any order of their numbers.</summary>
    [Theory]
    [InlineData(3, 1, 2)]
    [InlineData(3, 2, 1)]
    [InlineData(1, 2, 3)]
    [InlineData(2, 3, 1)]
    public void A_reset_of_anothers_ports_disconnects_third_domains(ushort caller, ushort reset, ushort far)
    {
        using var guest = new CallFixture(id: caller);
        using Domain target = guest.Machine.CreateDomain(2, 1, reset);
        using Domain third = guest.Machine.CreateDomain(2, 1, far);
        uint[] theirs = [Connect(target, third), Connect(target, guest.Domain), Connect(target, target)];
        target.Pause();
        target.CountControllerPause();
        var argument = new EvtchnReset { Domain = reset };

        // A far end whose lock another CPU has is not waited for.
        using var taken = new ManualResetEventSlim();
        using var givenUp = new ManualResetEventSlim();
        var other = new Thread(() =>
        {
            CurrentCpu.Number = 1;
            third.Acquire();
            taken.Set();
            givenUp.Wait();
            third.Release();
        });
        other.IsBackground = true;
        other.Start();
        taken.Wait(TestContext.Current.CancellationToken);
        guest.Write(CallFixture.Argument, argument);
        guest.Load((ulong)Hypercall.EventChannelOp, (ulong)EventChannelOp.Reset, CallFixture.Argument, 0, 0, 0, 0);
        Assert.Equal(HypercallOutcome.Restart, guest.Dispatcher.Handle(guest.Vcpu));
        Assert.False(guest.Domain.IsHeld || target.IsHeld);
        givenUp.Set();
        other.Join();

        Assert.Equal(0, Event(guest, EventChannelOp.ResetCont, ref argument));
        Domain[] ends = [third, guest.Domain];
        for (int i = 0; i < ends.Length; i++)
        {
            Assert.Equal(Errno.None, ends[i].EventChannels.Status(theirs[i], out EventChannelStatus status));
            Assert.Equal((EventChannelState.Unbound, reset), (status.State, status.RemoteDomain));
        }
        Assert.Equal(Errno.None, target.EventChannels.Status(theirs[2], out EventChannelStatus own));
        Assert.Equal(EventChannelState.Closed, own.State);
        Assert.False(guest.Domain.IsHeld || target.IsHeld || third.IsHeld);
    }

    /// <summary>The caller's lock is given back for the far end's, and another vCPU makes a VIRQ's of the port meanwhile.</summary>
    [Fact]
    public void Closing_a_port_that_becomes_anothers_while_the_far_end_is_waited_for()
    {
        using var guest = new CallFixture(id: 9);
        using Domain far = guest.Machine.CreateDomain(2, 1, 3);
        Assert.Equal(Errno.None, far.EventChannels.AllocateUnbound(9, out uint theirs));
        var bound = new EvtchnBindInterdomain { RemoteDomain = 3, RemotePort = theirs };
        Assert.Equal(0, Event(guest, EventChannelOp.BindInterdomain, ref bound));
        Assert.Equal(Errno.None, guest.Domain.EventChannels.BindVirq((uint)Virq.Debug, 0, out _));

        using var taken = new ManualResetEventSlim();
        uint becomes = 0;
        var other = new Thread(() =>
        {
            CurrentCpu.Number = 1;
            far.Acquire();
            taken.Set();
            SpinWait.SpinUntil(() => guest.Domain.TryAcquire());
            guest.Domain.EventChannels.Close(bound.LocalPort);
            guest.Domain.EventChannels.BindVirq((uint)Virq.Timer, 1, out becomes);
            guest.Domain.Release();
            far.Release();
        });
        other.IsBackground = true;
        guest.Domain.Acquire();
        other.Start();
        taken.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(Errno.None, guest.Domain.EventChannels.Close(bound.LocalPort));
        guest.Domain.Release();
        other.Join();

        Assert.Equal(bound.LocalPort, becomes);
        Assert.Equal(Errno.EEXIST, guest.Domain.EventChannels.BindVirq((uint)Virq.Debug, 0, out _));
        Assert.Equal(Errno.None, guest.Domain.EventChannels.BindVirq((uint)Virq.Timer, 1, out _));
    }

    /// <summary>Binds a port of one domain to a new one of the other.</summary>
    /// <returns>The other's port.</returns>
    private static uint Connect(Domain domain, Domain other)
    {
        Assert.Equal(Errno.None, other.EventChannels.AllocateUnbound(domain.Id, out uint port));
        Assert.Equal(Errno.None, domain.EventChannels.BindInterdomain(other, port, out _));
        return port;
    }

    [Fact]
    public void The_control_domain_resets_another_only_while_it_is_paused()
    {
        using var guest = new CallFixture();
        using Domain other = guest.Machine.CreateDomain(2, 1, 4);
        var reset = new EvtchnReset { Domain = 4 };
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.Reset, ref reset));
        other.Pause();
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.Reset, ref reset)); // not by a toolstack
        other.CountControllerPause();
        Assert.Equal(0, Event(guest, EventChannelOp.Reset, ref reset));
        Assert.Equal(-(long)Errno.EBUSY, Event(guest, EventChannelOp.ResetCont, ref reset));
        reset.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Event(guest, EventChannelOp.ResetCont, ref reset));
    }

    [Fact]
    public void Physical_interrupts_are_not_bound()
    {
        using var guest = new CallFixture();
        var pirq = new EvtchnBindPirq { Pirq = 5 };
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.BindPirq, ref pirq));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_fifo_abi_from_two_levels_and_back(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        var ipi = new EvtchnBindIpi { Vcpu = 1 };
        Assert.Equal(0, Event(guest, EventChannelOp.BindIpi, ref ipi));
        var expand = new EvtchnExpandArray { ArrayGfn = CallFixture.SpareGfn };
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Event(guest, EventChannelOp.ExpandArray, ref expand));
        var priority = new EvtchnSetPriority { Port = ipi.Port, Priority = 16 };
        Assert.Equal(-(long)Errno.ENOSYS, Event(guest, EventChannelOp.SetPriority, ref priority));

        var control = new EvtchnInitControl { Vcpu = 2, ControlGfn = CallFixture.SpareGfn + 1 };
        Assert.Equal(-(long)Errno.ENOENT, Event(guest, EventChannelOp.InitControl, ref control));
        control.Vcpu = 1;
        Assert.Equal(0, Event(guest, EventChannelOp.InitControl, ref control));
        Assert.Equal(17, control.LinkBits);
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.InitControl, ref control));
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.SetPriority, ref priority));
        priority.Priority = 15;
        Assert.Equal(0, Event(guest, EventChannelOp.SetPriority, ref priority));
        priority.Port = 5;
        Assert.Equal(-(long)Errno.EACCES, Event(guest, EventChannelOp.SetPriority, ref priority));
        priority.Port = 5000;
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.SetPriority, ref priority));
        Assert.Equal(0, Event(guest, EventChannelOp.ExpandArray, ref expand));
        var send = new EvtchnSend { Port = ipi.Port };
        Assert.Equal(0, Event(guest, EventChannelOp.Send, ref send));
        Assert.Equal(1u << 15, guest.Read<uint>((CallFixture.SpareGfn + 1) << 12));
        Assert.Equal(ipi.Port, guest.Read<uint>(((CallFixture.SpareGfn + 1) << 12) + 8 + 15 * 4));
        expand.ArrayGfn = ulong.MaxValue;
        Assert.Equal(-(long)Errno.EINVAL, Event(guest, EventChannelOp.ExpandArray, ref expand));

        var reset = new EvtchnReset { Domain = DomainIds.Self };
        Assert.Equal(0, Event(guest, EventChannelOp.Reset, ref reset));
        Assert.False(guest.Domain.EventChannels.UsesFifo);
        Assert.Equal(-(long)Errno.EOPNOTSUPP, Event(guest, EventChannelOp.ExpandArray, ref expand));
    }

    [Fact]
    public void A_reset_of_many_ports_is_issued_again_as_its_continuation()
    {
        using var guest = new CallFixture();
        var ipi = new EvtchnBindIpi();
        for (int i = 0; i < 2000; i++)
            Assert.Equal(0, Event(guest, EventChannelOp.BindIpi, ref ipi));
        var reset = new EvtchnReset { Domain = DomainIds.Self };
        Assert.Equal(-(long)Errno.EBUSY, Event(guest, EventChannelOp.ResetCont, ref reset));
        Assert.Equal(0, Event(guest, EventChannelOp.Reset, ref reset));
        Assert.Equal(31, guest.Restarts);
        Assert.Equal((ulong)EventChannelOp.ResetCont, guest.Vcpu.Cpu.Registers.Rdi);
        Assert.Equal(-(long)Errno.EBUSY, Event(guest, EventChannelOp.ResetCont, ref reset));
        Assert.Equal(0, Event(guest, EventChannelOp.BindIpi, ref ipi));
        Assert.Equal(1u, ipi.Port);
    }

    [Theory]
    [InlineData(EventChannelOp.BindInterdomain)]
    [InlineData(EventChannelOp.BindVirq)]
    [InlineData(EventChannelOp.BindPirq)]
    [InlineData(EventChannelOp.Close)]
    [InlineData(EventChannelOp.Send)]
    [InlineData(EventChannelOp.Status)]
    [InlineData(EventChannelOp.AllocUnbound)]
    [InlineData(EventChannelOp.BindIpi)]
    [InlineData(EventChannelOp.BindVcpu)]
    [InlineData(EventChannelOp.Unmask)]
    [InlineData(EventChannelOp.Reset)]
    [InlineData(EventChannelOp.InitControl)]
    [InlineData(EventChannelOp.ExpandArray)]
    [InlineData(EventChannelOp.SetPriority)]
    [InlineData(EventChannelOp.ResetCont)]
    public void A_bad_argument_faults(EventChannelOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.EventChannelOp, (ulong)operation, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.EventChannelOp, (ulong)operation, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.EventChannelOp, (ulong)operation, CallFixture.NotCanonical - 1));
    }
}
