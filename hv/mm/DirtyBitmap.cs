using System;
using System.Threading;
using SpinLock = Xenolith.Kernel.SpinLock;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A bit for each guest frame, kept in machine frames of 32,768 bits that are there once one of their bits was set. They hang from three
/// levels of frames with 512 places each, which reach further than any guest frame.
/// </summary>
public sealed class DirtyBitmap(PhysicalMemory memory, FrameAllocator frames, ushort owner)
{
    /// <summary>log2 of the bits in a frame.</summary>
    public const int FrameShift = Page.Shift + 3;

    private const int Levels = 3, LevelShift = 9, Places = 1 << LevelShift;

    /// <summary>Of a place that leads to a frame.</summary>
    private const ulong IsUsed = 1;

    // Only for frames that are added; a bit is set without.
    private readonly SpinLock _adding = new(LockRank.Sharing, "dirty bitmap");
    private Mfn _root = Mfn.Invalid;

    /// <summary>Machine frames in use.</summary>
    public int FrameCount { get; private set; }

    /// <summary>Sets a frame's bit. Any CPU may, at any time but while <see cref="Release"/> goes on.</summary>
    /// <param name="most">The most machine frames that the bitmap may have.</param>
    /// <param name="isNew">Whether it was not set before.</param>
    /// <returns>False: there is no machine frame for the bit.</returns>
    public bool TrySet(Gfn gfn, int most, out bool isNew)
    {
        isNew = false;
        if (!TryFind(gfn, out ulong leaf) && !TryAdd(gfn, most, out leaf))
            return false;
        ref ulong word = ref memory.Word64(leaf + WordOffset(gfn));
        if ((Volatile.Read(ref word) & BitOf(gfn)) == 0)
            isNew = (Interlocked.Or(ref word, BitOf(gfn)) & BitOf(gfn)) == 0;
        return true;
    }

    /// <summary>Whether a frame's bit is set.</summary>
    public bool Test(Gfn gfn) => TryFind(gfn, out ulong leaf) && (Volatile.Read(ref memory.Word64(leaf + WordOffset(gfn))) & BitOf(gfn)) != 0;

    /// <summary>The bits of 64 guest frames, the lowest first.</summary>
    /// <param name="first">A multiple of 64.</param>
    public ulong Read(Gfn first) => TryFind(first, out ulong leaf) ? Volatile.Read(ref memory.Word64(leaf + WordOffset(first))) : 0;

    /// <summary>Clears those of the bits of 64 guest frames.</summary>
    public void Clear(Gfn first, ulong bits)
    {
        if (TryFind(first, out ulong leaf))
            Interlocked.And(ref memory.Word64(leaf + WordOffset(first)), ~bits);
    }

    /// <summary>Gives machine frames back. True: all are, and no bit is set.</summary>
    /// <param name="most">How many at most, at least 1.</param>
    public bool Release(int most)
    {
        while (_root != Mfn.Invalid)
        {
            if (most-- == 0)
                return false;
            ulong node = _root.Address, slot = 0;
            for (int level = Levels; level > 0 && TryFindUsed(node, out ulong found); level--)
            {
                slot = found;
                node = AddressIn(slot);
            }
            if (slot != 0)
                memory.Word64(slot) = 0;
            else
                _root = Mfn.Invalid;
            frames.Free(new Mfn(node >> Page.Shift), 0);
            FrameCount--;
        }
        return true;
    }

    private bool TryFind(Gfn gfn, out ulong leaf)
    {
        leaf = 0;
        if (_root == Mfn.Invalid)
            return false;
        ulong node = _root.Address;
        for (int level = Levels; level > 0; level--)
        {
            ulong place = Volatile.Read(ref memory.Word64(SlotOf(node, gfn, level)));
            if (place == 0)
                return false;
            node = place & ~IsUsed;
        }
        leaf = node;
        return true;
    }

    private bool TryAdd(Gfn gfn, int most, out ulong leaf)
    {
        _adding.Acquire();
        bool done = TryAddHeld(gfn, most, out leaf);
        _adding.Release();
        return done;
    }

    private bool TryAddHeld(Gfn gfn, int most, out ulong leaf)
    {
        leaf = 0;
        Mfn added;
        if (_root == Mfn.Invalid)
        {
            if (!TryNewFrame(most, out added))
                return false;
            _root = added;
        }
        ulong node = _root.Address;
        for (int level = Levels; level > 0; level--)
        {
            ulong slot = SlotOf(node, gfn, level);
            if (memory.Word64(slot) == 0)
            {
                if (!TryNewFrame(most, out added))
                    return false;
                Volatile.Write(ref memory.Word64(slot), added.Address | IsUsed);
            }
            node = AddressIn(slot);
        }
        leaf = node;
        return true;
    }

    private bool TryNewFrame(int most, out Mfn mfn)
    {
        mfn = Mfn.Invalid;
        if (FrameCount >= most || !frames.TryAllocate(0, owner, FrameType.PageTable, out mfn))
            return false;
        FrameCount++;
        return true;
    }

    private bool TryFindUsed(ulong node, out ulong slot)
    {
        ReadOnlySpan<ulong> places = memory.Words64(node, Places);
        int at = places.IndexOfAnyExcept(0UL);
        slot = node + (ulong)Math.Max(at, 0) * sizeof(ulong);
        return at >= 0;
    }

    private ulong AddressIn(ulong slot) => memory.Word64(slot) & ~IsUsed;

    private static ulong SlotOf(ulong node, Gfn gfn, int level) =>
        node + ((gfn.Value >> (FrameShift + (level - 1) * LevelShift)) & (Places - 1)) * sizeof(ulong);

    private static ulong WordOffset(Gfn gfn) => (gfn.Value & ((1UL << FrameShift) - 1)) >> 6 << 3;

    private static ulong BitOf(Gfn gfn) => 1UL << ((int)gfn.Value & 63);
}
