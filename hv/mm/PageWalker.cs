using System.Threading;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Walks a guest's own page tables as the CPU would: no paging, 32-bit, PAE and 4-level (SDM vol. 3, 4.3 to 4.5), with the
/// access rules of 4.6 and the accessed and dirty flags of 4.8. The tables are the guest's and may hold anything; a walk
/// reads at most four entries, each once, and reaches nothing but the guest's memory.
/// </summary>
internal sealed class PageWalker(GuestMemory memory)
{
    private const ulong PresentBit = 1;
    private const ulong WritableBit = 1 << 1;
    private const ulong UserBit = 1 << 2;
    private const ulong AccessedBit = 1 << 5;
    private const ulong DirtyBit = 1 << 6;
    private const ulong LargeBit = 1 << 7;
    private const ulong NoExecuteBit = 1UL << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    /// <summary>How often a walk starts again because the guest changed an entry under it; then the flags stay as they are.</summary>
    private const int MaximumRestarts = 8;

    private readonly GuestMemory _memory = memory;

    // The entries of the walk in hand, from the root down: the table it is in, where it lies in the host, what was read, whether it can be written.
    private readonly Gfn[] _tables = new Gfn[4];
    private readonly ulong[] _places = new ulong[4];
    private readonly ulong[] _entries = new ulong[4];
    private readonly bool[] _writable = new bool[4];

    public PagingFeatures Features { get; set; } = new(P2m.MaximumAddressBits, true);

    /// <summary>How many entries the last walk read: 0 without paging, else up to 4.</summary>
    public int Depth { get; private set; }

    /// <summary>Whether the last walk's entries have 32 bits.</summary>
    public bool HasNarrowEntries { get; private set; }

    /// <summary>Whether the last walk succeeded and has left the entries with all the flags that it sets, as <see cref="EntryAt"/> tells them.</summary>
    public bool IsSettled { get; private set; }

    /// <summary>The guest frame of a table of the last walk, from the root down.</summary>
    public Gfn TableAt(int step) => _tables[step];

    /// <summary>An entry of the last walk, from the root down.</summary>
    /// <returns>Its address in the host.</returns>
    public ulong EntryAt(int step, out ulong value)
    {
        value = _entries[step];
        return _places[step];
    }

    public bool TryWalk(ulong linear, AccessKind access, in PagingState paging, out ulong physical, out PageFaultError error)
    {
        ulong cr0 = paging.Cr0;
        Depth = 0;
        IsSettled = false;
        if ((cr0 & ControlBits.Cr0Pg) == 0)
        {
            physical = linear;
            error = PageFaultError.None;
            IsSettled = true;
            return true;
        }
        ulong cr4 = paging.Cr4;
        ulong efer = paging.Efer;
        PagingMode mode = (efer & ControlBits.EferLma) != 0 ? PagingMode.FourLevel
            : (cr4 & ControlBits.Cr4Pae) != 0 ? PagingMode.Pae : PagingMode.Wide32;
        bool noExecute = mode != PagingMode.Wide32 && (efer & ControlBits.EferNxe) != 0;
        HasNarrowEntries = mode == PagingMode.Wide32;
        PageFaultError reported = ReportedAccess(access, noExecute || (cr4 & ControlBits.Cr4Smep) != 0);

        for (int attempt = 0; ; attempt++)
        {
            ulong generation = _memory.P2m.Generation;
            if (!TryDescend(linear, paging.Cr3, mode, noExecute, (cr4 & ControlBits.Cr4Pse) != 0, out physical, out Permissions permissions, out error))
            {
                error |= error == PageFaultError.NotCanonical ? PageFaultError.None : reported;
                return false;
            }
            if (!IsAllowed(permissions, access, cr0, cr4, paging.Rflags))
            {
                error = PageFaultError.Present | reported;
                return false;
            }
            // A wait in the descent, for memory to be cleared, is a moment at which frames may go to another owner. From here on there is none.
            IsSettled = generation == _memory.P2m.Generation && TrySetFlags(mode, (access & AccessKind.Write) != 0);
            if (IsSettled || attempt == MaximumRestarts)
                return true;
        }
    }

    private enum PagingMode { Wide32, Pae, FourLevel }

    private readonly record struct Permissions(bool User, bool Writable, bool NoExecute);

    /// <summary>Reads the entries from the root to the leaf. The error holds only what the walk itself found.</summary>
    private bool TryDescend(
        ulong linear, ulong cr3, PagingMode mode, bool noExecute, bool largePages32, out ulong physical, out Permissions permissions, out PageFaultError error)
    {
        physical = 0;
        permissions = new Permissions(true, true, false);
        Depth = 0;
        if (mode == PagingMode.FourLevel && !IsCanonical(linear))
        {
            error = PageFaultError.NotCanonical;
            return false;
        }
        int level = mode switch { PagingMode.Wide32 => 2, PagingMode.Pae => 3, _ => 4 };
        ulong table = RootOf(mode, cr3);
        for (; ; level--)
        {
            if (!TryReadEntry(table + IndexOf(linear, mode, level), mode, out ulong entry))
            {
                error = PageFaultError.TableNotRam;
                return false;
            }
            if ((entry & PresentBit) == 0)
            {
                error = PageFaultError.None;
                return false;
            }
            bool isLeaf = level == 1 || (level < 4 && (entry & LargeBit) != 0 && CanBeLarge(mode, level, largePages32));
            if ((entry & ReservedBits(mode, level, isLeaf, noExecute)) != 0)
            {
                error = PageFaultError.Present | PageFaultError.ReservedBit;
                return false;
            }
            if (!(mode == PagingMode.Pae && level == 3))
            {
                permissions = new Permissions(
                    permissions.User && (entry & UserBit) != 0,
                    permissions.Writable && (entry & WritableBit) != 0,
                    permissions.NoExecute || (noExecute && (entry & NoExecuteBit) != 0));
            }
            if (isLeaf)
            {
                physical = LeafAddress(entry, linear, mode, level);
                error = PageFaultError.None;
                return true;
            }
            table = entry & AddressMask;
        }
    }

    private bool TryReadEntry(ulong address, PagingMode mode, out ulong entry)
    {
        entry = 0;
        P2mEntry frame = _memory.P2m.Lookup(Gfn.Of(address));
        if (!frame.IsReadable)
            return false;
        ulong place = frame.Mfn.Address + (address & Page.OffsetMask);
        entry = mode == PagingMode.Wide32
            ? Volatile.Read(ref _memory.Physical.Word32(place))
            : Volatile.Read(ref _memory.Physical.Word64(place));
        _tables[Depth] = Gfn.Of(address);
        _places[Depth] = place;
        _entries[Depth] = entry;
        _writable[Depth] = frame.IsWritable;
        Depth++;
        return true;
    }

    /// <summary>
    /// Sets the accessed flag of every entry used and the dirty flag of the leaf, each only if the entry is still what was
    /// walked. False: one was not, so the walk is out of date.
    /// </summary>
    private bool TrySetFlags(PagingMode mode, bool write)
    {
        // PDPTEs of PAE paging have no such flags (SDM vol. 3, 4.4.1).
        for (int i = mode == PagingMode.Pae ? 1 : 0; i < Depth; i++)
        {
            ulong old = _entries[i];
            ulong wanted = old | AccessedBit | (write && i == Depth - 1 ? DirtyBit : 0);
            if (wanted == old || !_writable[i])
                continue;
            bool changed = mode == PagingMode.Wide32
                ? Interlocked.CompareExchange(ref _memory.Physical.Word32(_places[i]), (uint)wanted, (uint)old) != (uint)old
                : Interlocked.CompareExchange(ref _memory.Physical.Word64(_places[i]), wanted, old) != old;
            if (changed)
                return false;
            _memory.P2m.MarkWritten(_tables[i]);
            _entries[i] = wanted;
        }
        return true;
    }

    private bool IsAllowed(Permissions page, AccessKind access, ulong cr0, ulong cr4, ulong rflags)
    {
        bool user = (access & (AccessKind.User | AccessKind.Implicit)) == AccessKind.User;
        if (user && !page.User)
            return false;
        if ((access & AccessKind.Fetch) != 0)
            return !page.NoExecute && (user || !page.User || (cr4 & ControlBits.Cr4Smep) == 0);
        if (!user && page.User && (cr4 & ControlBits.Cr4Smap) != 0
            && ((access & AccessKind.Implicit) != 0 || (rflags & ControlBits.RflagsAc) == 0))
            return false;
        return (access & AccessKind.Write) == 0 || page.Writable || (!user && (cr0 & ControlBits.Cr0Wp) == 0);
    }

    private static PageFaultError ReportedAccess(AccessKind access, bool reportsFetch)
    {
        PageFaultError error = PageFaultError.None;
        if ((access & AccessKind.Write) != 0)
            error |= PageFaultError.Write;
        if ((access & (AccessKind.User | AccessKind.Implicit)) == AccessKind.User)
            error |= PageFaultError.User;
        if ((access & AccessKind.Fetch) != 0 && reportsFetch)
            error |= PageFaultError.Fetch;
        return error;
    }

    private static bool IsCanonical(ulong linear) => (ulong)((long)(linear << 16) >> 16) == linear;

    private static ulong RootOf(PagingMode mode, ulong cr3) => mode switch
    {
        PagingMode.Wide32 => cr3 & 0xFFFF_F000,
        PagingMode.Pae => cr3 & 0xFFFF_FFE0,
        _ => cr3 & AddressMask,
    };

    /// <summary>The byte offset of the entry in its table.</summary>
    private static ulong IndexOf(ulong linear, PagingMode mode, int level) => mode == PagingMode.Wide32
        ? ((linear >> (12 + 10 * (level - 1))) & 0x3FF) * 4
        : ((linear >> (12 + 9 * (level - 1))) & (mode == PagingMode.Pae && level == 3 ? 3u : 0x1FFu)) * 8;

    private static bool CanBeLarge(PagingMode mode, int level, bool largePages32) => mode switch
    {
        PagingMode.Wide32 => largePages32,
        PagingMode.Pae => level == 2,
        _ => true,
    };

    private ulong ReservedBits(PagingMode mode, int level, bool isLeaf, bool noExecute)
    {
        int width = Features.PhysicalAddressBits;
        if (mode == PagingMode.Wide32)
        {
            // A 4 MiB page: bits 13-20 hold address bits 32-39 as far as the CPU has them, bit 21 is reserved (SDM vol. 3, table 4-4).
            int high = System.Math.Min(width, 40) - 32;
            return isLeaf && level == 2 ? 0x3F_E000 & ~(((1UL << high) - 1) << 13) : 0;
        }
        ulong reserved = AddressMask & ~((1UL << width) - 1);
        if (mode == PagingMode.Pae)
        {
            reserved |= 0x7FF0_0000_0000_0000;
            // Bits 1, 2 and 6 to 8. So is bit 5 (SDM vol. 3, table 4-8), but QEMU's CPU takes it for the accessed flag of every other
            // level and sets it; a CPU that minds it has done so before anything is walked here.
            if (level == 3)
                return reserved | NoExecuteBit | 0x1C6;
        }
        if (!noExecute)
            reserved |= NoExecuteBit;
        if (level == 4 || (level == 3 && !Features.GigabytePages))
            reserved |= LargeBit;
        if (isLeaf && level > 1)
            reserved |= ((1UL << (9 * (level - 1))) - 1) << 12 & ~(1UL << 12);
        return reserved;
    }

    private static ulong LeafAddress(ulong entry, ulong linear, PagingMode mode, int level)
    {
        if (mode == PagingMode.Wide32 && level == 2)
            return (entry & 0xFFC0_0000) | ((entry >> 13 & 0xFF) << 32) | (linear & 0x3F_FFFF);
        ulong offsetMask = mode == PagingMode.Wide32 ? Page.OffsetMask : (1UL << (12 + 9 * (level - 1))) - 1;
        return (entry & AddressMask & ~offsetMask) | (linear & offsetMask);
    }
}
