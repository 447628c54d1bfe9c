using System.Threading;
using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Buffers that are named by lists of guest frames, for those too large to lie in one piece of a guest's physical memory. A handle has bit 63 set,
/// the frame of the first descriptor page in bits 62 to 30, and the offset of the byte in bits 29 to 0; so what a call adds to a pointer goes to the
/// offset, and the handle means the same when a call is issued again. A descriptor page holds the length of the buffer in bytes (in the first
/// page), the number of frames in it, the guest-physical address of the next page or 0, and 509 frame numbers.
/// </summary>
/// <remarks>
/// The lists are the guest's and may change at any moment: each word is read once for each page of the buffer, and nothing is kept of them but how
/// far the last look had come, so that going through a long buffer does not begin at its front each time.
/// </remarks>
internal sealed unsafe class GuestBufferLists(GuestFrames frames)
{
    // unsafe: words of descriptor pages, whose places come from GuestFrames and are used at once.

    /// <summary>Frame numbers of a descriptor page.</summary>
    public const int FramesPerPage = 509;

    /// <summary>The most descriptor pages of a buffer: 1,018 MiB. A list that goes in circles ends here at the latest.</summary>
    public const int MaximumPages = 512;

    private const ulong Marker = 1UL << 63;
    private const int OffsetBits = 30;
    private const int LengthWord = 0, CountWord = 1, NextWord = 2, FirstFrameWord = 3;
    private const int FrameBits = P2m.MaximumAddressBits - Page.Shift;

    private ulong _head = ulong.MaxValue;
    private Gfn _page;
    private ulong _index;

    /// <summary>Whether a handle names a list.</summary>
    public static bool IsIndirect(ulong handle) => (handle & Marker) != 0;

    /// <summary>Bytes from the start of the buffer.</summary>
    public static ulong OffsetOf(ulong handle) => handle & ((1UL << OffsetBits) - 1);

    /// <summary>Forgets how far the last look had come: another call begins.</summary>
    public void Begin() => _head = ulong.MaxValue;

    /// <summary>The guest frame of the byte that a handle means.</summary>
    /// <returns>False: past the buffer's end, or the list is not one.</returns>
    public bool TryResolve(ulong handle, out Gfn gfn)
    {
        gfn = default;
        ulong head = (handle & ~Marker) >> OffsetBits;
        ulong offset = OffsetOf(handle);
        if (!TryRead(new Gfn(head), LengthWord, out ulong length) || offset >= length)
            return false;
        ulong wanted = (offset >> Page.Shift) / FramesPerPage;
        if (_head != head || _index > wanted)
            (_head, _page, _index) = (head, new Gfn(head), 0);
        while (_index < wanted)
        {
            if (_index + 1 == MaximumPages || !TryRead(_page, NextWord, out ulong next) || (next & Page.OffsetMask) != 0 || next == 0
                || Gfn.Of(next) == new Gfn(head))
            {
                return false;
            }
            _page = Gfn.Of(next);
            _index++;
        }
        ulong place = (offset >> Page.Shift) % FramesPerPage;
        if (!TryRead(_page, CountWord, out ulong count) || count > FramesPerPage || place >= count
            || !TryRead(_page, FirstFrameWord + (int)place, out ulong frame) || frame >> FrameBits != 0)
        {
            return false;
        }
        gfn = new Gfn(frame);
        return true;
    }

    private bool TryRead(Gfn page, int word, out ulong value)
    {
        value = 0;
        if (!frames.TryFind(page, false, out byte* place))
            return false;
        value = Volatile.Read(ref *((ulong*)place + word));
        return true;
    }
}
