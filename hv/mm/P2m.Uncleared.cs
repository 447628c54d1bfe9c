using System;
using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Memory that the domain has and that nobody has looked at: 2 MiB at a time that still hold what an earlier owner or the firmware
/// left. No CPU and no caller gets at them: they are cleared, and only then mapped, at the guest's first access or the first
/// <see cref="Lookup"/>. So a start takes no time, and no memory of an emulator's host, for what is not used.
/// </summary>
public sealed partial class P2m
{
    private const ulong ChunkFrames = 1UL << Page.Order2M;

    /// <summary>Guest frame → machine frame of what is not cleared; a translation is here or in the nested page table, never in both.</summary>
    private readonly PageTable _uncleared;

    /// <summary>
    /// Two vCPUs may look at the same memory first; the second must not clear what the first has written by then. Looks need not
    /// have the domain's lock, so all that is kept here is changed with this one held.
    /// </summary>
    private readonly SpinLock _clearing = new(LockRank.Memory, "clearing");

    private ulong _unclearedChunks;

    /// <summary>One past the highest guest frame that was ever uncleared: most accesses to nothing are to addresses above.</summary>
    private ulong _unclearedEnd;

    /// <summary>Whether the frame is memory of the domain that nobody has looked at, which this does not clear.</summary>
    /// <param name="next">The first guest frame behind what is not cleared with it.</param>
    public bool IsUncleared(Gfn gfn, out ulong next)
    {
        next = (gfn.Value | (ChunkFrames - 1)) + 1;
        return _unclearedChunks != 0 && gfn.Value < _unclearedEnd && _uncleared.TryQuery(gfn.Address, out _, out _, out _);
    }

    /// <summary>Whether anything is mapped at the guest frame, or would be at the first look.</summary>
    internal bool IsThere(Gfn gfn) => _table.TryQuery(gfn.Address, out _, out _, out _) || IsUncleared(gfn, out _);

    /// <param name="order">2 MiB, or 1 GiB that lie together: cleared 2 MiB at a time, they can be one page in the end.</param>
    private bool TryPopulateUncleared(Gfn gfn, int order)
    {
        if (!_frames.TryAllocateUncleared(order, Owner, FrameType.Guest, out Mfn mfn))
            return false;

        _clearing.Acquire();
        ulong done = 0, frames = 1UL << order;
        while (done < frames && TryAddUncleared(new Gfn(gfn.Value + done), new Mfn(mfn.Value + done)))
            done += ChunkFrames;
        _clearing.Release();
        if (done == frames)
            return true;
        for (ulong at = 0; at < frames; at += ChunkFrames)
        {
            if (at >= done || !TryFreeUncleared(new Gfn(gfn.Value + at)))
                _frames.Free(new Mfn(mfn.Value + at), Page.Order2M);
        }
        return false;
    }

    private bool TryAddUncleared(Gfn gfn, Mfn mfn)
    {
        // A leaf without rights: nothing is mapped, but the tables above it are there, so clearing never lacks memory for them.
        _table.TryQuery(gfn.Address, out _, out _, out int level);
        bool done = HasRoomForTables(level, Page.Order2M) && TrySetAttributes(gfn, Page.Order2M, new P2mAttributes(P2mType.Ram, DefaultAccess))
            && _table.TryMap(gfn.Address, mfn, Page.Order2M, Rights.None, Caching.WriteBack)
            && _uncleared.TryMap(gfn.Address, mfn, Page.Order2M, Rights.Read, Caching.WriteBack);
        if (!done)
            return false;
        if (Log.IsOn)
            MarkAll(gfn, Page.Order2M);
        Count((long)ChunkFrames);
        _unclearedChunks++;
        _unclearedEnd = Math.Max(_unclearedEnd, gfn.Value + ChunkFrames);
        if (gfn.Value + ChunkFrames - 1 > MaximumGfn.Value)
            MaximumGfn = new Gfn(gfn.Value + ChunkFrames - 1);

        // Where a table of small pages was linked, a CPU may still have it cached.
        Announce(gfn, Page.Order2M);
        return true;
    }

    /// <summary>Clears and maps the 2 MiB around the frame, unless they are mapped or nothing. True: they were, by this or another CPU.</summary>
    /// <param name="level">Where the way down the nested page table ends, at nothing: what is not cleared is a whole entry of level 2.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool ClearIfNeeded(Gfn gfn, int level)
    {
        const int chunkLevel = 2;
        return level == chunkLevel && _unclearedChunks != 0 && gfn.Value < _unclearedEnd && ClearIfNeeded(gfn);
    }

    private bool ClearIfNeeded(Gfn gfn)
    {
        if (!_uncleared.TryQuery(gfn.Address, out _, out _, out _))
            return false;
        _clearing.Acquire();
        if (_uncleared.TryQuery(gfn.Address, out Mfn mfn, out _, out _))
        {
            ulong within = gfn.Value & (ChunkFrames - 1);
            var first = new Mfn(mfn.Value - within);
            _memory.Clear(first.Address, ChunkFrames << Page.Shift);

            // No CPU has cached that nothing was here, so the generation stays.
            var start = new Gfn(gfn.Value - within);
            P2mAttributes attributes = AttributesOf(start);
            bool isHeldBack = attributes.Type == P2mType.Ram && HoldsBack(start, Page.Order2M);
            Rights rights = isHeldBack ? HeldBackRights(attributes, Page.Order2M) : LeafRights(attributes);
            if (!_table.TryMap(start.Address, first, Page.Order2M, rights, Caching.WriteBack))
                throw new InvalidOperationException("the table for cleared memory is gone");
            _uncleared.Unmap(start.Address, Page.Order2M);
            _unclearedChunks--;
        }
        _clearing.Release();
        return true;
    }

    /// <summary>Gives back what nobody has looked at in a range larger than 2 MiB, whose entry is gone.</summary>
    private void FreeUncleared(Gfn start, int order)
    {
        for (ulong done = 0; order > Page.Order2M && _unclearedChunks != 0 && done < 1UL << order; done += ChunkFrames)
            TryFreeUncleared(new Gfn(start.Value + done));
    }

    /// <summary>Gives 2 MiB back that were never looked at. False: there are none at the guest frame.</summary>
    private bool TryFreeUncleared(Gfn gfn)
    {
        if (_unclearedChunks == 0)
            return false;
        _clearing.Acquire();
        bool found = _uncleared.TryQuery(gfn.Address, out Mfn mfn, out _, out _);
        if (found)
        {
            _uncleared.Unmap(gfn.Address, Page.Order2M);
            _unclearedChunks--;
        }
        _clearing.Release();
        if (!found)
            return false;
        _frames.Free(mfn, Page.Order2M);
        Count(-(long)ChunkFrames);
        return true;
    }
}
