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
        tests.Success(Listener.Disable(), "disable");
        Listener.UnmapRing();
        Listener.End(s_child);
        s_child.AwaitDeath(tests, ShutdownReason.Poweroff);
        s_child.Destroy(tests);
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
