using Xenolith.Abi.Contract;

namespace Xenolith.Guests.EventDelivery;

/// <summary>Events of every kind, delivered by the callback vector.</summary>
internal static class ChannelTests
{
    public static void Run(TestRun tests, Upcall upcall)
    {
        Ipi(tests, upcall);
        Masked(tests, upcall);
        InterruptsOff(tests, upcall);
        Loopback(tests, upcall);
        SecondWord(tests, upcall);
    }

    private static void Ipi(TestRun tests, Upcall upcall)
    {
        tests.Start("event ipi");
        uint port = Events.BindIpi();
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        tests.Equal(upcall.Count(port), before + 1, "events before the next instruction");
        tests.True(!SharedState.IsPending(port) && !SharedState.UpcallPending, "nothing is left pending");
        tests.Success(Events.Send(port), "send again");
        tests.Equal(upcall.Count(port), before + 2, "events");
        tests.Success(Events.Close(port), "close");
        tests.Error(Events.Send(port), Errno.EINVAL, "send after close");
    }

    private static void Masked(TestRun tests, Upcall upcall)
    {
        tests.Start("event masked and unmasked");
        uint port = Events.BindIpi();
        SharedState.Mask(port);
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        tests.Equal(upcall.Count(port), before, "events while masked");
        tests.True(SharedState.IsPending(port), "the port is pending");
        tests.Equal((long)SharedState.Selector, 0, "selector");
        tests.Success(Events.Unmask(port), "unmask");
        tests.Equal(upcall.Count(port), before + 1, "events after unmask");
        tests.True(!SharedState.IsMasked(port), "the mask bit is clear");

        SharedState.Mask(port);
        tests.Success(Events.Send(port), "send");
        SharedState.ClearMask(port);
        Clock.WaitUntil(Clock.Now + (2 * (ulong)Clock.Millisecond));
        tests.Equal(upcall.Count(port), before + 1, "events after clearing the bit oneself");
        tests.True(SharedState.IsPending(port), "still pending");
        SharedState.ClearPending(port);
        tests.Success(Events.Unmask(port), "unmask of an idle port");
        tests.Equal(upcall.Count(port), before + 1, "events after that");
        tests.Success(Events.Close(port), "close");
    }

    private static void InterruptsOff(TestRun tests, Upcall upcall)
    {
        tests.Start("events while interrupts are off");
        uint first = Events.BindIpi();
        uint second = Events.BindIpi();
        int calls = upcall.Calls;
        Instructions.DisableInterrupts();
        tests.Success(Events.Send(first), "send");
        tests.Success(Events.Send(first), "send again");
        tests.Success(Events.Send(second), "send on another port");
        tests.Equal(upcall.Calls, calls, "upcalls while off");
        tests.True(SharedState.UpcallPending, "an upcall is pending");
        int before = upcall.Count(first), secondBefore = upcall.Count(second);
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.Equal(upcall.Calls, calls + 1, "upcalls");
        tests.Equal(upcall.Count(first), before + 1, "the two sends are one event");
        tests.Equal(upcall.Count(second), secondBefore + 1, "events on the other port");
        tests.Success(Events.Close(first), "close");
        tests.Success(Events.Close(second), "close");
    }

    private static void Loopback(TestRun tests, Upcall upcall)
    {
        tests.Start("event interdomain loopback");
        uint remote = Events.AllocateUnbound();
        uint local = Events.BindInterdomain(remote);
        tests.True(remote != uint.MaxValue && local != uint.MaxValue, "two ends");
        int remoteBefore = upcall.Count(remote);
        int localBefore = upcall.Count(local);
        tests.Success(Events.Send(local), "send on one end");
        tests.Equal(upcall.Count(remote), remoteBefore + 1, "events on the other");
        tests.Success(Events.Send(remote), "send on the other");
        tests.Equal(upcall.Count(local), localBefore + 1, "events on the one");
        tests.Success(Events.Close(remote), "close the other");
        tests.Success(Events.Send(local), "send without a peer is lost");
        tests.Success(Events.Close(local), "close the one");
    }

    /// <summary>Ports past the first 64 use another word of the bitmaps and another bit of the selector.</summary>
    private static void SecondWord(TestRun tests, Upcall upcall)
    {
        tests.Start("event on a port past 64");
        const int count = 70;
        uint last = 0;
        uint first = uint.MaxValue;
        for (int i = 0; i < count; i++)
        {
            last = Events.AllocateUnbound();
            first = last < first ? last : first;
        }

        uint port = Events.BindIpi();
        tests.True(port >= 64 && port != uint.MaxValue, "a port of 64 or more");
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Success(Events.Close(port), "close");
        for (uint other = first; other <= last; other++)
        {
            Events.Close(other);
        }
    }

    /// <summary>Apart from the rest: an NMI that is not delivered would stand in the way of everything after it.</summary>
    public static void NonMaskable(TestRun tests)
    {
        tests.Start("vcpu send_nmi");
        const byte vector = 2;
        var handler = new CountingHandler();
        Interrupts.SetHandler(vector, handler);
        tests.Success(Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 0, 0), "send_nmi");
        Instructions.Pause();
        tests.Equal(handler.Count, 1, "non-maskable interrupts");
        Instructions.DisableInterrupts();
        tests.Success(Xen.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 0, 0), "send_nmi");
        Instructions.Pause();
        tests.Equal(handler.Count, 2, "with interrupts off");
        Instructions.EnableInterrupts();
        Interrupts.SetHandler(vector, null);
    }
}
