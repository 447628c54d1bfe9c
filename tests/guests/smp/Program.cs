using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>A domain of four vCPUs: each way to start one, what is switched between them, and how they reach each other.</summary>
internal static class Program
{
    internal const byte IpiVector = 0x41;
    internal const ulong Second = 1000 * (ulong)Clock.Millisecond;
    internal const int Processors = 4;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("smp");
        if (BootRecord.HasWord("spin"))
        {
            SharedState.Map();
            Shares.Spin(tests);
            tests.Finish();
            return;
        }

        if (BootRecord.HasWord("views"))
        {
            StartAll(tests);
            ViewRaces.Run(tests);
            tests.Finish(ShutdownReason.Reboot);
            return;
        }

        if (BootRecord.HasWord("cookies"))
        {
            StartAll(tests);
            CookieRaces.Run(tests);
            tests.Finish();
            return;
        }

        if (Vcpu(VcpuOp.IsUp, Processors - 1) < 0)
        {
            tests.Start("four vCPUs");
            tests.Skip("there are fewer; dom0_max_vcpus=4 gives them");
            tests.Finish();
            return;
        }

        var interrupts = new ProcessorInterrupts();
        Interrupts.SetHandler(IpiVector, interrupts);
        Interrupts.SetHandler(Events.Vector, interrupts);
        tests.Start("set up");
        tests.Success(SharedState.Map(), "shared_info");
        tests.Success(Events.UseCallbackVector(), "callback vector");
        LocalApic.Enable(0xFF);
        Smp.Processors.WriteTrampoline();
        Instructions.EnableInterrupts();

        Topology(tests);
        Start(tests);
        Compute(tests);
        Interrupt(tests, interrupts);
        Event(tests, interrupts);
        Yield(tests);
        RunStates(tests);
        Shares.Equal(tests);
        Signals.Run(tests, interrupts);
        Races.Run(tests);
        Contests.Run(tests, isFifo: false);
        UseFifo(tests);
        tests.Suffix = ", fifo";
        Event(tests, interrupts);
        Signals.ByEvents(tests, interrupts);
        Races.Run(tests);
        Contests.Run(tests, isFifo: true);
        tests.Suffix = "";
        Down(tests);
        tests.Finish();
    }

    internal static long Vcpu(VcpuOp operation, int vcpu, ulong argument = 0) => Xen.Call(Hypercall.VcpuOp, (ulong)operation, (ulong)vcpu, argument);

    private static void StartAll(TestRun tests)
    {
        SharedState.Map();
        Smp.Processors.WriteTrampoline();
        LocalApic.Enable(0xFF);
        for (int processor = 1; processor < Processors; processor++)
        {
            Smp.Processors.StartByInterrupt(processor);
            tests.True(Smp.Processors.WaitFor(processor, 10 * Second), "a vCPU begins");
        }
    }

    private static void UseFifo(TestRun tests)
    {
        tests.Start("change to fifo, a control block for each vCPU");
        for (int vcpu = 0; vcpu < Processors; vcpu++)
        {
            tests.Success(FifoState.Start(vcpu), "init_control");
        }

        tests.Error(FifoState.Start(Processors), Errno.ENOENT, "past the last vCPU");
        tests.Success(FifoState.Expand(), "expand_array");
    }

    private static void Topology(TestRun tests)
    {
        tests.Start("topology");
        CpuidResult one = Instructions.Cpuid(1);
        tests.Equal(one.Ebx >> 24, 0, "APIC id of the first");
        tests.Equal((one.Ebx >> 16) & 0xFF, 2 * Processors, "ids a package");
        tests.Equal(Instructions.Cpuid(0xB, 1).Ebx, Processors, "cores by leaf 0xB");
        for (int vcpu = 1; vcpu < Processors; vcpu++)
        {
            tests.Equal(Vcpu(VcpuOp.IsUp, vcpu), 0, "is_up of another");
        }

        tests.Error(Vcpu(VcpuOp.IsUp, Processors), Errno.ENOENT, "is_up past the last");
        tests.Error(Vcpu(VcpuOp.Up, 1), Errno.EINVAL, "up without registers");
    }

    private static void Start(TestRun tests)
    {
        tests.Start("INIT and start-up interrupt");
        Smp.Processors.StartByInterrupt(1);
        tests.True(Smp.Processors.WaitFor(1, Second), "it runs");
        tests.Equal(Vcpu(VcpuOp.IsUp, 1), 1, "is_up");

        tests.Start("VCPUOP_initialise, 64 bits");
        var wide = new VcpuHvmContext { Mode = 1 };
        wide.LongMode.Rip = Smp.Processors.Entry64();
        wide.LongMode.Cr0 = 0x8001_0033;
        wide.LongMode.Cr3 = Instructions.ReadCr3();
        wide.LongMode.Cr4 = 0x620;
        wide.LongMode.Efer = 0x500;
        wide.Pad = 1;
        tests.Error(Vcpu(VcpuOp.Initialise, 2, Xen.AddressOf(ref wide)), Errno.EINVAL, "padding");
        wide.Pad = 0;
        wide.LongMode.Cr4 = 0x600;
        tests.Error(Vcpu(VcpuOp.Initialise, 2, Xen.AddressOf(ref wide)), Errno.EINVAL, "long mode without PAE");
        wide.LongMode.Cr4 = 0x620;
        tests.Success(Vcpu(VcpuOp.Initialise, 2, Xen.AddressOf(ref wide)), "initialise");
        tests.Error(Vcpu(VcpuOp.Initialise, 2, Xen.AddressOf(ref wide)), Errno.EEXIST, "initialise again");
        tests.Equal(Vcpu(VcpuOp.IsUp, 2), 0, "is_up before up");
        tests.Success(Vcpu(VcpuOp.Up, 2), "up");
        tests.True(Smp.Processors.WaitFor(2, Second), "it runs");

        tests.Start("VCPUOP_initialise, 32 bits");
        const ushort code = 0xC9B, data = 0xC93, task = 0x8B;
        var narrow = new VcpuHvmContext { Mode = 0 };
        narrow.ProtectedMode.Eip = (uint)Smp.Processors.Entry32();
        narrow.ProtectedMode.Cr0 = 0x11;
        narrow.ProtectedMode.CsLimit = narrow.ProtectedMode.DsLimit = narrow.ProtectedMode.EsLimit = narrow.ProtectedMode.SsLimit = uint.MaxValue;
        narrow.ProtectedMode.CsAttributes = 0xC93;
        narrow.ProtectedMode.DsAttributes = narrow.ProtectedMode.EsAttributes = narrow.ProtectedMode.SsAttributes = data;
        narrow.ProtectedMode.TrAttributes = task;
        narrow.ProtectedMode.TrLimit = 0x67;
        tests.Error(Vcpu(VcpuOp.Initialise, 3, Xen.AddressOf(ref narrow)), Errno.EINVAL, "CS is data");
        narrow.ProtectedMode.CsAttributes = code;
        tests.Success(Vcpu(VcpuOp.Initialise, 3, Xen.AddressOf(ref narrow)), "initialise");
        tests.Success(Vcpu(VcpuOp.Up, 3), "up");
        tests.True(Smp.Processors.WaitFor(3, Second), "it runs");
    }

    /// <summary>Each alone first, to know the result and to find a length of several time slices; then all at once.</summary>
    private static void Compute(TestRun tests)
    {
        tests.Start("x87 state, vector and debug registers of vCPUs that take turns");
        ulong steps = 50_000;
        while (true)
        {
            ulong start = Clock.Now;
            Smp.Processors.Compute(1, steps);
            if (Clock.Now - start > 30 * (ulong)Clock.Millisecond || steps > 1UL << 32)
            {
                break;
            }

            steps *= 2;
        }

        var expected = new ulong[Processors];
        for (int i = 0; i < Processors; i++)
        {
            expected[i] = Smp.Processors.Compute((ulong)i + 2, steps);
        }

        tests.True(expected[1] != expected[2], "the results differ");
        Smp.Processors.Steps = steps;
        for (int i = 1; i < Processors; i++)
        {
            Smp.Processors.Give(i, Order.Compute);
        }

        Smp.Processors.WriteDebugRegisters(0x7000);
        tests.True(Smp.Processors.Compute(2, steps) == expected[0], "the first vCPU's result");
        for (int i = 1; i < Processors; i++)
        {
            tests.True(Smp.Processors.WaitFor(i, 10 * Second), "another is done");
            tests.True(Smp.Processors.Result(i) == expected[i], "its result");
            tests.True(Smp.Processors.HeldDebugRegisters(i), "its debug registers");
        }

        tests.True(Smp.Processors.SumDebugRegisters() == 4 * 0x7000, "the first vCPU's debug registers");
    }

    private static void Interrupt(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("an interrupt from the local APIC wakes a halted vCPU");
        for (int i = 1; i < Processors; i++)
        {
            int before = interrupts.Vectors(i);
            Smp.Processors.Give(i, Order.Halt);
            WaitUntilBlocked(i);
            tests.Equal(StateOf(i).State, (long)RunState.Blocked, "it halts");
            ulong start = Clock.Now;
            LocalApic.Write(LocalApic.CommandHigh, (uint)i << 25);
            LocalApic.Write(LocalApic.CommandLow, LocalApic.AssertLevel | IpiVector);
            tests.True(Smp.Processors.WaitFor(i, Second), "it wakes");
            tests.True(Clock.Now - start < 500 * (ulong)Clock.Millisecond, "soon");
            tests.Equal(interrupts.Vectors(i), before + 1, "it took the interrupt");
        }
    }

    private static void Event(TestRun tests, ProcessorInterrupts interrupts)
    {
        tests.Start("an event-channel IPI wakes a halted vCPU");
        for (int i = 1; i < Processors; i++)
        {
            var ipi = new EvtchnBindIpi { Vcpu = (uint)i };
            tests.Success(Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindIpi, ref ipi), "bind_ipi");
            int before = interrupts.Upcalls(i);
            Smp.Processors.Give(i, Order.Halt);
            WaitUntilBlocked(i);
            tests.Success(Events.Send(ipi.Port), "send");
            tests.True(Smp.Processors.WaitFor(i, Second), "it wakes");
            tests.Equal(interrupts.Upcalls(i), before + 1, "it took the event");
        }
    }

    /// <summary>Three vCPUs do nothing but yield: the fourth gets nearly all of the CPU.</summary>
    private static void Yield(TestRun tests)
    {
        tests.Start("vCPUs that yield let others go first");
        for (int i = 1; i < Processors; i++)
        {
            Smp.Processors.Give(i, Order.Yield);
        }

        ulong start = Clock.Now;
        ulong before = StateOf(0).Time[(int)RunState.Running];
        Clock.WaitUntil(start + (100 * (ulong)Clock.Millisecond));
        ulong had = StateOf(0).Time[(int)RunState.Running] - before;
        tests.True(had > 20 * (ulong)Clock.Millisecond, "it has run for a fifth of the time at least");
        for (int i = 1; i < Processors; i++)
        {
            tests.True(Smp.Processors.Stop(i, Second), "it stops");
        }
    }

    private static void RunStates(TestRun tests)
    {
        tests.Start("run states");
        for (int i = 0; i < Processors; i++)
        {
            VcpuRunstateInfo first = StateOf(i);
            ulong start = Clock.Now;
            Clock.WaitUntil(start + (20 * (ulong)Clock.Millisecond));
            VcpuRunstateInfo second = StateOf(i);
            ulong end = Clock.Now;
            ulong passed = Sum(in second) - Sum(in first);
            tests.Between((long)passed, 20 * Clock.Millisecond, (long)(end - start) + (50 * Clock.Millisecond), "all four together, in ns");
        }
    }

    private static void Down(TestRun tests)
    {
        tests.Start("down and up again");
        Smp.Processors.Give(2, Order.Down);
        ulong end = Clock.Now + Second;
        while (Vcpu(VcpuOp.IsUp, 2) != 0 && Clock.Now < end)
        {
            Instructions.Pause();
        }

        tests.Equal(Vcpu(VcpuOp.IsUp, 2), 0, "is_up after down");
        tests.Equal(StateOf(2).State, (long)RunState.Offline, "state");
        tests.Success(Vcpu(VcpuOp.Up, 2), "up");
        Smp.Processors.Give(2, Order.Compute);
        tests.True(Smp.Processors.WaitFor(2, 10 * Second), "it goes on where it stood");
        tests.Success(Vcpu(VcpuOp.Down, 3), "down of another");
        tests.Equal(Vcpu(VcpuOp.IsUp, 3), 0, "is_up");

        tests.Start("INIT and start-up interrupt for one that was started otherwise");
        Smp.Processors.Give(3, Order.None);
        Smp.Processors.StartByInterrupt(3);
        Smp.Processors.Give(3, Order.Compute);
        tests.True(Smp.Processors.WaitFor(3, 10 * Second), "it runs");
        for (int i = 1; i < Processors; i++)
        {
            tests.Success(Vcpu(VcpuOp.Down, i), "down");
        }
    }

    internal static void WaitUntilBlocked(int vcpu)
    {
        ulong end = Clock.Now + Second;
        while (StateOf(vcpu).State != (int)RunState.Blocked && Clock.Now < end)
        {
            Instructions.Pause();
        }
    }

    internal static VcpuRunstateInfo StateOf(int vcpu)
    {
        var info = new VcpuRunstateInfo();
        Vcpu(VcpuOp.GetRunstateInfo, vcpu, Xen.AddressOf(ref info));
        return info;
    }

    private static ulong Sum(in VcpuRunstateInfo info) => info.Time[0] + info.Time[1] + info.Time[2] + info.Time[3];
}
