using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>memory_op (Xen public header memory.h).</summary>
internal static class MemoryTests
{
    private const int Donor = PoolPage.FirstFree + 2, Buffer = PoolPage.FirstFree + 3, Moved = PoolPage.FirstFree + 4;

    /// <summary>A frame beyond RAM and devices where a guest may map things.</summary>
    private const ulong EmptyFrame = 0x20_0000;

    public static void Run(TestRun tests)
    {
        SharedInfoPage(tests);
        AddToPhysmapErrors(tests);
        MemoryMap(tests);
        Reservations(tests);
        ReservationErrors(tests);
        RemoveFromPhysmap(tests);
        Batch(tests);
        Others(tests);
    }

    private static long Call<T>(MemoryOp operation, ref T argument) where T : unmanaged =>
        Xen.Call(Hypercall.MemoryOp, (ulong)operation, ref argument);

    private static void SharedInfoPage(TestRun tests)
    {
        tests.Start("memory add_to_physmap shared_info");
        ulong page = Layout.FrameOf(PoolPage.SharedInfo) * Layout.PageSize;
        Memory.Fill(page, 4096, 0xEE);
        tests.Success(SharedState.Map(), "the call");
        tests.True(Memory.Read64(page + 2048) != 0xEEEE_EEEE_EEEE_EEEE, "the old frame is gone");
        tests.True(Memory.Read32(SharedState.WallClock + 4) != 0, "seconds of the wall clock");
        tests.Equal(Memory.Read32(SharedState.WallClock) & 1, 0, "version of the wall clock is even");
        tests.Success(SharedState.Map(), "the same again");
        tests.True(Memory.Read32(SharedState.WallClock + 4) != 0, "still there");
    }

    private static void AddToPhysmapErrors(TestRun tests)
    {
        tests.Start("memory add_to_physmap errors");
        Hostile.Check(tests, Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap);
        var argument = new AddToPhysmap { Domain = 77, Space = (uint)MapSpace.SharedInfo, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.ESRCH, "domain 77");
        argument = new AddToPhysmap { Domain = DomainIds.Self, Space = 99, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.EINVAL, "space 99");
        argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Index = 1, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.EINVAL, "shared_info, index 1");
        argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GrantTable, Index = 0x7FFF_FFFF, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.EINVAL, "grant table, index 0x7fffffff");
        argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.Gmfn, Index = EmptyFrame, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.EINVAL, "gmfn where nothing is");
        argument = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GmfnForeign, Index = 1, Gpfn = Layout.FrameOf(Donor) };
        tests.Error(Call(MemoryOp.AddToPhysmap, ref argument), Errno.ENOSYS, "gmfn_foreign without a domain");
    }

    private static void MemoryMap(TestRun tests)
    {
        tests.Start("memory memory_map");
        const int entrySize = 20;
        ulong page = Layout.FrameOf(Buffer) * Layout.PageSize;
        var argument = new MemoryMap { EntryCount = 128, Buffer = page };
        tests.Success(Call(MemoryOp.MemoryMap, ref argument), "128 entries");
        tests.Between(argument.EntryCount, 1, 128, "entries");
        uint all = argument.EntryCount;
        ulong ram = 0;
        for (uint i = 0; i < all; i++)
        {
            if (Memory.Read32(page + (i * entrySize) + 16) == (uint)MemmapType.Ram)
            {
                ram += Memory.Read64(page + (i * entrySize) + 8);
            }
        }

        tests.True(ram >= 16 * 1024 * 1024, "16 MiB of RAM");
        argument = new MemoryMap { EntryCount = 1, Buffer = page };
        Memory.Fill(page, 64, 0xEE);
        tests.Success(Call(MemoryOp.MemoryMap, ref argument), "one entry");
        tests.Equal(argument.EntryCount, 1, "one is written");
        tests.Equal(Memory.Read8(page + entrySize), 0xEE, "the byte after it");
        argument = new MemoryMap { EntryCount = 128, Buffer = Hostile.NonCanonical };
        tests.Error(Call(MemoryOp.MemoryMap, ref argument), Errno.EFAULT, "a buffer at a non-canonical address");
        Hostile.Check(tests, Hypercall.MemoryOp, (ulong)MemoryOp.MemoryMap);
    }

    private static void Reservations(TestRun tests)
    {
        tests.Start("memory decrease_reservation, populate_physmap");
        ulong frame = Layout.FrameOf(Donor);
        ulong page = frame * Layout.PageSize;
        long before = CurrentReservation(tests);
        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = DomainIds.Self };
        tests.Equal(Call(MemoryOp.DecreaseReservation, ref argument), 1, "one frame goes");
        tests.Equal(CurrentReservation(tests), before - 1, "the reservation is one less");
        tests.Equal(Call(MemoryOp.DecreaseReservation, ref argument), 0, "the same frame again");
        tests.Equal(Call(MemoryOp.PopulatePhysmap, ref argument), 1, "one frame comes");
        tests.Equal(CurrentReservation(tests), before, "the reservation is as before");
        Memory.Write64(page, 0x5678);
        tests.Equal((long)Memory.Read64(page), 0x5678, "it is RAM");
    }

    private static long CurrentReservation(TestRun tests)
    {
        var domain = new MemoryDomain { Domain = DomainIds.Self };
        long pages = Call(MemoryOp.CurrentReservation, ref domain);
        tests.True(pages > 4096, "more than 16 MiB reserved");
        return pages;
    }

    private static void ReservationErrors(TestRun tests)
    {
        tests.Start("memory reservation errors");
        ulong frame = Layout.FrameOf(Donor);
        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = 77 };
        tests.Equal(Call(MemoryOp.DecreaseReservation, ref argument), 0, "decrease for domain 77");
        argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, ExtentOrder = 30, Domain = DomainIds.Self };
        tests.Equal(Call(MemoryOp.PopulatePhysmap, ref argument), 0, "populate of order 30");
        argument = new MemoryReservation { ExtentStart = Hostile.NonCanonical, ExtentCount = 1, Domain = DomainIds.Self };
        tests.Equal(Call(MemoryOp.DecreaseReservation, ref argument), 0, "a list at a non-canonical address");
        argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = ulong.MaxValue, Domain = DomainIds.Self };
        tests.Equal(Call(MemoryOp.DecreaseReservation, ref argument), 0, "2^64 - 1 extents");
        for (int i = 0; i < Hostile.Count; i++)
        {
            tests.Equal(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.IncreaseReservation, Hostile.At(i)), 0, Hostile.Name(i));
            tests.Equal(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, Hostile.At(i)), 0, Hostile.Name(i));
            tests.Equal(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.PopulatePhysmap, Hostile.At(i)), 0, Hostile.Name(i));
        }
    }

    private static void RemoveFromPhysmap(TestRun tests)
    {
        tests.Start("memory remove_from_physmap");
        ulong frame = Layout.FrameOf(Moved);
        var argument = new RemoveFromPhysmap { Domain = 77, Gpfn = frame };
        tests.Error(Call(MemoryOp.RemoveFromPhysmap, ref argument), Errno.ESRCH, "domain 77");
        argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = EmptyFrame };
        tests.Error(Call(MemoryOp.RemoveFromPhysmap, ref argument), Errno.ENOENT, "where nothing is");
        argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = frame };
        tests.Success(Call(MemoryOp.RemoveFromPhysmap, ref argument), "RAM");
        tests.Error(Call(MemoryOp.RemoveFromPhysmap, ref argument), Errno.ENOENT, "RAM again");
        var reservation = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = DomainIds.Self };
        tests.Between(Call(MemoryOp.PopulatePhysmap, ref reservation), 0, 1, "populate there");
        Hostile.Check(tests, Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap);
    }

    private static void Batch(TestRun tests)
    {
        tests.Start("memory add_to_physmap_batch");
        ulong index = 0, frame = Layout.FrameOf(PoolPage.SharedInfo);
        int error = 99;
        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.SharedInfo, Size = 1,
            Indices = Xen.AddressOf(ref index), Gpfns = Xen.AddressOf(ref frame), Errors = Xen.AddressOf(ref error),
        };
        tests.Success(Call(MemoryOp.AddToPhysmapBatch, ref argument), "space shared_info");
        tests.Equal(error, 0, "error of space shared_info");
        argument.Space = (ushort)MapSpace.GmfnRange;
        tests.Error(Call(MemoryOp.AddToPhysmapBatch, ref argument), Errno.EOPNOTSUPP, "space gmfn_range");
        argument.Space = (ushort)MapSpace.GrantTable;
        frame = Layout.FrameOf(Buffer);
        tests.Success(Call(MemoryOp.AddToPhysmapBatch, ref argument), "space grant_table");
        tests.Equal(error, 0, "its error");
        argument.Space = (ushort)MapSpace.GmfnForeign;
        frame = EmptyFrame;
        tests.Equal(Foreign(ref argument, 77, ref error), -(long)Errno.ESRCH, "a frame of domain 77");
        tests.Equal(Foreign(ref argument, 0, ref error), -(long)Errno.EPERM, "a foreign frame of its own");
        tests.Equal(Foreign(ref argument, DomainIds.Self, ref error), -(long)Errno.ESRCH, "a foreign frame of DOMID_SELF");
        tests.Equal(Foreign(ref argument, DomainIds.Io, ref error), -(long)Errno.ESRCH, "a foreign frame of DOMID_IO");
        argument.Size = 0;
        tests.Success(Call(MemoryOp.AddToPhysmapBatch, ref argument), "an empty batch");
        Hostile.Check(tests, Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmapBatch);
    }

    private static long Foreign(ref AddToPhysmapBatch argument, ushort domain, ref int error)
    {
        argument.ForeignDomain = domain;
        error = 99;
        long result = Call(MemoryOp.AddToPhysmapBatch, ref argument);
        return result == 0 ? error : result;
    }

    private static void Others(TestRun tests)
    {
        tests.Start("memory other operations");
        tests.True(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MaximumRamPage) > 4096, "maximum_ram_page");
        var domain = new MemoryDomain { Domain = DomainIds.Self };
        tests.True(Call(MemoryOp.MaximumReservation, ref domain) > 4096, "maximum_reservation");
        domain = new MemoryDomain { Domain = DomainIds.Self };
        tests.True(Call(MemoryOp.MaximumGpfn, ref domain) > 4096, "maximum_gpfn");
        domain = new MemoryDomain { Domain = 77 };
        tests.Error(Call(MemoryOp.CurrentReservation, ref domain), Errno.ESRCH, "current_reservation of domain 77");
        Hostile.Check(tests, Hypercall.MemoryOp, (ulong)MemoryOp.CurrentReservation);
        tests.Error(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MachphysMapping, Hostile.NonCanonical), Errno.ENOSYS, "machphys_mapping");
        tests.Error(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.MachineMemoryMap, Hostile.NonCanonical), Errno.ENOSYS, "machine_memory_map");
        var extents = default(MachphysMfnList);
        tests.Equal(Call(MemoryOp.MachphysMfnList, ref extents), NarrowCalls.IsOn ? -(long)Errno.EOPNOTSUPP : 0, "machphys_mfn_list");
        tests.Error(Xen.Call(Hypercall.MemoryOp, 8), Errno.ENOSYS, "operation 8");
        tests.Error(Xen.Call(Hypercall.MemoryOp, 63), Errno.ENOSYS, "operation 63");
    }
}
