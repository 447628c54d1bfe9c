using System;
using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>The frame table itself: single entries, and runs of them.</summary>
public sealed unsafe partial class FrameAllocator
{
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

    private bool AreAllocated(ulong mfn, ulong count, out bool areUnreferenced)
    {
        areUnreferenced = false;
        bool isReferenced = false;
        for (ulong i = 0; i < count; i++)
        {
            FrameInfo info = At(mfn + i);
            if (info.State != FrameState.Allocated)
            {
                return false;
            }

            isReferenced |= info.References != 0;
        }

        areUnreferenced = !isReferenced;
        return true;
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
