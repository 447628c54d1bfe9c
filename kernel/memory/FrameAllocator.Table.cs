using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>The frame table itself: single entries, and runs of them.</summary>
public sealed unsafe partial class FrameAllocator
{
    /// <summary>
    /// Gives a run of frames back, at whatever frame it begins. False, and nothing happens: one of them is referenced. Freeing a frame that is
    /// not allocated is a bug and panics.
    /// </summary>
    public bool FreeRun(Mfn mfn, ulong count)
    {
        _lock.Acquire();
        bool areAllocated = AreAllocated(mfn.Value, count, out bool isFree);
        if (isFree)
        {
            Fill(mfn.Value, count, FrameInfo.FreeTail);
            FreeFrames += count;
            InsertRun(mfn.Value, count);
        }

        _lock.Release();
        return areAllocated ? isFree : throw new InvalidOperationException("a frame is freed that is not allocated");
    }

    /// <summary>How many frames from this one on an owner has that nobody refers to.</summary>
    /// <param name="most">The most to look at.</param>
    public ulong CountUnreferenced(Mfn mfn, ulong most, ushort owner)
    {
        if (mfn.Value >= _frames)
        {
            return 0;
        }

        Span<ulong> infos = Infos(mfn.Value, Math.Min(most, _frames - mfn.Value));
        int count = 0;
        while (count < infos.Length && new FrameInfo(infos[count]).IsHeldOnlyBy(owner))
        {
            count++;
        }

        return (ulong)count;
    }

    /// <summary>Whether an owner has all of 2^order frames and has let go of none, whoever refers to them.</summary>
    public bool AreHeldBy(ushort owner, Mfn mfn, int order)
    {
        ulong count = 1UL << order;
        if (mfn.Value >= _frames || count > _frames - mfn.Value)
        {
            return false;
        }

        foreach (ulong info in Infos(mfn.Value, count))
        {
            if (!new FrameInfo(info).IsHeldBy(owner))
            {
                return false;
            }
        }

        return true;
    }

    // unsafe: here and in Infos every index is checked.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Info(ulong mfn)
    {
        if (mfn >= _frames)
        {
            throw BeyondTable();
        }

        return ref _infos[mfn];
    }

    private FrameInfo At(ulong mfn) => new(Info(mfn));

    private FrameState StateOf(ulong mfn) => At(mfn).State;

    private bool IsAllocated(Mfn mfn) => mfn.Value < _frames && StateOf(mfn.Value) == FrameState.Allocated;

    // Allocated is the state with all of its bits set.
    private bool AreAllocated(ulong mfn, ulong count, out bool areUnreferenced)
    {
        ulong all = ulong.MaxValue, any = 0;
        for (ulong i = 0; i < count;)
        {
            Span<ulong> infos = Infos(mfn + i, count - i);
            foreach (ulong value in infos)
            {
                all &= value;
                any |= value;
            }

            i += (ulong)infos.Length;
        }

        bool areAllocated = new FrameInfo(all).State == FrameState.Allocated;
        areUnreferenced = areAllocated && new FrameInfo(any).References == 0;
        return areAllocated;
    }

    private void InsertRun(ulong mfn, ulong count)
    {
        for (ulong end = mfn + count; mfn < end;)
        {
            int order = LargestOrder(mfn, end - mfn);
            InsertAndMerge(mfn, order);
            mfn += 1UL << order;
        }
    }

    // How many frames from this one on are not managed.
    private ulong ReservedFrom(ulong mfn, ulong end)
    {
        ulong at = mfn;
        while (at < end)
        {
            Span<ulong> infos = Infos(at, end - at);
            for (int i = 0; i < infos.Length; i++)
            {
                if (new FrameInfo(infos[i]).State != FrameState.Reserved)
                {
                    return at + (ulong)i - mfn;
                }
            }

            at += (ulong)infos.Length;
        }

        return at - mfn;
    }

    private void Fill(ulong mfn, ulong count, FrameInfo info)
    {
        if (count == 1)
        {
            Info(mfn) = info.Value;
            return;
        }

        while (count != 0)
        {
            Span<ulong> infos = Infos(mfn, count);
            infos.Fill(info.Value);
            mfn += (ulong)infos.Length;
            count -= (ulong)infos.Length;
        }
    }

    // The entries of a run of frames, or of its beginning: a span has its limits.
    private Span<ulong> Infos(ulong mfn, ulong count)
    {
        const ulong most = 1 << 20;
        if (mfn >= _frames || count > _frames - mfn)
        {
            throw BeyondTable();
        }

        return new Span<ulong>(_infos + mfn, (int)Math.Min(count, most));
    }

    private static ArgumentOutOfRangeException BeyondTable() => new("mfn");
}
