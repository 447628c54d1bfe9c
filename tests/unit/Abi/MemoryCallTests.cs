using Xenolith.Abi.Contract;
using Xenolith.Mm;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>memory_op: what it tells and what it gives.</summary>
public sealed class MemoryCallTests
{
    private static long Memory<T>(CallFixture guest, MemoryOp operation, ref T argument) where T : unmanaged =>
        guest.Call(Hypercall.MemoryOp, (ulong)operation, ref argument);

    private static long Reserve(CallFixture guest, MemoryOp operation, ulong count, uint order, ushort domain = DomainIds.Self, ulong start = 0, uint flags = 0)
    {
        var argument = new MemoryReservation
        {
            ExtentStart = CallFixture.List, ExtentCount = count, ExtentOrder = order, Domain = domain, Flags = flags,
        };
        guest.Write(CallFixture.Argument, argument);
        return guest.Call(Hypercall.MemoryOp, (ulong)operation | start << 6, CallFixture.Argument);
    }

    [Fact]
    public void Tells_sizes_of_the_caller()
    {
        using var guest = new CallFixture();
        var self = new MemoryDomain { Domain = DomainIds.Self };
        Assert.Equal(1024, Memory(guest, MemoryOp.CurrentReservation, ref self));
        Assert.Equal(1040, Memory(guest, MemoryOp.MaximumReservation, ref self));
        Assert.Equal(1023, Memory(guest, MemoryOp.MaximumGpfn, ref self));
        Assert.Equal(CallFixture.MachineMebibytes << 8, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MaximumRamPage, CallFixture.NotCanonical));
    }

    [Theory]
    [InlineData(MemoryOp.CurrentReservation)]
    [InlineData(MemoryOp.MaximumReservation)]
    [InlineData(MemoryOp.MaximumGpfn)]
    public void Sizes_of_others_are_not_everybodys(MemoryOp operation)
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        var domain = new MemoryDomain { Domain = 4 };
        Assert.Equal(-(long)Errno.EPERM, Memory(guest, operation, ref domain));
        domain.Domain = 5;
        Assert.Equal(-(long)Errno.ESRCH, Memory(guest, operation, ref domain));
        domain.Domain = DomainIds.Xen;
        Assert.Equal(-(long)Errno.ESRCH, Memory(guest, operation, ref domain));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.MemoryOp, (ulong)operation, CallFixture.Unmapped));
        domain.Domain = 3;
        Assert.True(Memory(guest, operation, ref domain) > 0);
    }

    [Fact]
    public void The_control_domain_may_ask_about_others()
    {
        using var guest = new CallFixture();
        using var other = guest.Machine.CreateDomain(2, 1, 4);
        var domain = new MemoryDomain { Domain = 4 };
        Assert.Equal(512, Memory(guest, MemoryOp.CurrentReservation, ref domain));
    }

    [Fact]
    public void What_is_done_at_once_has_no_progress()
    {
        using var guest = new CallFixture();
        guest.Domain.SetMemoryMap(new E820Entry[1]);
        foreach (MemoryOp operation in new[] { MemoryOp.MaximumRamPage, MemoryOp.CurrentReservation, MemoryOp.MaximumReservation, MemoryOp.MaximumGpfn, MemoryOp.RemoveFromPhysmap })
            Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.MemoryOp, (ulong)operation | 1 << 6, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MemoryMap | 1 << 6, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.MemoryOp, 0x1_0000_0000 | (ulong)MemoryOp.MaximumRamPage));
    }

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(1u, 1u)]
    [InlineData(2u, 2u)]
    [InlineData(64u, 2u)]
    [InlineData(uint.MaxValue, 2u)]
    public void The_memory_map_fills_the_room_there_is(uint room, uint expected)
    {
        using var guest = new CallFixture();
        guest.Domain.SetMemoryMap([new E820Entry { Address = 0, Size = 0x40_0000, Type = 1 }, new E820Entry { Address = 0xFC00_0000, Size = 0x1000, Type = 2 }]);
        var map = new MemoryMap { EntryCount = room, Buffer = CallFixture.List };
        Assert.Equal(0, Memory(guest, MemoryOp.MemoryMap, ref map));
        Assert.Equal(expected, map.EntryCount);
        E820Entry[] entries = guest.ReadArray<E820Entry>(CallFixture.List, 2);
        Assert.Equal(expected > 0 ? 0x40_0000UL : 0, entries[0].Size);
        Assert.Equal(expected > 1 ? 0xFC00_0000UL : 0, entries[1].Address);
    }

    [Fact]
    public void The_memory_map_of_a_32_bit_caller_has_the_same_entries()
    {
        using var guest = new CallFixture(is64Bit: false);
        guest.Domain.SetMemoryMap([new E820Entry { Address = 0x1_0000_0000, Size = 5, Type = 1 }]);
        var map = new MemoryMap32 { EntryCount = 9, Buffer = (uint)CallFixture.List };
        Assert.Equal(0, Memory(guest, MemoryOp.MemoryMap, ref map));
        Assert.Equal((1u, 0x1_0000_0000UL), (map.EntryCount, guest.Read<E820Entry>(CallFixture.List).Address));
    }

    [Fact]
    public void The_memory_map_has_its_errors_in_order()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MemoryMap, CallFixture.Unmapped));
        guest.Domain.SetMemoryMap(new E820Entry[1]);
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MemoryMap, CallFixture.Unmapped));
        var map = new MemoryMap { EntryCount = 1, Buffer = CallFixture.NotCanonical };
        Assert.Equal(-(long)Errno.EFAULT, Memory(guest, MemoryOp.MemoryMap, ref map));
    }

    [Fact]
    public void Memory_goes_back_and_comes_again_zeroed()
    {
        using var guest = new CallFixture();
        guest.WriteArray<ulong>(CallFixture.List, CallFixture.SpareGfn, CallFixture.SpareGfn + 1);
        guest.Write(CallFixture.SpareGfn << 12, 0x55);
        Assert.Equal(2, Reserve(guest, MemoryOp.DecreaseReservation, 2, 0));
        Assert.Equal(1022UL, guest.Domain.TotalPages);
        Assert.Equal(P2mType.None, guest.Domain.P2m.Lookup(new Gfn(CallFixture.SpareGfn)).Type);
        Assert.Equal(0, Reserve(guest, MemoryOp.DecreaseReservation, 2, 0));
        Assert.Equal(2, Reserve(guest, MemoryOp.PopulatePhysmap, 2, 0));
        Assert.Equal(1024UL, guest.Domain.TotalPages);
        Assert.Equal(0, guest.Read<int>(CallFixture.SpareGfn << 12));
        Assert.Equal([CallFixture.SpareGfn, CallFixture.SpareGfn + 1], guest.ReadArray<ulong>(CallFixture.List, 2));
    }

    [Fact]
    public void Populating_what_is_there_replaces_it()
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.List, CallFixture.SpareGfn);
        guest.Write(CallFixture.SpareGfn << 12, 0x55);
        Assert.Equal(1, Reserve(guest, MemoryOp.PopulatePhysmap, 1, 0));
        Assert.Equal((1024UL, 0), (guest.Domain.TotalPages, guest.Read<int>(CallFixture.SpareGfn << 12)));
    }

    [Fact]
    public void A_large_extent_is_one_extent()
    {
        using var guest = new CallFixture(mebibytes: 8);
        guest.Write(CallFixture.List, 0x400UL);
        Assert.Equal(1, Reserve(guest, MemoryOp.DecreaseReservation, 1, 9));
        Assert.Equal(2048UL - 512, guest.Domain.TotalPages);
        guest.Write(CallFixture.List, 0x401UL);
        Assert.Equal(1, Reserve(guest, MemoryOp.PopulatePhysmap, 1, 8));
        Assert.Equal(2048UL - 256, guest.Domain.TotalPages);
    }

    [Fact]
    public void Many_extents_take_several_passes_and_the_progress_is_in_the_register()
    {
        using var guest = new CallFixture();
        for (ulong i = 0; i < 200; i++)
            guest.Write(CallFixture.List + i * 8, CallFixture.SpareGfn + i);
        Assert.Equal(200, Reserve(guest, MemoryOp.DecreaseReservation, 200, 0));
        Assert.Equal(3, guest.Restarts);
        Assert.Equal(192UL << 6 | (ulong)MemoryOp.DecreaseReservation, guest.Vcpu.Cpu.Registers.Rdi);
        Assert.Equal(200, Reserve(guest, MemoryOp.PopulatePhysmap, 200, 0));
        Assert.Equal(1024UL, guest.Domain.TotalPages);
    }

    [Theory]
    [InlineData(1UL, 10u, DomainIds.Self, 0UL, 0u, 0)] // an order past the limit of an ordinary domain
    [InlineData(1UL, uint.MaxValue, DomainIds.Self, 0UL, 0u, 0)]
    [InlineData(1UL, 0u, (ushort)77, 0UL, 0u, 0)] // no such domain
    [InlineData(1UL, 0u, DomainIds.Self, 5UL, 0u, 5)] // a start past the end
    [InlineData(1UL, 0u, DomainIds.Self, 1UL, 0u, 1)]
    [InlineData(0UL, 0u, DomainIds.Self, 0UL, 0u, 0)]
    [InlineData(1UL << 60, 0u, DomainIds.Self, 0UL, 0u, 0)] // could not be continued
    public void Nothing_that_is_wrong_gives_an_error_number(ulong count, uint order, ushort domain, ulong start, uint flags, long expected)
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        guest.Write(CallFixture.List, CallFixture.SpareGfn);
        Assert.Equal(expected, Reserve(guest, MemoryOp.PopulatePhysmap, count, order, domain, start, flags));
        Assert.Equal(expected, Reserve(guest, MemoryOp.DecreaseReservation, count, order, domain, start, flags));
        Assert.Equal(1024UL, guest.Domain.TotalPages);
    }

    [Fact]
    public void Populating_on_demand_is_not_for_oneself()
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.List, 0x1000UL);
        Assert.Equal(0, Reserve(guest, MemoryOp.PopulatePhysmap, 1, 0, flags: MemoryFlags.PopulateOnDemand));
    }

    [Theory]
    [InlineData(1UL << 36)]
    [InlineData(ulong.MaxValue)]
    [InlineData((1UL << 36) - 1)]
    public void Frames_past_the_address_space_are_not_populated(ulong gfn)
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.List, gfn);
        bool fits = gfn < 1UL << 36;
        Assert.Equal(fits ? 1 : 0, Reserve(guest, MemoryOp.PopulatePhysmap, 1, 0));
        Assert.Equal(0, Reserve(guest, MemoryOp.PopulatePhysmap, 1, 1));
        Assert.Equal(0, Reserve(guest, MemoryOp.DecreaseReservation, 1, 4));
    }

    [Fact]
    public void The_domains_limit_ends_populating()
    {
        using var guest = new CallFixture();
        for (ulong i = 0; i < 40; i++)
            guest.Write(CallFixture.List + i * 8, 0x1000 + i);
        Assert.Equal(16, Reserve(guest, MemoryOp.PopulatePhysmap, 40, 0));
        Assert.Equal(1040UL, guest.Domain.TotalPages);
    }

    [Fact]
    public void A_list_that_ends_in_a_hole_stops_there()
    {
        using var guest = new CallFixture();
        const ulong lastPage = 0x3F_F000;
        guest.Write(lastPage + 0xFF8, CallFixture.SpareGfn);
        var argument = new MemoryReservation { ExtentStart = lastPage + 0xFF8, ExtentCount = 3, Domain = DomainIds.Self };
        Assert.Equal(1, Memory(guest, MemoryOp.DecreaseReservation, ref argument));
        argument.ExtentStart = ulong.MaxValue - 7;
        Assert.Equal(0, Memory(guest, MemoryOp.DecreaseReservation, ref argument));
    }

    [Theory]
    [InlineData(MemoryOp.IncreaseReservation)]
    [InlineData(MemoryOp.DecreaseReservation)]
    [InlineData(MemoryOp.PopulatePhysmap)]
    public void A_reservation_that_cant_be_read_answers_how_far_the_call_had_come(MemoryOp operation)
    {
        foreach (bool is64Bit in (bool[])[true, false])
        {
            using var guest = new CallFixture(is64Bit: is64Bit);
            Assert.Equal(0, guest.Call(Hypercall.MemoryOp, (ulong)operation, guest.Hole));
            Assert.Equal(5, guest.Call(Hypercall.MemoryOp, (ulong)operation | 5 << 6, guest.Hole));
        }
    }

    [Fact]
    public void What_32_bit_callers_have_not_got_is_refused_before_the_argument_is_looked_at()
    {
        using var guest = new CallFixture(is64Bit: false);
        Assert.Equal(-(long)Errno.ENOSYS, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.ClaimPages, guest.Hole));
        Assert.Equal(-(long)Errno.EOPNOTSUPP, guest.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MachphysMfnList, guest.Hole));
    }

    [Theory]
    [InlineData(true, uint.MaxValue)]
    [InlineData(false, int.MaxValue)]
    public void No_limit_reads_as_the_largest_number_of_the_callers_width(bool is64Bit, long expected)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        guest.Domain.MaximumPages = ulong.MaxValue;
        var domain = new MemoryDomain { Domain = DomainIds.Self };
        Assert.Equal(expected, Memory(guest, MemoryOp.MaximumReservation, ref domain));
    }

    [Fact]
    public void A_32_bit_caller_has_its_own_structure_and_list()
    {
        using var guest = new CallFixture(is64Bit: false);
        guest.WriteArray<uint>(CallFixture.List, (uint)CallFixture.SpareGfn, (uint)CallFixture.SpareGfn + 1);
        var argument = new MemoryReservation32 { ExtentStart = (uint)CallFixture.List, ExtentCount = 2, Domain = DomainIds.Self };
        Assert.Equal(2, Memory(guest, MemoryOp.DecreaseReservation, ref argument));
        Assert.Equal(1022UL, guest.Domain.TotalPages);
        Assert.Equal(2, Memory(guest, MemoryOp.PopulatePhysmap, ref argument));
    }

    [Fact]
    public void Increasing_gives_a_translated_guest_nothing()
    {
        using var guest = new CallFixture();
        guest.Write(CallFixture.List, 0x1000UL);
        Assert.Equal(0, Reserve(guest, MemoryOp.IncreaseReservation, 1, 0));
        Assert.Equal(1024UL, guest.Domain.TotalPages);
    }
}
