using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// A place in a guest's memory that the hypervisor writes to unasked: the runstate area, the second copy of
/// the time. A linear address is resolved once, when it is registered, and the frames are pinned: a guest with two sets of page
/// tables does not map its kernel's data while user code runs.
/// </summary>
internal sealed class RegisteredArea(P2m p2m, PhysicalMemory memory)
{
    private readonly SharedPage _first = new(p2m, memory);
    private readonly SharedPage _second = new(p2m, memory);
    private int _offset;

    /// <summary>Bytes from the area's start to the end of the memory that is pinned.</summary>
    private int _room;

    public bool IsRegistered => _first.IsAttached;

    /// <summary>Resolves and pins [linear, linear + length); false, and nothing is registered any more: a page is not writable memory.</summary>
    /// <param name="length">1 to 4,096 bytes.</param>
    public bool TryRegister(GuestAccess access, ulong linear, int length)
    {
        Release();
        ulong last = unchecked(linear + (ulong)length - 1);
        if (!TryAttach(access, linear, _first))
            return false;
        if ((last & ~Page.OffsetMask) != (linear & ~Page.OffsetMask) && !TryAttach(access, last & ~Page.OffsetMask, _second))
        {
            _first.Detach();
            return false;
        }
        _offset = (int)(linear & Page.OffsetMask);
        _room = (_second.IsAttached ? 2 * Page.Size : Page.Size) - _offset;
        return true;
    }

    /// <summary>No area: an address that takes the last one away, as of Xen 4.18's calls.</summary>
    public const ulong None = ulong.MaxValue;

    /// <summary>
    /// Pins [physical, physical + length), or lets go for <see cref="None"/>; after an error what was registered before still is. ENXIO: it crosses a
    /// page's end, or is not aligned; EINVAL: the frame is not the guest's own writable memory.
    /// </summary>
    /// <param name="length">1 to 4,096 bytes.</param>
    /// <param name="alignment">A power of two.</param>
    public Errno Register(ulong physical, int length, uint alignment)
    {
        if (physical == None)
        {
            Release();
            return Errno.None;
        }
        int offset = (int)(physical & Page.OffsetMask);
        if (offset > Page.Size - length || (physical & (alignment - 1)) != 0)
            return Errno.ENXIO;
        if (!_first.TryAttach(Gfn.Of(physical)))
            return Errno.EINVAL;
        _second.Detach();
        _offset = offset;
        _room = Page.Size - offset;
        return Errno.None;
    }

    /// <summary>
    /// Copies out to the area, as much as lies in the pages that were there when it was registered: a guest that changed to the wider
    /// layout since may have its narrow area at the end of a page. Nothing happens when none is registered.
    /// </summary>
    /// <param name="at">Byte offset in the area.</param>
    public void Write(int at, ReadOnlySpan<byte> source)
    {
        if (!IsRegistered)
            return;
        source = source.Slice(0, Math.Clamp(_room - at, 0, source.Length));
        int start = _offset + at;
        int here = Math.Clamp(Page.Size - start, 0, source.Length);
        if (here > 0)
            _first.Write(start, source.Slice(0, here));
        if (here < source.Length)
            _second.Write(Math.Max(start - Page.Size, 0), source.Slice(here));
    }

    public void Release()
    {
        _first.Detach();
        _second.Detach();
    }

    private static bool TryAttach(GuestAccess access, ulong handle, SharedPage page) =>
        access.TryResolve(handle, AccessKind.Write, out Gfn gfn) && page.TryAttach(gfn);
}
