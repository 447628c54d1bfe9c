using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>HVMOP_altp2m: views on and off, made, shown, switched to and unmade; the page for #VE. By the control domain, and by the domain itself.</summary>
public sealed class Altp2mViewTests
{
    private static long Error(Errno error) => -(long)error;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Views_are_on_by_any_value_and_off_by_0(bool isInside)
    {
        using var views = new Altp2mFixture(isInside);
        ulong free = views.Guest.Machine.Frames.FreeFrames;
        foreach (byte state in new byte[] { 0, 1, 0xFF, 0x80, 0, 0, 2 })
        {
            Assert.Equal(0, views.SetState(state));
            Assert.Equal(state == 0 ? 0 : 1, views.State());
            foreach (Vcpu vcpu in views.Target.Vcpus)
                Assert.Equal(state == 0 ? Vcpu.NoView : 0, vcpu.ViewIndex);
        }
        Assert.Equal(0, views.SetState(0));
        Assert.Equal(free, views.Guest.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void Switching_off_goes_on_until_all_frames_are_back()
    {
        using var views = new Altp2mFixture(budget: 1);
        ulong free = views.Guest.Machine.Frames.FreeFrames;
        Assert.Equal(0, views.SetState(1));
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(0, views.Create(MemoryAccess.Default, out ushort view));
            for (ulong gfn = 0; gfn < 1024; gfn += 3)
                Assert.Equal(0, views.SetAccess(view, gfn, MemoryAccess.Read));
        }
        Assert.True(views.Guest.Machine.Frames.FreeFrames < free);
        Assert.Equal(0, views.SetState(0));
        Assert.True(views.Guest.Restarts > 0);
        Assert.Equal(free, views.Guest.Machine.Frames.FreeFrames);
    }

    [Fact]
    public void Without_frames_views_stay_off()
    {
        using var views = new Altp2mFixture();
        List<Mfn> taken = views.TakeAllFrames();
        Assert.Equal(Error(Errno.ENOMEM), views.SetState(1));
        Assert.Equal(0, views.State());
        views.GiveBack(taken);
        Assert.Equal(0, views.SetState(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Views_get_the_lowest_free_number_up_to_the_limit(bool isInside)
    {
        using var views = new Altp2mFixture(isInside, isOn: true);
        Assert.Equal(Error(Errno.EINVAL), views.Create((MemoryAccess)11, out _));
        Assert.Equal(Error(Errno.EINVAL), views.CreateBy(0x10A, out _));
        Assert.Equal(Error(Errno.EINVAL), views.CreateBy(ushort.MaxValue, out _));
        for (ushort expected = 1; expected < Altp2m.DefaultLimit; expected++)
        {
            Assert.Equal(0, views.Create(MemoryAccess.Default, out ushort view));
            Assert.Equal(expected, view);
        }
        Assert.Equal(Error(Errno.EINVAL), views.Create(MemoryAccess.Default, out _));
        Assert.Equal(0, views.Destroy(7));
        Assert.Equal(0, views.Destroy(3));
        Assert.Equal(0, views.Create(MemoryAccess.Read, out ushort low));
        Assert.Equal(3, low);
        Assert.Equal((long)MemoryAccess.Read, views.AccessOf(3, ulong.MaxValue));
        Assert.Equal((long)MemoryAccess.All, views.AccessOf(2, ulong.MaxValue));
    }

    [Fact]
    public void Without_frames_no_view_is_made()
    {
        using var views = new Altp2mFixture(isOn: true);
        List<Mfn> taken = views.TakeAllFrames();
        Assert.Equal(Error(Errno.ENOMEM), views.Create(MemoryAccess.Default, out _));
        views.GiveBack(taken);
        Assert.Equal(0, views.Create(MemoryAccess.Default, out ushort view));
        Assert.Equal(1, view);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Only_views_without_vCPUs_are_destroyed(bool isInside)
    {
        using var views = new Altp2mFixture(isInside, isOn: true);
        foreach (ushort none in new ushort[] { 0, 1, 9, 10, 512, ushort.MaxValue })
            Assert.Equal((none, Error(Errno.EBUSY)), (none, views.Destroy(none)));
        views.Create(MemoryAccess.Default, out ushort view);
        views.Target.Vcpus[1].SwitchView(view);
        Assert.Equal(Error(Errno.EBUSY), views.Destroy(view));
        Assert.Equal(0, views.Switch(view));
        Assert.Equal(Error(Errno.EBUSY), views.Destroy(view));
        Assert.Equal(0, views.Switch(0));
        Assert.Equal(0, views.Destroy(view));
        Assert.Equal(Error(Errno.EBUSY), views.Destroy(view));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_switch_takes_all_vCPUs_to_a_visible_view(bool isInside)
    {
        using var views = new Altp2mFixture(isInside, isOn: true);
        views.Create(MemoryAccess.Default, out ushort view);
        foreach (ushort none in new ushort[] { 2, 9, 10, 512, ushort.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Switch(none)));
        Assert.Equal(0, views.Switch(view));
        Assert.Equal((long)view, views.IndexOf(0));
        Assert.Equal((long)view, views.IndexOf(1));
        Assert.Equal(Error(Errno.EINVAL), views.IndexOf(2));
        Assert.Equal(Error(Errno.EINVAL), views.IndexOf(uint.MaxValue));
        Assert.Equal(0, views.Switch(0));
        Assert.Equal(0, views.Show(view, 0));
        Assert.Equal(Error(Errno.EINVAL), views.Switch(view));
        Assert.Equal(0, views.Show(view, 0xFF));
        Assert.Equal(0, views.Switch(view));
        Assert.Equal(0, views.Show(view, 0));
        Assert.Equal((long)view, views.IndexOf(0));
        Assert.Equal(Error(Errno.EINVAL), views.Show(view, 1, pad: 1));
        foreach (ushort none in new ushort[] { 2, 9, 10, 512, ushort.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Show(none, 0)));
    }

    /// <summary>Another's vCPU may be asked to go; its own lies in the view at once.</summary>
    [Fact]
    public void Who_switches_itself_runs_on_in_the_view()
    {
        using var views = new Altp2mFixture(isInside: true, isOn: true);
        views.Create(MemoryAccess.Default, out ushort view);
        Assert.Equal(0, views.Change(view, 3, 4));
        Assert.Equal(0, views.Switch(view));
        Assert.True(views.Target.Altp2m!.HasRemaps);
        Assert.Equal(view, views.Guest.Vcpu.View!.Index);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_page_for_exceptions_is_pinned_until_there_is_none(bool isInside)
    {
        using var views = new Altp2mFixture(isInside, isOn: true);
        const ulong page = 0x30, past = 0x9_0000;
        Mfn frame = views.Target.P2m.Lookup(new Gfn(page)).Mfn;
        uint before = views.Guest.Machine.Frames.ReferencesTo(frame);
        Assert.Equal(Error(Errno.EINVAL), views.Notify(0, page, pad: 1));
        foreach (uint none in new uint[] { 2, 128, uint.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Notify(none, page)));
        foreach (ulong none in new[] { past, 1UL << 36, 1UL << 52, ulong.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.Notify(0, none)));
        Assert.Equal(0, views.Notify(0, page));
        Assert.Equal(before + 1, views.Guest.Machine.Frames.ReferencesTo(frame));
        Assert.Equal(Error(Errno.EEXIST), views.Notify(0, page));
        Assert.Equal(Error(Errno.EEXIST), views.Notify(0, past));
        Assert.Equal(0, views.Notify(1, page));
        foreach (uint none in new uint[] { 2, uint.MaxValue })
            Assert.Equal((none, Error(Errno.EINVAL)), (none, views.StopNotify(none)));
        Assert.Equal(0, views.StopNotify(1));
        Assert.Equal(0, views.StopNotify(1));
        Assert.Equal(before + 1, views.Guest.Machine.Frames.ReferencesTo(frame));
        Assert.True(views.Target.Vcpus[1].MayChooseView);
        Assert.Equal(0, views.SetState(0));
        Assert.Equal(before, views.Guest.Machine.Frames.ReferencesTo(frame));
        Assert.False(views.Target.Vcpus[0].MayChooseView || views.Target.Vcpus[1].MayChooseView);
        Assert.Equal(0, views.SetState(1));
        Assert.Equal(0, views.Notify(0, page));
    }

    [Fact]
    public void A_page_that_is_not_plain_memory_is_refused()
    {
        using var views = new Altp2mFixture(isOn: true);
        const ulong page = 0x30;
        P2mEntry entry = views.Target.P2m.Lookup(new Gfn(page));
        foreach (P2mType type in new[] { P2mType.RamReadOnly, P2mType.RamForwarded })
        {
            Assert.True(views.Target.P2m.TrySet(new Gfn(page), entry.Mfn, 0, type));
            Assert.Equal((type, Error(Errno.EINVAL)), (type, views.Notify(0, page)));
        }
    }
}
