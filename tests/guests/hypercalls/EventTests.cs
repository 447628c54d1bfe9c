using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>event_channel_op, its errors in Xen's order (Xen public header event_channel.h). Delivery is the events guest's matter.</summary>
internal static class EventTests
{
    private const uint BadPort = 100_000, FreePort = 4_000;

    public static void Run(TestRun tests)
    {
        AllocateUnbound(tests);
        BindInterdomain(tests);
        BindVirq(tests);
        BindIpi(tests);
        Send(tests);
        Status(tests);
        BindVcpu(tests);
        Others(tests);
    }

    private static long Call<T>(EventChannelOp operation, ref T argument) where T : unmanaged =>
        Xen.Call(Hypercall.EventChannelOp, (ulong)operation, ref argument);

    private static void Hostiles(TestRun tests, EventChannelOp operation) =>
        Hostile.Check(tests, Hypercall.EventChannelOp, (ulong)operation);

    private static uint Unbound(TestRun tests)
    {
        var argument = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = DomainIds.Self };
        tests.Success(Call(EventChannelOp.AllocUnbound, ref argument), "alloc_unbound");
        return argument.Port;
    }

    private static void Close(TestRun tests, uint port)
    {
        var argument = new EvtchnClose { Port = port };
        tests.Success(Call(EventChannelOp.Close, ref argument), "close");
    }

    private static void AllocateUnbound(TestRun tests)
    {
        tests.Start("evtchn alloc_unbound");
        uint first = Unbound(tests);
        uint second = Unbound(tests);
        tests.True(first != 0 && second != 0 && first != second, "two ports, neither 0");
        Close(tests, second);
        tests.Equal(Unbound(tests), second, "the lowest free port is taken");
        Close(tests, first);
        Close(tests, second);
        var argument = new EvtchnAllocUnbound { Domain = 77, RemoteDomain = DomainIds.Self };
        tests.Error(Call(EventChannelOp.AllocUnbound, ref argument), Errno.ESRCH, "for domain 77");
        Hostiles(tests, EventChannelOp.AllocUnbound);
    }

    private static void BindInterdomain(TestRun tests)
    {
        tests.Start("evtchn bind_interdomain");
        uint remote = Unbound(tests);
        var argument = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = remote };
        tests.Success(Call(EventChannelOp.BindInterdomain, ref argument), "to an unbound port of one's own");
        uint local = argument.LocalPort;
        tests.True(local != 0 && local != remote, "a new port");
        argument = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = remote };
        tests.Error(Call(EventChannelOp.BindInterdomain, ref argument), Errno.EINVAL, "to a port that is bound");
        argument = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = FreePort };
        tests.Error(Call(EventChannelOp.BindInterdomain, ref argument), Errno.EINVAL, "to a free port");
        argument = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = BadPort };
        tests.Error(Call(EventChannelOp.BindInterdomain, ref argument), Errno.EINVAL, "to a port past the last");
        argument = new EvtchnBindInterdomain { RemoteDomain = 77, RemotePort = 1 };
        tests.Error(Call(EventChannelOp.BindInterdomain, ref argument), Errno.ESRCH, "to domain 77");
        Hostiles(tests, EventChannelOp.BindInterdomain);

        var status = new EvtchnStatus { Domain = DomainIds.Self, Port = remote };
        tests.Success(Call(EventChannelOp.Status, ref status), "status of the remote end");
        tests.Equal(status.Status, (long)EventChannelState.Interdomain, "its state");
        tests.Equal(status.InterdomainPort, local, "its peer");
        Close(tests, local);
        status = new EvtchnStatus { Domain = DomainIds.Self, Port = remote };
        tests.Success(Call(EventChannelOp.Status, ref status), "status after the close of its peer");
        tests.Equal(status.Status, (long)EventChannelState.Unbound, "its state then");
        Close(tests, remote);
    }

    private static void BindVirq(TestRun tests)
    {
        tests.Start("evtchn bind_virq");
        var argument = new EvtchnBindVirq { Virq = (uint)Virq.Timer, Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindVirq, ref argument), "timer");
        uint port = argument.Port;
        tests.Error(Call(EventChannelOp.BindVirq, ref argument), Errno.EEXIST, "timer again");
        Close(tests, port);
        argument = new EvtchnBindVirq { Virq = Limits.Virqs, Vcpu = 0 };
        tests.Error(Call(EventChannelOp.BindVirq, ref argument), Errno.EINVAL, "virq past the last");
        argument = new EvtchnBindVirq { Virq = (uint)Virq.Timer, Vcpu = 1000 };
        tests.Error(Call(EventChannelOp.BindVirq, ref argument), Errno.ENOENT, "on vCPU 1000");
        argument = new EvtchnBindVirq { Virq = (uint)Virq.Console, Vcpu = 1 };
        tests.Error(Call(EventChannelOp.BindVirq, ref argument), Errno.EINVAL, "a global virq on vCPU 1");
        Hostiles(tests, EventChannelOp.BindVirq);
    }

    private static void BindIpi(TestRun tests)
    {
        tests.Start("evtchn bind_ipi");
        var argument = new EvtchnBindIpi { Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindIpi, ref argument), "on vCPU 0");
        Close(tests, argument.Port);
        argument = new EvtchnBindIpi { Vcpu = 1000 };
        tests.Error(Call(EventChannelOp.BindIpi, ref argument), Errno.ENOENT, "on vCPU 1000");
        Hostiles(tests, EventChannelOp.BindIpi);
    }

    private static void Send(TestRun tests)
    {
        tests.Start("evtchn send, unmask, close");
        uint port = Unbound(tests);
        var send = new EvtchnSend { Port = port };
        tests.Success(Call(EventChannelOp.Send, ref send), "send on an unbound port is lost");
        send.Port = FreePort;
        tests.Error(Call(EventChannelOp.Send, ref send), Errno.EINVAL, "send on a free port");
        send.Port = BadPort;
        tests.Error(Call(EventChannelOp.Send, ref send), Errno.EINVAL, "send past the last port");
        var virq = new EvtchnBindVirq { Virq = (uint)Virq.Timer, Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindVirq, ref virq), "bind_virq");
        send.Port = virq.Port;
        tests.Error(Call(EventChannelOp.Send, ref send), Errno.EINVAL, "send on a virq's port");
        Close(tests, virq.Port);
        Hostiles(tests, EventChannelOp.Send);

        var unmask = new EvtchnUnmask { Port = port };
        tests.Success(Call(EventChannelOp.Unmask, ref unmask), "unmask");
        unmask.Port = BadPort;
        tests.Error(Call(EventChannelOp.Unmask, ref unmask), Errno.EINVAL, "unmask past the last port");
        Hostiles(tests, EventChannelOp.Unmask);

        Close(tests, port);
        var close = new EvtchnClose { Port = port };
        tests.Error(Call(EventChannelOp.Close, ref close), Errno.EINVAL, "close twice");
        close.Port = 0;
        tests.Error(Call(EventChannelOp.Close, ref close), Errno.EINVAL, "close port 0");
        close.Port = BadPort;
        tests.Error(Call(EventChannelOp.Close, ref close), Errno.EINVAL, "close past the last port");
        Hostiles(tests, EventChannelOp.Close);
    }

    private static void Status(TestRun tests)
    {
        tests.Start("evtchn status");
        var status = new EvtchnStatus { Domain = DomainIds.Self, Port = FreePort };
        tests.Between(Call(EventChannelOp.Status, ref status), -(long)Errno.EINVAL, 0, "a free port");
        status = new EvtchnStatus { Domain = DomainIds.Self, Port = BadPort };
        tests.Error(Call(EventChannelOp.Status, ref status), Errno.EINVAL, "past the last port");
        status = new EvtchnStatus { Domain = 77, Port = 1 };
        tests.Error(Call(EventChannelOp.Status, ref status), Errno.ESRCH, "of domain 77");
        var ipi = new EvtchnBindIpi { Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindIpi, ref ipi), "bind_ipi");
        status = new EvtchnStatus { Domain = DomainIds.Self, Port = ipi.Port };
        tests.Success(Call(EventChannelOp.Status, ref status), "of an ipi");
        tests.Equal(status.Status, (long)EventChannelState.Ipi, "its state");
        tests.Equal(status.Vcpu, 0, "its vCPU");
        Close(tests, ipi.Port);
        Hostiles(tests, EventChannelOp.Status);
    }

    private static void BindVcpu(TestRun tests)
    {
        tests.Start("evtchn bind_vcpu");
        uint port = Unbound(tests);
        var argument = new EvtchnBindVcpu { Port = port, Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindVcpu, ref argument), "an unbound port");
        argument = new EvtchnBindVcpu { Port = port, Vcpu = 1000 };
        tests.Error(Call(EventChannelOp.BindVcpu, ref argument), Errno.ENOENT, "to vCPU 1000");
        argument = new EvtchnBindVcpu { Port = BadPort, Vcpu = 0 };
        tests.Error(Call(EventChannelOp.BindVcpu, ref argument), Errno.EINVAL, "past the last port");
        argument = new EvtchnBindVcpu { Port = FreePort, Vcpu = 0 };
        tests.Error(Call(EventChannelOp.BindVcpu, ref argument), Errno.EINVAL, "a free port");
        Close(tests, port);
        var ipi = new EvtchnBindIpi { Vcpu = 0 };
        tests.Success(Call(EventChannelOp.BindIpi, ref ipi), "bind_ipi");
        argument = new EvtchnBindVcpu { Port = ipi.Port, Vcpu = 0 };
        tests.Error(Call(EventChannelOp.BindVcpu, ref argument), Errno.EINVAL, "an ipi");
        Close(tests, ipi.Port);
        Hostiles(tests, EventChannelOp.BindVcpu);
    }

    private static void Others(TestRun tests)
    {
        tests.Start("evtchn unknown and unavailable operations");
        var pirq = new EvtchnBindPirq { Pirq = 100_000 };
        tests.Error(Call(EventChannelOp.BindPirq, ref pirq), Errno.EINVAL, "bind_pirq past the last");
        ulong word = 0;
        tests.Error(Xen.Call(Hypercall.EventChannelOp, 99, Xen.AddressOf(ref word)), Errno.ENOSYS, "99");
        tests.Error(Xen.Call(Hypercall.EventChannelOp, 0xFFFF_FFFF, Xen.AddressOf(ref word)), Errno.ENOSYS, "0xffffffff");
        var reset = new EvtchnReset { Domain = 77 };
        tests.Error(Call(EventChannelOp.Reset, ref reset), Errno.ESRCH, "reset of domain 77");
        var priority = new EvtchnSetPriority { Port = BadPort, Priority = 1 };
        tests.Error(Call(EventChannelOp.SetPriority, ref priority), Errno.EINVAL, "set_priority past the last port");
    }
}
