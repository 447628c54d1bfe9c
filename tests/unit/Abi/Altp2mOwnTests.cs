using System.Collections.Generic;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>HVMOP_altp2m's subops that are ours: hidden until somebody shows them, and what they do then.</summary>
public sealed class Altp2mOwnTests
{
    private static long Error(Errno error) => -(long)error;

    private static Altp2mFixture Views(out ushort view, bool isInside = false, int budget = 64)
    {
        var views = new Altp2mFixture(isInside, budget: budget, isOn: true);
        foreach (ExposureGroup group in new[] { ExposureGroup.Altp2mInside, ExposureGroup.Altp2mOutside })
            Assert.Equal(Errno.None, views.Target.Exposure.Set(group, HypercallDispatcher.WholeExposure()[(int)group]));
        Assert.Equal(0, views.Create(MemoryAccess.Default, out view));
        return views;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void They_are_hidden_from_a_fresh_domain(bool isInside)
    {
        using var views = new Altp2mFixture(isInside, isOn: true);
        foreach (Altp2mOp operation in new[] { Altp2mOp.Capabilities, Altp2mOp.Describe, Altp2mOp.SwitchVcpu, Altp2mOp.NextLost, Altp2mOp.Transaction })
        {
            var argument = default(HvmAltp2mOp);
            Assert.Equal((operation, Error(Errno.EOPNOTSUPP)), (operation, views.Call(operation, ref argument)));
        }
    }

    [Fact]
    public void A_domain_by_default_does_not_show_them_of_an_id_that_nobody_has()
    {
        using Altp2mFixture views = Views(out _);
        var argument = new HvmAltp2mOp { Version = InterfaceVersions.Altp2m, Command = (uint)Altp2mOp.Capabilities, Domain = 0x1234 };
        Assert.Equal(Error(Errno.EOPNOTSUPP), views.AsIs(ref argument));
        argument.Command = (uint)Altp2mOp.CreateP2m;
        Assert.Equal(Error(Errno.ESRCH), views.AsIs(ref argument));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Capabilities_say_what_there_is_and_may_be(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        Assert.Equal(0, views.Change(view, 3, 4));
        var argument = default(HvmAltp2mOp);
        Assert.Equal(0, views.Call(Altp2mOp.Capabilities, ref argument));
        Altp2mCapabilities answer = argument.Capabilities;
        Altp2m altp2m = views.Target.Altp2m!;
        Assert.Equal((10, 2, 1u, 0ul), (answer.Limit, answer.Views, answer.Remaps, answer.Lost));
        Assert.Equal(((uint)altp2m.TableLimit, (uint)altp2m.TableFrames), (answer.TableLimit, answer.TableFrames));
        for (MemoryAccess access = MemoryAccess.None; access < MemoryAccess.Default; access++)
            Assert.Equal(views.Target.P2m.Matrix.FitOf(access) == AccessFit.Refused, (answer.Refused & 1u << (int)access) != 0);
    }

    [Fact]
    public void Views_are_told_of_one_by_one()
    {
        using Altp2mFixture views = Views(out ushort first);
        views.Create(MemoryAccess.Read, out _);
        views.Create(MemoryAccess.ReadWrite, out ushort third);
        Assert.Equal(0, views.Destroy(2));
        Assert.Equal(0, views.Show(third, 0));
        Assert.Equal(0, views.Change(third, 3, 4));
        views.Target.Vcpus[1].SwitchView(first);
        var seen = new List<(int View, int Access, int Visible, int Vcpus, uint Remaps)>();
        var argument = default(HvmAltp2mOp);
        while (views.Call(Altp2mOp.Describe, ref argument) == 0)
        {
            ref Altp2mViewDescription view = ref argument.Description;
            seen.Add((view.View, view.DefaultAccess, view.Visible, view.Vcpus, view.Remaps));
            Assert.True(view.TableFrames > 0);
            view.View++;
        }
        Assert.Equal([(0, 7, 1, 1, 0u), (1, 7, 1, 1, 0u), (3, 3, 0, 0, 1u)], seen);
        argument.Description.View = ushort.MaxValue;
        Assert.Equal(Error(Errno.ENOENT), views.Call(Altp2mOp.Describe, ref argument));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_vCPU_goes_to_another_view(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        Assert.Equal(0, SwitchVcpu(views, 1, view));
        Assert.Equal((0L, (long)view), (views.IndexOf(0), views.IndexOf(1)));
        Assert.Equal(Error(Errno.EINVAL), SwitchVcpu(views, 1, view, pad: 1));
        foreach (uint none in new uint[] { 2, uint.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, SwitchVcpu(views, none, view)));
        foreach (ushort none in new ushort[] { 2, 10, ushort.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, SwitchVcpu(views, 0, none)));
        Assert.Equal(0, views.Show(0, 0));
        Assert.Equal(Error(Errno.EINVAL), SwitchVcpu(views, 1, 0));
        Assert.Equal((long)view, views.IndexOf(1));
    }

    private static long SwitchVcpu(Altp2mFixture views, uint vcpu, ushort view, ushort pad = 0)
    {
        var argument = new HvmAltp2mOp { SwitchVcpu = new Altp2mSwitchVcpu { Vcpu = vcpu, View = view, Pad = pad } };
        return views.Call(Altp2mOp.SwitchVcpu, ref argument);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1)]
    public void Remaps_that_are_lost_are_told_of(int budget)
    {
        using Altp2mFixture views = Views(out ushort view, budget: budget);
        for (ulong gfn = 0; gfn < 10; gfn++)
            Assert.Equal(0, views.Change(view, gfn, 500 + gfn));
        Assert.Equal(0, views.Change(view, 700, 503));
        var argument = new HvmAltp2mOp { Lost = new Altp2mLost { View = view } };
        Assert.Equal(Error(Errno.ENOENT), views.Call(Altp2mOp.NextLost, ref argument));
        Assert.True(views.Target.P2m.TryRemove(new Gfn(503), 0));
        // How far a search got stands there when it found nothing.
        argument.Lost = new Altp2mLost { View = view };
        Assert.Equal(0, views.Call(Altp2mOp.NextLost, ref argument));
        Assert.Equal((3UL, 503UL), (argument.Lost.Gfn, argument.Lost.Target));
        argument.Lost.Gfn++;
        Assert.Equal(0, views.Call(Altp2mOp.NextLost, ref argument));
        Assert.Equal((700UL, 503UL), (argument.Lost.Gfn, argument.Lost.Target));
        argument.Lost.Gfn = ulong.MaxValue;
        Assert.Equal(Error(Errno.ENOENT), views.Call(Altp2mOp.NextLost, ref argument));
        foreach (Altp2mLost wrong in new[] { new Altp2mLost { View = 5 }, new Altp2mLost { View = view, Pad1 = 1 }, new Altp2mLost { View = view, Pad2 = 1 } })
        {
            argument.Lost = wrong;
            Assert.Equal(Error(Errno.EINVAL), views.Call(Altp2mOp.NextLost, ref argument));
        }
        var capabilities = default(HvmAltp2mOp);
        Assert.Equal(0, views.Call(Altp2mOp.Capabilities, ref capabilities));
        Assert.Equal(2UL, capabilities.Capabilities.Lost);
    }

    private static long Transact(Altp2mFixture views, out uint failed, params System.ReadOnlySpan<Altp2mChange> changes)
    {
        views.Guest.WriteArray(CallFixture.List, changes);
        var argument = new HvmAltp2mOp { Transaction = new Altp2mTransaction { Count = (uint)changes.Length, Changes = CallFixture.List, Failed = 99 } };
        long result = views.Call(Altp2mOp.Transaction, ref argument);
        failed = argument.Transaction.Failed;
        return result;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_transaction_makes_all_changes(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        P2mView seen = views.Target.Altp2m!.Find(view)!;
        Assert.Equal(0, views.Change(view, 9, 10));
        Assert.Equal(0, Transact(views, out uint done,
            new Altp2mChange { View = view, Gfn = 3, What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Read },
            new Altp2mChange { View = view, Gfn = 4, What = Altp2mWhat.Target, Target = 3 },
            new Altp2mChange { View = view, Gfn = 5, What = Altp2mWhat.Target | Altp2mWhat.Access | Altp2mWhat.SuppressVe, Target = 4, Access = (byte)MemoryAccess.None },
            new Altp2mChange { View = view, Gfn = 9, What = Altp2mWhat.Target, Target = ulong.MaxValue },
            new Altp2mChange { View = 0, Gfn = 3, What = Altp2mWhat.SuppressVe },
            new Altp2mChange { View = view, Gfn = 6 }));
        Assert.Equal(6u, done);
        Assert.Equal(new ViewOverride(Gfn.Invalid, MemoryAccess.Read, true), seen.OverrideOf(new Gfn(3)));
        Assert.Equal(new ViewOverride(new Gfn(3), MemoryAccess.Read, !isInside), seen.OverrideOf(new Gfn(4)));
        Assert.Equal(new ViewOverride(new Gfn(3), MemoryAccess.None, false), seen.OverrideOf(new Gfn(5)));
        Assert.Equal(ViewOverride.None, seen.OverrideOf(new Gfn(9)));
        Assert.False(views.Target.Altp2m.Find(0)!.SuppressesVe(new Gfn(3)));
    }

    [Fact]
    public void A_transaction_of_which_one_change_fails_makes_none()
    {
        using Altp2mFixture views = Views(out ushort view);
        P2mView seen = views.Target.Altp2m!.Find(view)!;
        Assert.Equal(0, views.Change(view, 9, 10));
        Assert.Equal(0, views.SetAccess(view, 8, MemoryAccess.Read));
        ViewOverride[] before = [seen.OverrideOf(new Gfn(3)), seen.OverrideOf(new Gfn(8)), seen.OverrideOf(new Gfn(9))];
        Altp2mChange good = new() { View = view, Gfn = 3, What = Altp2mWhat.Target, Target = 4 };
        (Altp2mChange Change, Errno Error)[] bad =
        [
            (good with { Pad = 1 }, Errno.EINVAL), (good with { What = (Altp2mWhat)8 }, Errno.EINVAL), (good with { Access = 11 }, Errno.EINVAL),
            (good with { SuppressVe = 2 }, Errno.EINVAL), (good with { View = 5 }, Errno.EINVAL), (good with { View = ushort.MaxValue }, Errno.EINVAL),
            (good with { Gfn = 0x9_0000 }, Errno.ESRCH), (good with { Target = 0x9_0000 }, Errno.ESRCH), (good with { Gfn = ulong.MaxValue }, Errno.ESRCH),
        ];
        foreach ((Altp2mChange change, Errno error) in bad)
        {
            Assert.Equal(Error(error), Transact(views, out uint failed,
                good,
                new Altp2mChange { View = view, Gfn = 3, What = Altp2mWhat.Access },
                new Altp2mChange { View = view, Gfn = 8, What = Altp2mWhat.Target, Target = ulong.MaxValue },
                new Altp2mChange { View = view, Gfn = 9, What = Altp2mWhat.Target, Target = ulong.MaxValue },
                change));
            Assert.Equal(4u, failed);
            Assert.Equal((IEnumerable<ViewOverride>)before, [seen.OverrideOf(new Gfn(3)), seen.OverrideOf(new Gfn(8)), seen.OverrideOf(new Gfn(9))]);
            Assert.Equal(1, seen.Remaps);
        }
    }

    [Fact]
    public void A_transaction_that_runs_out_of_frames_makes_nothing()
    {
        using Altp2mFixture views = Views(out ushort view);
        Assert.Equal(0, views.Change(view, 9, 10));
        List<Mfn> taken = views.TakeAllFrames();
        Assert.Equal(Error(Errno.ENOMEM), Transact(views, out _,
            new Altp2mChange { View = view, Gfn = 9, What = Altp2mWhat.Target, Target = ulong.MaxValue },
            new Altp2mChange { View = view, Gfn = 8, What = Altp2mWhat.Target, Target = 9 },
            new Altp2mChange { View = view, Gfn = 700, What = Altp2mWhat.Target, Target = 9 }));
        views.GiveBack(taken);
        P2mView seen = views.Target.Altp2m!.Find(view)!;
        Assert.Equal((new Gfn(10), new Gfn(8), new Gfn(700)), (seen.HostGfnOf(new Gfn(9)), seen.HostGfnOf(new Gfn(8)), seen.HostGfnOf(new Gfn(700))));
    }

    [Fact]
    public void A_transaction_is_bounded_and_its_list_is_the_callers_memory()
    {
        using Altp2mFixture views = Views(out _);
        var argument = new HvmAltp2mOp { Transaction = new Altp2mTransaction { Count = 65, Changes = views.Guest.Hole } };
        Assert.Equal(Error(Errno.E2BIG), views.Call(Altp2mOp.Transaction, ref argument));
        argument.Transaction = new Altp2mTransaction { Count = uint.MaxValue, Changes = CallFixture.List };
        Assert.Equal(Error(Errno.E2BIG), views.Call(Altp2mOp.Transaction, ref argument));
        foreach (ulong bad in new[] { views.Guest.Hole, CallFixture.NotCanonical, ulong.MaxValue - 10 })
        {
            argument.Transaction = new Altp2mTransaction { Count = 1, Changes = bad };
            Assert.Equal(Error(Errno.EFAULT), views.Call(Altp2mOp.Transaction, ref argument));
        }
        argument.Transaction = new Altp2mTransaction { Changes = views.Guest.Hole };
        Assert.Equal(0, views.Call(Altp2mOp.Transaction, ref argument));
    }
}
