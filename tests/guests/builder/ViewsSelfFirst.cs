using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// Who is told of a violation: by XENOLITH_ALTP2M_OPTION_SELF_FIRST the domain itself of what it has restricted itself, else who listens, else the domain ends; without it as on Xen.
/// </summary>
internal static class ViewsSelfFirst
{
    private const byte StoreLength = 3;

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong Second => GrantTable.AddressOf(Altp2mChild.Second);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    public static void Run(TestRun tests)
    {
        foreach (bool isSelfFirst in new[] { false, true })
        {
            tests.Suffix = isSelfFirst ? ", self first" : ", as on Xen";
            Told(tests, isSelfFirst);
            foreach (bool isOwn in new[] { false, true })
            {
                NobodyIsTold(tests, isSelfFirst, isOwn);
            }
        }

        tests.Suffix = "";
    }

    private static Altp2mPartner Start(TestRun tests, bool isSelfFirst, out ushort view)
    {
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, ViewSettings.None with { Options = isSelfFirst ? Altp2mOptions.SelfFirst : 0 });
        tests.Success(Altp2m.SetState(partner, 1), "on");
        partner.IsInside = true;
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out view), "a view");
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "where it is told");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = StoreLength;
        return partner;
    }

    private static void Restrict(TestRun tests, Altp2mPartner partner, ushort view, ulong gfn, bool isOwn, MemoryAccess access = MemoryAccess.Read)
    {
        partner.IsInside = isOwn;
        tests.Success(Altp2mFrames.SetAccess(partner, view, gfn, access), "its rights");
    }

    private static void Told(TestRun tests, bool isSelfFirst)
    {
        tests.Start("altp2m, who is told of what the domain itself and its monitor have restricted");
        Altp2mPartner partner = Start(tests, isSelfFirst, out ushort view);
        Listen(tests, partner.Id);
        Restrict(tests, partner, view, FirstFrame, isOwn: true);
        Restrict(tests, partner, view, SecondFrame, isOwn: false);
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), isSelfFirst ? 0 : 1, "whether its own is suppressed");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, SecondFrame), 1, "whether the monitor's is suppressed");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        if (isSelfFirst)
        {
            partner.Store(First + 8, 0x77);
            tests.Equal((long)partner.Box.Exceptions, 1, "#VE of its own");
            tests.Equal((long)partner.Box.PhysicalAddress, (long)First + 8, "its address");
            tests.Equal((long)partner.Load(First + 8), 0, "nothing was written");
            tests.Equal(Listener.Waiting, 0, "events of its own");
        }
        else
        {
            Heard(tests, partner, view, First, FirstFrame);
        }

        Heard(tests, partner, view, Second, SecondFrame);

        // Who restricts last is told.
        Restrict(tests, partner, view, FirstFrame, isOwn: false);
        Heard(tests, partner, view, First, FirstFrame);
        Restrict(tests, partner, view, FirstFrame, isOwn: true);
        tests.Success(Altp2mViews.StopNotify(partner, 0), "nowhere to be told");
        Heard(tests, partner, view, First, FirstFrame);
        tests.Equal((long)partner.Box.Exceptions, isSelfFirst ? 1 : 0, "#VE in all");
        partner.IsInside = false;
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Listener.Disable(), "no listener");
        Listener.UnmapRing();
        partner.End();
    }

    public static void Listen(TestRun tests, ushort id)
    {
        var ring = new HvmParam { Domain = id, Index = (uint)HvmParameter.MonitorRingPfn, Value = Listener.RingFrame };
        tests.Success(Hypercalls.HvmSetParam(ref ring), "the ring's place");
        tests.Success(Listener.MapRing(id), "seeing the ring");
        tests.Success(Listener.Enable(), "listening");
    }

    /// <summary>A write of which the listener is told, and lets be made.</summary>
    public static void Heard(TestRun tests, Altp2mPartner partner, ushort view, ulong address, ulong gfn)
    {
        partner.BeginStore(address + 8, 0x88);
        tests.True(Listener.Next(out VmEventRequest request), "an event");
        tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "its reason");
        tests.Equal((long)request.MemoryAccess.Gfn, (long)gfn, "its frame");
        tests.Equal(request.View, view, "its view");
        bool wasInside = partner.IsInside;
        Restrict(tests, partner, view, gfn, isOwn: false, MemoryAccess.All);
        partner.IsInside = wasInside;
        request.Flags = VmEventFlags.VcpuPaused;
        Listener.Answer(in request);
        partner.Finish();
        tests.Equal((long)partner.Load(address + 8), 0x88, "it is written");
        partner.Store(address + 8, 0);
    }

    /// <summary>By the option that ends the domain; on Xen the right is opened.</summary>
    private static void NobodyIsTold(TestRun tests, bool isSelfFirst, bool isOwn)
    {
        tests.Start(isOwn ? "altp2m, nobody is there to be told of what the domain itself has restricted" : "altp2m, nobody is there to be told of what another has restricted");
        Altp2mPartner partner = Start(tests, isSelfFirst, out ushort view);
        Restrict(tests, partner, view, FirstFrame, isOwn);
        if (isOwn)
        {
            tests.Success(Altp2mViews.StopNotify(partner, 0), "nowhere to be told");
        }

        partner.IsInside = false;
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        if (isSelfFirst)
        {
            partner.BeginStore(First + 8, 0x99);
            partner.AwaitDeath(ShutdownReason.Crash);
            partner.Forget();
            return;
        }

        partner.Store(First + 8, 0x99);
        tests.Equal((long)partner.Load(First + 8), 0x99, "it is written");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        tests.Equal((long)partner.Box.Exceptions, 0, "#VE");
        partner.End();
    }
}
