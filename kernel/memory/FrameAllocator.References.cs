using System;

namespace Xenolith.Kernel;

/// <summary>References to frames: who holds one keeps the frame from being used again, whatever its owner does.</summary>
public sealed partial class FrameAllocator
{
    /// <summary>Pins an allocated frame. False: it is not allocated, or has as many references as can be counted.</summary>
    public bool Reference(Mfn mfn)
    {
        if (mfn.Value >= _frames)
        {
            return false;
        }

        _lock.Acquire();
        FrameInfo info = At(mfn.Value);
        bool done = info.State == FrameState.Allocated && info.References != uint.MaxValue;
        if (done)
        {
            Info(mfn.Value) = info.WithReferences(info.References + 1).Value;
        }

        _lock.Release();
        return done;
    }

    /// <summary>
    /// Undoes one <see cref="Reference"/>. One too many is a bug and panics. True: it was the last one of a frame that its owner had let
    /// go of, which is free now.
    /// </summary>
    public bool Release(Mfn mfn)
    {
        ref ulong word = ref Info(mfn.Value);
        _lock.Acquire();
        var info = new FrameInfo(word);
        bool isHeld = info.State == FrameState.Allocated && info.References != 0;
        bool isLast = isHeld && info.References == 1 && info.IsLeft;
        if (isHeld)
        {
            word = info.WithReferences(info.References - 1).Value;
        }

        if (isLast)
        {
            FreeOne(mfn.Value);
        }

        _lock.Release();
        return isHeld ? isLast : throw new InvalidOperationException("a reference to a frame is dropped that nobody holds");
    }

    /// <summary>
    /// Lets go of one frame: it is free at once, or with the last reference to it, and belongs to the heir until then. True: it is free now.
    /// </summary>
    public bool FreeOrLeave(Mfn mfn, ushort heir)
    {
        ref ulong word = ref Info(mfn.Value);
        _lock.Acquire();
        var info = new FrameInfo(word);
        bool isAllocated = info.State == FrameState.Allocated;
        bool isFree = isAllocated && info.References == 0;
        if (isFree)
        {
            FreeOne(mfn.Value);
        }
        else if (isAllocated)
        {
            word = info.LeftTo(heir).Value;
        }

        _lock.Release();
        return isAllocated ? isFree : throw new InvalidOperationException("a frame is let go of that is not allocated");
    }

    /// <summary>
    /// Gives the frames that an owner has let go of to another heir, as a walk over the whole table in steps. True: all of it was looked at.
    /// </summary>
    /// <param name="at">Where the walk goes on; 0 at first.</param>
    /// <param name="entries">The most frames to look at; at most 2^20.</param>
    public bool LeaveAll(ushort owner, ushort heir, ref ulong at, ulong entries)
    {
        if (at >= _frames)
        {
            return true;
        }

        _lock.Acquire();
        Span<ulong> infos = Infos(at, Math.Min(entries, _frames - at));
        for (int i = 0; i < infos.Length; i++)
        {
            var info = new FrameInfo(infos[i]);
            if (info.State == FrameState.Allocated && info.IsLeft && info.Owner == owner)
            {
                infos[i] = info.LeftTo(heir).Value;
            }
        }

        _lock.Release();
        at += (ulong)infos.Length;
        return at >= _frames;
    }

    /// <summary>References held on the frame; 0 when it is not allocated.</summary>
    public uint ReferencesTo(Mfn mfn) => IsAllocated(mfn) ? At(mfn.Value).References : 0;

    /// <summary>Whether any of 2^order frames is referenced.</summary>
    public bool AreReferenced(Mfn mfn, int order) => !AreAllocated(mfn.Value, 1UL << order, out bool areUnreferenced) || !areUnreferenced;

    // With the lock.
    private void FreeOne(ulong mfn)
    {
        Info(mfn) = FrameInfo.FreeTail.Value;
        FreeFrames++;
        InsertAndMerge(mfn, 0);
    }
}
