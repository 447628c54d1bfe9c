using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Guest frames that one vCPU's calls used lately, and where they lie in the host. As with kept walks nothing has to be invalidated: what is kept
/// counts only until the p2m changes there (<see cref="WalkedFrames"/>).
/// </summary>
internal sealed unsafe class GuestFrames(GuestMemory memory)
{
    // unsafe: pointers to frames in the direct map. RAM does not move, and none is followed unless the p2m is there what it was.
    private struct Frame
    {
        public ulong Gfn, Walked;
        public byte* Place;

        /// <summary>Whether a write needs no further look; while writes are logged, none that follows a read.</summary>
        public bool IsWritable;
    }

    private const int Count = 8;

    private readonly P2m _p2m = memory.P2m;
    private readonly WalkedFrames _walked = memory.P2m.Walked;
    private readonly PhysicalMemory _memory = memory.Physical;
    private readonly Frame[] _frames = new Frame[Count];

    /// <summary>Where a guest frame begins in the host.</summary>
    /// <param name="writes">Whether it is to be written.</param>
    /// <param name="place">Null: memory where what is written is dropped.</param>
    /// <returns>False: it is no memory that calls may use.</returns>
    public bool TryFind(Gfn gfn, bool writes, out byte* place)
    {
        ref Frame frame = ref _frames[(int)gfn.Value & (Count - 1)];
        place = frame.Place;
        if (place != null && frame.Gfn == gfn.Value && frame.Walked == _walked.Generation && (!writes || frame.IsWritable))
            return true;
        return TryLookUp(gfn, writes, ref frame, out place);
    }

    private bool TryLookUp(Gfn gfn, bool writes, ref Frame frame, out byte* place)
    {
        WalkStart start = WalkStart.Of(_p2m);
        P2mEntry entry = _p2m.Lookup(gfn);
        place = null;
        if (!entry.IsReadable)
            return false;
        if (writes && !entry.IsWritable)
            return true;
        if (writes)
            _p2m.MarkWritten(gfn);
        place = (byte*)Unsafe.AsPointer(ref _memory.Word64(entry.Mfn.Address));
        _walked.Add(gfn);
        if (start.P2m == _p2m.Generation)
            frame = new Frame { Gfn = gfn.Value, Walked = start.Walked, Place = place, IsWritable = writes || (entry.IsWritable && !_p2m.Log.IsOn) };
        return true;
    }
}
