using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;
using static Xenolith.Tests.Unit.Mm.AccessRightTests;

namespace Xenolith.Tests.Unit.Mm;

/// <summary>Views of a domain's memory, in the tables of both vendors.</summary>
public sealed class Altp2mTests
{
    private const ushort Owner = 5;

    public static TheoryData<Vendor> Vendors => AccessRightTests.Vendors;

    /// <summary>A host p2m with 2 MiB in a large leaf from 0x200 on, small pages around it, and views.</summary>
    private sealed class Fixture : IDisposable
    {
        public Fixture(Vendor vendor = Vendor.Ept, int limit = Altp2m.DefaultLimit, int mebibytes = 64)
        {
            Machine = new TestMachine(mebibytes);
            Format = FormatOf(vendor);
            FreeAtFirst = Machine.Frames.FreeFrames;
            Host = new P2m(Machine.Memory, Machine.Frames, Format, Owner) { TableLimit = 400 };
            Assert.True(Host.TryPopulate(new Gfn(0x1F0), 0x230));
            Views = new Altp2m(Host, Machine.Memory, Machine.Frames, Format, limit);
            Assert.Equal(ViewResult.Done, Views.TryActivate());
        }

        public TestMachine Machine { get; }

        public PageTableFormat Format { get; }

        public P2m Host { get; }

        public Altp2m Views { get; }

        public ulong FreeAtFirst { get; }

        public P2mView Create(MemoryAccess access = MemoryAccess.Default)
        {
            Assert.Equal(ViewResult.Done, Views.TryCreate(access, out int index));
            return Views.Find(index)!;
        }

        public (Rights Rights, Mfn Mfn) Seen(P2mView view, ulong gfn) => (UsedByCpu(Machine.Memory, Format, view.Root, gfn, out Mfn mfn), mfn);

        public Mfn Frame(ulong gfn) => Host.Lookup(new Gfn(gfn)).Mfn;

        public void Dispose()
        {
            Views.Deactivate();
            while (!Views.ReleaseStep(64))
            {
            }
            Host.Release();
            Assert.Equal(FreeAtFirst, Machine.Frames.FreeFrames);
            Machine.Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public void A_view_is_filled_by_faults_in_the_hosts_leaves(Vendor vendor)
    {
        using var f = new Fixture(vendor);
        P2mView view = f.Create();
        Assert.Equal(1, view.TableFrames);
        Assert.Equal((Rights.None, Mfn.Invalid), f.Seen(view, 0x280));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x280)));
        Assert.Equal(FillResult.Present, view.Fill(new Gfn(0x280)));
        Assert.Equal((Rights.All, f.Frame(0x280)), f.Seen(view, 0x280));
        Assert.Equal((Rights.All, f.Frame(0x3FF)), f.Seen(view, 0x3FF));
        Assert.Equal(3, view.TableFrames);
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x1F0)));
        Assert.Equal((Rights.None, Mfn.Invalid), f.Seen(view, 0x1F1));
        Assert.Equal(FillResult.Absent, view.Fill(new Gfn(0x10000)));
        Assert.Equal(FillResult.Absent, view.Fill(new Gfn(1UL << 40)));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public void An_override_splits_the_leaf_of_its_view_alone(Vendor vendor)
    {
        using var f = new Fixture(vendor);
        P2mView view = f.Create(), other = f.Create();
        view.Fill(new Gfn(0x280));
        other.Fill(new Gfn(0x280));
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x280), MemoryAccess.ReadExecute));
        Assert.Equal((Rights.None, Mfn.Invalid), f.Seen(view, 0x280));
        view.Fill(new Gfn(0x280));
        view.Fill(new Gfn(0x281));
        Assert.Equal((Rights.ReadExecute, f.Frame(0x280)), f.Seen(view, 0x280));
        Assert.Equal((Rights.All, f.Frame(0x281)), f.Seen(view, 0x281));
        Assert.Equal((Rights.None, Mfn.Invalid), f.Seen(view, 0x282));
        Assert.Equal((Rights.All, f.Frame(0x280)), f.Seen(other, 0x280));
        Assert.Equal(Page.Order2M, f.Host.Lookup(new Gfn(0x280)).Order);
    }

    /// <summary>Xen resets views, or overwrites their entries, and tells nobody.</summary>
    [Theory]
    [MemberData(nameof(Vendors))]
    public void Overrides_survive_what_the_host_does(Vendor vendor)
    {
        using var f = new Fixture(vendor);
        P2mView view = f.Create();
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x1F1), MemoryAccess.Read));
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x1F2), new Gfn(0x1F3)));
        view.Fill(new Gfn(0x1F1));
        view.Fill(new Gfn(0x1F2));
        Assert.Equal(f.Frame(0x1F3), f.Seen(view, 0x1F2).Mfn);

        // Frames change places under the view.
        Mfn first = f.Frame(0x1F1), second = f.Frame(0x1F3);
        Assert.True(f.Host.TrySet(new Gfn(0x1F1), second, 0, P2mType.Ram));
        Assert.True(f.Host.TrySet(new Gfn(0x1F3), first, 0, P2mType.Ram));
        Assert.Equal((Mfn.Invalid, Mfn.Invalid), (f.Seen(view, 0x1F1).Mfn, f.Seen(view, 0x1F2).Mfn));
        Assert.Equal((FillResult.Filled, FillResult.Filled), (view.Fill(new Gfn(0x1F1)), view.Fill(new Gfn(0x1F2))));
        Assert.Equal((Rights.Read, second), f.Seen(view, 0x1F1));
        Assert.Equal((Rights.All, first), f.Seen(view, 0x1F2));
        Assert.Equal(0UL, f.Views.LostRemaps);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_frame_that_is_taken_away_is_in_no_view_and_the_loss_is_told(int viewers)
    {
        using var f = new Fixture();
        P2mView view = f.Create();
        for (ulong i = 0; i < (ulong)viewers; i++)
        {
            Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x240 + i), new Gfn(0x1F3)));
            Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x240 + i)));
        }
        Assert.Equal((viewers, true), (view.Remaps, f.Views.HasRemaps));
        ulong generation = f.Host.Generation;
        Assert.True(f.Host.TryDepopulate(new Gfn(0x1F3)));
        Assert.NotEqual(generation, f.Host.Generation);
        Assert.Equal((ulong)viewers, f.Views.LostRemaps);
        for (ulong i = 0; i < (ulong)viewers; i++)
        {
            Assert.Equal((Rights.None, Mfn.Invalid), f.Seen(view, 0x240 + i));
            Assert.True(view.IsLost(new Gfn(0x240 + i)));
            Assert.Equal((FillResult.Absent, new Gfn(0x1F3)), (view.Fill(new Gfn(0x240 + i)), view.HostGfnOf(new Gfn(0x240 + i))));
        }

        // It comes back with other memory behind it.
        Assert.True(f.Host.TryPopulate(new Gfn(0x1F3), 1));
        Assert.False(view.IsLost(new Gfn(0x240)));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x240)));
        Assert.Equal(f.Frame(0x1F3), f.Seen(view, 0x240).Mfn);
        for (ulong i = 0; i < (ulong)viewers; i++)
            Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x240 + i), Gfn.Invalid));
        Assert.Equal((0, false), (view.Remaps, f.Views.HasRemaps));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x240)));
        Assert.Equal(f.Frame(0x240), f.Seen(view, 0x240).Mfn);
    }

    /// <summary>The CPU is made to leave before a frame that a view showed is anybody's.</summary>
    [Fact]
    public void A_frame_is_free_only_after_the_view_has_lost_it_and_other_CPUs_have_left()
    {
        using var f = new Fixture();
        P2mView view = f.Create();
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x1F5), new Gfn(0x1F3)));
        view.Fill(new Gfn(0x1F5));
        Mfn mfn = f.Frame(0x1F3);
        var users = new Elsewhere();
        users.OnExpel = () =>
        {
            Assert.NotEqual(mfn, f.Seen(view, 0x1F5).Mfn);
            Assert.Equal(Owner, f.Machine.Frames.OwnerOf(mfn));
        };
        f.Host.Users = users;
        Assert.True(f.Host.TryDepopulate(new Gfn(0x1F3)));
        Assert.Equal((0, Owner), (users.Expelled, f.Machine.Frames.OwnerOf(mfn)));
        f.Host.Settle();
        Assert.Equal(1, users.Expelled);
        Assert.NotEqual(Owner, f.Machine.Frames.OwnerOf(mfn));
        f.Host.Users = null;
    }

    [Fact]
    public void A_remap_leads_to_plain_memory_only()
    {
        using var f = new Fixture();
        P2mView view = f.Create();
        Assert.Equal(ViewResult.Absent, view.TryRemap(new Gfn(0x1F5), new Gfn(0x5000)));
        Assert.Equal(ViewResult.Absent, view.TryRemap(new Gfn(1UL << 36), new Gfn(0x1F0)));
        Assert.True(f.Host.TrySet(new Gfn(0x1F4), f.Frame(0x1F4), 0, P2mType.RamReadOnly));
        Assert.Equal(ViewResult.Absent, view.TryRemap(new Gfn(0x1F5), new Gfn(0x1F4)));
        Assert.True(f.Host.TrySet(new Gfn(0x6000), new Mfn(0x30), 0, P2mType.Grant));
        Assert.Equal(ViewResult.Absent, view.TryRemap(new Gfn(0x1F5), new Gfn(0x6000)));
        Assert.Equal((0, 0, false), (view.Remaps, f.Views.Remaps, view.TryGetRemap(new Gfn(0x1F5), out _)));

        // A place where the host has nothing may show something all the same.
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn((1UL << 36) - 1), new Gfn(0x1F0)));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn((1UL << 36) - 1)));
        Assert.Equal(f.Frame(0x1F0), f.Seen(view, (1UL << 36) - 1).Mfn);
        Assert.True(f.Host.TryRemove(new Gfn(0x6000), 0));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public void A_leaf_of_a_view_allows_what_type_and_right_do(Vendor vendor)
    {
        using var f = new Fixture(vendor);
        P2mView view = f.Create(MemoryAccess.ReadWrite);
        Assert.Equal(MemoryAccess.ReadWrite, view.DefaultAccess);
        view.Fill(new Gfn(0x280));
        Assert.Equal(Rights.ReadWrite, f.Seen(view, 0x3FF).Rights);
        Mfn mfn = f.Frame(0x1F4);
        foreach (P2mType type in new[] { P2mType.Ram, P2mType.RamReadOnly, P2mType.RamForwarded })
        {
            Assert.True(f.Host.TrySet(new Gfn(0x1F4), mfn, 0, type));
            for (var access = MemoryAccess.None; access <= MemoryAccess.NoneToAll; access++)
            {
                ViewResult expected = f.Host.Matrix.FitOf(access) == AccessFit.Refused ? ViewResult.Unsupported : ViewResult.Done;
                Assert.Equal(expected, view.TrySetAccess(new Gfn(0x1F4), access));
                if (expected != ViewResult.Done)
                    continue;
                Assert.Equal((FillResult.Filled, access), (view.Fill(new Gfn(0x1F4)), view.AccessOf(new Gfn(0x1F4))));
                Rights wanted = type.Rights & AccessMatrix.RightsOf(access);
                (Rights rights, Mfn seen) = f.Seen(view, 0x1F4);
                Assert.Equal((mfn, Rights.None), (seen, rights & ~wanted));
                Assert.True(rights == wanted || !f.Format.CanExpress(wanted));
            }
        }
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x1F4), MemoryAccess.Default));
        Assert.Equal(MemoryAccess.ReadWrite, view.AccessOf(new Gfn(0x1F4)));
        var at = new Gfn(0);
        Assert.False(view.TryFindOverride(ref at));
    }

    [Fact]
    public void Only_a_violation_may_become_an_exception_and_only_where_somebody_said_so()
    {
        using var f = new Fixture();
        P2mView view = f.Create();
        bool IsConvertible(ulong gfn)
        {
            ulong table = view.Root.Address;
            for (int level = 4; level > 1; level--)
                table = PageTableFormat.FrameOf(f.Machine.Memory.Word64(table + ((gfn >> 9 * (level - 1)) & 511) * 8)).Address;
            return f.Machine.Memory.Word64(table + (gfn & 511) * 8) >> 63 == 0;
        }

        view.Fill(new Gfn(0x1F4));
        Assert.True(view.SuppressesVe(new Gfn(0x1F4)));
        Assert.False(IsConvertible(0x1F4));
        Assert.False(IsConvertible(0x1F5));
        foreach (MemoryAccess access in new[] { MemoryAccess.None, MemoryAccess.Read, MemoryAccess.Execute })
        {
            Assert.Equal(ViewResult.Done, view.TryOverride(new Gfn(0x1F4), new ViewOverride(Gfn.Invalid, access, false)));
            Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x1F4)));
            Assert.True(IsConvertible(0x1F4));
        }

        // Write without read: what faults may be allowed.
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x1F4), MemoryAccess.Write));
        view.Fill(new Gfn(0x1F4));
        Assert.False(IsConvertible(0x1F4));
        Assert.False(view.SuppressesVe(new Gfn(0x1F4)));

        // Writes that go to a device model are no violations.
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x1F4), MemoryAccess.All));
        view.Fill(new Gfn(0x1F4));
        Assert.True(IsConvertible(0x1F4));
        Assert.True(f.Host.TrySet(new Gfn(0x1F4), f.Frame(0x1F4), 0, P2mType.RamForwarded));
        view.Fill(new Gfn(0x1F4));
        Assert.False(IsConvertible(0x1F4));
        Assert.Equal(ViewResult.Done, view.TrySetSuppressVe(new Gfn(0x1F4), true));
    }

    /// <summary>Xen marks the guest frame of the view, which is another's after a remap.</summary>
    [Theory]
    [MemberData(nameof(Vendors))]
    public void The_first_write_through_a_view_is_logged_under_the_hosts_guest_frame(Vendor vendor)
    {
        using var f = new Fixture(vendor);
        P2mView view = f.Create();
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x1F2), new Gfn(0x285)));
        view.Fill(new Gfn(0x1F2));
        view.Fill(new Gfn(0x290));
        f.Host.BeginLog();
        ulong at = 0;
        while (!f.Host.HoldBack(ref at, 100))
        {
        }

        // Nothing that was filled before lets a write past the log.
        Assert.Equal((Mfn.Invalid, Mfn.Invalid), (f.Seen(view, 0x1F2).Mfn, f.Seen(view, 0x290).Mfn));
        view.Fill(new Gfn(0x1F2));
        Assert.Equal((Rights.ReadExecute, f.Frame(0x285)), f.Seen(view, 0x1F2));
        Assert.True(f.Host.TryOpen(new Gfn(0x285)));
        view.Refresh(new Gfn(0x1F2));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x1F2)));
        Assert.Equal((Rights.All, f.Frame(0x285)), f.Seen(view, 0x1F2));
        Assert.Equal((1UL << 5, 0UL), (f.Host.Log.Written(new Gfn(0x280)), f.Host.Log.Written(new Gfn(0x1C0))));

        // The frame beside it is not let out with it.
        view.Fill(new Gfn(0x286));
        Assert.Equal(Rights.ReadExecute, f.Seen(view, 0x286).Rights);

        f.Host.ClearMarks(new Gfn(0x280), 1UL << 5);
        f.Host.AnnounceAll();
        view.Fill(new Gfn(0x1F2));
        Assert.Equal(Rights.ReadExecute, f.Seen(view, 0x1F2).Rights);
        f.Host.EndLog();
        view.Fill(new Gfn(0x1F2));
        Assert.Equal(Rights.All, f.Seen(view, 0x1F2).Rights);
    }

    [Fact]
    public void Views_come_and_go_by_number()
    {
        using var f = new Fixture(limit: 4);
        Assert.Equal((4, true, true), (f.Views.Limit, f.Views.IsActive, f.Views.IsVisible(0)));
        P2mView[] made = [f.Create(), f.Create(), f.Create()];
        Assert.Equal([1, 2, 3], made.Select(view => view.Index));
        Assert.Equal(ViewResult.Full, f.Views.TryCreate(MemoryAccess.All, out _));
        ulong Entry(int index) => f.Machine.Memory.Word64(f.Views.VisibleRoots.Address + (ulong)index * 8);
        Assert.Equal(f.Format.PointerTo(made[1].Root), Entry(2));
        Assert.Equal(ulong.MaxValue, Entry(4));
        Assert.True(f.Views.TrySetVisible(2, false));
        Assert.Equal((false, ulong.MaxValue), (f.Views.IsVisible(2), Entry(2)));
        Assert.False(f.Views.TrySetVisible(4, true));

        var users = new Inside { View = 2 };
        f.Views.Users = users;
        Assert.Equal(1, made[1].Users);
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(2));
        Assert.False(f.Views.IsVisible(2));
        users.View = 1;
        ulong generation = f.Host.Generation;
        Assert.Equal(ViewResult.Done, f.Views.TryDestroy(2));
        Assert.NotEqual(generation, f.Host.Generation);
        Assert.Null(f.Views.Find(2));
        foreach (int index in new[] { -1, 0, 2, 4 })
            Assert.Equal(ViewResult.NoSuchView, f.Views.TryDestroy(index));
        Assert.Equal(2, f.Create().Index);
        Assert.Equal(ViewResult.InUse, f.Views.TryDestroy(1));
        Assert.True(f.Views.IsVisible(1));
    }

    [Fact]
    public void A_view_that_is_made_again_has_nothing_of_the_old_one()
    {
        using var f = new Fixture();
        P2mView view = f.Create();
        int before = f.Views.TableFrames;
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x280), new Gfn(0x1F3)));
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x1F3), MemoryAccess.None));
        view.Fill(new Gfn(0x280));
        Assert.Equal(ViewResult.Done, f.Views.TryDestroy(1));
        Assert.Equal((0, before - 1), (f.Views.Remaps, f.Views.TableFrames));
        view = f.Create();
        Assert.Equal((1, ViewOverride.None, ViewOverride.None), (view.Index, view.OverrideOf(new Gfn(0x280)), view.OverrideOf(new Gfn(0x1F3))));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x280)));
        Assert.Equal((Rights.All, f.Frame(0x280)), f.Seen(view, 0x280));
    }

    /// <summary>What is 4 KiB a view, and 1,000 overrides side by side take two or three tables more.</summary>
    [Fact]
    public void Five_hundred_and_twelve_views_fit_and_every_frame_comes_back()
    {
        using var f = new Fixture(limit: Altp2m.MaximumLimit);
        for (int i = 1; i < Altp2m.MaximumLimit; i++)
            f.Create();
        Assert.Equal(512, f.Views.TableFrames);
        Assert.Equal(ViewResult.Full, f.Views.TryCreate(MemoryAccess.All, out _));
        for (int i = 0; i < Altp2m.MaximumLimit; i++)
            Assert.Equal(FillResult.Filled, f.Views.Find(i)!.Fill(new Gfn(0x280)));
        Assert.Equal(512 * 3, f.Views.TableFrames);
        P2mView last = f.Views.Find(511)!;
        for (ulong i = 0; i < 1000; i++)
            Assert.Equal(ViewResult.Done, last.TrySetAccess(new Gfn(0x10000 + i), MemoryAccess.Read));
        Assert.Equal(3 + 5, last.TableFrames);
    }

    /// <summary>What a guest may make the hypervisor keep has an end; what is only a cache makes room for what is not.</summary>
    [Fact]
    public void Tables_have_a_limit_and_leaves_give_way()
    {
        using var f = new Fixture(limit: 2);
        P2mView view = f.Create();
        for (ulong i = 0; i < 0x10; i++)
            Assert.True(f.Host.TrySet(new Gfn(0x100000 + (i << 9)), new Mfn(0x30), 0, P2mType.Mmio));
        f.Host.TableLimit = 8;
        Assert.Equal(20, f.Views.TableLimit);
        for (ulong i = 0; i < 0x10; i++)
            Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x100000 + (i << 9))));
        Assert.InRange(f.Views.TableFrames, 5, 20);

        ViewResult result = ViewResult.Done;
        ulong at = 0;
        for (; result == ViewResult.Done; at++)
            result = view.TrySetAccess(new Gfn(at << 9), MemoryAccess.Read);
        Assert.Equal(ViewResult.Full, result);
        Assert.InRange(at, 8UL, 12UL);
        Assert.Equal(MemoryAccess.All, view.AccessOf(new Gfn(at - 1 << 9)));
        Assert.Equal(MemoryAccess.Read, view.AccessOf(new Gfn(0)));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x280)));
        Assert.Equal(FillResult.Filled, view.Fill(new Gfn(0x100000)));
        Assert.InRange(f.Views.TableFrames, 0, 20);
        for (ulong i = 0; i < 0x10; i++)
            Assert.True(f.Host.TryRemove(new Gfn(0x100000 + (i << 9)), 0));
    }

    [Fact]
    public void The_domain_can_have_no_views_and_have_them_again()
    {
        using var f = new Fixture();
        f.Create().Fill(new Gfn(0x280));
        f.Views.Deactivate();
        Assert.Equal((false, false), (f.Views.IsActive, f.Host.Views is not null));
        Assert.Null(f.Views.Find(0));
        Assert.False(f.Views.IsVisible(0));

        // What was left is not in the way.
        Assert.Equal(ViewResult.Done, f.Views.TryActivate());
        Assert.Equal(1, f.Views.TableFrames);
        Assert.Equal(FillResult.Filled, f.Views.Find(0)!.Fill(new Gfn(0x280)));
    }

    private sealed class Elsewhere : TranslationUsers
    {
        public Action OnExpel { get; set; } = () => { };

        public int Expelled { get; private set; }

        public override bool AreElsewhere => true;

        public override void Expel()
        {
            Expelled++;
            OnExpel();
        }
    }

    private sealed class Inside : ViewUsers
    {
        public int View { get; set; }

        public override void Hold()
        {
        }

        public override int CountIn(int view) => view == View ? 1 : 0;
    }
}
