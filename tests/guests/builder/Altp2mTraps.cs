using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What Xen 4.17 gets wrong with views, a test each: what it answers there stands in docs/differences.md.</summary>
internal static class Altp2mTraps
{
    private const byte InvalidOpcode = 6;

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    private static ulong ThirdFrame => Altp2mPartner.FrameOf(Altp2mChild.Third);

    private static ulong SpareFrame => Altp2mPartner.FrameOf(Altp2mChild.Spare);

    public static void Run(TestRun tests)
    {
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed);
        Altp2m.SetState(partner, 1);
        Function(tests, partner);
        Unused(tests, partner);
        DefaultAccess(tests, partner);
        HostChange(tests, partner);
        HostRemoval(tests, partner);
        TargetRemoval(tests, partner);
        SeveralRemovals(tests, partner);
        Exception(tests, partner);
        LostPage(tests, partner);
        partner.End();
        WriteOnly(tests);
        foreach (Altp2mMode mode in new[] { Altp2mMode.External, Altp2mMode.Limited })
        {
            tests.Suffix = mode == Altp2mMode.External ? ", mode external" : ", mode limited";
            partner = Altp2mPartner.Start(tests, mode);
            Altp2m.SetState(partner, 1);
            Escape(tests, partner, mode);
            partner.End();
        }

        tests.Suffix = "";
    }

    private static ushort Make(Altp2mPartner partner, MemoryAccess access = MemoryAccess.Default)
    {
        Altp2mViews.Create(partner, (ushort)access, out ushort view);
        return view;
    }

    private static void Unused(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a view answers for frames that nobody has used in it");
        ushort view = Make(partner);
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "rights");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), 1, "suppression of #VE");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void DefaultAccess(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, frames get the default rights of their view");
        ushort view = Make(partner, MemoryAccess.ReadExecute);
        tests.Equal(Altp2mFrames.AccessOf(partner, view, ulong.MaxValue), (long)MemoryAccess.ReadExecute, "the view's default");
        tests.Success(Altp2mFrames.SetAccess(partner, view, Altp2mPartner.FrameOf(Altp2mChild.Mailbox), MemoryAccess.All), "rights for what the domain uses");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "a frame is read");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.ReadExecute, "its rights");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void HostChange(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a view keeps its rights when the host's change");
        ushort view = Make(partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.ReadWrite), "rights in the view");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, FirstFrame, MemoryAccess.ReadExecute), "others in view 0");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.ReadWrite, "those in the view");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, FirstFrame, MemoryAccess.All), "all in view 0");
        tests.Success(Altp2mFrames.Change(partner, view, SecondFrame, ThirdFrame), "a remap");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, SecondFrame, MemoryAccess.ReadWrite), "rights in view 0 of what is remapped");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(GrantTable.AddressOf(Altp2mChild.Second)), (long)Altp2mChild.ThirdText, "the remap is there");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mFrames.SetAccess(partner, 0, SecondFrame, MemoryAccess.All), "all in view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static long Remove(ushort id, ulong gfn)
    {
        var argument = new RemoveFromPhysmap { Domain = id, Gpfn = gfn };
        return Hypercalls.MemoryRemoveFromPhysmap(ref argument);
    }

    /// <summary>A removal among the frames that a view remaps, of one that it does not remap itself.</summary>
    private static void HostRemoval(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a view keeps its remaps and rights when the host loses another frame");
        ushort view = Make(partner);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Success(Altp2mFrames.Change(partner, view, SpareFrame, SpareFrame + 3), "another");
        tests.Success(Altp2mFrames.SetAccess(partner, view, ThirdFrame, MemoryAccess.ReadWrite), "rights");
        tests.Success(Remove(partner.Id, SpareFrame + 1), "the host loses a frame between those that are remapped to");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "the remap is there");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, ThirdFrame), (long)MemoryAccess.ReadWrite, "the rights are there");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>The same, of a frame among those of several views: Xen resets every view there is.</summary>
    private static void SeveralRemovals(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, no view is reset when the host loses a frame among those of several");
        ushort first = Make(partner), second = Make(partner), apart = Make(partner);
        foreach (ushort view in new[] { first, second })
        {
            tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
            tests.Success(Altp2mFrames.Change(partner, view, SecondFrame, SpareFrame + 3), "another");
        }

        tests.Success(Altp2mFrames.Change(partner, apart, FirstFrame, ThirdFrame), "a remap that is not about it");
        tests.Success(Remove(partner.Id, SpareFrame), "the host loses a frame between those that are remapped to");
        foreach (ushort view in new[] { first, second, apart })
        {
            tests.Success(Altp2mViews.Switch(partner, view), "to a view");
            tests.Equal((long)partner.Load(First), (long)(view == apart ? Altp2mChild.ThirdText : Altp2mChild.SecondText), "its remap is there");
        }

        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        foreach (ushort view in new[] { first, second, apart })
        {
            tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        }
    }

    /// <summary>The page that a #VE is told by is held, whoever takes it from the domain: the processor goes on writing to it, and it is nobody else's.</summary>
    private static void LostPage(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, the page for #VE is taken from the domain");
        ushort view = Make(partner);
        ulong page = Altp2mPartner.FrameOf(Altp2mChild.Third);
        tests.Success(Altp2mViews.Notify(partner, 0, page), "where it is told");
        partner.Store(GrantTable.AddressOf(Altp2mChild.Third), 0);
        tests.Success(Remove(partner.Id, page), "the page is taken");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "read-only in the view");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, 0), "to be told");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = 3;
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 1, "exceptions");
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 1, "exceptions then: the domain can't give the page back");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "the right is opened");
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>The frame that a remap leads to goes away: nothing leads there any more, and what comes later in its place is what the remap leads to.</summary>
    private static void TargetRemoval(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, no view keeps a frame that the host has lost");
        ushort view = Make(partner);
        ulong target = SpareFrame + 2;
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, target), "a remap");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), 0, "what is read through it");
        tests.Success(Remove(partner.Id, target), "the host loses what it leads to");
        tests.True(partner.Load(First) != 0, "what was there is not read");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read in view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void Exception(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, #VE names the view that another has switched to");
        ulong page = Altp2mPartner.FrameOf(Altp2mChild.Information);
        tests.Success(Altp2mViews.Notify(partner, 0, page), "where it is told");
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Success(Altp2m.SetState(partner, 1), "and on");
        ushort view = Make(partner);
        tests.Success(Altp2mViews.Notify(partner, 0, page), "where it is told");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "read-only in the view");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, 0), "to be told");
        tests.Equal((long)partner.ViewFunction(0, 0), -1, "to view 0 by VMFUNC");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = 3;
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 1, "exceptions");
        bool isMissed = Xen.UsesVmcall && partner.Box.View == 0;
        if (!isMissed)
        {
            tests.Equal(partner.Box.View, view, "its view");
        }

        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        if (isMissed)
        {
            tests.Skip("Bochs does not read the number of the view at an entry: it is that of the last VMFUNC");
        }
    }

    private static void Function(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, VMFUNC and vcpu_enable_notify");
        ushort view = Make(partner);
        tests.Equal((long)partner.ViewFunction(0, view), InvalidOpcode, "before");
        tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "vcpu_enable_notify");
        tests.Success(Altp2mViews.StopNotify(partner, 0), "vcpu_disable_notify");
        tests.Equal((long)partner.ViewFunction(0, view), -1, "after: as on Xen, it only takes #VE away");
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Equal((long)partner.ViewFunction(0, 0), InvalidOpcode, "while views are off");
        tests.Success(Altp2m.SetState(partner, 1), "and on");
        tests.Start("altp2m, VMFUNC has to be asked for again after views were off");
        tests.Equal((long)partner.ViewFunction(0, 0), InvalidOpcode, "VMFUNC");
        view = Make(partner);
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>Rights that the processor's tables can't say: EPT has no page that is written and not read.</summary>
    private static void WriteOnly(TestRun tests)
    {
        tests.Start("altp2m, a frame that is written and not read");
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed);
        Altp2m.SetState(partner, 1);
        ushort view = Make(partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Write), "rights");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Success((long)partner.Store(First + 8, 0x77), "it is written");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.Write, "its rights");
        tests.Equal((long)partner.Load(First + 8), 0x77, "it is read, as nobody listens");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.All, "its rights");
        partner.End();
    }

    private static void Escape(TestRun tests, Altp2mPartner partner, Altp2mMode mode)
    {
        tests.Start("altp2m, a domain does not leave a view by VMFUNC that its mode does not give it");
        ushort view = Make(partner);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.ViewFunction(0, 0), InvalidOpcode, "VMFUNC");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read");
        if (mode == Altp2mMode.Limited)
        {
            partner.IsInside = true;
            tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "vcpu_enable_notify");
            partner.IsInside = false;
            tests.Equal((long)partner.ViewFunction(0, 0), -1, "VMFUNC then");
            tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read then");
        }

        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }
}
