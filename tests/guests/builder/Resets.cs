using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A domain that suspends, tells so, and goes on as if it had just begun.</summary>
internal static class Resets
{
    private const uint Patience = 1_000_000;

    public static void Run(TestRun tests)
    {
        if (!BootFiles.IsThere)
        {
            tests.Start("subscribe, soft_reset");
            tests.Skip("no file to build of");
            return;
        }

        Control.Create(Control.Pvh(1), out ushort id);
        var talk = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = id };
        Hypercalls.EventAllocUnbound(ref talk);
        ChildImage.Build(id, BootFiles.Own, "child", talk.Port, (uint)ShutdownReason.Suspend);
        uint told = Suspends(tests, id, talk.Port);
        SoftReset(tests, id, told);
        Control.Call(DomctlOp.Destroydomain, id);
        Close(talk.Port);
        Close(told);
    }

    private static void Close(uint port)
    {
        var close = new EvtchnClose { Port = port };
        Hypercalls.EventClose(ref close);
    }

    private static bool Awaits(uint port)
    {
        for (uint i = 0; i < Patience && !SharedState.IsPending(port); i++)
        {
            Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
        }

        return SharedState.IsPending(port);
    }

    private static uint Flags(ushort id)
    {
        Control.Describe(id, out DomainInformation information);
        return information.Flags;
    }

    private static uint Suspends(TestRun tests, ushort id, uint talk)
    {
        tests.Start("subscribe");
        var unbound = new EvtchnAllocUnbound { Domain = id, RemoteDomain = DomainIds.Self };
        tests.Success(Hypercalls.EventAllocUnbound(ref unbound), "a port of the domain");
        var bind = new EvtchnBindInterdomain { RemoteDomain = id, RemotePort = unbound.Port };
        tests.Success(Hypercalls.EventBindInterdomain(ref bind), "its far end");
        SharedState.ClearPending(bind.LocalPort);
        var argument = new Domctl { Subscription = new DomctlSubscription { Port = 0xFFFF_FFFF } };
        tests.Success(Control.Call(DomctlOp.Subscribe, id, ref argument), "any port");
        argument.Subscription.Port = unbound.Port;
        tests.Success(Control.Call(DomctlOp.Subscribe, id, ref argument), "the port");
        var virq = new EvtchnBindVirq { Virq = (uint)Virq.DomExc };
        tests.Success(Hypercalls.EventBindVirq(ref virq), "VIRQ_DOM_EXC");
        // The ends of domains before this one may still be on their way.
        Events.Poll(virq.Port, Clock.Now + 1_000_000);
        Events.Poll(talk, Clock.Now + 1_000_000);
        SharedState.ClearPending(virq.Port);
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
        tests.True(Awaits(talk), "it answers");
        tests.True(!SharedState.IsPending(bind.LocalPort), "it has not suspended");
        Events.Send(talk);
        tests.True(Awaits(bind.LocalPort), "it tells that it suspends");
        tests.True(!SharedState.IsPending(virq.Port), "there and nowhere else");
        tests.Equal(Flags(id) & 0xFFFF_0004, 0x2_0004, "it has suspended");
        Close(virq.Port);
        return bind.LocalPort;
    }

    private static void SoftReset(TestRun tests, ushort id, uint told)
    {
        tests.Start("soft_reset");
        tests.Error(Control.Call(DomctlOp.SoftReset, 0), Errno.EINVAL, "the caller's own");
        tests.Error(Control.Call((DomctlOp)23, 0), Errno.EINVAL, "the caller's own, going on");
        tests.Error(Control.Call(DomctlOp.SoftReset, id), Errno.EINVAL, "one that nobody holds back");
        tests.Success(Control.Call(DomctlOp.Pausedomain, id), "pausedomain");
        tests.Error(Control.Call((DomctlOp)23, id), Errno.EBUSY, "going on with none");
        tests.Success(Control.Call(DomctlOp.SoftReset, id), "soft_reset");
        Control.Describe(id, out DomainInformation information);
        tests.Equal(information.Flags & 0xFFFF_000C, 0xFFFF_0008, "it is held back, and has not shut down");
        tests.Equal((long)information.SharedInfoFrame, -1, "shared_info is nowhere");
        var status = new EvtchnStatus { Domain = id, Port = 1 };
        tests.Success(Hypercalls.EventStatus(ref status), "a port of its");
        tests.Equal(status.Status, 0, "is closed");
        status = new EvtchnStatus { Domain = DomainIds.Self, Port = told };
        tests.Success(Hypercalls.EventStatus(ref status), "the far end");
        tests.Equal(status.Status, (long)EventChannelState.Unbound, "waits for it");
        tests.Error(Control.Call(DomctlOp.SoftReset, id), Errno.EINVAL, "once more");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
    }
}
