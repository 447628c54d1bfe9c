using System;

namespace Xenolith.Kernel;

/// <summary>The frame table itself: single entries, and runs of them.</summary>
public sealed partial class FrameAllocator
{
    private ref ulong Info(ulong mfn)
    {
        if (mfn >= _frames)
        {
            throw new ArgumentOutOfRangeException(nameof(mfn));
        }

        return ref _memory.Word64(_table + (mfn * sizeof(ulong)));
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
            throw new ArgumentOutOfRangeException(nameof(mfn));
        }

        return _memory.Words64(_table + (mfn * sizeof(ulong)), (int)Math.Min(count, most));
    }
}
