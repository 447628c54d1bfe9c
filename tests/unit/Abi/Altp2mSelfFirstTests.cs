using System;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Whose a restriction is: with XENOLITH_ALTP2M_OPTION_SELF_FIRST of who made it last, so that the domain itself is told of its own by #VE and of no other's; without it, of
/// nobody, as on Xen.
/// </summary>
public sealed class Altp2mSelfFirstTests
{
    private static readonly Gfn s_page = new(3);

    private static Altp2mFixture Views(bool isInside, bool isSelfFirst, bool is64Bit = true)
    {
        var views = new Altp2mFixture(isInside, is64Bit: is64Bit);
        Assert.Equal(Errno.None, views.Target.SetViews(10, isSelfFirst ? Altp2mOptions.SelfFirst : 0));
        Assert.Equal(0, views.SetState(1));
        foreach (ExposureGroup group in new[] { ExposureGroup.Altp2mInside, ExposureGroup.Altp2mOutside })
            Assert.Equal(Errno.None, views.Target.Exposure.Set(group, HypercallDispatcher.WholeExposure()[(int)group]));
        return views;
    }

    /// <summary>Each way to restrict a frame.</summary>
    public static TheoryData<string, bool, bool> Ways()
    {
        var data = new TheoryData<string, bool, bool>();
        foreach (string way in new[] { "one", "first view", "list", "transaction", "view" })
        {
            foreach (bool isInside in new[] { false, true })
            {
                data.Add(way, isInside, false);
                data.Add(way, isInside, true);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Who_restricts_a_frame_is_told(string way, bool isInside, bool isSelfFirst)
    {
        using Altp2mFixture views = Views(isInside, isSelfFirst);
        ushort view = 0;
        if (way != "first view")
            Assert.Equal(0, views.Create(way == "view" ? MemoryAccess.Read : MemoryAccess.All, out view));
        Restrict(views, way, view);
        P2mView seen = views.Target.Altp2m!.Find(view)!;
        bool isToldItself = isSelfFirst && isInside;
        Assert.Equal((MemoryAccess.Read, !isToldItself), (seen.AccessOf(s_page), seen.SuppressesVe(s_page)));
        Assert.Equal(isToldItself ? 0 : 1, views.Suppressed(view, s_page.Value));
        // Of a view that it has made the domain is told all that nobody restricts otherwise.
        Assert.Equal(!(isToldItself && way != "first view"), seen.SuppressesVe(new Gfn(4)));
        Assert.Equal(FillResult.Filled, seen.Fill(s_page));
    }

    private static void Restrict(Altp2mFixture views, string way, ushort view)
    {
        switch (way)
        {
            case "list":
                views.Guest.WriteArray(CallFixture.List, [s_page.Value]);
                views.Guest.WriteArray(CallFixture.List + 64, [(byte)MemoryAccess.Read]);
                var list = new HvmAltp2mOp { SetMemAccessMulti = new HvmAltp2mSetMemAccessMulti { View = view, Count = 1, Pfns = CallFixture.List, Accesses = CallFixture.List + 64 } };
                Assert.Equal(0, views.Call(Altp2mOp.SetMemAccessMulti, ref list));
                break;
            case "transaction":
                views.Guest.WriteArray(CallFixture.List, [new Altp2mChange { View = view, Gfn = s_page.Value, What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Read }]);
                var batch = new HvmAltp2mOp { Transaction = new Altp2mTransaction { Count = 1, Changes = CallFixture.List } };
                Assert.Equal(0, views.Call(Altp2mOp.Transaction, ref batch));
                break;
            case "one" or "first view":
                Assert.Equal(0, views.SetAccess(view, s_page.Value, MemoryAccess.Read));
                break;
        }
    }

    [Fact]
    public void What_somebody_says_of_suppression_holds_until_the_next_restriction()
    {
        using Altp2mFixture views = Views(isInside: true, isSelfFirst: true);
        Assert.Equal(0, views.Create(MemoryAccess.Read, out ushort view));
        Assert.Equal(0, views.Suppressed(view, s_page.Value));
        Assert.Equal(0, views.SetSuppressed(view, s_page.Value, 1));
        Assert.Equal(1, views.Suppressed(view, s_page.Value));
        Assert.Equal(0, views.SetAccess(view, s_page.Value, MemoryAccess.ReadWrite));
        Assert.Equal(0, views.Suppressed(view, s_page.Value));
        Assert.Equal(0, views.SetSuppressed(view, s_page.Value, 1));
        Assert.Equal(0, views.Change(view, s_page.Value, ulong.MaxValue));
        Assert.Equal((0L, (long)MemoryAccess.Read), (views.Suppressed(view, s_page.Value), views.AccessOf(view, s_page.Value)));
    }

    /// <summary>What a listener restricts later in the host p2m is the listener's, whatever the guest said of the frame before.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void The_last_to_restrict_the_host_is_told(int order)
    {
        using Altp2mFixture views = Views(isInside: true, isSelfFirst: true);
        foreach (ulong gfn in new ulong[] { 3, 511, 512 })
            Assert.Equal(0, views.SetAccess(0, gfn, MemoryAccess.Read));
        views.Target.TakeOverRights(new Gfn(order == 0 ? 3ul : 0), order);
        Assert.Equal((1L, order == 0 ? 0 : 1L, 0L), (views.Suppressed(0, 3), views.Suppressed(0, 511), views.Suppressed(0, 512)));
    }

    /// <summary>As XENMEM_access_op sets them by a list of whatever frames.</summary>
    [Fact]
    public void Frames_past_the_last_are_nobodys()
    {
        using var fixture = new MonitorFixture();
        Assert.Equal(Errno.None, fixture.Target.SetViews(10, Altp2mOptions.SelfFirst));
        Assert.Equal(ViewResult.Done, fixture.Target.TryActivateAltp2m());
        CallFixture guest = fixture.Control.Guest;
        guest.WriteArray<ulong>(CallFixture.List, 1UL << 36, ulong.MaxValue, (1UL << 36) - 1, ulong.MaxValue - 1, 3);
        guest.WriteArray(CallFixture.List + 64, [.. new byte[5].AsSpan()]);
        var argument = new MemoryAccessArgument
        {
            Operation = (byte)MemoryAccessOp.SetMulti, Domain = fixture.Target.Id, Count = 5, Gfns = CallFixture.List, Accesses = CallFixture.List + 64,
        };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AccessOp, ref argument));
        Assert.Equal(MemoryAccess.None, fixture.Target.P2m.AccessOf(s_page));
        fixture.Target.TakeOverRights(new Gfn(ulong.MaxValue), 0);
        fixture.Target.TakeOverRights(new Gfn(ulong.MaxValue - 511), 9);
    }

    [Fact]
    public void A_view_that_is_made_anew_is_its_makers()
    {
        using Altp2mFixture views = Views(isInside: true, isSelfFirst: true);
        Assert.Equal(0, views.Create(MemoryAccess.Read, out ushort view));
        Assert.Equal(0, views.Destroy(view));
        Assert.Equal(ViewResult.Done, views.Target.Altp2m!.TryCreate(MemoryAccess.Read, out int again));
        Assert.Equal(view, again);
        Assert.Equal(1, views.Suppressed(view, s_page.Value));
    }
}
