using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A child with views that the builder listens to: answers that take its vCPU to another view (VM_EVENT_FLAG_ALTERNATE_P2M).</summary>
internal static partial class Monitor
{
    private const VmEventFlags InView = VmEventFlags.VcpuPaused | VmEventFlags.AlternateP2m;

    public static void RunViews(TestRun tests)
    {
        tests.Start("altp2m, answers to events that take a vCPU to another view");
        s_child = Partner.Build(tests, BootFiles.Own, "child obey", ShutdownReason.Poweroff);
        tests.Success(Altp2mPartner.SetMode(s_child.Id, (ulong)Altp2mMode.External), "its mode");
        Parameter(HvmParameter.MonitorRingPfn, Listener.RingFrame);
        tests.Success(Listener.MapRing(s_child.Id), "the ring's page");
        tests.Success(Listener.Enable(), "enable");
        s_child.Run(tests);
        var on = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetDomainState, s_child.Id, ref on), "its views, on");
        ushort view = MakeView(tests), hidden = MakeView(tests);
        var access = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = (ushort)MemoryAccess.Read, Gfn = DataFrame } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetMemAccess, s_child.Id, ref access), "the data's right in the view");
        var hide = new HvmAltp2mOp { SetVisibility = new HvmAltp2mSetVisibility { View = hidden } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetVisibility, s_child.Id, ref hide), "hidden");
        GoTo(tests, view);
        ProvokeAccess(tests, Execute.Store, Writing, out VmEventRequest request, InView);
        tests.Equal(request.View, view, "the view that it is told of");
        foreach (ushort none in new ushort[] { 5, Altp2mViews.Limit, 511, 512, ushort.MaxValue })
        {
            request.View = none;
            Resume(ref request, VmEventFlags.AlternateP2m);
            tests.True(Listener.Next(out request), "told again, as there is no such view");
            tests.Equal(request.View, view, "the view that it is told of");
        }

        request.View = 0;
        Resume(ref request);
        tests.True(Listener.Next(out request), "told again, as the answer does not say so");
        request.View = 0;
        Resume(ref request, VmEventFlags.AlternateP2m);
        Finish(tests);
        tests.Equal(ViewNow(), 0, "the view in which it goes on");
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written there");
        GoTo(tests, view);
        ProvokeAccess(tests, Execute.Store, Writing, out request, InView);
        request.View = hidden;
        Resume(ref request, VmEventFlags.AlternateP2m);
        Finish(tests);
        tests.Equal(ViewNow(), hidden, "a view that is hidden from the child itself");
        OneStep(tests, view);
        tests.Success(Listener.Disable(), "disable");
        Listener.UnmapRing();
        Listener.End(s_child);
        s_child.AwaitDeath(tests, ShutdownReason.Poweroff);
        s_child.Destroy(tests);
    }

    /// <summary>An answer that takes the vCPU to a view for one instruction, of which nobody is told.</summary>
    private static void OneStep(TestRun tests, ushort view)
    {
        tests.Start("altp2m, answers to events that take a vCPU to another view for one instruction");
        if (!Listener.Can(MonitorEvent.SingleStep) || (Xen.UsesVmcall && IsWithoutSteps()))
        {
            tests.Skip("the processor has no steps, or a monitor trap flag that does nothing");
            return;
        }

        byte[] twice = [.. Execute.Store, .. Execute.Store];
        Write(MonitorChild.DataPattern);
        GoTo(tests, view);
        ProvokeAccess(tests, twice, Writing, out VmEventRequest request, InView);
        for (uint i = 0; i < 2; i++)
        {
            tests.Equal((long)request.Registers.Rip, (long)MonitorChild.CodeAddress + (i * 3), "RIP");
            request.View = 0;
            request.FastSingleStep.View = view;
            Resume(ref request, VmEventFlags.AlternateP2m | VmEventFlags.FastSingleStep);
            if (i == 0)
            {
                tests.True(Listener.Next(out request), "told of the next store, as it is in the view again");
                tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "its reason");
            }
        }

        Finish(tests);
        tests.Equal(ViewNow(), view, "the view in which it goes on");
        tests.Equal((long)DataNow(), unchecked((long)Pattern), "written");
        tests.Equal(Listener.Waiting, 0, "steps that are told of");
    }

    /// <summary>Bochs 2.7 has the monitor trap flag among its capabilities, and takes no exit by it.</summary>
    private static bool IsWithoutSteps()
    {
        Enable(MonitorEvent.SingleStep);
        Enable(MonitorEvent.Cpuid);
        byte[] code = [.. s_cpuid, .. s_three];
        Listener.Begin(s_child, code, default);
        Listener.Next(out VmEventRequest request);
        request.Registers.Rip += 2;
        Resume(ref request, VmEventFlags.SetRegisters | VmEventFlags.ToggleSingleStep);
        Listener.Next(out request);
        bool isWithout = request.Registers.Rip != MonitorChild.CodeAddress + 3;
        Resume(ref request, VmEventFlags.ToggleSingleStep);
        Listener.Finish(s_child, out _, out _);
        Disable(MonitorEvent.Cpuid);
        Disable(MonitorEvent.SingleStep);
        return isWithout;
    }

    private static ushort MakeView(TestRun tests)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.CreateP2m, s_child.Id, ref argument), "a view");
        return argument.View.View;
    }

    private static void GoTo(TestRun tests, ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = view } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SwitchP2m, s_child.Id, ref argument), "to the view");
    }

    private static long ViewNow()
    {
        var argument = default(HvmAltp2mOp);
        long result = Altp2mCalls.Call(Altp2mOp.GetP2mIdx, s_child.Id, ref argument);
        return result != 0 ? result : argument.GetVcpuP2mIdx.View;
    }
}
