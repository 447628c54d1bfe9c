using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The page of a monitor's ring (public/io/ring.h, public/vm_event.h): 8 entries of 400 bytes, at which the hypervisor writes events and the
/// listener answers. The target has the frame until a toolstack takes it out; it is pinned meanwhile. Of what the listener writes each word
/// is read once, and the hypervisor's own indices are kept here, so that nonsense in the page harms who waits for answers alone.
/// </summary>
internal sealed class VmEventRingPage(SharedPage page)
{
    /// <summary>Entries of the ring.</summary>
    public const int Length = 8;

    private const int RequestProducer = 0, ResponseProducer = 8, ResponseEvent = 12, Entries = 64, EntrySize = 400;

    /// <summary>Free-running: events written, answers read.</summary>
    private uint _written, _read;

    public bool IsAttached => page.IsAttached;

    /// <summary>Begins with an empty ring. False: that is not the domain's own writable memory.</summary>
    public bool TryAttach(Gfn gfn)
    {
        _written = _read = 0;
        return page.TryAttach(gfn);
    }

    public void Detach() => page.Detach();

    /// <summary>Events that fit now. An event takes its place until the answer to it has been read.</summary>
    public int Free => Length - Math.Clamp(unchecked((int)(_written - _read)), 0, Length);

    /// <summary>Writes an event, for which there is room, and then the index that shows it.</summary>
    public void Put(in VmEventRequest request)
    {
        page.Write(PlaceOf(_written), MemoryMarshal.AsBytes(new ReadOnlySpan<VmEventRequest>(in request)));
        page.Write32(RequestProducer, unchecked(++_written));
    }

    /// <summary>
    /// Takes an answer. False: there is none, or the listener's index says more than the ring holds, which says nothing.
    /// </summary>
    public bool TryTake(out VmEventRequest answer)
    {
        answer = default;
        uint there = unchecked(page.Read32(ResponseProducer) - _read);
        if (there is 0 or > Length)
            return false;
        page.Read(PlaceOf(_read), MemoryMarshal.AsBytes(new Span<VmEventRequest>(ref answer)));
        unchecked
        {
            page.Write32(ResponseEvent, ++_read + 1);
        }
        return true;
    }

    private static int PlaceOf(uint index) => Entries + (int)(index % Length) * EntrySize;
}
