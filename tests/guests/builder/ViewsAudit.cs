using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// What the table claims of each subop of HVMOP_altp2m that a domain makes on itself in mode mixed (its verdict, docs/abi.md): a test a subop, named for it. The domain is
/// watched by its builder, who has made a view and may have put it there.
/// </summary>
internal static class ViewsAudit
{
    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    private static ulong ThirdFrame => Altp2mPartner.FrameOf(Altp2mChild.Third);

    private static ulong SpareFrame => Altp2mPartner.FrameOf(Altp2mChild.Spare);

    private static ulong InformationFrame => Altp2mPartner.FrameOf(Altp2mChild.Information);

    public static void Run(TestRun tests)
    {
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, ViewSettings.Shown with { Options = Altp2mOptions.LostVirq });
        GetDomainState(tests, partner);
        CreateP2m(tests, partner);
        DestroyP2m(tests, partner);
        SwitchP2m(tests, partner);
        SetMemAccess(tests, partner);
        SetMemAccessMulti(tests, partner);
        GetMemAccess(tests, partner);
        ChangeGfn(tests, partner);
        SetSuppressVe(tests, partner);
        SetSuppressVeMulti(tests, partner);
        SetVisibility(tests, partner);
        GetP2mIdx(tests, partner);
        Own(tests, partner);
        Notify(tests, partner);
        SetDomainState(tests, partner);
        partner.End();
        Masks(tests);
    }

    /// <summary>The next calls are the domain's own.</summary>
    private static void Inside(Altp2mPartner partner) => partner.IsInside = true;

    /// <summary>They are its builder's.</summary>
    private static void Outside(Altp2mPartner partner) => partner.IsInside = false;

    private static ushort Make(TestRun tests, Altp2mPartner partner)
    {
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        return view;
    }

    private static void GetDomainState(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, get_domain_state tells what the others' answers tell");
        foreach (byte state in new byte[] { 0, 1 })
        {
            Outside(partner);
            tests.Success(Altp2m.SetState(partner, state), "set by the builder");
            Inside(partner);
            tests.Equal(Altp2m.StateOf(partner), state, "the state");
            tests.Equal(Altp2mViews.IndexOf(partner, 0), state == 0 ? -(long)Errno.EOPNOTSUPP : 0, "what get_vcpu_p2m_idx tells");
        }
    }

    private static void CreateP2m(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, create_p2m makes as many as the domain was given");
        Inside(partner);
        ulong free = Watch.SettledFrames();
        for (ushort view = 1; view < Altp2mViews.Limit; view++)
        {
            tests.Equal(Make(tests, partner), view, "its number");
        }

        tests.Error(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out _), Errno.EINVAL, "one more");
        tests.Between((long)(free - Watch.SettledFrames()), 0, Altp2mViews.Limit, "frames: a root is one");
        for (ushort view = 1; view < Altp2mViews.Limit; view++)
        {
            tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        }

        tests.Equal((long)Watch.SettledFrames(), (long)free, "free frames");
    }

    private static void DestroyP2m(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, destroy_p2m takes none that a vCPU is in");
        Outside(partner);
        ushort view = Make(tests, partner);
        tests.Success(Altp2mViews.Switch(partner, view), "the builder puts it there");
        Inside(partner);
        tests.Error(Altp2mViews.Destroy(partner, view), Errno.EBUSY, "the one it is in");
        tests.Error(Altp2mViews.Destroy(partner, 0), Errno.EBUSY, "the first");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "it goes on there");
        tests.Success(Altp2mViews.Switch(partner, 0), "out of it");
        tests.Success(Altp2mViews.Destroy(partner, view), "then");
    }

    private static void SwitchP2m(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, switch_p2m goes to what is visible alone");
        Outside(partner);
        ushort view = Make(tests, partner);
        tests.Success(Altp2mViews.Switch(partner, view), "the builder puts it there");
        tests.Success(Altp2mViews.Show(partner, 0, 0), "and hides the other");
        Inside(partner);
        tests.Error(Altp2mViews.Switch(partner, 0), Errno.EINVAL, "to what is hidden");
        tests.Error(ViewsOwn.SwitchVcpu(partner, 0, 0), Errno.EINVAL, "one vCPU to what is hidden");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "it is still there");
        Outside(partner);
        tests.Success(Altp2mViews.Show(partner, 0, 1), "shown");
        Inside(partner);
        tests.Success(Altp2mViews.Switch(partner, 0), "then it leaves");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void SetMemAccess(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, set_mem_access binds the domain's own accesses alone");
        Inside(partner);
        ushort view = Make(tests, partner);
        ulong lists = Altp2mPartner.FrameOf(Altp2mChild.Lists);
        tests.Success(Altp2mFrames.SetAccess(partner, view, lists, MemoryAccess.None), "no rights of the page of lists");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        partner.List(0, FirstFrame);
        tests.Success(SetOne(partner, view), "the hypervisor reads there for it, as its builder has written there");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, lists), (long)MemoryAccess.None, "which violated nothing");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.Read, "what was asked for there");
        Outside(partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.None), "what a monitor takes");
        Inside(partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.All), "it gives itself back, in mode mixed");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static long SetOne(Altp2mPartner partner, ushort view, uint count = 1)
    {
        var argument = new HvmAltp2mOp
        {
            SetMemAccessMulti = new HvmAltp2mSetMemAccessMulti { View = view, Count = count, Pfns = partner.ListAt(0), Accesses = partner.ListAt(512 * 5) },
        };
        partner.ListByte(512 * 5, (byte)MemoryAccess.Read);
        return partner.Call(Altp2mOp.SetMemAccessMulti, ref argument);
    }

    private static void SetMemAccessMulti(TestRun tests, Altp2mPartner partner)
    {
        const uint frames = 300;
        tests.Start("altp2m from inside, set_mem_access_multi goes on a budget of frames at a time");
        Inside(partner);
        ushort view = Make(tests, partner);
        for (uint i = 0; i < frames; i++)
        {
            partner.List((int)i * 8, i == frames - 1 ? FirstFrame : SecondFrame);
            partner.ListByte(512 * 5 + (int)i, (byte)(i == frames - 1 ? MemoryAccess.ReadExecute : MemoryAccess.ReadWrite));
        }

        partner.ListByte(512 * 5, (byte)MemoryAccess.Read);
        tests.Success(SetOne(partner, view, frames), "300 frames");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.ReadExecute, "what the last one made");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, SecondFrame), (long)MemoryAccess.ReadWrite, "what those before made");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void GetMemAccess(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, get_mem_access tells what was set");
        Outside(partner);
        ushort view = Make(tests, partner);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights");
        Inside(partner);
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.Read, "it is told");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, SecondFrame), (long)MemoryAccess.All, "and of another");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void ChangeGfn(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, change_gfn leads to the domain's own memory alone");
        Inside(partner);
        ushort view = Make(tests, partner);
        tests.Error(Altp2mFrames.Change(partner, view, FirstFrame, Altp2mFrames.Hole), Errno.ESRCH, "to where nothing is");
        tests.Error(Altp2mFrames.Change(partner, view, Altp2mFrames.Hole, FirstFrame), Errno.ESRCH, "from where nothing is");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SpareFrame), "to its own");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), 0, "what is read there");
        ulong free = Watch.SettledFrames();
        ViewsLost.Lose(tests, partner, SpareFrame);
        tests.True(partner.Load(First) != 0, "nothing of it is read then");
        tests.Equal((long)Watch.SettledFrames(), (long)free + 1, "and the frame is free");
        tests.Equal(Limits.Populate(partner.Id, SpareFrame, 1, 0), 1, "the host has a frame there again");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void SetSuppressVe(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, set_suppress_ve and get_suppress_ve say who is told, the domain itself or a monitor");
        Outside(partner);
        ushort view = Make(tests, partner);
        ViewsSelfFirst.Listen(tests, partner.Id);
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.Read), "rights");
        Inside(partner);
        tests.Success(Altp2mViews.Notify(partner, 0, InformationFrame), "where it is told");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), 1, "suppressed, unasked");
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, 0), "to be told itself");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), 0, "what was set");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        partner.Box.Exceptions = 0;
        partner.Box.Escape = ushort.MaxValue;
        partner.Box.Length = 3;
        partner.Store(First + 8, 0x77);
        tests.Equal((long)partner.Box.Exceptions, 1, "#VE");
        tests.Equal(Listener.Waiting, 0, "events of the monitor");
        Outside(partner);
        tests.Success(Altp2mFrames.SetSuppressed(partner, view, FirstFrame, 1), "the monitor has it back");
        ViewsSelfFirst.Heard(tests, partner, view, First, FirstFrame);
        tests.Equal((long)partner.Box.Exceptions, 1, "#VE in all");
        tests.Success(Listener.Disable(), "no listener");
        Listener.UnmapRing();
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void SetSuppressVeMulti(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, set_suppress_ve_multi ends behind the last frame that there ever was");
        Inside(partner);
        ushort view = Make(tests, partner);
        var argument = new HvmAltp2mOp { SuppressVeMulti = new HvmAltp2mSuppressVeMulti { View = view, FirstGfn = FirstFrame, LastGfn = ulong.MaxValue } };
        tests.Success(partner.Call(Altp2mOp.SetSuppressVeMulti, ref argument), "all frames from the first on");
        tests.Equal(argument.SuppressVeMulti.FirstError, -(int)Errno.ESRCH, "some are not there");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame), 0, "the first");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, FirstFrame - 1), 1, "the one before");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void SetVisibility(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, set_visibility opens what a monitor has hidden, and roots of the domain's own views alone");
        Outside(partner);
        ushort view = Make(tests, partner);
        tests.Success(Altp2mViews.Show(partner, view, 0), "hidden by the builder");
        Inside(partner);
        tests.Error(Altp2mViews.Switch(partner, view), Errno.EINVAL, "to it");
        foreach (ushort none in new ushort[] { (ushort)(view + 1), Altp2mViews.Limit, 511, 512, ushort.MaxValue })
        {
            tests.Error(Altp2mViews.Show(partner, none, 1), Errno.EINVAL, "one that there is not");
        }

        tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
        tests.Success(Altp2mViews.Switch(partner, view), "to it");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    private static void GetP2mIdx(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, get_p2m_idx tells which view a vCPU is in");
        Outside(partner);
        ushort view = Make(tests, partner);
        tests.Success(Altp2mViews.Switch(partner, view), "the builder puts it there");
        Inside(partner);
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "it is told");
        tests.Error(Altp2mViews.IndexOf(partner, 1), Errno.EINVAL, "of a vCPU that there is not");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>Ours tell of the domain's own views and change them alone; <see cref="ViewsOwn"/> has the rest.</summary>
    private static void Own(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, capabilities, describe and next_lost tell of the domain's own views, and switch_vcpu and transaction are theirs");
        Control.Create(Control.Pvh(1), out ushort other);
        Control.MakeVcpus(other, 1);
        tests.Success(Altp2mPartner.SetMode(other, (ulong)Altp2mMode.Mixed), "another domain's mode");
        var others = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.SetDomainState, other, ref others), "it has views");
        others.View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default };
        tests.Success(Altp2mCalls.Call(Altp2mOp.CreateP2m, other, ref others), "and one more");
        Inside(partner);
        ushort view = Make(tests, partner);
        var argument = default(HvmAltp2mOp);
        tests.Success(partner.Call(Altp2mOp.Capabilities, ref argument), "capabilities");
        tests.Equal(argument.Capabilities.Views, 2, "its views");
        argument = new HvmAltp2mOp { Description = new Altp2mViewDescription { View = (ushort)(view + 1) } };
        tests.Error(partner.Call(Altp2mOp.Describe, ref argument), Errno.ENOENT, "a third view");
        tests.Success(ViewsOwn.SwitchVcpu(partner, 0, view), "to its view");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "its vCPU");
        others = default;
        tests.Success(Altp2mCalls.Call(Altp2mOp.GetP2mIdx, other, ref others), "get_p2m_idx of the other");
        tests.Equal(others.GetVcpuP2mIdx.View, 0, "the other's");
        tests.Success(ViewsOwn.SwitchVcpu(partner, 0, 0), "back");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SpareFrame + 1), "a remap");
        ViewsLost.Lose(tests, partner, SpareFrame + 1);
        tests.Success(ViewsLost.Next(partner, view, 0, out ulong gfn, out _), "its own that is lost");
        tests.Equal((long)gfn, (long)FirstFrame, "the frame");
        foreach (ushort domain in new[] { other, (ushort)0 })
        {
            foreach (Altp2mOp operation in new[] { Altp2mOp.Capabilities, Altp2mOp.Describe, Altp2mOp.SwitchVcpu, Altp2mOp.NextLost, Altp2mOp.Transaction })
            {
                argument = new HvmAltp2mOp { Version = InterfaceVersions.Altp2m, Command = (uint)operation, Domain = domain };
                tests.True(partner.AsIs(ref argument) is -(long)Errno.EPERM or -(long)Errno.EOPNOTSUPP, "another domain's");
            }
        }

        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        Control.Call(DomctlOp.Destroydomain, other);
    }

    private static void Notify(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, vcpu_enable_notify pins a page of the domain's own, and vcpu_disable_notify lets it go");
        ulong page = SpareFrame + 2;
        Inside(partner);
        tests.Error(Altp2mViews.Notify(partner, 0, Altp2mFrames.Hole), Errno.EINVAL, "where nothing is");
        ulong free = Watch.SettledFrames();
        tests.Success(Altp2mViews.Notify(partner, 0, page), "its own");
        ViewsLost.Lose(tests, partner, page);
        tests.Equal((long)Watch.SettledFrames(), (long)free, "free frames: the host has lost it, and it is nobody else's");
        tests.Success(Altp2mViews.StopNotify(partner, 0), "no more");
        tests.Equal((long)Watch.SettledFrames(), (long)free + 1, "free frames then");
    }

    private static void SetDomainState(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m from inside, set_domain_state ends what a monitor has made, and all of it is given back");
        Outside(partner);
        tests.Success(Altp2m.SetState(partner, 0), "off");
        ulong free = Watch.SettledFrames();
        tests.Success(Altp2m.SetState(partner, 1), "on");
        ushort view = Make(tests, partner);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Success(Altp2mFrames.SetAccess(partner, view, ThirdFrame, MemoryAccess.Read), "rights");
        tests.Success(Altp2mViews.Switch(partner, view), "the builder puts it there");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read there");
        Inside(partner);
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read then");
        tests.Equal((long)Watch.SettledFrames(), (long)free, "free frames");
    }

    /// <summary>What a toolstack does not show the domain of its own subops is none to it, and the same as ever to others.</summary>
    private static void Masks(TestRun tests)
    {
        tests.Start("altp2m from inside, a mask takes each subop from the domain itself");
        for (int hidden = 0; hidden < s_subops.Length; hidden++)
        {
            ViewSettings settings = ViewSettings.Shown with { Inside = ~(1UL << BitOf(s_subops[hidden])) };
            Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, settings);
            tests.Success(Altp2m.SetState(partner, 1), "on");
            Inside(partner);
            tests.Error(Harmless(partner, s_subops[hidden]), Errno.EOPNOTSUPP, "the one that is hidden");
            Altp2mOp next = s_subops[(hidden + 1) % s_subops.Length];
            tests.True(Harmless(partner, next) != -(long)Errno.EOPNOTSUPP, "the next");
            Outside(partner);
            tests.True(Harmless(partner, s_subops[hidden]) != -(long)Errno.EOPNOTSUPP, "from outside");
            partner.End();
        }
    }

    private static readonly Altp2mOp[] s_subops =
    [
        Altp2mOp.GetDomainState, Altp2mOp.SetDomainState, Altp2mOp.VcpuEnableNotify, Altp2mOp.CreateP2m, Altp2mOp.DestroyP2m, Altp2mOp.SwitchP2m, Altp2mOp.SetMemAccess,
        Altp2mOp.ChangeGfn, Altp2mOp.SetMemAccessMulti, Altp2mOp.SetSuppressVe, Altp2mOp.GetSuppressVe, Altp2mOp.GetMemAccess, Altp2mOp.VcpuDisableNotify, Altp2mOp.GetP2mIdx,
        Altp2mOp.SetSuppressVeMulti, Altp2mOp.SetVisibility, Altp2mOp.Capabilities, Altp2mOp.Describe, Altp2mOp.SwitchVcpu, Altp2mOp.NextLost, Altp2mOp.Transaction,
    ];

    /// <summary>Of groups 4 and 5: ours are bits 32 and up.</summary>
    private static int BitOf(Altp2mOp operation) => operation >= Altp2mOp.Capabilities ? 32 + (int)(operation - Altp2mOp.Capabilities) : (int)operation;

    /// <summary>A subop with an argument that it refuses, or that changes nothing.</summary>
    private static long Harmless(Altp2mPartner partner, Altp2mOp operation)
    {
        var argument = default(HvmAltp2mOp);
        switch (operation)
        {
            case Altp2mOp.SetDomainState:
                argument.DomainState.State = 1;
                break;
            case Altp2mOp.VcpuEnableNotify:
                argument.EnableNotify.Pad = 1;
                break;
            case Altp2mOp.VcpuDisableNotify:
            case Altp2mOp.GetP2mIdx:
            case Altp2mOp.SwitchVcpu:
                argument.SwitchVcpu.Vcpu = uint.MaxValue;
                break;
            case Altp2mOp.Transaction:
                argument.Transaction.Count = uint.MaxValue;
                break;
            default:
                argument.View = new HvmAltp2mView { View = 0xFFFF, DefaultAccess = 0xFFFF };
                break;
        }

        return partner.Call(operation, ref argument);
    }
}
