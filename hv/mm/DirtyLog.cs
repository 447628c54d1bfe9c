using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Which guest frames of a domain were written: all of them for who moves it elsewhere (XEN_DOMCTL_shadow_op), and a range of them apart, for
/// who shows what is on its screen (XEN_DMOP_track_dirty_vram). Neither look takes anything from the other. Frames are named by the host p2m.
/// </summary>
/// <remarks>
/// The rule that holds while it is on: a leaf of the nested page table allows writing unseen only if the frame is marked in whichever of the two it
/// counts for. So the first write since a look is an exit, which marks the frame and opens the leaf, or is noted by the CPU, which opens the leaf itself. What
/// the hypervisor writes it marks itself.
/// </remarks>
public sealed class DirtyLog(PhysicalMemory memory, FrameAllocator frames, ushort owner)
{
    private readonly DirtyBitmap _written = new(memory, frames, owner);
    private readonly DirtyBitmap _tracked = new(memory, frames, owner);

    /// <summary>Whether writes are marked.</summary>
    public bool IsOn => IsGlobal || HasRange;

    /// <summary>Whether all memory is looked after.</summary>
    public bool IsGlobal { get; internal set; }

    /// <summary>The range that is looked after apart; no frames: none.</summary>
    public Gfn RangeFirst { get; private set; }

    /// <inheritdoc cref="RangeFirst"/>
    public ulong RangeCount { get; private set; }

    public bool HasRange => RangeCount != 0;

    /// <summary>How far a look at the range has come that takes several passes, in frames; 0: there is none.</summary>
    public ulong RangeDone { get; set; }

    /// <summary>Whether that is the first look, for which all counts as written.</summary>
    public bool IsRangeNew { get; set; }

    private bool _hasLostOfRange;

    /// <summary>Frames that were marked since the last look that cleared.</summary>
    public uint DirtyCount => Volatile.Read(ref _dirtyCount);

    private uint _dirtyCount;

    /// <summary>First writes that CPUs have noted, and those that were exits, since the log began. For people to read.</summary>
    public ulong Noted => Volatile.Read(ref _noted);

    /// <inheritdoc cref="Noted"/>
    public ulong Faults { get; private set; }

    private ulong _noted;

    internal void CountNoted(int writes) => Interlocked.Add(ref _noted, (ulong)writes);

    internal void CountFault() => Faults++;

    internal void ForgetCounts()
    {
        _noted = 0;
        Faults = 0;
    }

    /// <summary>Whether a mark was lost for want of a machine frame: what is asked for from now on can't be answered, until the log ends.</summary>
    public bool HasLost { get; private set; }

    /// <summary>Whether any frame may have been written, as nobody knows which was. Until the next look that clears.</summary>
    public bool IsAllWritten { get; private set; }

    /// <summary>Who is in the middle of a switch or a look that takes several passes.</summary>
    public DirtyPass Pass;

    /// <summary>Machine frames that the bits take.</summary>
    public int FrameCount => _written.FrameCount + _tracked.FrameCount;

    /// <summary>A frame was written, or holds something else than before.</summary>
    /// <param name="room">The most machine frames that the log may have.</param>
    internal void Mark(Gfn gfn, int room)
    {
        if (IsGlobal)
            MarkForAll(gfn, room);
        if (IsTracked(gfn) && !_tracked.TrySet(gfn, room - _written.FrameCount, out _))
            _hasLostOfRange = true;
    }

    /// <summary>The same, but not for who looks after the range.</summary>
    internal void MarkForAll(Gfn gfn, int room)
    {
        if (!_written.TrySet(gfn, room - _tracked.FrameCount, out bool isNew))
            HasLost = true;
        else if (isNew)
            Interlocked.Increment(ref _dirtyCount);
    }

    /// <summary>Some frame was written, and nobody knows which.</summary>
    public void MarkAll() => IsAllWritten = true;

    /// <summary>A look at all of it that cleared is over.</summary>
    public void FinishLook()
    {
        _dirtyCount = 0;
        IsAllWritten = false;
    }

    /// <summary>Whether a leaf of that frame may allow writing.</summary>
    internal bool MayWrite(Gfn gfn) => (!IsGlobal || _written.Test(gfn)) && (!IsTracked(gfn) || _tracked.Test(gfn));

    /// <summary>Whether a leaf of those frames may.</summary>
    internal bool MayWrite(Gfn first, int order)
    {
        for (ulong i = 0; i < 1UL << order; i++)
        {
            if (!MayWrite(new Gfn(first.Value + i)))
                return false;
        }
        return true;
    }

    /// <summary>The marks of 64 frames.</summary>
    /// <param name="first">A multiple of 64.</param>
    public ulong Written(Gfn first) => IsAllWritten ? ulong.MaxValue : _written.Read(first);

    internal void ClearWritten(Gfn first, ulong bits) => _written.Clear(first, bits);

    /// <summary>Whether a frame of the range was written since the last look.</summary>
    public bool WasTrackedWritten(Gfn gfn) => IsAllWritten || _hasLostOfRange || _tracked.Test(gfn);

    internal void ClearTracked(Gfn gfn) => _tracked.Clear(new Gfn(gfn.Value & ~63UL), 1UL << ((int)gfn.Value & 63));

    /// <summary>Another range from now on, of which nothing is marked; its leaves are the caller's to hold back.</summary>
    internal void SetRange(Gfn first, ulong count)
    {
        _tracked.Release(int.MaxValue);
        _hasLostOfRange = false;
        (RangeFirst, RangeCount) = (first, count);
    }

    /// <summary>Gives machine frames back, after the end of the log of all memory. True: all are.</summary>
    /// <param name="most">How many at most, at least 1.</param>
    internal bool Release(int most)
    {
        HasLost = false;
        IsAllWritten = false;
        return _written.Release(most);
    }

    private bool IsTracked(Gfn gfn) => unchecked(gfn.Value - RangeFirst.Value) < RangeCount;
}

/// <summary>An operation on a log that was not finished in one pass. Until it is, there is no other.</summary>
/// <param name="Caller">The domain that goes on with it.</param>
/// <param name="Serial">Which domain of that id.</param>
/// <param name="Operation">What it does, by the caller's numbering.</param>
/// <param name="At">The guest frame where it goes on.</param>
public readonly record struct DirtyPass(ushort Caller, ulong Serial, uint Operation, ulong At)
{
    /// <summary>Whether there is one; 0 is nobody's serial number.</summary>
    public bool IsUnderWay => Serial != 0;
}
