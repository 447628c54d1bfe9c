using System;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The pages that the hypervisor writes unasked. It does not stop to mark one for each flag that it sets there: while writes are logged, a
/// look compares each with a copy that was made at the last one.
/// </summary>
public sealed partial class P2m
{
    private SharedPage? _firstShared;
    private int _copies;

    internal void AddShared(SharedPage page)
    {
        page.Next = _firstShared;
        page.Previous = null;
        if (_firstShared is not null)
            _firstShared.Previous = page;
        _firstShared = page;
    }

    internal void RemoveShared(SharedPage page)
    {
        if (Log.IsOn && HasChanged(page))
            MarkShared(page);
        DropCopy(page);
        if (page.Next is not null)
            page.Next.Previous = page.Previous;
        if (page.Previous is not null)
            page.Previous.Next = page.Next;
        else
            _firstShared = page.Next;
        page.Next = page.Previous = null;
    }

    /// <summary>A frame has got another place in the domain's memory.</summary>
    public void MoveShared(Mfn mfn, Gfn place)
    {
        for (SharedPage? page = _firstShared; page is not null; page = page.Next)
        {
            if (page.Mfn == mfn)
                page.Place = place;
        }
    }

    /// <summary>Marks those that hold something else than at the last look, or may, for want of memory for a copy.</summary>
    public void MarkShared()
    {
        for (SharedPage? page = _firstShared; page is not null; page = page.Next)
        {
            if (!HasChanged(page))
                continue;
            MarkShared(page);
            MakeCopy(page);
        }
    }

    private void CopyShared()
    {
        for (SharedPage? page = _firstShared; page is not null; page = page.Next)
            MakeCopy(page);
    }

    private void DropCopies()
    {
        for (SharedPage? page = _firstShared; page is not null; page = page.Next)
            DropCopy(page);
    }

    private void MarkShared(SharedPage page)
    {
        if (page.Place != Gfn.Invalid && Lookup(page.Place).Mfn == page.Mfn)
            MarkWritten(page.Place);
    }

    private bool HasChanged(SharedPage page) => page.Copy == Mfn.Invalid || !page.Content.SequenceEqual(_memory.Frame(page.Copy));

    private void MakeCopy(SharedPage page)
    {
        if (page.Copy == Mfn.Invalid)
        {
            if (RoomForLog <= Log.FrameCount || !_frames.TryAllocate(0, Owner, FrameType.PageTable, out Mfn mfn))
                return;
            page.Copy = mfn;
            _copies++;
        }
        page.Content.CopyTo(_memory.Frame(page.Copy));
    }

    private void DropCopy(SharedPage page)
    {
        if (page.Copy == Mfn.Invalid)
            return;
        _frames.Free(page.Copy, 0);
        page.Copy = Mfn.Invalid;
        _copies--;
    }
}
