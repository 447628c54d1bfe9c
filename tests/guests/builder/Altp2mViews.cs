using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Views as wholes: made, shown, hidden, switched to, unmade; and where #VE is told.</summary>
internal static class Altp2mViews
{
    /// <summary>MAX_ALTP2M of 4.17, view 0 among them.</summary>
    public const ushort Limit = 10;

    private const ulong HighGfn = 0x9_0000;

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Create(tests, partner);
        Visibility(tests, partner);
        Switch(tests, partner);
        Destroy(tests, partner);
        Notify(tests, partner);
    }

    public static long Create(Altp2mPartner partner, ushort access, out ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = 0x5A5A, DefaultAccess = access } };
        long result = partner.Call(Altp2mOp.CreateP2m, ref argument);
        view = argument.View.View;
        return result;
    }

    public static long Destroy(Altp2mPartner partner, ushort view) => View(partner, Altp2mOp.DestroyP2m, view);

    public static long Switch(Altp2mPartner partner, ushort view) => View(partner, Altp2mOp.SwitchP2m, view);

    private static long View(Altp2mPartner partner, Altp2mOp operation, ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = view, DefaultAccess = 0xFFFF } };
        return partner.Call(operation, ref argument);
    }

    public static long IndexOf(Altp2mPartner partner, uint vcpu)
    {
        var argument = new HvmAltp2mOp { GetVcpuP2mIdx = new HvmAltp2mGetVcpuP2mIdx { Vcpu = vcpu, View = 0x5A5A } };
        long result = partner.Call(Altp2mOp.GetP2mIdx, ref argument);
        return result != 0 ? result : argument.GetVcpuP2mIdx.View;
    }

    public static long Show(Altp2mPartner partner, ushort view, byte visible, byte pad = 0)
    {
        var argument = new HvmAltp2mOp { SetVisibility = new HvmAltp2mSetVisibility { View = view, Visible = visible, Pad = pad } };
        return partner.Call(Altp2mOp.SetVisibility, ref argument);
    }

    private static void Create(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, create_p2m and destroy_p2m");
        foreach (ushort bad in new ushort[] { 11, 12, 0x100, ushort.MaxValue })
        {
            tests.Error(Create(partner, bad, out _), Errno.EINVAL, "rights that there are not");
        }

        for (ushort access = 0; access <= (ushort)MemoryAccess.Default; access++)
        {
            if (!Altp2mFrames.CanBeHad((MemoryAccess)access))
            {
                tests.Error(Create(partner, access, out _), Errno.EOPNOTSUPP, "by rights that the processor can't give");
                continue;
            }

            tests.Success(Create(partner, access, out ushort view), "by each kind of rights");
            tests.Equal(view, 1, "the lowest that is free");
            tests.Success(Destroy(partner, view), "destroyed");
        }

        for (ushort expected = 1; expected < Limit; expected++)
        {
            tests.Success(Create(partner, (ushort)MemoryAccess.Default, out ushort view), "as many as there can be");
            tests.Equal(view, expected, "its index");
        }

        tests.Error(Create(partner, (ushort)MemoryAccess.Default, out _), Errno.EINVAL, "one more");
        tests.Error(Create(partner, ushort.MaxValue, out _), Errno.EINVAL, "one more, with bad rights");
        tests.Success(Destroy(partner, 7), "one is destroyed");
        tests.Error(Destroy(partner, 7), Errno.EBUSY, "and again");
        tests.Success(Destroy(partner, 3), "and one below");
        tests.Success(Create(partner, (ushort)MemoryAccess.Default, out ushort low), "one");
        tests.Equal(low, 3, "the lower of the two");
        for (ushort view = 1; view < Limit; view++)
        {
            tests.Equal(Destroy(partner, view), view == 7 ? -(long)Errno.EBUSY : 0, "all");
        }
    }

    private static void Visibility(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, set_visibility");
        tests.Success(Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        tests.Error(Show(partner, view, 1, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Show(partner, 2, 1), Errno.EINVAL, "one that there is not");
        tests.Error(Show(partner, Limit, 1), Errno.EINVAL, "past the last");
        tests.Error(Show(partner, ushort.MaxValue, 0), Errno.EINVAL, "far past the last");
        tests.Success(Show(partner, view, 1), "shown, as it is");
        tests.Success(Show(partner, view, 0), "hidden");
        tests.Success(Show(partner, view, 0), "and again");
        tests.Error(Switch(partner, view), Errno.EINVAL, "to one that is hidden");
        tests.Success(Show(partner, view, 0xFF), "shown by any value");
        tests.Success(Switch(partner, view), "to one that is shown");
        tests.Success(Show(partner, view, 0), "hidden while it is in use");
        tests.Equal(IndexOf(partner, 0), view, "it stays in use");
        tests.Success(Show(partner, 0, 0), "view 0, hidden");
        tests.Error(Switch(partner, 0), Errno.EINVAL, "to view 0");
        tests.Success(Show(partner, 0, 1), "view 0, shown");
        tests.Success(Switch(partner, 0), "to view 0");
        tests.Success(Destroy(partner, view), "a hidden view is destroyed");
        tests.Success(Create(partner, (ushort)MemoryAccess.Default, out view), "a view of the same index");
        tests.Success(Switch(partner, view), "is shown");
        tests.Success(Switch(partner, 0), "to view 0");
        tests.Success(Destroy(partner, view), "destroyed");
    }

    private static void Switch(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, switch_p2m and get_p2m_idx");
        tests.Equal(IndexOf(partner, 0), 0, "at first");
        tests.Error(IndexOf(partner, 1), Errno.EINVAL, "of a vCPU past the last");
        tests.Error(IndexOf(partner, uint.MaxValue), Errno.EINVAL, "of one far past the last");
        tests.Error(Switch(partner, 1), Errno.EINVAL, "to one that there is not");
        tests.Error(Switch(partner, Limit), Errno.EINVAL, "past the last");
        tests.Error(Switch(partner, ushort.MaxValue), Errno.EINVAL, "far past the last");
        tests.Success(Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        tests.Success(Switch(partner, view), "to it");
        tests.Equal(IndexOf(partner, 0), view, "then");
        tests.Success(Switch(partner, view), "again");
        tests.Error(Destroy(partner, view), Errno.EBUSY, "destroyed while it is in use");
        tests.Success(Switch(partner, 0), "back");
        tests.Equal(IndexOf(partner, 0), 0, "then");
        tests.Success(Switch(partner, view), "to it");
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Success(Altp2m.SetState(partner, 1), "and on");
        tests.Equal(IndexOf(partner, 0), 0, "all are in view 0");
        tests.Error(Switch(partner, view), Errno.EINVAL, "what was made before is gone");
    }

    private static void Destroy(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, what destroy_p2m refuses");
        tests.Error(Destroy(partner, 0), Errno.EBUSY, "view 0");
        tests.Error(Destroy(partner, 1), Errno.EBUSY, "one that there is not");
        tests.Error(Destroy(partner, Limit), Errno.EBUSY, "past the last");
        tests.Error(Destroy(partner, ushort.MaxValue), Errno.EBUSY, "far past the last");
    }

    public static long Notify(Altp2mPartner partner, uint vcpu, ulong gfn, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { EnableNotify = new HvmAltp2mVcpuEnableNotify { Vcpu = vcpu, Pad = pad, Gfn = gfn } };
        return partner.Call(Altp2mOp.VcpuEnableNotify, ref argument);
    }

    public static long StopNotify(Altp2mPartner partner, uint vcpu)
    {
        var argument = new HvmAltp2mOp { DisableNotify = new HvmAltp2mVcpuDisableNotify { Vcpu = vcpu } };
        return partner.Call(Altp2mOp.VcpuDisableNotify, ref argument);
    }

    private static void Notify(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, vcpu_enable_notify and vcpu_disable_notify");
        ulong page = Altp2mPartner.FrameOf(Altp2mChild.Information);
        tests.Error(Notify(partner, 0, page, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(Notify(partner, 1, page), Errno.EINVAL, "a vCPU past the last");
        tests.Error(Notify(partner, uint.MaxValue, page), Errno.EINVAL, "one far past the last");
        tests.Error(Notify(partner, 0, HighGfn), Errno.EINVAL, "no memory");
        tests.Error(Notify(partner, 0, ulong.MaxValue), Errno.EINVAL, "no frame at all");
        tests.Error(Notify(partner, 0, 1UL << 36), Errno.EINVAL, "a frame past the processor's");
        tests.Success(Notify(partner, 0, page), "a page of memory");
        tests.Error(Notify(partner, 0, page), Errno.EEXIST, "and again");
        tests.Error(Notify(partner, 0, HighGfn), Errno.EEXIST, "no memory, though there is one");
        tests.Error(StopNotify(partner, 1), Errno.EINVAL, "an end for a vCPU past the last");
        tests.Error(StopNotify(partner, uint.MaxValue), Errno.EINVAL, "for one far past the last");
        tests.Success(StopNotify(partner, 0), "an end");
        tests.Success(StopNotify(partner, 0), "and again");
        tests.Success(Notify(partner, 0, page), "a page again");
        tests.Success(Altp2m.SetState(partner, 0), "off");
        tests.Success(Altp2m.SetState(partner, 1), "and on");
        tests.Success(Notify(partner, 0, page), "the page is free");
        tests.Success(StopNotify(partner, 0), "an end");
    }
}
