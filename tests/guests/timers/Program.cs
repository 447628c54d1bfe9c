using System.Runtime;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Timers;

/// <summary>Time: the published clock, singleshot and periodic timers, runstate.</summary>
internal static class Program
{
    private const int RunstatePage = PoolPage.FirstFree;
    private const long Lateness = 200 * Clock.Millisecond;

    private static Upcall s_upcall = null!;
    private static uint s_port;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        var tests = new TestRun("timers");
        s_upcall = new Upcall();
        Interrupts.SetHandler(Events.Vector, s_upcall);

        tests.Start("set up");
        tests.Success(SharedState.Map(), "shared_info");
        tests.Success(Events.UseCallbackVector(), "callback vector");
        tests.Success(Vcpu(VcpuOp.StopPeriodicTimer, 0), "stop_periodic_timer");
        s_port = Events.BindVirq(Virq.Timer);
        tests.True(s_port != uint.MaxValue, "bind_virq");
        Instructions.EnableInterrupts();

        PublishedClock(tests);
        Singleshot(tests);
        SetTimer(tests);
        Periodic(tests);
        Polling(tests);
        Runstate(tests);
        tests.Finish();
    }

    private static long Vcpu(VcpuOp operation, ulong argument) => Xen.Call(Hypercall.VcpuOp, (ulong)operation, 0, argument);

    private static long SetSingleshot(ulong deadline, uint flags)
    {
        var timer = new VcpuSetSingleshotTimer { Deadline = deadline, Flags = flags };
        return Vcpu(VcpuOp.SetSingleshotTimer, Xen.AddressOf(ref timer));
    }

    /// <summary>Halts until the timer's port has had that many events, or the time is up.</summary>
    private static bool WaitFor(int count, ulong limit)
    {
        while (s_upcall.Count(s_port) < count && Clock.Now < limit)
        {
            Instructions.Pause();
        }

        return s_upcall.Count(s_port) >= count;
    }

    private static void PublishedClock(TestRun tests)
    {
        tests.Start("published clock");
        tests.Equal(Clock.Version & 1, 0, "version is even");
        tests.Between((long)Clock.TscFrequency, 1_000_000, 10_000_000_000, "ticks a second");
        ulong last = Clock.Now;
        ulong greatestStep = 0;
        bool monotonic = true;
        for (int i = 0; i < 20_000; i++)
        {
            ulong now = Clock.Now;
            monotonic &= now >= last;
            greatestStep = now - last > greatestStep ? now - last : greatestStep;
            last = now;
        }

        tests.True(monotonic, "it never goes back");
        tests.True(greatestStep < 5_000 * (ulong)Clock.Millisecond, "it does not jump by 5 s");

        tests.Start("published clock against the TSC");
        ulong tscStart = Instructions.ReadTsc();
        ulong start = Clock.Now;
        Clock.WaitUntil(start + (20 * (ulong)Clock.Millisecond));
        ulong elapsed = Clock.Now - start;
        ulong ticks = Instructions.ReadTsc() - tscStart;
        ulong byTsc = ticks * 1_000 / (Clock.TscFrequency / 1_000_000);
        tests.Between((long)byTsc, (long)(elapsed - (elapsed / 10)), (long)(elapsed + (elapsed / 10)), "ns by TSC");

        tests.Start("wall clock");
        uint seconds = Memory.Read32(SharedState.WallClock + 4);
        tests.Equal(Memory.Read32(SharedState.WallClock) & 1, 0, "version is even");
        tests.True(Memory.Read32(SharedState.WallClock + 8) < 1_000_000_000, "nanoseconds under a second");
        tests.True(seconds < 0xF000_0000, "seconds");
    }

    private static void Singleshot(TestRun tests)
    {
        tests.Start("singleshot timer");
        int before = s_upcall.Count(s_port);
        ulong deadline = Clock.Now + (5 * (ulong)Clock.Millisecond);
        tests.Success(SetSingleshot(deadline, 0), "set");
        tests.True(WaitFor(before + 1, deadline + (ulong)Lateness), "it fires");
        tests.True(s_upcall.LastTime >= deadline, "not early");
        Clock.WaitUntil(Clock.Now + (10 * (ulong)Clock.Millisecond));
        tests.Equal(s_upcall.Count(s_port), before + 1, "once");

        tests.Start("singleshot timer, halted");
        before = s_upcall.Count(s_port);
        deadline = Clock.Now + (5 * (ulong)Clock.Millisecond);
        tests.Success(SetSingleshot(deadline, 0), "set");
        while (s_upcall.Count(s_port) == before && Clock.Now < deadline + (ulong)Lateness)
        {
            Instructions.DisableInterrupts();
            if (s_upcall.Count(s_port) == before)
            {
                Instructions.EnableInterruptsAndHalt();
            }

            Instructions.EnableInterrupts();
        }

        tests.Equal(s_upcall.Count(s_port), before + 1, "it wakes the vCPU");
        tests.True(s_upcall.LastTime >= deadline, "not early");

        tests.Start("singleshot timer in the past");
        before = s_upcall.Count(s_port);
        tests.Success(SetSingleshot(1, 0), "set");
        tests.True(WaitFor(before + 1, Clock.Now + (ulong)Lateness), "it fires at once");
        tests.Success(SetSingleshot(1, 1), "the flag for the future is not looked at");

        tests.Start("singleshot timer stopped");
        before = s_upcall.Count(s_port);
        tests.Success(SetSingleshot(Clock.Now + (5 * (ulong)Clock.Millisecond), 0), "set");
        tests.Success(Vcpu(VcpuOp.StopSingleshotTimer, 0), "stop");
        Clock.WaitUntil(Clock.Now + (15 * (ulong)Clock.Millisecond));
        tests.Equal(s_upcall.Count(s_port), before, "it does not fire");

        tests.Start("singleshot timer set again");
        before = s_upcall.Count(s_port);
        deadline = Clock.Now + (12 * (ulong)Clock.Millisecond);
        tests.Success(SetSingleshot(Clock.Now + (4 * (ulong)Clock.Millisecond), 0), "first");
        tests.Success(SetSingleshot(deadline, 0), "second");
        tests.True(WaitFor(before + 1, deadline + (ulong)Lateness), "it fires");
        tests.True(s_upcall.LastTime >= deadline, "at the second deadline");
    }

    private static void SetTimer(TestRun tests)
    {
        tests.Start("set_timer_op");
        int before = s_upcall.Count(s_port);
        ulong deadline = Clock.Now + (5 * (ulong)Clock.Millisecond);
        tests.Success(Xen.Call(Hypercall.SetTimerOp, deadline), "set");
        tests.True(WaitFor(before + 1, deadline + (ulong)Lateness), "it fires");
        tests.True(s_upcall.LastTime >= deadline, "not early");
    }

    private static void Periodic(TestRun tests)
    {
        tests.Start("periodic timer");
        int before = s_upcall.Count(s_port);
        ulong start = Clock.Now;
        var timer = new VcpuSetPeriodicTimer { Period = 2 * (ulong)Clock.Millisecond };
        tests.Success(Vcpu(VcpuOp.SetPeriodicTimer, Xen.AddressOf(ref timer)), "set");
        tests.True(WaitFor(before + 5, start + (ulong)Lateness), "five ticks");
        tests.True(s_upcall.LastTime - start >= 8 * (ulong)Clock.Millisecond, "not early");
        tests.Success(Vcpu(VcpuOp.StopPeriodicTimer, 0), "stop");
        int after = s_upcall.Count(s_port);
        Clock.WaitUntil(Clock.Now + (10 * (ulong)Clock.Millisecond));
        tests.Between(s_upcall.Count(s_port), after, after + 1, "ticks after the stop");
    }

    private static void Polling(TestRun tests)
    {
        tests.Start("poll with a deadline");
        SharedState.Mask(s_port);
        ulong deadline = Clock.Now + (4 * (ulong)Clock.Millisecond);
        tests.Success(Events.Poll(s_port, deadline), "poll");
        tests.True(Clock.Now >= deadline, "not early");
        tests.True(Clock.Now < deadline + (ulong)Lateness, "not late");
        SharedState.ClearMask(s_port);
    }

    private static void Runstate(TestRun tests)
    {
        tests.Start("runstate area");
        ulong area = Layout.FrameOf(RunstatePage) * Layout.PageSize;
        var argument = new VcpuRegisterRunstateMemoryArea { Address = area };
        tests.Success(Vcpu(VcpuOp.RegisterRunstateMemoryArea, Xen.AddressOf(ref argument)), "register");
        tests.Equal(Memory.Read32(area), (long)RunState.Running, "state");
        ulong entryTime = area + SharedState.RunstateEntryTime, times = entryTime + 8;
        ulong blocked = Memory.Read64(times + ((ulong)RunState.Blocked * 8));
        ulong start = Clock.Now;
        SharedState.Mask(s_port);
        tests.Success(Events.Poll(s_port, start + (6 * (ulong)Clock.Millisecond)), "poll for 6 ms");
        ulong waited = Clock.Now - start;
        SharedState.ClearMask(s_port);
        ulong accounted = Memory.Read64(times + ((ulong)RunState.Blocked * 8)) - blocked;
        tests.Between((long)accounted, 3 * Clock.Millisecond, (long)waited, "ns blocked while polling");
        tests.Equal(Memory.Read32(area), (long)RunState.Running, "state afterwards");
        ulong sum = 0;
        for (uint i = 0; i < 4; i++)
        {
            sum += Memory.Read64(times + (i * 8));
        }

        tests.True(sum > 0 && Memory.Read64(entryTime) <= Clock.Now, "the entry time is not in the future");

        tests.Start("runstate update flag");
        tests.Success(Xen.Call(Hypercall.VmAssist, (ulong)VmAssistCommand.Enable, (ulong)VmAssistType.RunstateUpdateFlag), "vm_assist");
        tests.Success(Events.Poll(s_port, Clock.Now + (ulong)Clock.Millisecond), "poll");
        tests.Equal((long)(Memory.Read64(entryTime) >> 63), 0, "the flag is clear when the guest looks");
    }
}
