using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A domain's host p2m: guest frame → machine frame, type and access right. The translations are the nested page table that the
/// CPU walks. Types that are not plain RAM, and access rights that are not all, lie in a second table of the same shape, so that none of
/// the few bits an entry has spare is spent on them.
/// </summary>
public sealed partial class P2m
{
    /// <summary>Guest-physical addresses have at most 48 bits: what four levels of table translate.</summary>
    public const int MaximumAddressBits = 48;

    private readonly FrameAllocator _frames;
    private readonly PageTable _table;
    private readonly PageTable _attributes;

    private readonly PhysicalMemory _memory;
    private readonly int _largestOrder;
    private long _populated;

    /// <summary>Frames that were let go of while somebody refers to them and still have the domain's id.</summary>
    private long _left;

    /// <summary>Whether a frame of another domain was ever mapped by privilege: then a release has to look everywhere.</summary>
    private bool _hadForeign;

    /// <summary>Who has the frames that the domain lets go of while somebody still refers to them: it, as long as it is there.</summary>
    private ushort _heir;

    /// <summary>Where <see cref="TryMapApicPage"/> was; not among the types, where a look at it would cost every lookup one.</summary>
    private Gfn _apicPage = Gfn.Invalid;

    /// <summary>
    /// Frames that a CPU may still reach through a translation that it has cached: from the front on those that nobody refers to, which no
    /// longer count as the domain's, from the back on the others.
    /// </summary>
    private readonly Mfn[] _unsettled = new Mfn[MaximumUnsettled];
    private int _unsettledCount;
    private int _unsettledReferenced;

    private const int MaximumUnsettled = 512;

    /// <param name="owner">The domain's id, under which frames are allocated.</param>
    public P2m(PhysicalMemory memory, FrameAllocator frames, PageTableFormat format, ushort owner)
    {
        _frames = frames;
        _memory = memory;
        Owner = owner;
        _heir = owner;
        _largestOrder = format.MaximumOrder;
        _table = new PageTable(memory, frames, format, owner);
        _attributes = new PageTable(memory, frames, new P2mAttributeFormat(), owner);
        _uncleared = new PageTable(memory, frames, new P2mAttributeFormat(), owner);
        Matrix = new AccessMatrix(format);
        Log = new DirtyLog(memory, frames, owner);
    }

    /// <summary>The owner id of the domain's frames.</summary>
    public ushort Owner { get; }

    /// <summary>
    /// The most page-table pages that the guest can make the nested page table grow to; without a limit at first. They stay until the
    /// domain ends, so one that maps something in each corner of its address space would take the machine's memory with them.
    /// </summary>
    public int TableLimit { get; set; } = int.MaxValue;

    /// <summary>Machine frames of the nested page table and the log alone, which <see cref="TableLimit"/> is about.</summary>
    public ulong NestedTableFrames => (ulong)(_table.TableFrames + Log.FrameCount + _copies);

    /// <summary>How references to frames of other domains are given back; null: there are none.</summary>
    public ForeignFrames? Foreign { get; set; }

    /// <summary>Who has to leave translations that are taken away; null: the calling CPU alone uses them, and forgets before it does again.</summary>
    public TranslationUsers? Users { get; set; }

    /// <summary>
    /// Whether frames that others still refer to at the domain's end stay its own until they let go: nobody gets its id before.
    /// </summary>
    public bool KeepsLeft { get; set; }

    /// <summary>Whether others refer to frames that the domain has let go of. Once false after a release, nobody touches the accounts any more.</summary>
    public bool HasLeft => Volatile.Read(ref _left) != 0;

    /// <summary>The root of the nested page table.</summary>
    public Mfn Root => _table.Root;

    /// <summary>The domain's views of this; null: it has none now.</summary>
    public Altp2m? Views { get; private set; }

    /// <summary>From now on the views, or none, are told of what changes here. No vCPU is in any.</summary>
    internal void Attach(Altp2m? views)
    {
        if (views is not null)
            BeginAccessChecks();
        Views = views;
    }

    /// <summary>The highest guest frame that was ever mapped; 0 at first. Never falls, like Xen's.</summary>
    public Gfn MaximumGfn { get; private set; }

    /// <summary>
    /// Rises whenever a translation that a CPU may have cached changed or went away, here or in a view. A vCPU that last ran at another value
    /// must forget its nested translations before it runs again. 64 bits: it does not come round to a value that somebody still holds.
    /// </summary>
    public ulong Generation => Volatile.Read(ref _generation);

    /// <summary>Where kept page walks went, so that most changes make none of them stale.</summary>
    public WalkedFrames Walked { get; } = new();

    private ulong _generation;

    /// <summary>Machine frames that the nested page table, the tables beside it and the log take.</summary>
    public ulong TableFrames => (ulong)(_table.TableFrames + _attributes.TableFrames + _uncleared.TableFrames + Log.FrameCount + _copies);

    /// <summary>
    /// Machine frames that the domain has: those that the p2m maps as its own memory, and those that it let go of while somebody refers to
    /// them. The last reference may be dropped by another domain, so this changes without any lock.
    /// </summary>
    public ulong PopulatedFrames => (ulong)Volatile.Read(ref _populated);

    /// <summary>
    /// Maps 2^order frames. What the range mapped before is replaced; its frames are the caller's to free. A frame that only becomes of
    /// another type keeps its access right; any other mapping gets <see cref="DefaultAccess"/>.
    /// </summary>
    /// <param name="order">0, 9 or 18; both frame numbers are multiples of 2^order. A large range held one type before, or nothing.</param>
    /// <returns>False when a table can't be allocated or <see cref="TableLimit"/> is reached (nothing has changed), or the range lies past 48 address bits.</returns>
    public bool TrySet(Gfn gfn, Mfn mfn, int order, P2mType type)
    {
        if (!IsAddressable(gfn, order) || type == P2mType.None)
            return false;
        bool isMapped = IsMapped(gfn, out Mfn old, out TablePlace place);
        P2mAttributes before = isMapped ? AttributesOf(gfn) : P2mAttributes.Plain;
        var attributes = new P2mAttributes(type, isMapped && old == mfn ? before.Access : DefaultAccess);
        if (!HasRoomForTables(place.Level, order) || !TrySetAttributes(gfn, order, attributes))
            return false;
        if (!TryMap(gfn, place, mfn, order, attributes))
        {
            // The tables that the old attributes need are still there, so this needs no memory.
            TrySetAttributes(gfn, order, before);
            return false;
        }
        _hadForeign |= type == P2mType.Foreign;
        FreeUncleared(gfn, order);
        if (isMapped || order != 0)
            Announce(gfn, order);
        ulong last = gfn.Value + (1UL << order) - 1;
        if (last > MaximumGfn.Value)
            MaximumGfn = new Gfn(last);
        return true;
    }

    /// <summary>
    /// Maps the frame by which the CPU knows accesses to the local APIC: device memory to all others, until the domain ends. The
    /// frame stays the caller's.
    /// </summary>
    /// <returns>False: no memory for tables.</returns>
    public bool TryMapApicPage(Gfn gfn, Mfn mfn)
    {
        IsMapped(gfn, out _, out TablePlace place);
        if (!HasRoomForTables(place.Level, 0) || !_table.TryMap(gfn.Address, mfn, 0, Rights.Read | Rights.Write, Caching.WriteBack))
            return false;
        _apicPage = gfn;
        return true;
    }

    /// <summary>
    /// Unmaps 2^order frames, whatever they were. Their frames are the caller's to free, but for those behind the first 2 MiB that nobody has
    /// looked at: they are free.
    /// </summary>
    /// <returns>False when a large page had to be split and there was no memory for it; then nothing has changed.</returns>
    public bool TryRemove(Gfn gfn, int order)
    {
        if (!IsAddressable(gfn, order))
            return true;
        bool isMapped = IsMapped(gfn, out _, out TablePlace place);
        if (isMapped && place.Level == LevelOf(order))
            _table.Unmap(place);
        else if ((isMapped && !HasRoomForTables(place.Level, order)) || !_table.Unmap(gfn.Address, order))
            return false;
        FreeUncleared(gfn, order);
        // What stays said of an absent translation is never looked at, and the next TrySet replaces it.
        TrySetAttributes(gfn, order, P2mAttributes.Plain);
        Announce(gfn, order, isGone: true);
        return true;
    }

    /// <summary>Whether tables that are no longer linked wait until no CPU can have them cached.</summary>
    public bool HasRetiredTables
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _table.HasRetired || _attributes.HasRetired;
    }

    /// <summary>
    /// Has other CPUs leave translations that were taken away, and frees what could be reached by them: frames and tables. The calling
    /// CPU forgets before it enters a guest again, as does who runs on no CPU now.
    /// </summary>
    public void Settle()
    {
        Users?.Expel();
        _table.FreeRetired();
        _attributes.FreeRetired();
        Views?.FreeRetired();
        for (int i = 0; i < _unsettledCount; i++)
            _frames.Free(_unsettled[i], 0);
        // Whoever drops the last reference from here on frees the frame at once.
        for (int i = 1; i <= _unsettledReferenced; i++)
            Leave(_unsettled[^i]);
        _unsettledCount = 0;
        _unsettledReferenced = 0;
    }

    /// <summary>The translation of one guest frame. Memory that nobody has looked at before is cleared and mapped by this.</summary>
    public P2mEntry Lookup(Gfn gfn)
    {
        if (!IsAddressable(gfn, 0))
            return P2mEntry.Absent;
        if (!_table.TryQuery(gfn.Address, out Mfn mfn, out _, out int level)
            && !(ClearIfNeeded(gfn, level) && _table.TryQuery(gfn.Address, out mfn, out _, out level)))
            return P2mEntry.Absent;
        if (gfn == _apicPage)
            return new P2mEntry(mfn, P2mType.Mmio, 0);
        return new P2mEntry(mfn, TypeOf(gfn), (level - 1) * 9);
    }

    /// <summary>A translation changed or went away: it is written to the table by now.</summary>
    /// <param name="isGone">Nothing is there any more.</param>
    private void Announce(Gfn gfn, int order, bool isGone = false)
    {
        // Before the generation rises: who sees it risen has forgotten what the views had, and finds nothing of it any more.
        Views?.HostHasChanged(gfn, order, isGone);
        AnnounceViews();
        Walked.Forget(gfn, order);
    }

    /// <summary>A translation of a view changed or went away: it is written by now.</summary>
    internal void AnnounceViews() => Volatile.Write(ref _generation, unchecked(_generation + 1));

    /// <summary>Whether the guest frame is mapped, after clearing where that has to come first.</summary>
    /// <param name="place">The entry that decides: a leaf, or nothing.</param>
    private bool IsMapped(Gfn gfn, out Mfn mfn, out TablePlace place)
    {
        bool isMapped = _table.TryLocate(gfn.Address, out mfn, out _, out place);
        return isMapped || (ClearIfNeeded(gfn, place.Level) && _table.TryLocate(gfn.Address, out mfn, out _, out place));
    }

    /// <summary>What a frame that is mapped is.</summary>
    private P2mType TypeOf(Gfn gfn) => AttributesOf(gfn).Type;

    /// <summary>What is known of a frame that is mapped. The table's root alone: all of it is plain.</summary>
    private P2mAttributes AttributesOf(Gfn gfn) => _attributes.TableFrames > 1 && _attributes.TryQuery(gfn.Address, out Mfn encoded, out _, out _)
        ? P2mAttributeFormat.Decode(encoded)
        : P2mAttributes.Plain;

    /// <summary>
    /// Allocates memory for [start, start + frames), to be mapped with all rights, in pages of 2 MiB where alignment and the
    /// allocator allow. The range must be unmapped. What is in large pages is cleared, and mapped, when somebody looks at it first.
    /// </summary>
    /// <returns>False when memory ran out; then nothing of the range is mapped.</returns>
    public bool TryPopulate(Gfn start, ulong frames)
    {
        ulong done = 0;
        while (done < frames)
        {
            Gfn gfn = new(start.Value + done);
            if (!TryPopulateOne(gfn, frames - done, out int order))
            {
                Depopulate(start, done);
                return false;
            }
            done += 1UL << order;
        }
        return true;
    }

    /// <summary>
    /// Unmaps a guest frame of RAM and frees the machine frame behind it, at once or with the last reference to it. A frame
    /// that the hypervisor lent to the guest (shared_info, grant table) is only unmapped.
    /// </summary>
    /// <returns>False when the guest frame is not RAM, or a large page can't be split for want of memory.</returns>
    public bool TryDepopulate(Gfn gfn)
    {
        P2mEntry entry = Lookup(gfn);
        if (!entry.IsRam || !TryRemove(gfn, 0))
            return false;
        if (_frames.OwnerOf(entry.Mfn) == Owner)
            FreeOrLeave(entry.Mfn);
        return true;
    }

    /// <summary>Lets go of a frame of the domain that is mapped nowhere: at once, or with the last reference to it.</summary>
    public void GiveUp(Mfn mfn)
    {
        if (_frames.OwnerOf(mfn) == Owner)
            FreeOrLeave(mfn);
    }

    /// <summary>Adds a reference to a frame of the domain, so that it outlives its mapping.</summary>
    public void Pin(Mfn mfn)
    {
        if (!_frames.Reference(mfn))
            throw new InvalidOperationException("a frame is pinned that is not allocated");
    }

    /// <summary>Takes back a reference of <see cref="Pin"/>; frees the frame when it was the last and the p2m had let go of it. Needs no lock.</summary>
    public void Unpin(Mfn mfn)
    {
        ushort owner = _frames.OwnerOf(mfn);
        if (!_frames.Release(mfn) || owner != Owner)
            return;
        Count(-1);
        Interlocked.Decrement(ref _left);
    }

    private void FreeLeaf(Mfn first, int order, bool scrub)
    {
        ulong count = 1UL << order;
        if (order != 0)
            Users?.Expel();
        if (order != 0 && !_frames.AreReferenced(first, order))
        {
            if (scrub)
                _memory.Clear(first.Address, count << Page.Shift);
            if (_frames.Free(first, order))
            {
                Count(-(long)count);
                return;
            }
        }
        for (ulong i = 0; i < count; i++)
        {
            Mfn mfn = new(first.Value + i);
            if (scrub && _frames.ReferencesTo(mfn) == 0)
                _memory.Clear(mfn.Address, Page.Size);
            FreeOrLeave(mfn);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPopulateOne(Gfn gfn, ulong wanted, out int order)
    {
        for (order = _largestOrder; order >= Page.Order2M; order -= Page.Order2M)
        {
            if ((gfn.Value & ((1UL << order) - 1)) == 0 && wanted >= 1UL << order && TryPopulateUncleared(gfn, order))
                return true;
        }
        order = 0;
        if (!_frames.TryAllocate(0, Owner, FrameType.Guest, out Mfn mfn))
            return false;
        if (TrySet(gfn, mfn, 0, P2mType.Ram))
        {
            Count(1);
            return true;
        }
        _frames.Free(mfn, 0);
        return false;
    }

    /// <summary>Undoes <see cref="TryPopulateOne"/> leaf by leaf: splitting one would need the memory that has just run out.</summary>
    private void Depopulate(Gfn start, ulong frames)
    {
        ulong done = 0;
        while (done < frames)
        {
            Gfn gfn = new(start.Value + done);
            if (TryFreeUncleared(gfn))
            {
                done += ChunkFrames;
                continue;
            }
            P2mEntry leaf = Lookup(gfn);
            TryRemove(gfn, leaf.Order);
            FreeLeaf(leaf.Mfn, leaf.Order, scrub: false);
            done += 1UL << leaf.Order;
        }
    }

    /// <summary>Lets go of a frame that is no longer mapped: at once, or by <see cref="Settle"/> when a CPU may still reach it.</summary>
    private void FreeOrLeave(Mfn mfn)
    {
        bool isReferenced = _frames.ReferencesTo(mfn) != 0;
        if (!isReferenced)
            Count(-1);
        if (Users is not { AreElsewhere: true })
        {
            if (isReferenced)
                Leave(mfn);
            else
                _frames.Free(mfn, 0);
            return;
        }
        if (_unsettledCount + _unsettledReferenced == MaximumUnsettled)
            Settle();
        if (isReferenced)
            _unsettled[^++_unsettledReferenced] = mfn;
        else
            _unsettled[_unsettledCount++] = mfn;
    }

    /// <summary>Lets go of a frame that somebody referred to: it is free by now, or with the last reference.</summary>
    private void Leave(Mfn mfn)
    {
        if (_frames.FreeOrLeave(mfn, _heir))
            Count(-1);
        else if (_heir == Owner)
            Interlocked.Increment(ref _left);
    }

    private bool HasFrames => PopulatedFrames != 0 || _hadForeign;

    private void Count(long frames) => Interlocked.Add(ref _populated, frames);

    /// <summary>The level of the entries that map 2^order frames.</summary>
    private static int LevelOf(int order) => order / 9 + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TrySetAttributes(Gfn gfn, int order, P2mAttributes attributes) => attributes == P2mAttributes.Plain
        ? _attributes.TableFrames <= 1 || _attributes.Unmap(gfn.Address, order)
        : _attributes.TryMap(gfn.Address, P2mAttributeFormat.Encode(attributes), order, Rights.Read, Caching.WriteBack);

    /// <summary>Writes the leaf that the CPU walks.</summary>
    /// <param name="place">Where the way down to the guest frame ends now.</param>
    private bool TryMap(Gfn gfn, TablePlace place, Mfn mfn, int order, P2mAttributes attributes)
    {
        Rights rights = _holdsBack ? Logged(gfn, mfn, order, attributes) : LeafRights(attributes);
        Caching caching = CachingOf(attributes.Type);
        return place.Level == LevelOf(order) ? _table.TryMap(place, mfn, order, rights, caching) : _table.TryMap(gfn.Address, mfn, order, rights, caching);
    }

    /// <summary>Whether the tables that are missing on the way to a leaf of that size are within the limit.</summary>
    /// <param name="level">Of the entry that decides about the place now.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasRoomForTables(int level, int order)
    {
        if (Root == Mfn.Invalid)
            return false;
        // What no single leaf can map is a table of smaller ones from the start.
        int missing = Math.Max(level - LevelOf(order), 0) + (order > _largestOrder ? 1 : 0);
        return missing == 0 || _table.TableFrames + Log.FrameCount + _copies <= TableLimit - missing;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool IsAddressable(Gfn gfn, int order) =>
        gfn.Value < 1UL << (MaximumAddressBits - Page.Shift) && (gfn.Value & ((1UL << order) - 1)) == 0;
}
