using Xenolith.Abi.Contract;

namespace Xenolith.Guests.EventDelivery;

/// <summary>The FIFO ABI: the change to it, its calls with their errors, priorities, and what a guest may write where it should not.</summary>
internal static class FifoTests
{
    private const uint BadFrame = 0xFFFF_FFFF, Unused = 50;

    private static ulong Control => Layout.FrameOf(PoolPage.FifoControl);

    /// <summary>From two levels to FIFO, with an event pending.</summary>
    public static void Start(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo calls on two levels");
        uint port = Events.BindIpi();
        tests.Error(FifoState.ExpandArray(Control), Errno.EOPNOTSUPP, "expand_array");
        tests.Error(FifoState.SetPriority(port, 99), Errno.ENOSYS, "set_priority");
        tests.Error(FifoState.SetPriority(100_000, 0), Errno.EINVAL, "set_priority past the last port");
        tests.Error(FifoState.InitControl(1000, BadFrame, 1, out _), Errno.ENOENT, "init_control of vCPU 1000");
        tests.Error(FifoState.InitControl(0, Control, Layout.PageSize - FifoState.ControlSize + 8, out _), Errno.EINVAL, "past the page");
        tests.Error(FifoState.InitControl(0, Control, 4, out _), Errno.EINVAL, "not aligned");
        tests.Error(FifoState.InitControl(0, BadFrame, 0, out _), Errno.EINVAL, "no memory there");
        tests.Error(FifoState.ExpandArray(Control), Errno.EOPNOTSUPP, "expand_array after that");
        Hostile.Check(tests, Hypercall.EventChannelOp, (ulong)EventChannelOp.InitControl);
        Hostile.Check(tests, Hypercall.EventChannelOp, (ulong)EventChannelOp.ExpandArray);
        Hostile.Check(tests, Hypercall.EventChannelOp, (ulong)EventChannelOp.SetPriority);

        tests.Start("change to fifo with an event pending");
        SharedState.Mask(port);
        tests.Success(Events.Send(port), "send");
        tests.Success(FifoState.Start(0), "init_control");
        tests.Error(FifoState.Start(0), Errno.EINVAL, "init_control again");
        int before = upcall.Count(port);
        tests.Success(Events.Unmask(port), "unmask of a port without a word");
        tests.Equal(upcall.Count(port), before, "events before there is a word");
        tests.Error(FifoState.ExpandArray(BadFrame), Errno.EINVAL, "expand_array, no memory there");
        tests.Success(FifoState.Expand(), "expand_array");
        tests.Equal(upcall.Count(port), before + 1, "events with the word");
        tests.Equal(FifoState.Word(port), 0, "the word after that");
        tests.Success(Events.Close(port), "close");
    }

    public static void Run(TestRun tests, Upcall upcall)
    {
        Errors(tests);
        Priorities(tests, upcall);
        ChangedPriority(tests, upcall);
        ClosedInQueue(tests);
        SecondPage(tests, upcall);
        OwnLinks(tests, upcall);
    }

    /// <summary>Back to two levels; all words there can be were given before.</summary>
    public static void End(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo array at its end");
        for (uint words = FifoState.WordCount; words < EventChannelLimits.Fifo; words += Layout.PageSize / 4)
        {
            tests.Success(FifoState.ExpandArray(Layout.FrameOf(PoolPage.FifoWords)), "expand_array");
        }

        tests.Error(FifoState.ExpandArray(BadFrame), Errno.ENOSPC, "expand_array once more");

        tests.Start("reset to two levels");
        uint port = Events.BindIpi();
        tests.Success(Events.Send(port), "send");
        var reset = new EvtchnReset { Domain = DomainIds.Self };
        tests.Success(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Reset, ref reset), "reset");
        FifoState.Forget();
        tests.Error(Events.Send(port), Errno.EINVAL, "send on the port that was");
        tests.Error(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.ResetCont, ref reset), Errno.EBUSY, "to go on with a reset that is done");
        tests.Error(FifoState.ExpandArray(Control), Errno.EOPNOTSUPP, "expand_array");
        port = Events.BindIpi();
        tests.Equal(port, 1, "the first port");
        // What was written there before the change to the other ABI is there still.
        SharedState.ClearMask(port);
        SharedState.ClearPending(port);
        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Success(Events.Close(port), "close");
    }

    private static void Errors(TestRun tests)
    {
        tests.Start("fifo set_priority");
        uint port = Events.BindIpi();
        tests.Error(FifoState.SetPriority(port, 16), Errno.EINVAL, "priority 16");
        tests.Error(FifoState.SetPriority(100_000, 99), Errno.EINVAL, "past the last port");
        tests.Error(FifoState.SetPriority(Unused, 99), Errno.EACCES, "a port not in use");
        tests.Error(FifoState.SetPriority(0, 0), Errno.EACCES, "port 0");
        tests.Success(FifoState.SetPriority(port, 15), "priority 15");
        tests.Success(Events.Close(port), "close");
    }

    private static void Priorities(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo events by priority, then in order");
        uint low = Events.BindIpi(), first = Events.BindIpi(), second = Events.BindIpi(), high = Events.BindIpi();
        tests.Success(FifoState.SetPriority(low, 15), "set_priority");
        tests.Success(FifoState.SetPriority(high, 0), "set_priority");
        Instructions.DisableInterrupts();
        tests.Success(Events.Send(low), "send");
        tests.Success(Events.Send(second), "send");
        tests.Success(Events.Send(first), "send");
        tests.Success(Events.Send(high), "send");
        tests.Equal(FifoState.Ready(0), (1 << 15) | (1 << 7) | 1, "queues that are ready");
        tests.Equal(FifoState.Head(0, 7), second, "head of queue 7");
        tests.Equal(FifoState.Word(second) & EventWord.LinkMask, first, "its link");
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.True(upcall.Order(high) < upcall.Order(second), "the highest priority first");
        tests.True(upcall.Order(second) < upcall.Order(first), "in the order of sending");
        tests.True(upcall.Order(first) < upcall.Order(low), "the lowest priority last");
        Close(tests, low, first, second, high);
    }

    private static void ChangedPriority(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo priority changed while in a queue");
        uint port = Events.BindIpi(), last = Events.BindIpi();
        Instructions.DisableInterrupts();
        tests.Success(Events.Send(port), "send");
        tests.Success(FifoState.SetPriority(port, 3), "set_priority");
        tests.Success(Events.Send(port), "send");
        tests.Equal(FifoState.Ready(0), 1 << 7, "it stays in its queue");
        tests.Equal(FifoState.Take(0), port, "it is taken from there");
        tests.Success(Events.Send(port), "send");
        tests.Equal(FifoState.Ready(0), 1 << 3, "then it goes to the other queue");
        tests.Success(Events.Send(last), "send on another port");
        tests.Equal(FifoState.Head(0, 7), last, "which begins the old queue");
        tests.Equal(FifoState.Word(port) & EventWord.LinkMask, 0, "and is not linked to the other");
        int before = upcall.Count(port), lastBefore = upcall.Count(last);
        Instructions.EnableInterrupts();
        Instructions.Pause();
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Equal(upcall.Count(last), lastBefore + 1, "events on the other port");
        Close(tests, port, last);
    }

    private static void ClosedInQueue(TestRun tests)
    {
        tests.Start("fifo port closed while in a queue");
        uint port = Events.BindIpi();
        Instructions.DisableInterrupts();
        tests.Success(Events.Send(port), "send");
        tests.Success(Events.Close(port), "close");
        tests.True(!SharedState.IsPending(port), "it is no longer pending");
        uint other = Events.BindIpi();
        tests.True(other != port, "it is not bound again");
        tests.Success(Events.Close(other), "close");
        tests.Equal(FifoState.Take(0), 0, "taken from the queue");
        other = Events.BindIpi();
        tests.Equal(other, port, "now it is");
        tests.Success(Events.Close(other), "close");
        Instructions.EnableInterrupts();
    }

    /// <summary>Ports past the first page of words: an event comes when the guest has given the page.</summary>
    private static void SecondPage(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo event on a port past 1024");
        uint first = Events.BindIpi(), port = first;
        while (port < FifoState.WordCount + 5)
        {
            port = Events.BindIpi();
        }

        int before = upcall.Count(port);
        tests.Success(Events.Send(port), "send");
        tests.Success(FifoState.Expand(), "expand_array");
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Success(Events.Send(port), "send");
        tests.Equal(upcall.Count(port), before + 2, "events");
        for (uint other = first; other <= port; other++)
        {
            Events.Close(other);
        }

        var status = new EvtchnStatus { Domain = DomainIds.Self, Port = (port / 64 * 64) + 63 };
        tests.Success(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Status, ref status), "status of the last port of the table");
        status.Port++;
        tests.Error(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Status, ref status), Errno.EINVAL, "status past the table");
        tests.Error(Events.Unmask(status.Port), Errno.EINVAL, "unmask past the table");
        tests.Error(Events.Poll(status.Port, 1), Errno.EINVAL, "poll past the table");
    }

    /// <summary>A guest that writes its own links, heads and bits harms itself alone.</summary>
    private static void OwnLinks(TestRun tests, Upcall upcall)
    {
        tests.Start("fifo words of the guest's own making");
        uint port = Events.BindIpi(), other = Events.BindIpi();
        Instructions.DisableInterrupts();
        for (uint link = 0; link < 8; link++)
        {
            uint target = link switch { 0 => port, 1 => other, 2 => EventWord.LinkMask, 3 => 1, _ => FifoState.WordCount * link };
            tests.Success(Events.Send(port), "send");
            FifoState.Word(port) = 0xF000_0000 | (target & EventWord.LinkMask);
            FifoState.Word(other) = 0x1000_0000 | (target & EventWord.LinkMask);
            FifoState.Ready(0) = uint.MaxValue;
            tests.Success(Events.Send(other), "send on the other");
            tests.Success(Events.Unmask(port), "unmask");
            tests.Success(Events.Send(port), "send again");
        }

        while (FifoState.Take(0) != 0)
        {
        }

        FifoState.Word(port) = 0;
        FifoState.Word(other) = 0;
        FifoState.Ready(0) = 0;
        SharedState.TakeSelector();
        int before = upcall.Count(port), otherBefore = upcall.Count(other);
        Instructions.EnableInterrupts();
        tests.Success(Events.Send(port), "send");
        tests.Success(Events.Send(other), "send on the other");
        tests.Equal(upcall.Count(port), before + 1, "events");
        tests.Equal(upcall.Count(other), otherBefore + 1, "events on the other port");
        Close(tests, port, other);
    }

    private static void Close(TestRun tests, params System.ReadOnlySpan<uint> ports)
    {
        foreach (uint port in ports)
        {
            tests.Success(Events.Close(port), "close");
        }
    }
}
