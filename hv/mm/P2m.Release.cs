using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>The end of a domain's memory, at once or in bounded steps.</summary>
public sealed partial class P2m
{
    /// <summary>Entries of the frame table that a step looks at for frames that were let go of and still have the domain's id.</summary>
    private const ulong DisownedPerStep = 16384;

    private ulong _releaseAt;
    private ulong _disownAt;

    /// <summary>Frees the domain's memory and the tables. Every pin must have been taken back. The p2m is not usable afterwards.</summary>
    public void Release()
    {
        Settle();
        _heir = HeirAtEnd;
        ulong gfn = 0;
        while (HasFrames && gfn <= MaximumGfn.Value)
        {
            if (TryFreeUncleared(new Gfn(gfn)))
            {
                gfn += ChunkFrames;
                continue;
            }
            bool present = _table.TryQuery(gfn << Page.Shift, out Mfn mfn, out _, out int level);
            ulong step = 1UL << ((level - 1) * 9);
            if (present)
                ReleaseLeaf(new Gfn(gfn), mfn, (level - 1) * 9);
            gfn = (gfn | (step - 1)) + 1;
        }
        while (!DisownStep())
        {
        }
        Log.SetRange(default, 0);
        Log.Release(int.MaxValue);
        _uncleared.Release();
        _attributes.Release();
        _table.Release();
    }

    /// <summary>
    /// Takes a part of what <see cref="Release"/> takes: scrubs and frees some of the domain's memory, then some of the tables. True:
    /// all is gone.
    /// </summary>
    /// <param name="frames">The most frames to scrub; at least the 512 of a large page.</param>
    public bool ReleaseStep(ulong frames)
    {
        _heir = HeirAtEnd;
        // A domain that ends in the middle of a call has what the call let go of.
        if (_unsettledCount + _unsettledReferenced != 0)
            Settle();
        while (HasFrames && _releaseAt <= MaximumGfn.Value)
        {
            if (frames != 0 && TryFreeUncleared(new Gfn(_releaseAt)))
            {
                frames--;
                _releaseAt += ChunkFrames;
                continue;
            }
            bool present = _table.TryLocate(_releaseAt << Page.Shift, out Mfn mfn, out _, out TablePlace place);
            int order = (place.Level - 1) * 9;
            if (present && order == 0 && ReleaseRun(new Gfn(_releaseAt), mfn, place, frames) is > 0 and ulong run)
            {
                frames -= run;
                _releaseAt += run;
                continue;
            }
            if (present)
            {
                // The largest pages go in pieces.
                order = Math.Min(order, Page.Order2M);
                ulong count = 1UL << order;
                if (count > frames)
                    return false;
                // What is another's costs a look, and a step is for so many.
                frames -= ReleaseLeaf(new Gfn(_releaseAt), mfn, order) ? count : Math.Min(frames, 1);
            }
            else if (frames-- == 0)
            {
                return false;
            }
            _releaseAt = (_releaseAt | ((1UL << order) - 1)) + 1;
        }
        if (!DisownStep())
            return false;
        const int entriesPerStep = 4096;
        const int logFramesPerStep = 8;
        Log.SetRange(default, 0);
        return Log.Release(logFramesPerStep) && _uncleared.ReleaseStep(entriesPerStep) && _attributes.ReleaseStep(entriesPerStep) && _table.ReleaseStep(entriesPerStep);
    }

    private ushort HeirAtEnd => KeepsLeft ? Owner : FrameAllocator.EndedOwner;

    /// <summary>
    /// Takes the domain's id, which another may get, from frames that were let go of before the end. True: none has it any more.
    /// </summary>
    private bool DisownStep() =>
        KeepsLeft || Volatile.Read(ref _left) == 0 || _frames.LeaveAll(Owner, FrameAllocator.EndedOwner, ref _disownAt, DisownedPerStep);

    /// <summary>
    /// Gives back small pages that lie one behind the other in guest and machine, as the domain ends: scrubbed. How many; 0: the first is to be
    /// looked at by itself.
    /// </summary>
    private ulong ReleaseRun(Gfn gfn, Mfn first, TablePlace place, ulong most)
    {
        // Where nothing but plain RAM is, no table of attributes reaches down to the leaves.
        if (most == 0 || (_attributes.TableFrames > 1 && (_attributes.TryLocate(gfn.Address, out _, out _, out TablePlace type) || type.Level == 1)))
            return 0;
        ulong count = (ulong)_table.CountConsecutive(place, (int)Math.Min(most, ChunkFrames));
        count = _frames.CountUnreferenced(first, count, Owner);
        if (count == 0)
            return 0;
        Users?.Expel();
        _memory.Clear(first.Address, count << Page.Shift);
        if (!_frames.FreeRun(first, count))
            return 0;
        Count(-(long)count);
        return count;
    }

    /// <summary>Gives back what a leaf maps, as the domain ends: scrubbed, unless somebody still uses it. True: it was memory of the domain.</summary>
    private bool ReleaseLeaf(Gfn gfn, Mfn first, int order)
    {
        P2mType type = Lookup(gfn).Type;
        if (type == P2mType.Foreign)
            Foreign?.LetGo(first);
        if (type is not (P2mType.Ram or P2mType.RamReadOnly or P2mType.RamForwarded) || _frames.OwnerOf(first) != Owner)
            return false;
        FreeLeaf(first, order, scrub: true);
        return true;
    }
}
