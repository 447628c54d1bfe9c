using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>How vCPUs reach others that run: interrupts of each kind, INIT and start-up, events, and waits that another one ends.</summary>
internal static class Signals
{
    private const byte NmiVector = 2;
    private const uint ToAll = 0x8_0000, ToOthers = 0xC_0000;
    private const uint LowestPriority = 0x100, NonMaskable = 0x400, Init = 0x500, StartUp = 0x600, Logical = 0x800;
    private const uint Everyone = 0xFFu << 24;

    public static void Run(TestRun tests, ProcessorInterrupts interrupts)
    {
        Listen(tests);
        Fixed(tests, interrupts);
        LowestPriorityGoesToOne(tests, interrupts);
        Nmi(tests);
        StartUpOfOneThatRuns(tests, interrupts);
        InitOfOneThatRuns(tests);
        MovedPort(tests, interrupts);
        StopListening(tests);
        Poll(tests);
    }

    /// <summary>The part of it that event channels are.</summary>
    public static void ByEvents(TestRun tests, ProcessorInterrupts interrupts)
    {
        Listen(tests);
        MovedPort(tests, interrupts);
        StopListening(tests);
        Poll(tests);
    }

    private static void StopListening(TestRun tests)
    {
        for (int i = 1; i < Program.Processors; i++)
        {
            tests.True(Processors.Stop(i, Program.Second), "it stops listening");
        }
    }

    private static void Listen(TestRun tests)
    {
        LocalApic.Write(LocalApic.LogicalDestination, 1u << 24);
        for (int i = 1; i < Program.Processors; i++)
        {
            Processors.Give(i, Order.Listen);
        }

        for (int i = 1; i < Program.Processors; i++)
        {
            tests.True(Processors.WaitFor(i, Program.Second), "it listens");
        }
    }

    private static void Fixed(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("interrupts to running vCPUs by each kind of destination");
        Expect(tests, interrupts, 0, ToOthers, 0b1110, "all but self");
        Expect(tests, interrupts, 0, ToAll, 0b1111, "all");
        Expect(tests, interrupts, 0, LocalApic.SelfShorthand, 0b0001, "self");
        Expect(tests, interrupts, Everyone, 0, 0b1111, "broadcast");
        Expect(tests, interrupts, 2u << 25, 0, 0b0100, "by APIC id");
        Expect(tests, interrupts, 0b1010u << 24, Logical, 0b1010, "logical, two of them");
        Expect(tests, interrupts, 9u << 25, 0, 0, "an APIC id that nobody has");
    }

    private static void Expect(TestRun tests, ProcessorInterrupts interrupts, uint high, uint low, int mask, string what)
    {
        var before = new int[Program.Processors];
        for (int i = 0; i < before.Length; i++)
        {
            before[i] = interrupts.Vectors(i);
        }

        LocalApic.Write(LocalApic.CommandHigh, high);
        LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | low | Program.IpiVector);
        ulong end = Clock.Now + Program.Second;
        for (int i = 0; i < before.Length; i++)
        {
            while ((mask >> i & 1) != 0 && interrupts.Vectors(i) == before[i] && Clock.Now < end)
            {
                Instructions.Pause();
            }
        }

        Clock.WaitUntil(Clock.Now + Clock.Millisecond);
        for (int i = 0; i < before.Length; i++)
        {
            tests.Equal(interrupts.Vectors(i) - before[i], mask >> i & 1, what);
        }
    }

    private static void LowestPriorityGoesToOne(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("an interrupt by lowest priority goes to one");
        int before = Total(interrupts);
        LocalApic.Write(LocalApic.CommandHigh, 0b1110u << 24);
        LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | Logical | LowestPriority | Program.IpiVector);
        ulong end = Clock.Now + Program.Second;
        while (Total(interrupts) == before && Clock.Now < end)
        {
            Instructions.Pause();
        }

        Clock.WaitUntil(Clock.Now + (5 * (ulong)Clock.Millisecond));
        tests.Equal(Total(interrupts) - before, 1, "interrupts taken");
    }

    private static int Total(ProcessorInterrupts interrupts) => interrupts.Vectors(1) + interrupts.Vectors(2) + interrupts.Vectors(3);

    private static void Nmi(TestRun tests)
    {
        tests.Start("an NMI to another vCPU");
        var nmi = new NmiCounter();
        Interrupts.SetHandler(NmiVector, nmi);
        LocalApic.Write(LocalApic.CommandHigh, 1u << 25);
        LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | NonMaskable);
        ulong end = Clock.Now + Program.Second;
        while (nmi.Count == 0 && Clock.Now < end)
        {
            Instructions.Pause();
        }

        tests.Equal(nmi.Count, 1, "NMIs");
        Interrupts.SetHandler(NmiVector, null);
    }

    private static void StartUpOfOneThatRuns(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("a start-up interrupt to a running vCPU changes nothing");
        LocalApic.Write(LocalApic.CommandHigh, 1u << 25);
        LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | StartUp | 1);
        tests.Equal(Program.Vcpu(VcpuOp.IsUp, 1), 1, "is_up");
        Expect(tests, interrupts, 1u << 25, 0, 0b0010, "it goes on");
    }

    private static void InitOfOneThatRuns(TestRun tests)
    {
        tests.Start("INIT stops a running vCPU, and it can be started again");
        for (int i = 0; i < 20; i++)
        {
            LocalApic.Write(LocalApic.CommandHigh, 3u << 25);
            LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | Init);
            tests.Equal(Program.Vcpu(VcpuOp.IsUp, 3), 0, "is_up");
            Processors.Give(3, Order.Listen);
            Processors.StartByInterrupt(3);
            tests.True(Processors.WaitFor(3, Program.Second), "it runs again");
        }
    }

    private static void MovedPort(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("an event goes to the vCPU that its port was moved to");
        uint near = Events.AllocateUnbound();
        uint far = Events.BindInterdomain(near);
        for (int i = Program.Processors - 1; i > 0; i--)
        {
            var move = new EvtchnBindVcpu { Port = near, Vcpu = (uint)i };
            tests.Success(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindVcpu, ref move), "bind_vcpu");
            int before = interrupts.Upcalls(i);
            tests.Success(Events.Send(far), "send");
            ulong end = Clock.Now + Program.Second;
            while (interrupts.Upcalls(i) == before && Clock.Now < end)
            {
                Instructions.Pause();
            }

            tests.Equal(interrupts.Upcalls(i), before + 1, "upcalls");
        }

        tests.Success(Events.Close(far), "close");
        tests.Success(Events.Close(near), "close");
    }

    private static void Poll(TestRun tests)
    {
        tests.Start("an event ends another vCPU's wait in poll");
        Processors.PolledPort = Events.BindIpi();
        SharedState.Mask(Processors.PolledPort);
        for (int i = 1; i < Program.Processors; i++)
        {
            SharedState.ClearPending(Processors.PolledPort);
            Processors.Give(i, Order.Poll);
            Program.WaitUntilBlocked(i);
            tests.Equal(Program.StateOf(i).State, (long)RunState.Blocked, "it waits");
            tests.Success(Events.Send(Processors.PolledPort), "send");
            tests.True(Processors.WaitFor(i, Program.Second), "it goes on");
            tests.Equal((long)Processors.Result(i), 0, "the result of poll");
        }

        tests.Success(Events.Close(Processors.PolledPort), "close");
    }

    private sealed class NmiCounter : InterruptHandler
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public override void Handle(ref InterruptFrame frame) => Interlocked.Increment(ref _count);
    }
}
