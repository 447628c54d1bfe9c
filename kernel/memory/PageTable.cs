using System;
using System.Threading;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>
/// A four-level x86 page table of any format: EPT, NPT, or the hypervisor's own. It is changed only by single 64-bit stores, each of
/// which leaves every address with its old or its new translation: a new table is complete before the store that links it.
/// </summary>
/// <remarks>
/// Invalidating what CPUs have cached is the caller's part. Tables that were unlinked may still be in such caches, so they are
/// kept, unchanged, until <see cref="FreeRetired"/> or <see cref="Release"/>. Leaves' frames are never freed here.
/// </remarks>
public sealed partial class PageTable
{
    private const int Entries = 512;
    private const int TopLevel = 4;

    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly PageTableFormat _format;
    private readonly ushort _owner;
    private uint _retired = FrameInfo.NoLink;
    private ulong _releaseAddress;

    /// <summary>
    /// An empty table. Without a root, for want of memory or by choice, <see cref="Root"/> is invalid and every <see cref="TryMap"/> says false.
    /// </summary>
    /// <param name="hasRoot">Whether it gets one now; otherwise by <see cref="TryBegin"/>.</param>
    public PageTable(PhysicalMemory memory, FrameAllocator frames, PageTableFormat format, ushort owner, bool hasRoot = true)
    {
        _memory = memory;
        _frames = frames;
        _format = format;
        _owner = owner;
        Root = hasRoot && TryNewTable(out Mfn root) ? root : Mfn.Invalid;
    }

    /// <summary>Gives a table without a root one, also after a release. False: no memory.</summary>
    public bool TryBegin()
    {
        if (Root == Mfn.Invalid && TryNewTable(out Mfn root))
        {
            Root = root;
            _releaseAddress = 0;
        }

        return Root != Mfn.Invalid;
    }

    /// <summary>Unmaps everything but the root. The tables wait for <see cref="FreeRetired"/>.</summary>
    public void UnmapAll()
    {
        for (ulong i = 0; Root != Mfn.Invalid && i < Entries; i++)
        {
            var place = new TablePlace(Root.Address + (i * sizeof(ulong)), TopLevel);
            if (_format.IsPresent(_memory.Word64(place.Slot)))
            {
                Replace(place, _format.Absent);
            }
        }
    }

    /// <summary>The top table's frame.</summary>
    public Mfn Root { get; private set; }

    /// <summary>Frames of tables in use, retired ones included.</summary>
    public int TableFrames { get; private set; }

    /// <summary>Whether unlinked tables wait for <see cref="FreeRetired"/>.</summary>
    public bool HasRetired => _retired != FrameInfo.NoLink;

    /// <summary>
    /// Maps 2^order frames. Whatever was mapped there is replaced; a larger leaf around it is split. False: out of memory for tables;
    /// every translation is then as before.
    /// </summary>
    /// <param name="address">Aligned to the size; below 2^48, or sign-extended from bit 47.</param>
    /// <param name="mfn">Aligned to the size.</param>
    /// <param name="order"><see cref="Page.Order4K"/>, <see cref="Page.Order2M"/> or <see cref="Page.Order1G"/>; where the format
    /// has no leaf of that size, a table of smaller leaves appears at once.</param>
    /// <param name="rights">None: the leaf is as the format spells it, not present.</param>
    /// <param name="caching">Cacheability.</param>
    public bool TryMap(ulong address, Mfn mfn, int order, Rights rights, Caching caching)
    {
        int level = Require(address, order);
        return TryDescend(address, level, out TablePlace place) && TryMap(place, mfn, order, rights, caching);
    }

    /// <summary>As the other, where the entry of that size was found before, by <see cref="TryLocate"/>.</summary>
    /// <param name="place">Its place. Nothing was changed since.</param>
    public bool TryMap(TablePlace place, Mfn mfn, int order, Rights rights, Caching caching)
    {
        if ((mfn.Value & ((1UL << order) - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(mfn));
        }

        int level = place.Level;
        ulong entry;
        if (order <= _format.MaximumOrder)
        {
            entry = _format.Leaf(mfn, level, rights, caching);
        }
        else if (TryNewLeaves(mfn, level - 1, rights, caching, out Mfn table))
        {
            entry = _format.Table(table);
        }
        else
        {
            return false;
        }

        Replace(place, entry);
        return true;
    }

    /// <summary>
    /// Unmaps 2^order frames; what is not mapped stays so. False: a larger leaf had to be split and there was no memory for it;
    /// every translation is then as before.
    /// </summary>
    public bool Unmap(ulong address, int order)
    {
        int level = Require(address, order);
        if (!TryFind(address, level, out TablePlace place))
        {
            return true;
        }

        if (place.Level != level && !TryDescend(address, level, out place))
        {
            return false;
        }

        Replace(place, _format.Absent);
        return true;
    }

    /// <summary>Looks the address up as the CPU would.</summary>
    /// <param name="address">Any address, in bytes.</param>
    /// <param name="mfn">The 4-KiB frame that holds the byte.</param>
    /// <param name="rights">What the leaf allows.</param>
    /// <param name="level">1, 2 or 3: the leaf's size.</param>
    public bool TryQuery(ulong address, out Mfn mfn, out Rights rights, out int level)
    {
        bool isMapped = TryLocate(address, out mfn, out rights, out TablePlace place);
        level = place.Level;
        return isMapped;
    }

    /// <summary>As <see cref="TryQuery"/>.</summary>
    /// <param name="address">Any address, in bytes.</param>
    /// <param name="mfn">The 4-KiB frame that holds the byte.</param>
    /// <param name="rights">What the leaf allows.</param>
    /// <param name="place">The entry that decides: the leaf, or one that is not present.</param>
    public bool TryLocate(ulong address, out Mfn mfn, out Rights rights, out TablePlace place)
    {
        place = new TablePlace(0, TopLevel);
        ulong entry = Root == Mfn.Invalid ? _format.Absent : Descend(address, 1, out place);
        if (!_format.IsPresent(entry))
        {
            mfn = Mfn.Invalid;
            rights = Rights.None;
            return false;
        }

        ulong within = (address >> Page.Shift) & ((1UL << OrderOf(place.Level)) - 1);
        mfn = new Mfn(PageTableFormat.FrameOf(entry).Value + within);
        rights = _format.RightsOf(entry);
        return true;
    }

    /// <summary>Gives each leaf of a table the same rights; what it maps, and whether it does, stays.</summary>
    /// <param name="place">An entry of the table, of which all entries are leaves or not present.</param>
    /// <param name="rights">At least one.</param>
    /// <param name="caching">That of all of them.</param>
    public void SetRights(TablePlace place, Rights rights, Caching caching)
    {
        foreach (ref ulong entry in _memory.Words64(place.Slot & ~Page.OffsetMask, Entries))
        {
            if (_format.IsPresent(entry))
            {
                Volatile.Write(ref entry, _format.Leaf(PageTableFormat.FrameOf(entry), place.Level, rights, caching));
            }
        }
    }

    /// <summary>Unmaps what one entry maps, whose place was found before.</summary>
    public void Unmap(TablePlace place) => Replace(place, _format.Absent);

    /// <summary>Frees unlinked tables. Call when no CPU has anything of this table cached from before they were unlinked.</summary>
    public void FreeRetired()
    {
        while (_retired != FrameInfo.NoLink)
        {
            var mfn = new Mfn(_retired);
            _retired = _frames.ReferencesTo(mfn);
            _frames.SetLink(mfn, 0);
            FreeTable(mfn);
        }
    }

    /// <summary>Frees all tables. No CPU may use the root any more; another comes by <see cref="TryBegin"/>.</summary>
    public void Release()
    {
        FreeRetired();
        if (Root != Mfn.Invalid)
        {
            Retire(Root, TopLevel);
            FreeRetired();
            Root = Mfn.Invalid;
        }
    }

    /// <summary>
    /// Frees a part of the tables, each after those that it leads to. No CPU may use the root any more. True: all are gone, and the object is
    /// of no use afterwards.
    /// </summary>
    /// <param name="entries">About how many entries to look at; at least 1.</param>
    public bool ReleaseStep(int entries)
    {
        FreeRetired();
        if (Root == Mfn.Invalid)
        {
            return true;
        }

        // Those at lower addresses are gone. The root alone needs no look.
        while (TableFrames > 1)
        {
            if (entries <= 0)
            {
                return false;
            }

            // The slot that leads to the table of leaves around the address, or what stands in its way above.
            const int aboveLeaves = 2;
            ulong entry = Descend(_releaseAddress, aboveLeaves, out TablePlace place);
            if (LeadsToTable(entry, place.Level))
            {
                FreeTable(place, entry);
            }

            entries -= 1 + FindTableBehind(place, out bool isFound);
            if (isFound)
            {
                continue;
            }

            if (place.Level == TopLevel)
            {
                break;
            }

            // The table with that slot leads to no other any more.
            entry = Descend(_releaseAddress, place.Level + 1, out TablePlace above);
            FreeTable(above, entry);
        }

        FreeTable(Root);
        Root = Mfn.Invalid;
        return true;
    }

    // Moves the release to the next slot of the same table that leads to another. How many entries it took.
    private int FindTableBehind(TablePlace place, out bool isFound)
    {
        int level = place.Level;
        Span<ulong> behind = EntriesFrom(place).Slice(1);
        int at = 0;
        while (at < behind.Length && !LeadsToTable(behind[at], level))
        {
            at++;
        }

        isFound = at < behind.Length;
        if (isFound)
        {
            int shift = Page.Shift + OrderOf(level);
            _releaseAddress = ((_releaseAddress >> shift) + (uint)at + 1) << shift;
        }

        return at;
    }

    // Entries above the leaves' level only.
    private bool LeadsToTable(ulong entry, int level) => _format.IsPresent(entry) && !PageTableFormat.IsLeaf(entry, level);

    private void FreeTable(TablePlace place, ulong entry)
    {
        FreeTable(PageTableFormat.FrameOf(entry));
        _memory.Word64(place.Slot) = _format.Absent;
    }

    // The entry, and those behind it in its table.
    private Span<ulong> EntriesFrom(TablePlace place) =>
        _memory.Words64(place.Slot, Entries - (int)((place.Slot & Page.OffsetMask) / sizeof(ulong)));

    private static int OrderOf(int level) => 9 * (level - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong SlotOf(ulong table, ulong address, int level) =>
        table + (((address >> (Page.Shift + OrderOf(level))) & (Entries - 1)) * sizeof(ulong));

    private static int Require(ulong address, int order)
    {
        long signed = (long)address;
        bool inRange = address >> 48 == 0 || signed >> 47 == -1;
        if (!inRange || (address & ((1UL << (Page.Shift + order)) - 1)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(address));
        }

        return order switch
        {
            Page.Order4K => 1,
            Page.Order2M => 2,
            Page.Order1G => 3,
            _ => throw new ArgumentOutOfRangeException(nameof(order)),
        };
    }

    // The entry at the level, or a leaf above it. False: the way down ends at an absent entry above the level.
    private bool TryFind(ulong address, int level, out TablePlace place)
    {
        place = new TablePlace(0, TopLevel);
        if (Root == Mfn.Invalid)
        {
            return false;
        }

        ulong entry = Descend(address, level, out place);
        return place.Level == level || _format.IsPresent(entry);
    }

    // The entry at the level, or the one above it where the way down ends: a leaf, or one that is not present.
    private ulong Descend(ulong address, int level, out TablePlace place)
    {
        PhysicalMemory memory = _memory;
        PageTableFormat format = _format;
        ulong table = Root.Address;
        for (int at = TopLevel; ; at--)
        {
            ulong slot = SlotOf(table, address, at);
            ulong entry = memory.Word64(slot);
            if (at == level || !format.IsPresent(entry) || PageTableFormat.IsLeaf(entry, at))
            {
                place = new TablePlace(slot, at);
                return entry;
            }

            table = PageTableFormat.FrameOf(entry).Address;
        }
    }

    // The entry at the level, making tables and splitting leaves on the way.
    private bool TryDescend(ulong address, int level, out TablePlace place)
    {
        place = default;
        if (Root == Mfn.Invalid)
        {
            return false;
        }

        while (true)
        {
            ulong entry = Descend(address, level, out place);
            if (place.Level == level)
            {
                return true;
            }

            if (!TryNewTableLike(entry, place.Level, out Mfn next))
            {
                return false;
            }

            Replace(place, _format.Table(next));
        }
    }

    // A table one level down that translates just as the entry does: nothing anywhere, or the parts of its leaf.
    private bool TryNewTableLike(ulong entry, int level, out Mfn table) => _format.IsPresent(entry)
        ? TryNewLeaves(PageTableFormat.FrameOf(entry), level - 1, _format.RightsOf(entry), _format.CachingOf(entry, level), out table)
        : TryNewTable(out table);

    private bool TryNewLeaves(Mfn first, int level, Rights rights, Caching caching, out Mfn table)
    {
        if (!TryNewTable(out table))
        {
            return false;
        }

        for (uint i = 0; i < Entries; i++)
        {
            var mfn = new Mfn(first.Value + ((ulong)i << OrderOf(level)));
            _memory.Word64(table.Address + (i * sizeof(ulong))) = _format.Leaf(mfn, level, rights, caching);
        }

        return true;
    }

    private bool TryNewTable(out Mfn table)
    {
        if (!_frames.TryAllocate(0, _owner, FrameType.PageTable, out table))
        {
            return false;
        }

        TableFrames++;
        if (_format.Absent is not 0 and ulong absent)
        {
            _memory.Words64(table.Address, Entries).Fill(absent);
        }

        return true;
    }

    // The one store that changes a linked table. The release order makes a new table's contents visible before it.
    private void Replace(TablePlace place, ulong entry)
    {
        ref ulong slot = ref _memory.Word64(place.Slot);
        int level = place.Level;
        ulong old = slot;
        Volatile.Write(ref slot, entry);
        if (level > 1 && _format.IsPresent(old) && !PageTableFormat.IsLeaf(old, level))
        {
            Retire(PageTableFormat.FrameOf(old), level - 1);
        }
    }

    // Depth-first over at most four levels; entries are only read.
    private void Retire(Mfn table, int level)
    {
        for (uint i = 0; level > 1 && i < Entries; i++)
        {
            ulong entry = _memory.Word64(table.Address + (i * sizeof(ulong)));
            if (_format.IsPresent(entry) && !PageTableFormat.IsLeaf(entry, level))
            {
                Retire(PageTableFormat.FrameOf(entry), level - 1);
            }
        }

        _frames.SetLink(table, _retired);
        _retired = (uint)table.Value;
    }

    private void FreeTable(Mfn table)
    {
        TableFrames--;
        _frames.Free(table, 0);
    }
}
