using Xenolith.Abi.Contract;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>memory_op: what appears where.</summary>
public sealed class PhysmapCallTests
{
    private static long Add(CallFixture guest, MapSpace space, ulong index, ulong gfn, ushort domain = DomainIds.Self, ushort size = 0, ulong start = 0)
    {
        guest.Write(CallFixture.Argument, new AddToPhysmap { Domain = domain, Size = size, Space = (uint)space, Index = index, Gpfn = gfn });
        return guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap | start << 6, CallFixture.Argument);
    }

    private static P2mType TypeOf(CallFixture guest, ulong gfn) => guest.Domain.P2m.Lookup(new Gfn(gfn)).Type;

    [Fact]
    public void Shared_info_replaces_ram_and_moves()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, Add(guest, MapSpace.SharedInfo, 0, CallFixture.SpareGfn));
        Assert.Equal(1023UL, guest.Domain.TotalPages);
        Assert.NotEqual(0u, guest.Read<SharedInfo>(CallFixture.SpareGfn << 12).WallClockSeconds);
        Assert.Equal(0, Add(guest, MapSpace.SharedInfo, 0, CallFixture.SpareGfn));
        Assert.Equal(0, Add(guest, MapSpace.SharedInfo, 0, 0xF0000));
        Assert.Equal((P2mType.None, P2mType.Ram), (TypeOf(guest, CallFixture.SpareGfn), TypeOf(guest, 0xF0000)));
    }

    [Fact]
    public void Shared_info_is_mapped_for_a_32_bit_caller()
    {
        using var guest = new CallFixture(is64Bit: false);
        var argument = new AddToPhysmap32 { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Gpfn = (uint)CallFixture.SpareGfn };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref argument));
        Assert.Equal(1023UL, guest.Domain.TotalPages);
    }

    [Theory]
    [InlineData(0UL, 0)]
    [InlineData(63UL, 0)]
    [InlineData(64UL, -(int)Errno.EINVAL)]
    [InlineData(1UL << 40, 0)]
    [InlineData(0x8000_0000UL, -(int)Errno.EINVAL)]
    [InlineData(ulong.MaxValue, -(int)Errno.EINVAL)]
    public void Grant_frames_grow_the_table_to_its_limit(ulong index, int expected)
    {
        using var guest = new CallFixture();
        Assert.Equal(expected, Add(guest, MapSpace.GrantTable, index, 0xF0000));
        Assert.Equal(expected == 0 ? (int)(uint)index + 1 : 1, guest.Domain.GrantTable.FrameCount);
    }

    [Fact]
    public void A_frame_moves_with_its_content()
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.SpareGfn << 12, 119);
        Assert.Equal(0, Add(guest, MapSpace.Gmfn, CallFixture.SpareGfn, 0xF0010));
        Assert.Equal((P2mType.None, 119), (TypeOf(guest, CallFixture.SpareGfn), guest.Read<int>(0xF001_0000)));
        Assert.Equal(-(long)Errno.EINVAL, Add(guest, MapSpace.Gmfn, CallFixture.SpareGfn, 0xF0011));
        Assert.Equal(0, Add(guest, MapSpace.Gmfn, 0xF0010, CallFixture.SpareGfn));
        Assert.Equal(0, Add(guest, MapSpace.Gmfn, CallFixture.SpareGfn, CallFixture.SpareGfn));
        Assert.Equal((1024UL, 119), (guest.Domain.TotalPages, guest.Read<int>(CallFixture.SpareGfn << 12)));
    }

    [Fact]
    public void A_range_moves_in_passes_and_stops_at_the_first_hole()
    {
        using var guest = new CallFixture();
        Assert.Equal(0, Add(guest, MapSpace.GmfnRange, CallFixture.SpareGfn, 0xF0000, size: 150));
        Assert.Equal(2, guest.Restarts);
        Assert.Equal((P2mType.None, P2mType.Ram), (TypeOf(guest, CallFixture.SpareGfn + 149), TypeOf(guest, 0xF0000 + 149)));
        Assert.Equal(-(long)Errno.EINVAL, Add(guest, MapSpace.GmfnRange, 0x3FF, 0xF1000, size: 2));
        Assert.Equal(0, Add(guest, MapSpace.GmfnRange, 0, 0, size: 0));
    }

    [Theory]
    [InlineData(0u, 1UL, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.EINVAL)] // one page of shared_info
    [InlineData(0u, 0UL, 1UL << 36, DomainIds.Self, 0UL, Errno.ENOENT)] // past four levels
    [InlineData(0u, 0UL, ulong.MaxValue, DomainIds.Self, 0UL, Errno.ENOENT)]
    [InlineData(1u, 0UL, 1UL << 40, DomainIds.Self, 0UL, Errno.ENOENT)]
    [InlineData(2u, ulong.MaxValue, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.EINVAL)]
    [InlineData(2u, 0xFEE00UL, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.EINVAL)]
    [InlineData(4u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.ENOSYS)]
    [InlineData(4u, 0UL, CallFixture.SpareGfn, (ushort)5, 0UL, Errno.ENOSYS)]
    [InlineData(5u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.EINVAL)]
    [InlineData(99u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 0UL, Errno.EINVAL)]
    [InlineData(99u, 0UL, CallFixture.SpareGfn, (ushort)5, 0UL, Errno.ESRCH)]
    [InlineData(0u, 0UL, CallFixture.SpareGfn, (ushort)5, 0UL, Errno.ESRCH)]
    [InlineData(3u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 1UL, Errno.EILSEQ)]
    [InlineData(3u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 65536UL, Errno.EDOM)]
    [InlineData(0u, 0UL, CallFixture.SpareGfn, DomainIds.Self, 65536UL, Errno.EDOM)]
    public void Adding_has_its_errors_in_order(uint space, ulong index, ulong gfn, ushort domain, ulong start, Errno expected)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)expected, Add(guest, (MapSpace)space, index, gfn, domain, start: start));
        Assert.Equal(1024UL, guest.Domain.TotalPages);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, CallFixture.NotCanonical));
    }

    [Fact]
    public void Another_domains_map_is_not_everybodys()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        Assert.Equal(-(long)Errno.EPERM, Add(guest, MapSpace.SharedInfo, 0, 0x100, domain: 4));
        var remove = new RemoveFromPhysmap { Domain = 4, Gpfn = 0x100 };
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref remove));
    }

    [Fact]
    public void A_batch_has_an_error_an_entry()
    {
        using var guest = new CallFixture();
        guest.WriteArray<ulong>(CallFixture.List, 0xF9999, CallFixture.SpareGfn, 0x231);
        guest.WriteArray<ulong>(CallFixture.List + 0x1000, 0xF0030, 0xF0031, 1UL << 40);
        guest.WriteArray(CallFixture.Results, 77, 77, 77);
        var batch = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.Gmfn, Size = 3, Indices = CallFixture.List, Gpfns = CallFixture.List + 0x1000,
            Errors = CallFixture.Results,
        };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, ref batch));
        Assert.Equal([-(int)Errno.EINVAL, 0, -(int)Errno.ENOENT], guest.ReadArray<int>(CallFixture.Results, 3));
    }

    [Fact]
    public void A_long_batch_takes_passes()
    {
        using var guest = new CallFixture();
        for (ulong i = 0; i < 130; i++)
        {
            guest.Write(CallFixture.List + i * 8, CallFixture.SpareGfn + i);
            guest.Write(CallFixture.List + 0x1000 + i * 8, 0xF0000 + i);
            guest.Write(CallFixture.Results + i * 4, 77);
        }
        var batch = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.Gmfn, Size = 130, Indices = CallFixture.List, Gpfns = CallFixture.List + 0x1000,
            Errors = CallFixture.Results,
        };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, ref batch));
        Assert.Equal(2, guest.Restarts);
        Assert.All(guest.ReadArray<int>(CallFixture.Results, 130), error => Assert.Equal(0, error));
    }

    [Theory]
    [InlineData((ushort)3, (ushort)1, 0UL, DomainIds.Self, Errno.EOPNOTSUPP)]
    [InlineData((ushort)3, (ushort)1, 0UL, (ushort)5, Errno.EOPNOTSUPP)]
    [InlineData((ushort)0, (ushort)1, 0UL, (ushort)5, Errno.ESRCH)]
    [InlineData((ushort)2, (ushort)3, 3UL, DomainIds.Self, Errno.EILSEQ)]
    [InlineData((ushort)2, (ushort)3, 4UL, DomainIds.Self, Errno.EILSEQ)]
    [InlineData((ushort)2, (ushort)3, 65536UL, DomainIds.Self, Errno.EDOM)]
    [InlineData((ushort)2, (ushort)0, 0UL, DomainIds.Self, Errno.None)]
    public void A_batch_has_its_errors_in_order(ushort space, ushort size, ulong start, ushort domain, Errno expected)
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.Argument, new AddToPhysmapBatch
        {
            Domain = domain, Space = space, Size = size, Indices = CallFixture.List, Gpfns = CallFixture.List, Errors = CallFixture.Results,
        });
        Assert.Equal(-(long)expected, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch | start << 6, CallFixture.Argument));
    }

    [Fact]
    public void A_batch_faults_on_each_of_its_lists()
    {
        using var guest = new CallFixture();
        ulong[] good = [CallFixture.List, CallFixture.List, CallFixture.Results];
        for (int bad = 0; bad < 3; bad++)
        {
            ulong[] lists = [.. good];
            lists[bad] = CallFixture.NotCanonical;
            var batch = new AddToPhysmapBatch { Domain = DomainIds.Self, Size = 1, Indices = lists[0], Gpfns = lists[1], Errors = lists[2] };
            guest.Write(CallFixture.List, 0UL);
            Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, ref batch));
        }
    }

    [Theory]
    [InlineData((ushort)5, Errno.ESRCH)]
    [InlineData(DomainIds.Xen, Errno.EINVAL)]
    [InlineData((ushort)0, Errno.EPERM)]
    [InlineData(DomainIds.Self, Errno.ESRCH)]
    [InlineData(DomainIds.Io, Errno.ESRCH)]
    public void Foreign_frames_are_refused_an_entry(ushort foreign, Errno expected)
    {
        using var guest = new CallFixture();
        var batch = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = foreign, Indices = CallFixture.List,
            Gpfns = CallFixture.List, Errors = CallFixture.Results,
        };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch, ref batch));
        Assert.Equal(-(int)expected, guest.Read<int>(CallFixture.Results));
    }

    [Theory]
    [InlineData(CallFixture.SpareGfn, DomainIds.Self, Errno.None)]
    [InlineData(0xF9999UL, DomainIds.Self, Errno.ENOENT)]
    [InlineData(ulong.MaxValue, DomainIds.Self, Errno.ENOENT)]
    [InlineData(CallFixture.SpareGfn, (ushort)5, Errno.ESRCH)]
    public void Removing(ulong gfn, ushort domain, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new RemoveFromPhysmap { Domain = domain, Gpfn = gfn };
        Assert.Equal(-(long)expected, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref argument));
        Assert.Equal(expected == Errno.None ? P2mType.None : P2mType.Ram, TypeOf(guest, CallFixture.SpareGfn));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, CallFixture.Unmapped));
    }

    [Fact]
    public void Removing_a_lent_frame_keeps_it_for_later()
    {
        using var guest = new CallFixture();
        Add(guest, MapSpace.GrantTable, 0, 0xF0000);
        guest.Write(0xF000_0000, 0x1234);
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = 0xF0000 };
        Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref argument));
        Add(guest, MapSpace.GrantTable, 0, 0xF0001);
        Assert.Equal(0x1234, guest.Read<int>(0xF000_1000));
    }
}
