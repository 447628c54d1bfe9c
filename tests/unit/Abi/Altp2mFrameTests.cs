using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>HVMOP_altp2m: rights, remaps and suppression of #VE, of one frame and of many.</summary>
public sealed class Altp2mFrameTests
{
    private const ulong Hole = 0x9_0000, PastTables = 1UL << 36;

    private static readonly ushort[] s_noViews = [5, 9, 10, 512, ushort.MaxValue];

    private static long Error(Errno error) => -(long)error;

    private static Altp2mFixture Views(out ushort view, bool isInside = false, bool is64Bit = true, int budget = 64)
    {
        var views = new Altp2mFixture(isInside, is64Bit: is64Bit, budget: budget, isOn: true);
        Assert.Equal(0, views.Create(MemoryAccess.Default, out view));
        return views;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rights_of_a_frame_are_its_views(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        for (MemoryAccess access = MemoryAccess.None; access < MemoryAccess.Default; access++)
        {
            bool isRefused = views.Target.P2m.Matrix.FitOf(access) == AccessFit.Refused;
            Assert.Equal(isRefused ? Error(Errno.EOPNOTSUPP) : 0, views.SetAccess(view, 3, access));
            if (isRefused)
                continue;
            Assert.Equal((long)access, views.AccessOf(view, 3));
            Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 4));
            Assert.Equal((long)MemoryAccess.All, views.AccessOf(0, 3));
        }
        Assert.Equal(0, views.SetAccess(view, 3, MemoryAccess.Default));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 3));
    }

    [Fact]
    public void Rights_are_refused_for_gaps_views_kinds_and_where_nothing_is()
    {
        using Altp2mFixture views = Views(out ushort view);
        Assert.Equal(Error(Errno.EINVAL), views.SetAccess(view, 3, MemoryAccess.Read, pad: 1));
        Assert.Equal(Error(Errno.EINVAL), views.AccessOf(view, 3, pad: 1));
        foreach (ushort none in s_noViews)
        {
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.SetAccess(none, 3, MemoryAccess.Read)));
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.AccessOf(none, 3)));
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.AccessOf(none, ulong.MaxValue)));
        }
        foreach (ushort kind in new ushort[] { 11, 0x100, 0x107, ushort.MaxValue })
        {
            Assert.Equal((kind, Error(Errno.EINVAL)), (kind, views.SetAccessBy(view, 3, kind)));
            Assert.Equal((kind, Error(Errno.EINVAL)), (kind, views.SetAccessBy(view, ulong.MaxValue, kind)));
        }
        foreach (ulong gfn in new[] { Hole, PastTables, 1UL << 52, ulong.MaxValue - 1 })
        {
            Assert.Equal((gfn, 0L), (gfn, views.SetAccess(view, gfn, MemoryAccess.Read)));
            Assert.Equal((gfn, 0L), (gfn, views.SetAccess(0, gfn, MemoryAccess.Read)));
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.AccessOf(view, gfn)));
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.AccessOf(0, gfn)));
        }
    }

    [Fact]
    public void View_0_stands_for_the_host_p2m_and_frame_minus_1_for_its_default()
    {
        using Altp2mFixture views = Views(out ushort view);
        P2m host = views.Target.P2m;
        Assert.Equal(0, views.SetAccess(0, 3, MemoryAccess.Read));
        Assert.Equal(MemoryAccess.Read, host.AccessOf(new Gfn(3)));
        Assert.Equal(MemoryAccess.Read, views.Target.Altp2m!.Find(0)!.AccessOf(new Gfn(3)));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 3));
        Assert.Equal(0, views.SetAccess(view, ulong.MaxValue, MemoryAccess.ReadWrite));
        Assert.Equal(MemoryAccess.ReadWrite, host.DefaultAccess);
        Assert.Equal((long)MemoryAccess.ReadWrite, views.AccessOf(0, ulong.MaxValue));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, ulong.MaxValue));
        Assert.Equal(0, views.SetAccess(view, ulong.MaxValue, MemoryAccess.Default));
        Assert.Equal(MemoryAccess.ReadWrite, host.DefaultAccess);
        Assert.Equal(0, views.SetAccess(view, 5, MemoryAccess.Default));
        Assert.Equal((long)MemoryAccess.ReadWrite, views.AccessOf(view, 5));
        Assert.Equal(0, views.SetAccess(0, ulong.MaxValue, MemoryAccess.All));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_remap_shows_what_the_view_shows_of_the_other_with_its_rights(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        P2mView seen = views.Target.Altp2m!.Find(view)!;
        Assert.Equal(0, views.SetAccess(view, 4, MemoryAccess.ReadWrite));
        Assert.Equal(0, views.SetAccess(view, 3, MemoryAccess.Read));
        Assert.Equal(0, views.Change(view, 3, 4));
        Assert.Equal(new Gfn(4), seen.HostGfnOf(new Gfn(3)));
        Assert.Equal((long)MemoryAccess.ReadWrite, views.AccessOf(view, 3));
        Assert.Equal(isInside ? 0 : 1, views.Suppressed(view, 3));
        Assert.Equal(0, views.Change(view, 5, 3));
        Assert.Equal(new Gfn(4), seen.HostGfnOf(new Gfn(5)));
        Assert.Equal(0, views.Change(view, 3, ulong.MaxValue));
        Assert.Equal(ViewOverride.None, seen.OverrideOf(new Gfn(3)));
        Assert.Equal(new Gfn(4), seen.HostGfnOf(new Gfn(5)));
        Assert.Equal(0, views.Change(view, 5, 5));
        Assert.Equal(new Gfn(4), seen.HostGfnOf(new Gfn(5)));
    }

    [Fact]
    public void A_remap_is_refused_for_gaps_views_and_where_nothing_is()
    {
        using Altp2mFixture views = Views(out ushort view);
        Assert.Equal(Error(Errno.EINVAL), views.Change(view, 3, 4, pad1: 1));
        Assert.Equal(Error(Errno.EINVAL), views.Change(view, 3, 4, pad2: 1));
        foreach (ushort none in s_noViews)
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Change(none, Hole, 4)));
        foreach (ulong gfn in new[] { Hole, PastTables, 1UL << 52, ulong.MaxValue - 1 })
        {
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.Change(view, gfn, 4)));
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.Change(view, 3, gfn)));
            Assert.Equal((gfn, 0L), (gfn, views.Change(view, gfn, ulong.MaxValue)));
        }
        Assert.Equal(Error(Errno.ESRCH), views.Change(view, ulong.MaxValue, 4));
        Assert.False(views.Target.Altp2m!.HasRemaps);
    }

    /// <summary>Its rights could be got round otherwise: by a remap it would be writable.</summary>
    [Fact]
    public void What_is_not_plain_memory_is_no_target_of_a_remap()
    {
        using Altp2mFixture views = Views(out ushort view);
        P2mEntry entry = views.Target.P2m.Lookup(new Gfn(4));
        foreach (P2mType type in new[] { P2mType.RamReadOnly, P2mType.RamForwarded })
        {
            Assert.True(views.Target.P2m.TrySet(new Gfn(4), entry.Mfn, 0, type));
            Assert.Equal((type, Error(Errno.ESRCH)), (type, views.Change(view, 3, 4)));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Suppression_is_there_until_it_is_taken_away(bool isInside)
    {
        using Altp2mFixture views = Views(out ushort view, isInside);
        Assert.Equal(1, views.Suppressed(view, 3));
        Assert.Equal(0, views.SetSuppressed(view, 3, 0));
        Assert.Equal(0, views.Suppressed(view, 3));
        Assert.Equal(1, views.Suppressed(view, 4));
        Assert.Equal(0, views.SetAccess(view, 3, MemoryAccess.Read));
        Assert.Equal(0, views.Suppressed(view, 3));
        Assert.Equal(0, views.SetSuppressed(view, 3, 0xFF));
        Assert.Equal(1, views.Suppressed(view, 3));
    }

    [Fact]
    public void Suppression_is_refused_for_gaps_views_and_where_nothing_is()
    {
        using Altp2mFixture views = Views(out ushort view);
        Assert.Equal(Error(Errno.EINVAL), views.SetSuppressed(view, 3, 0, pad1: 1));
        Assert.Equal(Error(Errno.EINVAL), views.SetSuppressed(view, 3, 0, pad2: 1));
        Assert.Equal(Error(Errno.EINVAL), views.Suppressed(view, 3, pad1: 1));
        Assert.Equal(Error(Errno.EINVAL), views.Suppressed(view, 3, pad2: 1));
        foreach (ushort none in s_noViews)
        {
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.SetSuppressed(none, Hole, 0)));
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Suppressed(none, Hole)));
        }
        foreach (ulong gfn in new[] { Hole, PastTables, 1UL << 52, ulong.MaxValue })
        {
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.SetSuppressed(view, gfn, 0)));
            Assert.Equal((gfn, Error(Errno.ESRCH)), (gfn, views.Suppressed(view, gfn)));
        }
    }

    private static long SetAccesses(Altp2mFixture views, HvmAltp2mSetMemAccessMulti list, out ulong opaque)
    {
        var argument = new HvmAltp2mOp { SetMemAccessMulti = list };
        long result = views.Call(Altp2mOp.SetMemAccessMulti, ref argument);
        opaque = argument.SetMemAccessMulti.Opaque;
        return result;
    }

    [Theory]
    [InlineData(true, 64)]
    [InlineData(false, 64)]
    [InlineData(true, 1)]
    public void Rights_of_many_frames_are_set_in_passes(bool is64Bit, int budget)
    {
        using Altp2mFixture views = Views(out ushort view, is64Bit: is64Bit, budget: budget);
        const uint many = 150;
        for (uint i = 0; i < many; i++)
        {
            views.Guest.Write(CallFixture.List + (i * 8), 16UL + i);
            views.Guest.Write(CallFixture.Results + i, (byte)(i % 2 == 0 ? MemoryAccess.ReadExecute : MemoryAccess.ReadWrite));
        }
        var list = new HvmAltp2mSetMemAccessMulti { View = view, Count = many, Pfns = CallFixture.List, Accesses = CallFixture.Results };
        Assert.Equal(Error(Errno.EINVAL), SetAccesses(views, list with { Pad = 1 }, out _));
        Assert.Equal(Error(Errno.EINVAL), SetAccesses(views, list with { Opaque = many + 1 }, out _));
        Assert.Equal(Error(Errno.EINVAL), SetAccesses(views, list with { Opaque = ulong.MaxValue }, out _));
        Assert.Equal(Error(Errno.EINVAL), SetAccesses(views, list with { View = 5, Count = 0 }, out _));
        ulong hole = views.Guest.Hole;
        Assert.Equal(0, SetAccesses(views, list with { Count = 0, Pfns = hole, Accesses = hole }, out _));
        Assert.Equal(0, SetAccesses(views, list with { Opaque = many, Pfns = hole, Accesses = hole }, out _));
        Assert.Equal(Error(Errno.EFAULT), SetAccesses(views, list with { Pfns = hole }, out _));
        Assert.Equal(Error(Errno.EFAULT), SetAccesses(views, list with { Accesses = hole }, out _));
        Assert.Equal(Error(Errno.EFAULT), SetAccesses(views, list with { Pfns = is64Bit ? ulong.MaxValue - 3 : 0xFFFF_FFFC }, out _));
        // 32-bit addresses come round to memory.
        if (is64Bit)
            Assert.Equal(Error(Errno.EFAULT), SetAccesses(views, list with { Count = uint.MaxValue, Opaque = uint.MaxValue - 1 }, out _));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 16));
        Assert.Equal(0, SetAccesses(views, list with { Opaque = 100 }, out _));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 16 + 99));
        Assert.Equal((long)MemoryAccess.ReadExecute, views.AccessOf(view, 16 + 100));
        Assert.Equal(0, SetAccesses(views, list, out ulong opaque));
        Assert.Equal(budget == 64 ? 128UL : many - 1, opaque);
        Assert.Equal(budget == 64 ? 2 : (int)many - 1, views.Guest.Restarts);
        for (uint i = 0; i < many; i++)
            Assert.Equal((long)(i % 2 == 0 ? MemoryAccess.ReadExecute : MemoryAccess.ReadWrite), views.AccessOf(view, 16UL + i));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 16 + many));
    }

    [Fact]
    public void What_is_wrong_in_a_list_ends_it_there_and_a_hole_is_left_out()
    {
        using Altp2mFixture views = Views(out ushort view);
        views.Guest.WriteArray<ulong>(CallFixture.List, 16, 17, Hole, 18, 19);
        views.Guest.WriteArray<byte>(CallFixture.Results, 1, 11, 1, 1, 1);
        var list = new HvmAltp2mSetMemAccessMulti { View = view, Count = 5, Pfns = CallFixture.List, Accesses = CallFixture.Results };
        Assert.Equal(Error(Errno.EINVAL), SetAccesses(views, list, out _));
        Assert.Equal((long)MemoryAccess.Read, views.AccessOf(view, 16));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 18));
        Assert.Equal(0, SetAccesses(views, list with { Opaque = 2 }, out _));
        Assert.Equal((long)MemoryAccess.Read, views.AccessOf(view, 19));
    }

    private static long SetSuppressed(Altp2mFixture views, HvmAltp2mSuppressVeMulti range, out HvmAltp2mSuppressVeMulti answer)
    {
        var argument = new HvmAltp2mOp { SuppressVeMulti = range };
        long result = views.Call(Altp2mOp.SetSuppressVeMulti, ref argument);
        answer = argument.SuppressVeMulti;
        return result;
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1)]
    public void Suppression_of_many_notes_the_first_error_and_goes_on(int budget)
    {
        using Altp2mFixture views = Views(out ushort view, budget: budget);
        var all = new HvmAltp2mSuppressVeMulti { View = view, FirstGfn = 16, LastGfn = 16 + 149 };
        Assert.Equal(Error(Errno.EINVAL), SetSuppressed(views, all with { Pad1 = 1 }, out _));
        Assert.Equal(Error(Errno.EINVAL), SetSuppressed(views, all with { LastGfn = 15 }, out _));
        foreach (ushort none in s_noViews)
            Assert.Equal((none, Error(Errno.EINVAL)), (none, SetSuppressed(views, all with { View = none }, out _)));
        Assert.Equal(0, SetSuppressed(views, all, out HvmAltp2mSuppressVeMulti answer));
        Assert.Equal((0, 166UL, 0UL), (answer.FirstError, answer.FirstGfn, answer.FirstErrorGfn));
        Assert.Equal(budget == 64 ? 2 : 149, views.Guest.Restarts);
        Assert.Equal(1, views.Suppressed(view, 15));
        Assert.Equal(0, views.Suppressed(view, 16));
        Assert.Equal(0, views.Suppressed(view, 165));
        Assert.Equal(1, views.Suppressed(view, 166));

        Assert.True(views.Target.P2m.TryRemove(new Gfn(20), 0));
        Assert.True(views.Target.P2m.TryRemove(new Gfn(30), 0));
        Assert.Equal(0, SetSuppressed(views, all with { SuppressVe = 1 }, out answer));
        Assert.Equal((-(int)Errno.ESRCH, 20UL), (answer.FirstError, answer.FirstErrorGfn));
        Assert.Equal(1, views.Suppressed(view, 165));
        Assert.Equal(0, SetSuppressed(views, all with { FirstError = 5 }, out answer));
        Assert.Equal((5, 0UL), (answer.FirstError, answer.FirstErrorGfn));
    }

    /// <summary>Xen takes the last address for the last frame, and looks at each of 2^46 frames.</summary>
    [Fact]
    public void A_range_past_all_memory_ends_at_once()
    {
        using Altp2mFixture views = Views(out ushort view);
        var all = new HvmAltp2mSuppressVeMulti { View = view, FirstGfn = 1000, LastGfn = ulong.MaxValue };
        Assert.Equal(0, SetSuppressed(views, all, out HvmAltp2mSuppressVeMulti answer));
        Assert.True(views.Guest.Restarts < 20);
        Assert.Equal(-(int)Errno.ESRCH, answer.FirstError);
        Assert.Equal(1UL << 36, answer.FirstGfn);
        Assert.Equal(Error(Errno.EINVAL), SetSuppressed(views, all with { FirstGfn = 1UL << 36 }, out _));
    }

    [Fact]
    public void Tables_of_views_have_a_limit_and_ENOSPC_says_so()
    {
        using Altp2mFixture views = Views(out ushort view);
        views.Target.P2m.TableLimit = 0;
        var results = new HashSet<long>();
        for (ushort other = 2; other < Altp2m.DefaultLimit; other++)
            results.Add(views.Create(MemoryAccess.Default, out _));
        for (ushort other = view; other < Altp2m.DefaultLimit; other++)
        {
            for (ulong gfn = 0; gfn < 1024; gfn += 512)
                results.Add(views.SetAccess(other, gfn, MemoryAccess.Read));
            results.Add(views.Change(other, 0, 1));
        }
        Assert.Contains(Error(Errno.ENOSPC), results);
        Assert.True(views.Target.Altp2m!.TableFrames <= views.Target.Altp2m.TableLimit);
    }

    [Fact]
    public void Without_frames_ENOMEM_says_so_and_nothing_has_changed()
    {
        using Altp2mFixture views = Views(out ushort view);
        List<Mfn> taken = views.TakeAllFrames();
        Assert.Equal(Error(Errno.ENOMEM), views.SetAccess(view, 3, MemoryAccess.Read));
        Assert.Equal(Error(Errno.ENOMEM), views.Change(view, 3, 4));
        Assert.Equal(Error(Errno.ENOMEM), views.SetSuppressed(view, 3, 0));
        Assert.Equal(0, SetSuppressed(views, new HvmAltp2mSuppressVeMulti { View = view, FirstGfn = 3, LastGfn = 3 }, out HvmAltp2mSuppressVeMulti answer));
        Assert.Equal(-(int)Errno.ENOMEM, answer.FirstError);
        views.GiveBack(taken);
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(view, 3));
        Assert.Equal(1, views.Suppressed(view, 3));
    }
}
