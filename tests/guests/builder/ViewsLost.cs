using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Remaps that have lost the frame that they show: the domain itself is told by a VIRQ, who listens by an event, and both find them by next_lost.</summary>
internal static class ViewsLost
{
    private const uint LostVirq = (uint)Virq.LostRemap;

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SpareFrame => Altp2mPartner.FrameOf(Altp2mChild.Spare);

    public static void Run(TestRun tests)
    {
        Unasked(tests);
        Itself(tests);
        Listened(tests);
    }

    public static long Next(Altp2mPartner partner, ushort view, ulong from, out ulong gfn, out ulong target)
    {
        var argument = new HvmAltp2mOp { Lost = new Altp2mLost { View = view, Gfn = from } };
        long result = partner.Call(Altp2mOp.NextLost, ref argument);
        (gfn, target) = (argument.Lost.Gfn, argument.Lost.Target);
        return result;
    }

    /// <summary>The host loses a frame.</summary>
    public static void Lose(TestRun tests, Altp2mPartner partner, ulong gfn)
    {
        var argument = new RemoveFromPhysmap { Domain = partner.Id, Gpfn = gfn };
        tests.Success(Hypercalls.MemoryRemoveFromPhysmap(ref argument), "the host loses a frame");
    }

    private static Altp2mPartner Start(TestRun tests, Altp2mOptions options, out ushort view)
    {
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, ViewSettings.Shown with { Options = options });
        tests.Success(Altp2m.SetState(partner, 1), "on");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out view), "a view");
        return partner;
    }

    private static void Unasked(TestRun tests)
    {
        tests.Start("altp2m, the VIRQ of lost remaps is there where it was asked for alone");
        Altp2mPartner partner = Start(tests, 0, out _);
        tests.Error(partner.BindVirq(LostVirq), Errno.EINVAL, "binding it");
        partner.End();
        partner = Start(tests, Altp2mOptions.LostVirq, out _);
        tests.Error(partner.BindVirq(LostVirq, 1), Errno.EINVAL, "binding it off vCPU 0");
        tests.Error(partner.BindVirq(LostVirq + 1), Errno.EINVAL, "binding the next");
        long port = partner.BindVirq(LostVirq);
        tests.True(port > 0, "binding it");
        tests.Error(partner.BindVirq(LostVirq), Errno.EEXIST, "and again");
        partner.End();
    }

    private static void Itself(TestRun tests)
    {
        tests.Start("altp2m, the domain itself is told of lost remaps");
        Altp2mPartner partner = Start(tests, Altp2mOptions.LostVirq, out ushort view);
        long port = partner.BindVirq(LostVirq);
        tests.True(port > 0, "binding it");
        partner.IsInside = true;
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SpareFrame), "a remap");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame + 1, SpareFrame), "another to the same frame");
        tests.Equal(partner.TakeEvent((uint)port), 0, "events before");
        tests.Error(Next(partner, view, 0, out _, out _), Errno.ENOENT, "lost before");
        Lose(tests, partner, SpareFrame + 1);
        tests.Equal(partner.TakeEvent((uint)port), 0, "events of another frame");
        Lose(tests, partner, SpareFrame);
        tests.Equal(partner.TakeEvent((uint)port), 1, "an event");
        tests.Equal(partner.TakeEvent((uint)port), 0, "and no more");
        tests.Success(Next(partner, view, 0, out ulong gfn, out ulong target), "the first that is lost");
        tests.Equal((long)gfn, (long)FirstFrame, "its frame");
        tests.Equal((long)target, (long)SpareFrame, "what it would show");
        tests.Success(Next(partner, view, gfn + 1, out gfn, out _), "the second");
        tests.Equal((long)gfn, (long)FirstFrame + 1, "its frame");
        tests.Error(Next(partner, view, gfn + 1, out _, out _), Errno.ENOENT, "a third");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame + 1, ulong.MaxValue), "one back");
        tests.Equal(Limits.Populate(partner.Id, SpareFrame, 1, 0), 1, "the host has a frame there again");
        tests.Error(Next(partner, view, 0, out _, out _), Errno.ENOENT, "lost then");
        partner.End();
    }

    private static void Listened(TestRun tests)
    {
        const uint most = 8;
        tests.Start("altp2m, who listens is told of lost remaps");
        Altp2mPartner partner = Start(tests, 0, out ushort view);
        ViewsSelfFirst.Listen(tests, partner.Id);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SpareFrame), "a remap");
        Lose(tests, partner, SpareFrame);
        tests.True(!Listener.Next(out VmEventRequest request, 200_000_000), "no event unasked");
        tests.Success(Listener.Monitor(MonitorOp.TellLostRemaps, (MonitorEvent)1), "to be told");
        for (uint lost = 1; lost <= most + 2; lost++)
        {
            tests.Equal(Limits.Populate(partner.Id, SpareFrame, 1, 0), 1, "the host has a frame there again");
            Lose(tests, partner, SpareFrame);
            Wait(lost < most ? lost : most);
            tests.Equal(Listener.Waiting, lost < most ? lost : most, "events, as many as the ring holds");
        }

        for (uint told = 1; told <= most + 1; told++)
        {
            tests.True(Listener.Next(out request), "each");
            tests.Equal((long)request.Reason, (long)VmEventReason.LostRemap, "its reason");
            tests.Equal(request.Version, InterfaceVersions.VmEvent, "its version");
            tests.Equal((long)request.Flags, 0, "its flags: nobody waits");
            tests.Equal((long)request.LostRemaps.Count, told <= most ? told + 1 : most + 3, "how often so far");
            Listener.Answer(in request);
        }

        tests.Equal(Listener.Waiting, 0, "events then");
        tests.Success(Listener.Monitor(MonitorOp.TellLostRemaps, 0), "no more");
        tests.Equal(Limits.Populate(partner.Id, SpareFrame, 1, 0), 1, "the host has a frame there again");
        Lose(tests, partner, SpareFrame);
        tests.True(!Listener.Next(out request, 200_000_000), "no event then");
        tests.Success(Listener.Disable(), "no listener");
        Listener.UnmapRing();
        partner.End();
    }

    private static void Wait(uint events)
    {
        ulong end = Clock.Now + 200_000_000;
        while (Listener.Waiting < events && Clock.Now < end)
        {
        }
    }
}
