using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>
/// Records of an HVM context that are ours: how vCPUs make their calls, and views. What is saved is what is loaded, a target that lacks something refuses, and nothing that
/// a record says is taken on trust.
/// </summary>
public sealed class OwnRecordTests : IDisposable
{
    private const ulong Buffer = 0x28_0000;
    private const uint Room = 0x10_0000;
    private const uint Pages = 256;

    private readonly ControlFixture _control = new();
    private readonly Domain _source;

    public OwnRecordTests()
    {
        _control.Machine.Services.HasAltp2m = true;
        _source = Make();
        Show(_source);
        MakeCalls(_source);
        MakeViews(_source);
    }

    public void Dispose() => _control.Dispose();

    private sealed record Part(HvmRecord Code, ushort Instance, byte[] Body);

    private CallFixture Guest => _control.Guest;

    private Domain Make(Altp2mMode mode = Altp2mMode.External)
    {
        Domain domain = _control.Make(vcpus: 3);
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            foreach (uint msr in new[] { MsrIndex.Pat, MsrIndex.LongStar })
                TestMachine.Cpu(vcpu).HoldMsr(msr, msr == MsrIndex.Pat ? 0x0007_0406_0007_0406UL : 0);
        }
        Assert.Equal(Pages, _control.Populate(domain.Id, Pages));
        domain.Parameters[(int)HvmParameter.Altp2m] = (ulong)mode;
        return domain;
    }

    private static void Show(Domain domain)
    {
        domain.Exposure.Set(ExposureGroup.CallFeature, Dispatch.WholeExposure(ExposureGroup.CallFeature));
        domain.Exposure.Set(ExposureGroup.HighNumber, 1);
    }

    private static void MakeCalls(Domain domain)
    {
        HypercallTlbs tables = domain.HypercallTlbs;
        HypercallTlbEntry[] entries =
        [
            new(1, 0x7F, new Gfn(1), HypercallTlb.AnyRoot, HypercallTlbFlags.Writable | HypercallTlbFlags.Pinned),
            new((1UL << 52) - 1, (1UL << 52) - 1, new Gfn(9), HypercallTlb.AnyRoot, HypercallTlbFlags.None),
            new(0x100, 0x1FF, new Gfn(0x20), 0x5000, HypercallTlbFlags.OfAddressSpace | HypercallTlbFlags.Writable),
            new(0x100, 0x1FF, new Gfn(0x30), 0x6000, HypercallTlbFlags.OfAddressSpace),
        ];
        foreach (HypercallTlbEntry entry in entries)
            Assert.Equal(HypercallTlbResult.Done, tables.Insert(domain.Vcpus[0].Access, in entry, out _));
        Assert.Equal(HypercallTlbResult.Done, tables.Insert(domain.Vcpus[1].Access, in entries[0], out _));
        Assert.Equal(HypercallTlbResult.Done, tables.Share(domain.Vcpus[1].Access, domain.Vcpus[0].Access));
        Assert.True(tables.SetStrict(domain.Vcpus[1].Access, true));
        domain.Vcpus[2].UserCalls = UserCalls.EventSend | UserCalls.VcpuOwn;
    }

    private static void MakeViews(Domain domain)
    {
        Assert.Equal(ViewResult.Done, domain.TryActivateAltp2m());
        Altp2m views = domain.Altp2m!;
        for (int index = 1; index <= 4; index++)
            Assert.Equal(ViewResult.Done, views.TryCreate(index == 3 ? MemoryAccess.Read : MemoryAccess.All, out _));
        Assert.Equal(ViewResult.Done, views.TryDestroy(2));
        P2mView view = views.Find(1)!;
        for (ulong i = 0; i < 40; i++)
            Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(0x10 + i), MemoryAccess.Read));
        for (ulong i = 0; i < 8; i++)
            Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x80 + i), new Gfn(0x90 + i)));
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x88), new Gfn(0x90)));
        Assert.Equal(ViewResult.Done, view.TrySetSuppressVe(new Gfn(0x12), false));
        Assert.Equal(ViewResult.Done, view.TryRemap(new Gfn(0x5000), new Gfn(0xA0)));
        Assert.True(domain.P2m.TryDepopulate(new Gfn(0xA0)));
        Assert.Equal(ViewResult.Done, views.Find(0)!.TrySetAccess(new Gfn(5), MemoryAccess.ReadExecute));
        Assert.True(views.TrySetVisible(4, false));
        Assert.Equal(ViewResult.Done, views.TryCreateAt(5, MemoryAccess.All, suppressesVe: false));
        Assert.Equal(ViewResult.Done, views.Find(5)!.TrySetSuppressVe(new Gfn(7), true));
        Assert.Equal(ViewResult.Done, domain.Vcpus[1].SwitchView(1));
        Assert.Equal(ViewResult.Done, domain.Vcpus[2].SwitchView(4));
        Assert.True(domain.Vcpus[2].TryNotify(new Gfn(0x40)));
        domain.Vcpus[0].LeaveViews();
    }

    private long Context(DomctlOp operation, Domain domain, ref uint size)
    {
        long result = _control.Call(operation, domain.Id, new Domctl { HvmContext = new DomctlHvmContext { Size = size, Buffer = Buffer } }, out Domctl answer);
        size = answer.HvmContext.Size;
        return result;
    }

    private List<Part> Save(Domain domain)
    {
        uint size = Room;
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, domain, ref size));
        byte[] bytes = Guest.ReadArray<byte>(Buffer, (int)size);
        var parts = new List<Part>();
        for (int at = 0; at < bytes.Length;)
        {
            var descriptor = MemoryMarshal.Read<HvmSaveDescriptor>(bytes.AsSpan(at));
            parts.Add(new Part((HvmRecord)descriptor.TypeCode, descriptor.Instance, bytes.AsSpan(at + 8, (int)descriptor.Length).ToArray()));
            at += 8 + (int)descriptor.Length;
        }
        return parts;
    }

    private long Load(Domain domain, IEnumerable<Part> parts)
    {
        var bytes = new List<byte>();
        foreach (Part part in parts)
        {
            var descriptor = new HvmSaveDescriptor { TypeCode = (ushort)part.Code, Instance = part.Instance, Length = (uint)part.Body.Length };
            bytes.AddRange(MemoryMarshal.AsBytes(new ReadOnlySpan<HvmSaveDescriptor>(in descriptor)));
            bytes.AddRange(part.Body);
        }
        Guest.WriteArray<byte>(Buffer, bytes.ToArray());
        uint size = (uint)bytes.Count;
        return Context(DomctlOp.Sethvmcontext, domain, ref size);
    }

    private static bool IsOwn(Part part) => (ushort)part.Code > 20;

    private static bool IsNew(Part part) => IsOwn(part) && part.Code != HvmRecord.Exposure;

    private static string Text(IEnumerable<Part> parts) => string.Join('\n', parts.Where(IsOwn).Select(part => $"{part.Code} {part.Instance} {Convert.ToHexString(part.Body)}"));

    [Fact]
    public void A_fresh_domain_has_none()
    {
        Assert.DoesNotContain(Save(Make()), IsOwn);
        Domain shown = Make(Altp2mMode.Disabled);
        Show(shown);
        Assert.DoesNotContain(Save(shown), IsNew);
    }

    [Fact]
    public void What_is_saved_is_what_is_loaded()
    {
        List<Part> saved = Save(_source);
        Assert.Equal([HvmRecord.Exposure, HvmRecord.HypercallTlb, HvmRecord.HypercallTlb, HvmRecord.HypercallTlb, HvmRecord.View, HvmRecord.View, HvmRecord.View, HvmRecord.View, HvmRecord.View,
            HvmRecord.VcpuView, HvmRecord.VcpuView, HvmRecord.VcpuView], saved.Where(IsOwn).Select(part => part.Code));
        Domain target = Make();
        Assert.Equal(0, Load(target, saved));
        Assert.Equal(Text(saved), Text(Save(target)));

        HypercallTlbs tables = target.HypercallTlbs;
        Assert.Equal((4, 1, 0), (tables.CountOwn(target.Vcpus[0].Access), tables.CountOwn(target.Vcpus[1].Access), tables.CountOwn(target.Vcpus[2].Access)));
        Assert.Equal(target.Vcpus[0].Access.Buffers, target.Vcpus[1].Access.Buffers.Source);
        Assert.Equal((false, true, false), (target.Vcpus[0].Access.Buffers.IsStrict, target.Vcpus[1].Access.Buffers.IsStrict, target.Vcpus[2].Access.Buffers.IsStrict));
        Assert.True(target.Vcpus[1].Access.Buffers.Table.TryFind(0x101, 0x6000, out Gfn found, out bool isWritable));
        Assert.Equal((new Gfn(0x31), false), (found, isWritable));

        Altp2m views = target.Altp2m!;
        Assert.Null(views.Find(2));
        P2mView view = views.Find(1)!;
        Assert.Equal((MemoryAccess.Read, MemoryAccess.Read, MemoryAccess.All), (view.AccessOf(new Gfn(0x10)), view.AccessOf(new Gfn(0x37)), view.AccessOf(new Gfn(0x38))));
        Assert.Equal((true, false, true), (view.SuppressesVe(new Gfn(0x11)), view.SuppressesVe(new Gfn(0x12)), view.SuppressesVe(new Gfn(0x13))));
        Assert.Equal((new Gfn(0x97), new Gfn(0x90)), (view.HostGfnOf(new Gfn(0x87)), view.HostGfnOf(new Gfn(0x88))));
        Assert.Equal((10, 10), (view.Remaps, views.Remaps));
        Assert.Equal((MemoryAccess.Read, false, true), (views.Find(3)!.DefaultAccess, views.IsVisible(4), views.IsVisible(3)));
        Assert.Equal((false, true), (views.Find(5)!.SuppressesVe(new Gfn(6)), views.Find(5)!.SuppressesVe(new Gfn(7))));
        Assert.Equal(MemoryAccess.ReadExecute, views.Find(0)!.AccessOf(new Gfn(5)));
        Assert.Equal((Vcpu.NoView, 1, 4), (target.Vcpus[0].ViewIndex, target.Vcpus[1].ViewIndex, target.Vcpus[2].ViewIndex));
        Assert.Equal((false, false, true), (target.Vcpus[0].MayChooseView, target.Vcpus[1].MayChooseView, target.Vcpus[2].MayChooseView));
        Assert.Equal(target.P2m.Lookup(new Gfn(0x40)).Mfn, target.Vcpus[2].NotificationPage);

        // What was lost there is there here, until it is lost as well: it was not forgotten.
        Assert.False(view.IsLost(new Gfn(0x5000)));
        Assert.True(target.P2m.TryDepopulate(new Gfn(0xA0)));
        Assert.True(view.IsLost(new Gfn(0x5000)));
    }

    [Fact]
    public void A_remap_that_is_lost_there_is_lost_here()
    {
        Domain target = Make();
        Assert.True(target.P2m.TryDepopulate(new Gfn(0xA0)));
        Assert.Equal(0, Load(target, Save(_source)));
        Assert.True(target.Altp2m!.Find(1)!.IsLost(new Gfn(0x5000)));
        Assert.Equal(1, _control.Populate(target.Id, 1, first: 0xA0));
        Assert.False(target.Altp2m!.Find(1)!.IsLost(new Gfn(0x5000)));
    }

    [Fact]
    public void A_context_that_is_put_back_changes_nothing_and_puts_back_what_was_changed()
    {
        List<Part> saved = Save(_source);
        Assert.Equal(0, Load(_source, saved));
        Assert.Equal(Text(saved), Text(Save(_source)));
        _source.Altp2m!.Find(1)!.TrySetAccess(new Gfn(0x70), MemoryAccess.None);
        _source.Altp2m!.Find(3)!.TryRemap(new Gfn(1), new Gfn(2));
        _source.HypercallTlbs.Purge(_source.Vcpus[0].Access, 0, ulong.MaxValue, HypercallTlb.AnyRoot);
        Assert.Equal(0, Load(_source, saved));
        Assert.Equal(Text(saved), Text(Save(_source)));
    }

    [Fact]
    public void All_of_it_goes_with_the_domain()
    {
        List<Part> saved = Save(_source);
        ulong free = _control.Machine.Frames.FreeFrames;
        Domain target = Make();
        Assert.Equal(0, Load(target, saved));
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, target.Id));
        Assert.Equal(free, _control.Machine.Frames.FreeFrames);
    }

    /// <summary>Bytes of the sets above, changed to what can't be.</summary>
    public static TheoryData<HvmRecord, int, int, int, ulong> Wrong => new()
    {
        // A TLB's state: whose, policy, user mode, count.
        { HvmRecord.HypercallTlb, 0, 0, 4, 3 }, { HvmRecord.HypercallTlb, 0, 0, 4, uint.MaxValue }, { HvmRecord.HypercallTlb, 0, 4, 4, 2 },
        { HvmRecord.HypercallTlb, 2, 8, 4, 0x80 }, { HvmRecord.HypercallTlb, 0, 12, 4, 3 }, { HvmRecord.HypercallTlb, 0, 12, 4, 5 }, { HvmRecord.HypercallTlb, 0, 12, 4, 17 },
        { HvmRecord.HypercallTlb, 0, 12, 4, uint.MaxValue }, { HvmRecord.HypercallTlb, 0, 12, 4, 0x0666_6666 },
        // The first entry: pages, frames, root, flags, what is zero.
        { HvmRecord.HypercallTlb, 0, 16, 8, 1UL << 35 }, { HvmRecord.HypercallTlb, 0, 16, 8, ulong.MaxValue }, { HvmRecord.HypercallTlb, 0, 24, 8, 0 },
        { HvmRecord.HypercallTlb, 0, 24, 8, ulong.MaxValue }, { HvmRecord.HypercallTlb, 0, 32, 8, 1UL << 36 }, { HvmRecord.HypercallTlb, 0, 32, 8, ulong.MaxValue },
        { HvmRecord.HypercallTlb, 0, 40, 8, 0x5001 }, { HvmRecord.HypercallTlb, 0, 48, 4, 0x80 }, { HvmRecord.HypercallTlb, 0, 48, 4, 8 }, { HvmRecord.HypercallTlb, 0, 48, 4, 0x101 },
        { HvmRecord.HypercallTlb, 0, 52, 4, 1 },
        // The second begins where the first ends, or before: by its root it comes first.
        { HvmRecord.HypercallTlb, 0, 56 + 80, 8, 0x1FF },
        // A view: default right, seen, mode, runs.
        { HvmRecord.View, 1, 0, 2, 10 }, { HvmRecord.View, 1, 0, 2, 0xFFFF }, { HvmRecord.View, 1, 2, 1, 4 }, { HvmRecord.View, 1, 3, 1, 0 }, { HvmRecord.View, 1, 3, 1, 1 },
        { HvmRecord.View, 1, 4, 4, 0 }, { HvmRecord.View, 1, 4, 4, 7 }, { HvmRecord.View, 1, 4, 4, 4097 }, { HvmRecord.View, 1, 4, 4, uint.MaxValue }, { HvmRecord.View, 1, 4, 4, 0x0AAA_AAAB },
        // Its second run (frame 0x12): frames, target, how many, rights.
        { HvmRecord.View, 1, 32, 8, 0x11 }, { HvmRecord.View, 1, 32, 8, 1UL << 36 }, { HvmRecord.View, 1, 32, 8, ulong.MaxValue }, { HvmRecord.View, 1, 40, 8, 1UL << 36 },
        { HvmRecord.View, 1, 40, 8, ulong.MaxValue - 1 }, { HvmRecord.View, 1, 48, 4, 0 }, { HvmRecord.View, 1, 48, 4, 2 }, { HvmRecord.View, 1, 48, 4, uint.MaxValue },
        { HvmRecord.View, 1, 52, 1, 11 }, { HvmRecord.View, 1, 52, 1, 255 }, { HvmRecord.View, 1, 53, 1, 2 }, { HvmRecord.View, 1, 54, 2, 1 },
        // Rights that this processor has not: to execute and no more.
        { HvmRecord.View, 1, 52, 1, (ulong)MemoryAccess.Execute }, { HvmRecord.View, 1, 0, 2, (ulong)MemoryAccess.Execute },
        // A vCPU's view: which, by itself, zero, page.
        { HvmRecord.VcpuView, 1, 0, 2, 2 }, { HvmRecord.VcpuView, 1, 0, 2, 6 }, { HvmRecord.VcpuView, 1, 0, 2, 0xFFFE }, { HvmRecord.VcpuView, 1, 2, 2, 2 }, { HvmRecord.VcpuView, 1, 4, 4, 1 },
        { HvmRecord.VcpuView, 1, 8, 8, 0x4000 }, { HvmRecord.VcpuView, 1, 8, 8, 1UL << 52 }, { HvmRecord.VcpuView, 0, 2, 2, 1 }, { HvmRecord.VcpuView, 0, 8, 8, 0x40 },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_a_record_can_not_say_is_refused(HvmRecord code, int instance, int offset, int size, ulong value)
    {
        List<Part> saved = Save(_source);
        Part part = saved.Single(one => one.Code == code && one.Instance == instance);
        byte[] bytes = BitConverter.GetBytes(value);
        bytes.AsSpan(0, size).CopyTo(part.Body.AsSpan(offset));
        ulong free = _control.Machine.Frames.FreeFrames;
        Domain target = Make();
        Assert.Equal(-(long)Errno.EINVAL, Load(target, saved));
        Assert.False(target.IsShutDown);
        Assert.DoesNotContain("no reason given", _control.Machine.Console.Text);
        Assert.Equal(0, _control.Call(DomctlOp.Destroydomain, target.Id));
        Assert.Equal(free, _control.Machine.Frames.FreeFrames);
    }

    /// <summary>The first entry has 0x7F pages.</summary>
    [Theory]
    [InlineData(0x7F, Errno.None)]
    [InlineData(0x7E, Errno.EINVAL)]
    public void An_entry_may_reach_the_end_of_the_physical_address_space_and_not_further(ulong before, Errno expected)
    {
        List<Part> saved = Save(_source);
        Domain target = Make();
        ulong frames = 1UL << (target.Vcpus[0].Access.Features.PhysicalAddressBits - Page.Shift);
        const int gfn = 32, entry = 40;
        byte[] body = saved.Single(one => one.Code == HvmRecord.HypercallTlb && one.Instance == 0).Body;
        // Sorted by root: the two of page tables come first.
        BitConverter.TryWriteBytes(body.AsSpan(gfn + 2 * entry), frames - before);
        Assert.Equal(-(long)expected, Load(target, saved));
    }

    [Theory]
    [InlineData(HvmRecord.HypercallTlb, 0)]
    [InlineData(HvmRecord.View, 1)]
    [InlineData(HvmRecord.VcpuView, 1)]
    public void Every_other_length_is_refused(HvmRecord code, int instance)
    {
        List<Part> saved = Save(_source);
        int at = saved.FindIndex(one => one.Code == code && one.Instance == instance);
        byte[] body = saved[at].Body;
        Domain target = Make();
        for (int length = 0; length <= body.Length + 40; length++)
        {
            byte[] other = new byte[length];
            body.AsSpan(0, Math.Min(length, body.Length)).CopyTo(other);
            saved[at] = saved[at] with { Body = other };
            Assert.Equal(length == body.Length ? 0 : -(long)Errno.EINVAL, Load(target, saved));
        }
    }

    [Theory]
    [InlineData(HvmRecord.HypercallTlb, 3)]
    [InlineData(HvmRecord.HypercallTlb, 0xFFFF)]
    [InlineData(HvmRecord.VcpuView, 3)]
    [InlineData(HvmRecord.View, 10)]
    [InlineData(HvmRecord.View, 0xFFFF)]
    public void An_instance_that_there_is_not_is_refused(HvmRecord code, ushort instance)
    {
        List<Part> saved = Save(_source);
        int at = saved.FindLastIndex(one => one.Code == code);
        saved[at] = saved[at] with { Instance = instance };
        Assert.Equal(-(long)Errno.EINVAL, Load(Make(), saved));
    }

    [Fact]
    public void Tables_that_share_in_a_circle_are_refused()
    {
        List<Part> saved = Save(_source);
        saved.Single(one => one.Code == HvmRecord.HypercallTlb && one.Instance == 0).Body[0] = 1;
        Domain target = Make();
        Assert.Equal(-(long)Errno.EINVAL, Load(target, saved));
        // The first was taken; the second would close the circle.
        Assert.Equal(target.Vcpus[1].Access.Buffers, target.Vcpus[0].Access.Buffers.Source);
        Assert.Equal(target.Vcpus[1].Access.Buffers, target.Vcpus[1].Access.Buffers.Source);
    }

    /// <summary>The bit of exposure group 9, and the vCPU whose record is the first that needs it.</summary>
    [Theory]
    [InlineData(CallFeature.Table)]
    [InlineData(CallFeature.Strict)]
    [InlineData(CallFeature.User)]
    public void A_way_to_make_calls_that_is_not_shown_is_refused(CallFeature feature)
    {
        List<Part> saved = [.. Save(_source).Where(part => part.Code != HvmRecord.Exposure)];
        Domain target = Make();
        target.Exposure.Set(ExposureGroup.CallFeature, Dispatch.WholeExposure(ExposureGroup.CallFeature) & ~(1UL << (int)feature));
        Assert.Equal(-(long)Errno.EINVAL, Load(target, saved));
        Assert.Contains("which the domain is not shown", _control.Machine.Console.Text);
        Show(target);
        Assert.Equal(0, Load(target, saved));
    }

    [Fact]
    public void Views_are_refused_where_nobody_may_have_them_or_not_in_that_mode_or_with_what_does_not_go_with_them()
    {
        List<Part> saved = Save(_source);
        foreach (Altp2mMode mode in (Altp2mMode[])[Altp2mMode.Disabled, Altp2mMode.Mixed, Altp2mMode.Limited])
            Assert.Equal(-(long)Errno.EINVAL, Load(Make(mode), saved));
        Domain target = Make();
        _control.Machine.Services.HasAltp2m = false;
        Assert.Equal(-(long)Errno.EINVAL, Load(target, saved));
        Assert.Contains("this hypervisor lets nobody have any", _control.Machine.Console.Text);
        Assert.Null(target.Altp2m);
        _control.Machine.Services.HasAltp2m = true;
        Assert.Equal(0, Load(target, saved));
    }

    [Fact]
    public void A_vCPU_in_a_view_needs_the_view_first()
    {
        List<Part> saved = [.. Save(_source).Where(part => part.Code != HvmRecord.View)];
        Assert.Equal(-(long)Errno.EINVAL, Load(Make(), saved));
        Assert.Equal(-(long)Errno.EINVAL, Load(Make(), [.. saved.Where(part => part.Instance != 2 || part.Code != HvmRecord.VcpuView)]));
    }

    [Fact]
    public void More_runs_or_frames_than_a_context_carries_are_not_saved()
    {
        Domain many = Make();
        Assert.Equal(ViewResult.Done, many.TryActivateAltp2m());
        P2mView view = many.Altp2m!.Find(0)!;
        for (ulong i = 0; i < ViewRecords.MostRuns; i++)
            Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(2 * i), MemoryAccess.Read));
        uint size = Room;
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, many, ref size));
        Assert.Equal(0, Context(DomctlOp.Sethvmcontext, many, ref size));
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(2 * ViewRecords.MostRuns), MemoryAccess.Read));
        size = Room;
        Assert.Equal(-(long)Errno.E2BIG, Context(DomctlOp.Gethvmcontext, many, ref size));
        for (ulong i = 0; i <= ViewRecords.MostRuns; i++)
            view.TrySetAccess(new Gfn(2 * i), MemoryAccess.Default);
        for (ulong i = 0; i < ViewRecords.MostFrames; i++)
            Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(i), MemoryAccess.Read));
        size = Room;
        Assert.Equal(0, Context(DomctlOp.Gethvmcontext, many, ref size));
        Assert.Equal(ViewResult.Done, view.TrySetAccess(new Gfn(ViewRecords.MostFrames), MemoryAccess.Read));
        size = Room;
        Assert.Equal(-(long)Errno.E2BIG, Context(DomctlOp.Gethvmcontext, many, ref size));
        Assert.Equal(1, many.PauseCount);
    }

    /// <summary>Small records may name many frames: all of a context together no more than one may.</summary>
    [Fact]
    public void Frames_of_all_views_together_have_a_limit()
    {
        List<Part> saved = [.. Save(_source).Where(part => part.Code is not (HvmRecord.View or HvmRecord.VcpuView))];
        for (ushort index = 0; index < 3; index++)
        {
            var state = new ViewState { DefaultAccess = 7, Flags = 1, Mode = (byte)Altp2mMode.External, Runs = 1 };
            var run = new ViewRun { Gfn = 0, Target = ulong.MaxValue, Frames = ViewRecords.MostFrames / 2, Access = (byte)MemoryAccess.Read, SuppressVe = 1 };
            saved.Insert(saved.Count - 1, new Part(HvmRecord.View, index,
                [.. MemoryMarshal.AsBytes(new ReadOnlySpan<ViewState>(in state)), .. MemoryMarshal.AsBytes(new ReadOnlySpan<ViewRun>(in run))]));
        }
        Domain target = Make();
        Assert.Equal(-(long)Errno.EINVAL, Load(target, saved));
        Assert.EndsWith("more of their own than a context carries\n", _control.Machine.Console.Text);
        saved.RemoveAt(saved.Count - 2);
        Assert.Equal(0, Load(target, saved));
    }

    [Theory]
    [InlineData(0x4D02u, 0u, Errno.None)]
    [InlineData(0x4D02u, 3u, Errno.ENOENT)]
    [InlineData(0x4D03u, 1u, Errno.None)]
    [InlineData(0x4D03u, 2u, Errno.ENOENT)]
    [InlineData(0x4D03u, 512u, Errno.ENOENT)]
    [InlineData(0x4D04u, 2u, Errno.None)]
    [InlineData(0x4D05u, 0u, Errno.EINVAL)]
    [InlineData(0x1_4D03u, 0u, Errno.EINVAL)]
    public void One_record_is_asked_for(uint type, uint instance, Errno expected)
    {
        var argument = new DomctlHvmContextPartial { TypeCode = type, Instance = instance, BufferSize = Room, Buffer = Buffer };
        long result = _control.Call(DomctlOp.GethvmcontextPartial, _source.Id, new Domctl { HvmContextPartial = argument }, out Domctl answer);
        Assert.Equal(-(long)expected, result);
        if (expected != Errno.None)
            return;
        byte[] body = Save(_source).Single(part => (uint)part.Code == type && part.Instance == instance).Body;
        Assert.Equal((ulong)body.Length, answer.HvmContextPartial.BufferSize);
    }
}
