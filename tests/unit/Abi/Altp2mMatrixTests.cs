using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// HVMOP_altp2m: each of Xen's subops, in each mode, with views on and off, by the domain itself and by another: one argument that is good, and all that may be wrong
/// with it, in the order in which it is looked at. The guest builder asks Xen the same where that can be asked.
/// </summary>
public sealed class Altp2mMatrixTests
{
    private const ulong Gfn = 0x30, Hole = 0x9_0000, Page = 0x40;

    private delegate void Change(Altp2mFixture views, ref HvmAltp2mOp argument);

    /// <summary>What may be wrong with an argument, and what it then is.</summary>
    private sealed record Mistake(string What, Errno Error, Change Make);

    /// <param name="Good">Makes what succeeds of an empty argument.</param>
    /// <param name="Mistakes">The first comes before the rest.</param>
    private sealed record Subop(Altp2mOp Operation, Change Good, params Mistake[] Mistakes);

    private static readonly Subop[] s_subops =
    [
        new(Altp2mOp.GetDomainState, (Altp2mFixture _, ref HvmAltp2mOp _) => { }),
        new(Altp2mOp.SetDomainState, (Altp2mFixture _, ref HvmAltp2mOp a) => a.DomainState.State = 1),
        new(Altp2mOp.VcpuEnableNotify, (Altp2mFixture _, ref HvmAltp2mOp a) => a.EnableNotify.Gfn = Page,
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.EnableNotify.Pad = 1),
            new("vCPU", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.EnableNotify.Vcpu = 2),
            new("page already", Errno.EEXIST, (Altp2mFixture views, ref HvmAltp2mOp _) => Notify(views)),
            new("frame", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.EnableNotify.Gfn = Hole)),
        new(Altp2mOp.CreateP2m, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.DefaultAccess = (ushort)MemoryAccess.Default,
            new("rights", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.DefaultAccess = 11),
            new("no number left", Errno.EINVAL, (Altp2mFixture views, ref HvmAltp2mOp _) => Fill(views))),
        new(Altp2mOp.DestroyP2m, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.View = 1,
            new("view 0", Errno.EBUSY, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.View = 0),
            new("in use", Errno.EBUSY, (Altp2mFixture views, ref HvmAltp2mOp _) => views.Target.Vcpus[1].SwitchView(1))),
        new(Altp2mOp.SwitchP2m, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.View = 1,
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.View.View = 5),
            new("hidden", Errno.EINVAL, (Altp2mFixture views, ref HvmAltp2mOp _) => views.Target.Altp2m!.TrySetVisible(1, false))),
        new(Altp2mOp.SetMemAccess, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess = new HvmAltp2mMemAccess { View = 1, Access = 1, Gfn = Gfn },
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.Pad = 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.View = 5),
            new("rights", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.Access = 11)),
        new(Altp2mOp.ChangeGfn, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn = new HvmAltp2mChangeGfn { View = 1, OldGfn = Gfn, NewGfn = Gfn + 1 },
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn.Pad1 = 1),
            new("second gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn.Pad2 = 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn.View = 5),
            new("frame", Errno.ESRCH, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn.OldGfn = Hole),
            new("new frame", Errno.ESRCH, (Altp2mFixture _, ref HvmAltp2mOp a) => a.ChangeGfn.NewGfn = Hole)),
        new(Altp2mOp.SetMemAccessMulti, (Altp2mFixture views, ref HvmAltp2mOp a) => List(views, ref a),
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetMemAccessMulti.Pad = 1),
            new("progress", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetMemAccessMulti.Opaque = a.SetMemAccessMulti.Count + 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetMemAccessMulti.View = 5),
            new("frames", Errno.EFAULT, (Altp2mFixture views, ref HvmAltp2mOp a) => a.SetMemAccessMulti.Pfns = views.Guest.Hole),
            new("list of rights", Errno.EFAULT, (Altp2mFixture views, ref HvmAltp2mOp a) => a.SetMemAccessMulti.Accesses = views.Guest.Hole),
            new("rights", Errno.EINVAL, (Altp2mFixture views, ref HvmAltp2mOp _) => views.Guest.WriteArray<byte>(CallFixture.Results, 11))),
        new(Altp2mOp.SetSuppressVe, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe = new HvmAltp2mSuppressVe { View = 1, Gfn = Gfn }, Suppressions()),
        new(Altp2mOp.GetSuppressVe, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe = new HvmAltp2mSuppressVe { View = 1, Gfn = Gfn }, Suppressions()),
        new(Altp2mOp.GetMemAccess, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess = new HvmAltp2mMemAccess { View = 1, Access = 11, Gfn = Gfn },
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.Pad = 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.View = 5),
            new("frame", Errno.ESRCH, (Altp2mFixture _, ref HvmAltp2mOp a) => a.MemAccess.Gfn = Hole)),
        new(Altp2mOp.VcpuDisableNotify, (Altp2mFixture _, ref HvmAltp2mOp _) => { },
            new Mistake("vCPU", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.DisableNotify.Vcpu = 2)),
        new(Altp2mOp.GetP2mIdx, (Altp2mFixture _, ref HvmAltp2mOp _) => { },
            new Mistake("vCPU", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.GetVcpuP2mIdx.Vcpu = 2)),
        new(Altp2mOp.SetSuppressVeMulti, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVeMulti = new HvmAltp2mSuppressVeMulti { View = 1, FirstGfn = Gfn, LastGfn = Gfn + 1 },
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVeMulti.Pad1 = 1),
            new("no frame", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVeMulti.LastGfn = Gfn - 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVeMulti.View = 5)),
        new(Altp2mOp.SetVisibility, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetVisibility = new HvmAltp2mSetVisibility { View = 1, Visible = 1 },
            new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetVisibility.Pad = 1),
            new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SetVisibility.View = 5)),
    ];

    private static Mistake[] Suppressions() =>
    [
        new("gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe.Pad1 = 1),
        new("second gap", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe.Pad2 = 1),
        new("view", Errno.EINVAL, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe.View = 5),
        new("frame", Errno.ESRCH, (Altp2mFixture _, ref HvmAltp2mOp a) => a.SuppressVe.Gfn = Hole),
    ];

    private static void Notify(Altp2mFixture views)
    {
        if (!views.Target.Vcpus[0].IsNotified)
            Assert.True(views.Target.Vcpus[0].TryNotify(new Gfn(Page)));
    }

    private static void Fill(Altp2mFixture views)
    {
        while (views.Target.Altp2m!.TryCreate(MemoryAccess.Default, out _) == ViewResult.Done)
        {
        }
    }

    private static void List(Altp2mFixture views, ref HvmAltp2mOp argument)
    {
        views.Guest.WriteArray(CallFixture.List, Gfn);
        views.Guest.WriteArray<byte>(CallFixture.Results, 1);
        argument.SetMemAccessMulti = new HvmAltp2mSetMemAccessMulti { View = 1, Count = 1, Pfns = CallFixture.List, Accesses = CallFixture.Results };
    }

    public static TheoryData<Altp2mMode, bool, bool> Callers()
    {
        var data = new TheoryData<Altp2mMode, bool, bool>();
        foreach (Altp2mMode mode in Enum.GetValues<Altp2mMode>())
        {
            foreach (bool isInside in new[] { false, true })
            {
                data.Add(mode, isInside, true);
                data.Add(mode, isInside, false);
            }
        }
        return data;
    }

    [Fact]
    public void Every_subop_of_Xens_is_here() =>
        Assert.Equal(Enumerable.Range(1, 16).Select(i => (Altp2mOp)i), s_subops.Select(subop => subop.Operation));

    [Theory]
    [MemberData(nameof(Callers))]
    public void Each_subop_answers_by_mode_and_caller_and_then_by_its_argument(Altp2mMode mode, bool isInside, bool isOn)
    {
        foreach (Subop subop in s_subops)
        {
            bool isAllowed = !isInside || mode == Altp2mMode.Mixed || (mode == Altp2mMode.Limited && subop.Operation == Altp2mOp.VcpuEnableNotify);
            Errno before = !isOn && subop.Operation is not (Altp2mOp.GetDomainState or Altp2mOp.SetDomainState) ? Errno.EOPNOTSUPP
                : mode == Altp2mMode.Disabled ? Errno.EINVAL : !isAllowed ? Errno.EPERM : Errno.None;
            Assert.Equal((subop.Operation, "good", before), (subop.Operation, "good", Answer(subop, mode, isInside, isOn, [])));
            for (int i = 0; i < subop.Mistakes.Length; i++)
            {
                Mistake mistake = subop.Mistakes[i];
                Errno expected = before != Errno.None ? before : mistake.Error;
                Assert.Equal((subop.Operation, mistake.What, expected), (subop.Operation, mistake.What, Answer(subop, mode, isInside, isOn, [mistake])));
                Assert.Equal((subop.Operation, mistake.What + " and the rest", expected), (subop.Operation, mistake.What + " and the rest", Answer(subop, mode, isInside, isOn, subop.Mistakes[i..])));
            }
        }
    }

    private static Errno Answer(Subop subop, Altp2mMode mode, bool isInside, bool isOn, IReadOnlyList<Mistake> mistakes)
    {
        using var views = new Altp2mFixture(isInside, mode);
        if (isOn)
        {
            Assert.Equal(ViewResult.Done, views.Target.TryActivateAltp2m());
            Assert.Equal(ViewResult.Done, views.Target.Altp2m!.TryCreate(MemoryAccess.Default, out _));
        }
        var argument = default(HvmAltp2mOp);
        subop.Good(views, ref argument);
        // What needs views is no mistake while there are none.
        if (isOn)
        {
            foreach (Mistake mistake in mistakes)
                mistake.Make(views, ref argument);
        }
        return (Errno)(-views.Call(subop.Operation, ref argument));
    }
}
