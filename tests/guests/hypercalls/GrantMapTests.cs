using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>
/// Mapping and copying by grant references, as far as a lone domain goes: it grants to itself, under its number (Xen public header
/// grant_table.h). It is the initial domain, number 0. The table's frame is where <see cref="GrantTests"/> put it.
/// </summary>
/// <remarks>Xen takes a page of one's own away from where it was when it is mapped by a grant, so each mapping has a page of its own.</remarks>
internal static class GrantMapTests
{
    private const int TablePage = PoolPage.FirstFree + 6, StatusPage = PoolPage.FirstFree + 10;
    private const int Unused = PoolPage.FirstFree + 11, Target = PoolPage.FirstFree + 12, Second = PoolPage.FirstFree + 13, Plain = PoolPage.FirstFree + 14;
    private const int FirstShared = PoolPage.FirstFree + 16;
    private const ushort Self = 0, Nobody = 77;
    private const uint Reference = 9, Other = 10, PastEnd = 0x10_0000;
    private const ushort Busy = GrantEntryFlags.Reading | GrantEntryFlags.Writing;
    private const uint ReadOnly = GrantMapFlags.Host | GrantMapFlags.ReadOnly;

    /// <summary>Beyond RAM and devices.</summary>
    private const ulong EmptyFrame = 0x20_0000;

    private static int _nextShared = FirstShared;

    public static void Run(TestRun tests)
    {
        // As Linux does: what is mapped over is given back first.
        tests.Start("grant map: room for mappings");
        Take(tests, Target);
        Take(tests, Second);
        Mapping(tests);
        MappingErrors(tests);
        UnmappingErrors(tests);
        ReadOnlyMapping(tests);
        Arguments(tests);
        Copies(tests);
        CopyErrors(tests);
        Swaps(tests);
        Versions(tests);
        Removal(tests);
        OwnPage(tests);
    }

    private static ulong AddressOf(int page) => Layout.FrameOf(page) * Layout.PageSize;

    private static ulong EntryAt(uint reference) => AddressOf(TablePage) + (reference * 8);

    private static void Grant(uint reference, int page, ushort flags = GrantEntryFlags.PermitAccess, ushort to = Self) =>
        Memory.Write64(EntryAt(reference), flags | ((ulong)to << 16) | (Layout.FrameOf(page) << 32));

    /// <summary>A page that no mapping has had yet; its first word is 0x1111.</summary>
    private static int Fresh()
    {
        int page = _nextShared++;
        Memory.Write64(AddressOf(page), 0x1111);
        return page;
    }

    private static void Take(TestRun tests, int page)
    {
        ulong frame = Layout.FrameOf(page);
        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = DomainIds.Self };
        tests.Equal(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, ref argument), 1, "decrease_reservation");
    }

    private static GnttabMapGrantRef Map(uint reference, ulong frame, uint flags = GrantMapFlags.Host, ushort domain = Self)
    {
        var argument = new GnttabMapGrantRef { HostAddress = frame * Layout.PageSize, Flags = flags, Reference = reference, Domain = domain, Status = 99, Handle = 0xABCD };
        Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.MapGrantRef, Xen.AddressOf(ref argument), 1);
        return argument;
    }

    private static long Unmap(uint handle, ulong frame, ulong busAddress = 0)
    {
        var argument = new GnttabUnmapGrantRef { HostAddress = frame * Layout.PageSize, DeviceBusAddress = busAddress, Handle = handle, Status = 99 };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.UnmapGrantRef, Xen.AddressOf(ref argument), 1);
        return result == 0 ? argument.Status : result;
    }

    private static void Mapping(TestRun tests)
    {
        tests.Start("grant map and unmap");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh());
        GnttabMapGrantRef first = Map(Reference, target);
        tests.Equal(first.Status, 0, "status");
        tests.Equal(first.Handle, 0, "the first handle");
        tests.True(first.DeviceBusAddress != 0, "a bus address");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, Busy, "marks of the entry");
        tests.Equal((long)Memory.Read64(AddressOf(Target)), 0x1111, "what is read through the mapping");
        Memory.Write64(AddressOf(Target) + 4088, 0x2222);
        tests.Equal(Copy(Reference, Self, Layout.FrameOf(Plain), DomainIds.Self, GrantCopyFlags.SourceIsGrant, 4096), 0, "copying the grant");
        tests.Equal((long)Memory.Read64(AddressOf(Plain) + 4088), 0x2222, "what was written through it");
        GnttabMapGrantRef second = Map(Reference, Layout.FrameOf(Second), ReadOnly);
        tests.Equal(second.Status, 0, "status of a second mapping");
        tests.Equal(second.Handle, 1, "the second handle");
        tests.Equal((long)Memory.Read64(AddressOf(Second) + 4088), 0x2222, "what is read through it");
        tests.Equal(Unmap(second.Handle, Layout.FrameOf(Second), second.DeviceBusAddress), 0, "unmapping the second, with its bus address");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, Busy, "marks left");
        tests.Equal(Unmap(first.Handle, target), 0, "unmapping the first");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, 0, "marks at last");
        tests.Equal(Unmap(first.Handle, target), (long)GrantStatus.BadHandle, "unmapping the first again");
    }

    private static void MappingErrors(TestRun tests)
    {
        tests.Start("grant map errors");
        ulong target = Layout.FrameOf(Target);
        int page = Fresh();
        Grant(Reference, page);
        Grant(Other, page, GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        tests.Equal(Map(Reference, target, 0, Nobody).Status, (long)GrantStatus.BadGntref, "no kind of mapping");
        tests.Equal(Map(Reference, target, GrantMapFlags.Host | GrantMapFlags.Device, Nobody).Status, (long)GrantStatus.GeneralError, "for a device");
        tests.Equal(Map(Reference, target, GrantMapFlags.Host | GrantMapFlags.Application).Status, (long)GrantStatus.GeneralError, "for an application");
        tests.Equal(Map(Reference, target, GrantMapFlags.Host | GrantMapFlags.ContainsPte).Status, (long)GrantStatus.GeneralError, "with a page-table entry");
        tests.Equal(Map(Reference, target, domain: Nobody).Status, (long)GrantStatus.BadDomain, "of domain 77");
        tests.Equal(Map(Reference, target, domain: DomainIds.Self).Status, (long)GrantStatus.BadDomain, "of DOMID_SELF");
        tests.Equal(Map(Reference, target, domain: DomainIds.Xen).Status, (long)GrantStatus.BadDomain, "of the hypervisor");
        tests.Equal(Map(PastEnd, target).Status, (long)GrantStatus.BadGntref, "a reference past the table");
        tests.Equal(Map(Reference, target, GrantMapFlags.Host | 0x100).Status, (long)GrantStatus.GeneralError, "an unknown flag");
        tests.Equal(Map(Other, target).Status, (long)GrantStatus.GeneralError, "for writing what is granted read-only");
        Grant(Other, page, 0);
        tests.Equal(Map(Other, target).Status, (long)GrantStatus.GeneralError, "an entry that grants nothing");
        Grant(Other, page, GrantEntryFlags.AcceptTransfer);
        tests.Equal(Map(Other, target).Status, (long)GrantStatus.GeneralError, "an entry for a transfer");
        Grant(Other, page, to: 5);
        tests.Equal(Map(Other, target).Status, (long)GrantStatus.GeneralError, "an entry for another domain");
        Grant(Other, Second);
        tests.Equal(Map(Other, target).Status, (long)GrantStatus.BadPage, "an entry of no memory");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, 0, "marks");
        GnttabMapGrantRef mapped = Map(Reference, target);
        tests.Equal(mapped.Status, 0, "at last");
        tests.Equal(Unmap(mapped.Handle, target), 0, "and back");
        Grant(Reference, Fresh());
        tests.Equal(Map(Reference, 1UL << 36).Status, (long)GrantStatus.GeneralError, "past 48 bits of address");
    }

    private static void UnmappingErrors(TestRun tests)
    {
        tests.Start("grant unmap errors");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh());
        GnttabMapGrantRef mapped = Map(Reference, target);
        tests.Equal(mapped.Status, 0, "mapping");
        tests.Equal(Unmap(mapped.Handle + 1, target), (long)GrantStatus.BadHandle, "the next handle");
        tests.Equal(Unmap(0x00FF_FFFF, target), (long)GrantStatus.BadHandle, "a handle that never was");
        tests.Equal(Unmap(0xFFFF_FFFF, target), (long)GrantStatus.BadHandle, "the last number");
        tests.Equal(Unmap(mapped.Handle, Layout.FrameOf(Plain)), (long)GrantStatus.GeneralError, "where RAM is");
        tests.Equal(Unmap(mapped.Handle, EmptyFrame), (long)GrantStatus.GeneralError, "where nothing is");
        tests.Equal(Unmap(mapped.Handle, 0), 0, "nowhere");
        tests.Equal((long)Memory.Read64(AddressOf(Target)), 0x1111, "it is still there");
        tests.Equal(Unmap(mapped.Handle, target, 0x1000), 0, "with another bus address");
        tests.Equal(Unmap(mapped.Handle, target), (long)GrantStatus.BadHandle, "at last");
    }

    private static void ReadOnlyMapping(TestRun tests)
    {
        tests.Start("grant read-only mapping");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh(), GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        GnttabMapGrantRef mapped = Map(Reference, target, ReadOnly);
        tests.Equal(mapped.Status, 0, "status");
        Memory.Write64(AddressOf(Target), 0x3333);
        tests.Equal((long)Memory.Read64(AddressOf(Target)), 0x1111, "a write through it is dropped");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping");
    }

    private static void Arguments(TestRun tests)
    {
        tests.Start("grant mapping as an argument");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh());
        GnttabMapGrantRef mapped = Map(Reference, target);
        Memory.Fill(AddressOf(Target), 64, 0xEE);
        Memory.Write64(AddressOf(Target), DomainIds.Self);
        tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, AddressOf(Target), 1), Errno.EFAULT, "query_size in a mapping");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping");

        int page = Fresh();
        Grant(Reference, page);
        Memory.Write64(AddressOf(page), DomainIds.Self);
        Memory.Write64(AddressOf(page) + 8, 0xEEEE_EEEE);
        mapped = Map(Reference, target, ReadOnly);
        tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, AddressOf(Target), 1), Errno.EFAULT, "query_size in a read-only mapping");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping");
    }

    private static long Copy(ulong source, ushort sourceDomain, ulong target, ushort targetDomain, ushort flags, ushort length = 64, ushort sourceOffset = 0, ushort targetOffset = 0)
    {
        var argument = new GnttabCopy
        {
            SourceGmfn = source, SourceDomain = sourceDomain, SourceOffset = sourceOffset, DestinationGmfn = target, DestinationDomain = targetDomain,
            DestinationOffset = targetOffset, Length = length, Flags = flags, Status = 99,
        };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.Copy, Xen.AddressOf(ref argument), 1);
        return result == 0 ? argument.Status : result;
    }

    private static void Copies(TestRun tests)
    {
        tests.Start("grant copy by reference");
        const ushort both = GrantCopyFlags.SourceIsGrant | GrantCopyFlags.DestinationIsGrant;
        int page = Fresh();
        Grant(Reference, page);
        Grant(Other, Plain);
        Memory.Write64(AddressOf(page) + 8, 0x4444);
        Memory.Fill(AddressOf(Plain), 4096, 0);
        tests.Equal(Copy(Reference, Self, Layout.FrameOf(Plain), DomainIds.Self, GrantCopyFlags.SourceIsGrant, 8, 8, 16), 0, "from a grant");
        tests.Equal((long)Memory.Read64(AddressOf(Plain) + 16), 0x4444, "what came");
        tests.Equal((long)Memory.Read64(AddressOf(Plain) + 24), 0, "what did not");
        tests.Equal(Copy(Layout.FrameOf(Plain), DomainIds.Self, Reference, Self, GrantCopyFlags.DestinationIsGrant, 8, 16, 4088), 0, "to a grant");
        tests.Equal((long)Memory.Read64(AddressOf(page) + 4088), 0x4444, "what came there");
        tests.Equal(Copy(Reference, DomainIds.Self, Other, Self, both, 4096), 0, "between grants");
        tests.Equal((long)Memory.Read64(AddressOf(Plain) + 4088), 0x4444, "what came last");
        tests.Equal(Memory.Read16(EntryAt(Reference)) | Memory.Read16(EntryAt(Other)), GrantEntryFlags.PermitAccess, "marks");

        GnttabMapGrantRef mapped = Map(Reference, Layout.FrameOf(Target));
        tests.Equal(Copy(Layout.FrameOf(Plain), DomainIds.Self, Reference, Self, GrantCopyFlags.DestinationIsGrant), 0, "to a grant that is mapped");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, Busy, "its marks");
        tests.Equal(Copy(Layout.FrameOf(Target), DomainIds.Self, Layout.FrameOf(Plain), DomainIds.Self, 0), 0, "from a mapping");
        tests.Equal(Copy(Layout.FrameOf(Plain), DomainIds.Self, Layout.FrameOf(Target), DomainIds.Self, 0), 0, "to a mapping");
        tests.Equal(Unmap(mapped.Handle, Layout.FrameOf(Target)), 0, "unmapping");

        tests.Start("grant copy to a read-only mapping is refused");
        Grant(Reference, Fresh());
        mapped = Map(Reference, Layout.FrameOf(Target), ReadOnly);
        tests.Equal(Copy(Layout.FrameOf(Plain), DomainIds.Self, Layout.FrameOf(Target), DomainIds.Self, 0), (long)GrantStatus.BadPage, "status");
        tests.Equal(Unmap(mapped.Handle, Layout.FrameOf(Target)), 0, "unmapping");
    }

    private static void CopyErrors(TestRun tests)
    {
        tests.Start("grant copy errors");
        const ushort source = GrantCopyFlags.SourceIsGrant, target = GrantCopyFlags.DestinationIsGrant;
        ulong plain = Layout.FrameOf(Plain);
        Grant(Reference, Unused, GrantEntryFlags.PermitAccess | GrantEntryFlags.ReadOnly);
        Grant(Other, Second);
        tests.Equal(Copy(plain, Self, plain, DomainIds.Self, 0), (long)GrantStatus.PermissionDenied, "a frame of a domain's number");
        tests.Equal(Copy(plain, Nobody, plain, DomainIds.Self, 0), (long)GrantStatus.BadDomain, "a frame of domain 77");
        tests.Equal(Copy(plain, Self, plain, Nobody, target), (long)GrantStatus.BadDomain, "domains before permissions");
        tests.Equal(Copy(Reference, Nobody, plain, DomainIds.Self, source), (long)GrantStatus.BadDomain, "a grant of domain 77");
        tests.Equal(Copy(PastEnd, Self, plain, Nobody, source), (long)GrantStatus.BadDomain, "domains before references");
        tests.Equal(Copy(PastEnd, Self, EmptyFrame, DomainIds.Self, source), (long)GrantStatus.BadGntref, "a reference past the table");
        tests.Equal(Copy(EmptyFrame, DomainIds.Self, PastEnd, Self, target), (long)GrantStatus.BadPage, "no memory");
        tests.Equal(Copy(plain, DomainIds.Self, Reference, Self, target), (long)GrantStatus.GeneralError, "to what is granted read-only");
        tests.Equal(Copy(Other, Self, plain, DomainIds.Self, source), (long)GrantStatus.BadPage, "a grant of no memory");
        Grant(Other, Plain, to: 5);
        tests.Equal(Copy(Other, Self, plain, DomainIds.Self, source, 5000), (long)GrantStatus.GeneralError, "a grant to another domain");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 4096, 1), (long)GrantStatus.BadCopyArg, "past the source's page");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 4096, 0, 1), (long)GrantStatus.BadCopyArg, "past the target's page");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 0, 4096), 0, "nothing, from the page's end");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, 0, "marks");
    }

    private static void Swaps(TestRun tests)
    {
        tests.Start("grant swap_grant_ref");
        Grant(Reference, Fresh());
        Grant(Other, Plain, 0);
        tests.Equal(Swap(Reference, Other), 0, "status");
        tests.Equal(Memory.Read16(EntryAt(Other)), GrantEntryFlags.PermitAccess, "the other entry");
        tests.Equal(Memory.Read16(EntryAt(Reference)), 0, "the entry");
        tests.Equal(Swap(Reference, PastEnd), (long)GrantStatus.BadGntref, "past the table");
        tests.Equal(Swap(PastEnd, PastEnd), (long)GrantStatus.BadGntref, "twice past the table");
        GnttabMapGrantRef mapped = Map(Other, Layout.FrameOf(Target));
        tests.Equal(Swap(Reference, Other), (long)GrantStatus.Eagain, "with an entry in use");
        tests.Equal(Swap(Other, Reference), (long)GrantStatus.Eagain, "the other way");
        tests.Equal(Swap(Other, Other), 0, "with itself");
        tests.Equal(Unmap(mapped.Handle, Layout.FrameOf(Target)), 0, "unmapping");
    }

    private static long Swap(uint a, uint b)
    {
        var argument = new GnttabSwapGrantRef { ReferenceA = a, ReferenceB = b, Status = 99 };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.SwapGrantRef, Xen.AddressOf(ref argument), 1);
        return result == 0 ? argument.Status : result;
    }

    private static long SetVersion(uint version)
    {
        var argument = new GnttabSetVersion { Version = version };
        return Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.SetVersion, Xen.AddressOf(ref argument), 1);
    }

    private static void Versions(TestRun tests)
    {
        tests.Start("grant version 2");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh());
        GnttabMapGrantRef mapped = Map(Reference, target);
        tests.Error(SetVersion(2), Errno.EBUSY, "set_version with an entry in use");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping");
        Grant(3, Fresh());
        mapped = Map(3, target);
        tests.Equal(mapped.Status, 0, "mapping a reserved entry");
        tests.Success(SetVersion(2), "set_version with a reserved entry in use");
        var place = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GrantTable, Index = MapIndices.GrantStatus, Gpfn = Layout.FrameOf(StatusPage) };
        tests.Success(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref place), "the status frame");
        tests.Equal(Memory.Read16(AddressOf(StatusPage) + (3 * 2)), Busy, "its status word");
        tests.Equal(Memory.Read16(AddressOf(TablePage) + (3 * 16)), GrantEntryFlags.PermitAccess, "its flags");
        tests.Equal((long)Memory.Read64(AddressOf(TablePage) + (Reference * 16)), 0, "other entries");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping it");
        tests.Equal(Memory.Read16(AddressOf(StatusPage) + (3 * 2)), 0, "its status word after that");

        ulong entry = AddressOf(TablePage) + (Reference * 16), status = AddressOf(StatusPage) + (Reference * 2);
        Memory.Write64(entry + 8, Layout.FrameOf(Fresh()));
        Memory.Write64(entry, GrantEntryFlags.PermitAccess);
        mapped = Map(Reference, target);
        tests.Equal(mapped.Status, 0, "mapping");
        tests.Equal(Memory.Read16(status), Busy, "status word");
        tests.Equal(Memory.Read16(entry), GrantEntryFlags.PermitAccess, "flags");
        tests.Equal(Unmap(mapped.Handle, target), 0, "unmapping");
        tests.Equal(Memory.Read16(status), 0, "status word at last");
        tests.Equal(Map(256, target).Status, (long)GrantStatus.BadGntref, "past the table");

        tests.Start("grant version 2, a part of a page");
        Memory.Write64(entry + 8, Layout.FrameOf(Unused));
        Memory.Write64(entry, GrantEntryFlags.PermitAccess | GrantEntryFlags.SubPage | (64UL << 32) | (128UL << 48));
        tests.Equal(Map(Reference, target).Status, (long)GrantStatus.GeneralError, "mapping it");
        const ushort source = GrantCopyFlags.SourceIsGrant;
        ulong plain = Layout.FrameOf(Plain);
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 128, 64), 0, "copying all of it");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 129, 64), (long)GrantStatus.GeneralError, "a byte more");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 1, 63), (long)GrantStatus.GeneralError, "the byte before");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source, 4096, 64), (long)GrantStatus.BadCopyArg, "past the page");
        tests.Equal(Memory.Read16(status), 0, "status word");

        tests.Start("grant version 2, transitive entries");
        Memory.Write64(entry + 8, 3);
        Memory.Write64(entry, GrantEntryFlags.Transitive | ((ulong)Self << 32));
        tests.Equal(Map(Reference, target).Status, (long)GrantStatus.GeneralError, "mapping one");
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source), (long)GrantStatus.GeneralError, "one to the granter itself");
        Memory.Write64(entry, GrantEntryFlags.Transitive | ((ulong)Nobody << 32));
        tests.Equal(Copy(Reference, Self, plain, DomainIds.Self, source), (long)GrantStatus.GeneralError, "one to domain 77");
        tests.Equal(Memory.Read16(status), 0, "status word");

        tests.Start("grant version 1 again");
        Memory.Write64(AddressOf(TablePage) + (3 * 16) + 8, 1UL << 32);
        tests.Error(SetVersion(1), Errno.ERANGE, "a reserved entry of more than 32 bits");
        Memory.Write64(AddressOf(TablePage) + (3 * 16) + 8, Layout.FrameOf(Unused));
        Memory.Write64(AddressOf(TablePage) + (4 * 16), GrantEntryFlags.Transitive);
        tests.Error(SetVersion(1), Errno.ERANGE, "a reserved transitive entry");
        Memory.Write64(AddressOf(TablePage) + (4 * 16), GrantEntryFlags.AcceptTransfer);
        tests.Success(SetVersion(1), "a reserved entry for a transfer");
        tests.Equal((long)Memory.Read64(EntryAt(4)), 0, "which is dropped");
        tests.Equal((long)Memory.Read64(EntryAt(3)), (long)(GrantEntryFlags.PermitAccess | (Layout.FrameOf(Unused) << 32)), "one that is kept");
        Memory.Write64(EntryAt(3), 0);
    }

    private static void Removal(TestRun tests)
    {
        tests.Start("grant mapping that is removed");
        ulong target = Layout.FrameOf(Target);
        Grant(Reference, Fresh());
        GnttabMapGrantRef mapped = Map(Reference, target);
        tests.Equal(mapped.Status, 0, "mapping");
        var remove = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = target };
        tests.Success(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.RemoveFromPhysmap, ref remove), "remove_from_physmap");
        tests.Equal(Unmap(mapped.Handle, target), (long)GrantStatus.GeneralError, "unmapping");
        tests.Equal(Memory.Read16(EntryAt(Reference)) & Busy, Busy, "marks that stay");
    }

    private static void OwnPage(TestRun tests)
    {
        tests.Start("grant mapping of one's own page leaves it where it was");
        int page = Fresh();
        Grant(Other, page);
        GnttabMapGrantRef mapped = Map(Other, Layout.FrameOf(Target));
        tests.Equal(mapped.Status, 0, "mapping");
        Memory.Write64(AddressOf(Target), 0x5555);
        tests.Equal((long)Memory.Read64(AddressOf(page)), 0x5555, "the page");
        tests.Equal(Unmap(mapped.Handle, Layout.FrameOf(Target)), 0, "unmapping");
    }
}
