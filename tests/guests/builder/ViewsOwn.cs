using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The subops of HVMOP_altp2m that are ours: hidden until they are shown, then success, each error in order, boundary and hostile list; made from outside and by the domain itself.</summary>
internal static class ViewsOwn
{
    private const uint Before = 0x4CFF, Behind = (uint)Altp2mOp.Transaction + 1, FarBehind = 0x4D20;

    private static readonly Altp2mOp[] s_own = [Altp2mOp.Capabilities, Altp2mOp.Describe, Altp2mOp.SwitchVcpu, Altp2mOp.NextLost, Altp2mOp.Transaction];

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    public static void Run(TestRun tests)
    {
        Hidden(tests);
        foreach (bool isInside in new[] { false, true })
        {
            tests.Suffix = isInside ? ", by the domain itself" : ", by the builder";
            Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, ViewSettings.Shown);
            partner.IsInside = isInside;
            Off(tests, partner);
            tests.Success(Altp2m.SetState(partner, 1), "on");
            Capabilities(tests, partner);
            Describe(tests, partner);
            SwitchVcpu(tests, partner);
            NextLost(tests, partner);
            ViewsTransaction.Run(tests, partner);
            if (isInside)
            {
                SwitchView(tests, partner);
            }

            partner.End();
        }

        tests.Suffix = "";
    }

    private static long CallEmpty(Altp2mPartner partner, uint operation)
    {
        var argument = default(HvmAltp2mOp);
        return partner.Call((Altp2mOp)operation, ref argument);
    }

    private static void Hidden(TestRun tests)
    {
        tests.Start("altp2m, our subops are hidden unless they are shown");
        Altp2mPartner partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed);
        tests.Success(Altp2m.SetState(partner, 1), "on");
        foreach (bool isInside in new[] { false, true })
        {
            partner.IsInside = isInside;
            foreach (Altp2mOp operation in s_own)
            {
                tests.Error(CallEmpty(partner, (uint)operation), Errno.EOPNOTSUPP, "each");
            }
        }

        partner.End();
        foreach (bool isInside in new[] { false, true })
        {
            ViewSettings settings = isInside ? ViewSettings.None with { Inside = ulong.MaxValue } : ViewSettings.None with { Outside = ulong.MaxValue };
            partner = Altp2mPartner.Start(tests, Altp2mMode.Mixed, settings);
            tests.Success(Altp2m.SetState(partner, 1), "on");
            partner.IsInside = isInside;
            tests.Success(CallEmpty(partner, (uint)Altp2mOp.Capabilities), "shown to one");
            partner.IsInside = !isInside;
            tests.Error(CallEmpty(partner, (uint)Altp2mOp.Capabilities), Errno.EOPNOTSUPP, "and not to the other");
            partner.End();
        }
    }

    private static void Off(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, our subops while views are off, and their neighbours");
        foreach (Altp2mOp operation in s_own)
        {
            tests.Error(CallEmpty(partner, (uint)operation), Errno.EOPNOTSUPP, "each while they are off");
        }

        tests.Success(Altp2m.SetState(partner, 1), "on");
        foreach (uint operation in new uint[] { Before, Behind, FarBehind, uint.MaxValue })
        {
            tests.Error(CallEmpty(partner, operation), Errno.EOPNOTSUPP, "one that there is not");
        }

        tests.Success(Altp2m.SetState(partner, 0), "off");
    }

    private static void Capabilities(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, capabilities");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        var argument = default(HvmAltp2mOp);
        tests.Success(partner.Call(Altp2mOp.Capabilities, ref argument), "the call");
        Altp2mCapabilities answer = argument.Capabilities;
        tests.Equal(answer.Limit, ViewSettings.Unasked, "views that there may be");
        tests.Equal(answer.Views, 2, "views that there are");
        tests.Equal(answer.Remaps, 1, "remaps");
        tests.Equal((long)answer.Lost, 0, "lost");
        tests.True(answer.TableFrames >= 2 && answer.TableFrames <= answer.TableLimit, "frames of tables");
        for (MemoryAccess access = MemoryAccess.None; access < MemoryAccess.Default; access++)
        {
            bool isRefused = (answer.Refused & (1u << (int)access)) != 0;
            tests.Equal(isRefused ? 1 : 0, Altp2mFrames.CanBeHad(access) ? 0 : 1, "rights that are refused");
            tests.Equal(Altp2mFrames.SetAccess(partner, view, SecondFrame, access), isRefused ? -(long)Errno.EOPNOTSUPP : 0, "and are");
        }

        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        tests.Success(partner.Call(Altp2mOp.Capabilities, ref argument), "the call");
        tests.Equal(argument.Capabilities.Views, 1, "views then");
        tests.Equal(argument.Capabilities.Remaps, 0, "remaps then");
    }

    private static long Describe(Altp2mPartner partner, ushort from, out Altp2mViewDescription view)
    {
        var argument = new HvmAltp2mOp { Description = new Altp2mViewDescription { View = from } };
        long result = partner.Call(Altp2mOp.Describe, ref argument);
        view = argument.Description;
        return result;
    }

    private static void Describe(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, describe");
        for (ushort made = 1; made <= 3; made++)
        {
            Altp2mViews.Create(partner, (ushort)(made == 3 ? MemoryAccess.ReadWrite : MemoryAccess.Default), out _);
        }

        tests.Success(Altp2mViews.Destroy(partner, 2), "the second destroyed");
        tests.Success(Altp2mViews.Show(partner, 3, 0), "the third hidden");
        tests.Success(Altp2mFrames.Change(partner, 3, FirstFrame, SecondFrame), "a remap");
        tests.Success(Describe(partner, 0, out Altp2mViewDescription view), "view 0");
        tests.Equal(view.View, 0, "its number");
        tests.Equal(view.Vcpus, 1, "vCPUs in it");
        tests.Equal(view.Visible, 1, "it is visible");
        tests.Success(Describe(partner, 1, out view), "view 1");
        tests.Equal(view.View, 1, "its number");
        tests.Equal(view.DefaultAccess, (long)MemoryAccess.All, "its default");
        tests.Equal(view.Vcpus, 0, "vCPUs in it");
        tests.Success(Describe(partner, 2, out view), "view 2 or the next");
        tests.Equal(view.View, 3, "its number");
        tests.Equal(view.DefaultAccess, (long)MemoryAccess.ReadWrite, "its default");
        tests.Equal(view.Visible, 0, "it is hidden");
        tests.Equal(view.Remaps, 1, "its remaps");
        foreach (ushort none in new ushort[] { 4, (ushort)ViewSettings.Unasked, 511, ushort.MaxValue })
        {
            tests.Error(Describe(partner, none, out _), Errno.ENOENT, "behind the last");
        }

        tests.Success(Altp2mViews.Destroy(partner, 1), "destroyed");
        tests.Success(Altp2mViews.Destroy(partner, 3), "destroyed");
    }

    public static long SwitchVcpu(Altp2mPartner partner, uint vcpu, ushort view, ushort pad = 0)
    {
        var argument = new HvmAltp2mOp { SwitchVcpu = new Altp2mSwitchVcpu { Vcpu = vcpu, View = view, Pad = pad } };
        return partner.Call(Altp2mOp.SwitchVcpu, ref argument);
    }

    private static void SwitchVcpu(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, switch_vcpu");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        tests.Error(SwitchVcpu(partner, 0, view, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(SwitchVcpu(partner, 1, view), Errno.EINVAL, "a vCPU past the last");
        tests.Error(SwitchVcpu(partner, uint.MaxValue, view), Errno.EINVAL, "far past the last");
        foreach (ushort none in new ushort[] { (ushort)(view + 1), (ushort)ViewSettings.Unasked, 512, ushort.MaxValue })
        {
            tests.Error(SwitchVcpu(partner, 0, none), Errno.EINVAL, "a view that there is not");
        }

        tests.Success(Altp2mViews.Show(partner, view, 0), "hidden");
        tests.Error(SwitchVcpu(partner, 0, view), Errno.EINVAL, "one that is hidden");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), 0, "still in view 0");
        tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
        tests.Success(SwitchVcpu(partner, 0, view), "to it");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read there");
        tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "the view");
        tests.Success(SwitchVcpu(partner, 0, view), "to where it is");
        tests.Success(SwitchVcpu(partner, 0, 0), "back");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read there");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>xenolith_vcpu's switch_view, which a vCPU makes for itself alone.</summary>
    private static void SwitchView(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, switch_view");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, SecondFrame), "a remap");
        foreach (bool mayChoose in new[] { false, true })
        {
            if (mayChoose)
            {
                tests.Success(Altp2mViews.Notify(partner, 0, Altp2mPartner.FrameOf(Altp2mChild.Information)), "VMFUNC too");
            }

            // A 32-bit caller has but the lower half of a number.
            ulong[] wide = NarrowCalls.IsOn ? [] : [1UL << 32, (1UL << 32) | view];
            foreach (ulong none in (ulong[])[view + 1u, 512, ushort.MaxValue, ulong.MaxValue, .. wide])
            {
                tests.Error(partner.SwitchView(none), Errno.EINVAL, "a view that there is not");
            }

            tests.Success(Altp2mViews.Show(partner, view, 0), "hidden");
            tests.Error(partner.SwitchView(view), Errno.EINVAL, "one that is hidden");
            tests.Equal(Altp2mViews.IndexOf(partner, 0), 0, "still in view 0");
            tests.Success(Altp2mViews.Show(partner, view, 1), "shown");
            tests.Success(partner.SwitchView(view), "to it");
            tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what is read there");
            tests.Equal(Altp2mViews.IndexOf(partner, 0), view, "the view");
            tests.Error(Altp2mViews.Destroy(partner, view), Errno.EBUSY, "it is not destroyed");
            tests.Success(partner.SwitchView(view), "to where it is");
            tests.Success(partner.SwitchView(0), "back");
            tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what is read there");
        }

        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
        tests.Error(partner.SwitchView(view), Errno.EINVAL, "gone");
        tests.Success(Altp2m.SetState(partner, 0), "views off");
        tests.Error(partner.SwitchView(0), Errno.EOPNOTSUPP, "while they are off");
    }

    private static void NextLost(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, next_lost");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        foreach (Altp2mLost wrong in new[] { new Altp2mLost { View = view, Pad1 = 1 }, new Altp2mLost { View = view, Pad2 = 1 }, new Altp2mLost { View = 9 }, new Altp2mLost { View = ushort.MaxValue } })
        {
            var argument = new HvmAltp2mOp { Lost = wrong };
            tests.Error(partner.Call(Altp2mOp.NextLost, ref argument), Errno.EINVAL, "something in a gap, or no such view");
        }

        ulong target = Altp2mPartner.FrameOf(Altp2mChild.Spare) + (partner.IsInside ? 1u : 0);
        tests.Success(Altp2mFrames.Change(partner, view, FirstFrame, target), "a remap");
        foreach (ulong from in new ulong[] { 0, FirstFrame, 1UL << 36, ulong.MaxValue })
        {
            tests.Error(ViewsLost.Next(partner, view, from, out _, out _), Errno.ENOENT, "none is lost");
        }

        ViewsLost.Lose(tests, partner, target);
        tests.Success(ViewsLost.Next(partner, view, FirstFrame, out ulong gfn, out ulong led), "one is");
        tests.Equal((long)gfn, (long)FirstFrame, "its frame");
        tests.Equal((long)led, (long)target, "what it would show");
        tests.Error(ViewsLost.Next(partner, view, FirstFrame + 1, out _, out _), Errno.ENOENT, "behind it");
        tests.Error(ViewsLost.Next(partner, 0, 0, out _, out _), Errno.ENOENT, "in view 0");
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }
}
