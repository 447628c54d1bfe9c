using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>A guest's own grant table and what it maps of another's (Xen public header grant_table.h).</summary>
public static class GrantTable
{
    private const int TablePage = PoolPage.FirstFree;
    private const ushort Busy = GrantEntryFlags.Reading | GrantEntryFlags.Writing;

    /// <summary>Maps the table's first frame.</summary>
    public static long Start()
    {
        var map = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GrantTable, Gpfn = Layout.FrameOf(TablePage) };
        return Hypercalls.MemoryAddToPhysmap(ref map);
    }

    public static void Grant(uint reference, int page, ushort to, ushort flags = GrantEntryFlags.PermitAccess) =>
        Memory.Write64(EntryAt(reference), flags | ((ulong)to << 16) | (Layout.FrameOf(page) << 32));

    /// <summary>The marks that the hypervisor sets while somebody uses the grant.</summary>
    public static int Marks(uint reference) => Memory.Read16(EntryAt(reference)) & Busy;

    public static GnttabMapGrantRef Map(ushort granter, uint reference, int page, uint flags = GrantMapFlags.Host)
    {
        var argument = new GnttabMapGrantRef { HostAddress = AddressOf(page), Flags = flags, Reference = reference, Domain = granter, Status = 99 };
        Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.MapGrantRef, Xen.AddressOf(ref argument), 1);
        return argument;
    }

    public static long Unmap(uint handle, int page)
    {
        var argument = new GnttabUnmapGrantRef { HostAddress = AddressOf(page), Handle = handle, Status = 99 };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.UnmapGrantRef, Xen.AddressOf(ref argument), 1);
        return result == 0 ? argument.Status : result;
    }

    /// <summary>Copies eight bytes from the start of one page to the start of another.</summary>
    public static long Copy(ulong source, ushort sourceDomain, ulong target, ushort targetDomain, ushort flags)
    {
        var argument = new GnttabCopy
        {
            SourceGmfn = source, SourceDomain = sourceDomain, DestinationGmfn = target, DestinationDomain = targetDomain, Length = 8, Flags = flags, Status = 99,
        };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.Copy, Xen.AddressOf(ref argument), 1);
        return result == 0 ? argument.Status : result;
    }

    /// <summary>Gives a page back to the machine.</summary>
    public static long GiveBack(int page)
    {
        ulong frame = Layout.FrameOf(page);
        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref frame), ExtentCount = 1, Domain = DomainIds.Self };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.DecreaseReservation, ref argument);
    }

    public static ulong AddressOf(int page) => Layout.FrameOf(page) * Layout.PageSize;

    private static ulong EntryAt(uint reference) => AddressOf(TablePage) + (reference * 8);
}
