using System;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A table of a guest's own making that says where its hypercall buffers lie, so that no page table need be read for them. It holds guest
/// frames, which go through the host p2m at each access: what is ballooned out or mapped anew leaves nothing stale here.
/// </summary>
/// <remarks>
/// Changes exclude each other by the lock of <see cref="HypercallTlbs"/>; a look excludes nothing and takes no lock, as it may come under any. Who looks
/// while somebody changes the table on another CPU looks again. Each change costs the guest an exit and many times what a look takes, so a look
/// is not kept waiting.
/// </remarks>
public sealed class HypercallTlb
{
    /// <summary>Entries of a table.</summary>
    public const int Capacity = 16;

    /// <summary>The most pages of an entry, as a power of two: all that guest-physical addresses of 48 bits reach.</summary>
    public const int MaximumPagesShift = P2m.MaximumAddressBits - Page.Shift;

    /// <summary>The root of an entry that is good in every address space. No root is that high.</summary>
    public const ulong AnyRoot = ulong.MaxValue;

    private const int PageNumberBits = 52, NarrowPageNumberBits = 20;

    // Pages below the hole between canonical addresses of 48 bits, and above it.
    private const ulong LowPages = 1UL << 35, HighPages = (1UL << PageNumberBits) - LowPages;

    // Sorted by root, then by first page. What one root has overlaps nowhere.
    private readonly HypercallTlbEntry[] _entries = new HypercallTlbEntry[Capacity];
    private int _count;

    // Odd while the table is being changed.
    private uint _sequence;

    /// <summary>Entries in use.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>An entry: 0 to <see cref="Count"/> - 1, in the table's order. For who excludes changes.</summary>
    public HypercallTlbEntry this[int index] => _entries.AsSpan(0, _count)[index];

    /// <summary>The root of a vCPU's page tables as entries name it: CR3 without what is no address, like a PCID (SDM vol. 3, 4.3 to 4.5).</summary>
    public static ulong RootOf(in PagingState paging)
    {
        const ulong root32 = 0xFFFF_F000, rootPae = 0xFFFF_FFE0, root64 = 0x000F_FFFF_FFFF_F000;
        return paging.Cr3 & ((paging.Efer & ControlBits.EferLma) != 0 ? root64 : (paging.Cr4 & ControlBits.Cr4Pae) != 0 ? rootPae : root32);
    }

    /// <summary>Whether linear addresses name a range of pages: it is not empty, and not over an end or the hole.</summary>
    /// <param name="is64Bit">Whether they have 64 bits.</param>
    public static bool IsRange(ulong first, ulong pages, bool is64Bit)
    {
        if (pages == 0)
            return false;
        if (!is64Bit)
            return first < 1UL << NarrowPageNumberBits && pages <= (1UL << NarrowPageNumberBits) - first;
        return first < LowPages
            ? pages <= LowPages - first
            : first >= HighPages && first < 1UL << PageNumberBits && pages <= (1UL << PageNumberBits) - first;
    }

    /// <summary>Whether entries may have that root: what <see cref="RootOf"/> answers, or <see cref="AnyRoot"/>.</summary>
    public static bool IsRoot(ulong root) => root == AnyRoot || (root & ~0x000F_FFFF_FFFF_FFE0UL) == 0;

    /// <summary>The guest frame of a linear page, if an entry has it.</summary>
    /// <param name="page">The linear address without its low 12 bits.</param>
    /// <param name="root">Of the page tables in use.</param>
    public bool TryFind(ulong page, ulong root, out Gfn gfn, out bool isWritable)
    {
        while (true)
        {
            uint sequence = Volatile.Read(ref _sequence);
            if ((sequence & 1) == 0)
            {
                bool found = TrySearch(AnyRoot, page, out gfn, out isWritable) || TrySearch(root, page, out gfn, out isWritable);
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _sequence) == sequence)
                    return found;
            }
        }
    }

    /// <summary>Adds an entry of checked numbers. EEXIST: it overlaps and is not to replace; ENOSPC: the table is full. Then nothing has changed.</summary>
    /// <param name="slot">Its place in the table now.</param>
    internal HypercallTlbResult TryInsert(HypercallTlbEntry entry, out int slot)
    {
        slot = -1;
        bool replaces = (entry.Flags & HypercallTlbFlags.Replace) != 0;
        int overlapping = 0;
        for (int i = 0; i < _count; i++)
            overlapping += _entries[i].Overlaps(in entry) ? 1 : 0;
        if (overlapping != 0 && !replaces)
            return HypercallTlbResult.Overlaps;
        if (_count - overlapping == Capacity)
            return HypercallTlbResult.Full;
        BeginChange();
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (!_entries[i].Overlaps(in entry))
                _entries[kept++] = _entries[i];
        }
        slot = kept;
        while (slot > 0 && !_entries[slot - 1].IsAtOrBefore(entry.Root, entry.First))
        {
            _entries[slot] = _entries[slot - 1];
            slot--;
        }
        _entries[slot] = entry with { Flags = entry.Flags & ~HypercallTlbFlags.Replace };
        EndChange(kept + 1);
        return HypercallTlbResult.Done;
    }

    /// <summary>Takes out whole entries.</summary>
    /// <param name="first">The first page of a range; an entry with one page in it goes.</param>
    /// <param name="last">The last one.</param>
    /// <param name="root">Only entries of that root; <see cref="AnyRoot"/>: all.</param>
    /// <param name="keepsPinned">Whether pinned ones stay.</param>
    /// <returns>How many went.</returns>
    internal int Remove(ulong first, ulong last, ulong root, bool keepsPinned)
    {
        BeginChange();
        int kept = 0, before = _count;
        for (int i = 0; i < before; i++)
        {
            HypercallTlbEntry entry = _entries[i];
            bool goes = entry.First <= last && first <= entry.Last && (root == AnyRoot || entry.Root == root)
                && !(keepsPinned && (entry.Flags & HypercallTlbFlags.Pinned) != 0);
            if (!goes)
                _entries[kept++] = entry;
        }
        EndChange(kept);
        return before - kept;
    }

    /// <summary>The last entry that starts at the page or before it is the only one that can have it.</summary>
    private bool TrySearch(ulong root, ulong page, out Gfn gfn, out bool isWritable)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (_entries[middle].IsAtOrBefore(root, page))
                low = middle + 1;
            else
                high = middle;
        }
        gfn = default;
        isWritable = false;
        if (low == 0)
            return false;
        ref readonly HypercallTlbEntry entry = ref _entries[low - 1];
        // Half of a change may be seen here; then the answer is not used, but nothing may go wrong on the way to it.
        if (entry.Root != root || page < entry.First || page > entry.Last)
            return false;
        gfn = new Gfn(unchecked(entry.Gfn.Value + (page - entry.First)));
        isWritable = (entry.Flags & HypercallTlbFlags.Writable) != 0;
        return true;
    }

    private void BeginChange()
    {
        Volatile.Write(ref _sequence, unchecked(_sequence + 1));
        Interlocked.MemoryBarrier();
    }

    private void EndChange(int count)
    {
        _entries.AsSpan(count).Clear();
        Volatile.Write(ref _count, count);
        Volatile.Write(ref _sequence, unchecked(_sequence + 1));
    }
}

/// <summary>What became of a change to a <see cref="HypercallTlb"/>.</summary>
public enum HypercallTlbResult
{
    Done,
    /// <summary>The range overlaps an entry.</summary>
    Overlaps,
    /// <summary>All entries are in use.</summary>
    Full,
    /// <summary>A table that is shared can't share, nor be given up for another.</summary>
    InUse,
}
