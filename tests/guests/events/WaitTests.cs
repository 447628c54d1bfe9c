using Xenolith.Abi.Contract;

namespace Xenolith.Guests.EventDelivery;

/// <summary>Waiting for events: poll, block, HLT.</summary>
internal static class WaitTests
{
    public static void Run(TestRun tests, Upcall upcall)
    {
        tests.Start("poll a pending port");
        uint port = Events.BindIpi();
        SharedState.Mask(port);
        tests.Success(Events.Send(port), "send");
        ulong start = Clock.Now;
        tests.Success(Events.Poll(port, 0), "poll without a deadline");
        tests.True(Clock.Now - start < 1_000 * (ulong)Clock.Millisecond, "it returns at once");
        tests.True(SharedState.IsPending(port), "the port stays pending");
        SharedState.ClearPending(port);
        tests.Success(Events.Close(port), "close");

        tests.Start("poll until the timer");
        uint timer = Events.BindVirq(Virq.Timer);
        SharedState.Mask(timer);
        SharedState.ClearPending(timer);
        ulong deadline = Clock.Now + (3 * (ulong)Clock.Millisecond);
        SetTimer(tests, deadline);
        tests.Success(Events.Poll(timer, deadline + (2_000 * (ulong)Clock.Millisecond)), "poll");
        tests.True(Clock.Now >= deadline && Clock.Now < deadline + (1_000 * (ulong)Clock.Millisecond), "it returns with the event");
        tests.True(SharedState.IsPending(timer), "the port is pending");
        SharedState.ClearPending(timer);
        tests.Success(Events.Unmask(timer), "unmask");

        tests.Start("block until the timer");
        int before = upcall.Count(timer);

        // An event that came before the call would leave it waiting for ever, on Xen too: an emulator that loses the CPU for a
        // while must not lose this much.
        deadline = Clock.Now + (100 * (ulong)Clock.Millisecond);
        SetTimer(tests, deadline);
        tests.Success(Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Block), "block");
        tests.True(Clock.Now >= deadline, "not early");
        tests.Equal(upcall.Count(timer), before + 1, "events");

        tests.Start("halt until the timer");
        before = upcall.Count(timer);
        deadline = Clock.Now + (3 * (ulong)Clock.Millisecond);
        Instructions.DisableInterrupts();
        SetTimer(tests, deadline);
        Instructions.EnableInterruptsAndHalt();
        tests.True(Clock.Now >= deadline, "not early");
        tests.Equal(upcall.Count(timer), before + 1, "events");
        tests.Success(Events.Close(timer), "close");
    }

    private static void SetTimer(TestRun tests, ulong deadline) =>
        tests.Success(Xen.Call(Hypercall.SetTimerOp, deadline), "set_timer_op");
}
