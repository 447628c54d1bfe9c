using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The domain's frames: what it has, and what it may map where.</summary>
public sealed partial class Domain
{
    /// <summary>Frames of memory that the domain has (XENMEM_current_reservation).</summary>
    public ulong TotalPages => P2m.PopulatedFrames;

    /// <summary>The most that it may have (XENMEM_maximum_reservation).</summary>
    public ulong MaximumPages { get; set; }

    /// <summary>
    /// Gives the domain memory at [start, start + frames), in the largest pages possible. The range holds nothing yet.
    /// ENOMEM: more than <see cref="MaximumPages"/>, or the machine has no more; then nothing of the range is populated.
    /// </summary>
    public Errno TryPopulate(Gfn start, ulong frames)
    {
        if (frames > MaximumPages || TotalPages > MaximumPages - frames)
            return Errno.ENOMEM;
        if (!Services.Claims.MayTake(this, frames) || !P2m.TryPopulate(start, frames))
            return Errno.ENOMEM;
        Services.Claims.Took(this, frames);
        return Errno.None;
    }

    /// <summary>Frames claimed for the domain and not yet given.</summary>
    public ulong ClaimedPages { get; internal set; }

    /// <summary>
    /// Maps a lent frame at a guest frame; what was there before goes back to the machine, and the lent frame leaves the
    /// place where it was before. ENOMEM: no memory for tables; EINVAL: the guest frame is not the guest's to give.
    /// </summary>
    public Errno Lend(LentFrame frame, Gfn gfn)
    {
        if (frame.Mfn == Mfn.Invalid)
            return Errno.EINVAL;
        if (IsLentAt(frame, gfn))
            return Errno.None;
        Errno error = MakeRoom(gfn);
        if (error != Errno.None)
            return error;
        if (!TryWithdraw(frame) || !P2m.TrySet(gfn, frame.Mfn, 0, P2mType.Ram))
            return Errno.ENOMEM;
        frame.Location = gfn;
        return Errno.None;
    }

    /// <summary>
    /// Moves a frame of the guest's memory (XENMAPSPACE_gmfn): it appears at <paramref name="to"/> and leaves
    /// <paramref name="from"/>. EINVAL: nothing to move, or the target is not the guest's to give; ENOMEM.
    /// </summary>
    public Errno Move(Gfn from, Gfn to)
    {
        P2mEntry entry = P2m.Lookup(from);
        if (!entry.IsRam)
            return Errno.EINVAL;
        if (from == to)
            return Errno.None;
        Errno error = MakeRoom(to);
        if (error != Errno.None)
            return error;
        // The new place first: when memory runs out between the two, the frame must still be somewhere.
        if (!P2m.TrySet(to, entry.Mfn, 0, entry.Type))
            return Errno.ENOMEM;
        if (P2m.TryRemove(from, 0))
        {
            // A lent frame is at one place at a time, however it came there: it must be found when it is withdrawn.
            if (FindLent(entry.Mfn) is { } lent)
                lent.Location = to;
            P2m.MoveShared(entry.Mfn, to);
            return Errno.None;
        }
        P2m.TryRemove(to, 0);
        return Errno.ENOMEM;
    }

    /// <summary>
    /// Maps a frame that is not the domain's, on which the caller holds a reference. What was there before goes back to the machine.
    /// EINVAL: the guest frame is not the guest's to give; ENOMEM: no memory for tables.
    /// </summary>
    /// <param name="gfn">Below 2^36.</param>
    /// <param name="type">One of the grants', or <see cref="P2mType.Foreign"/>.</param>
    public Errno MapOthers(Gfn gfn, Mfn mfn, P2mType type)
    {
        Errno error = MakeRoom(gfn);
        if (error != Errno.None)
            return error;
        return P2m.TrySet(gfn, mfn, 0, type) ? Errno.None : Errno.ENOMEM;
    }

    /// <summary>Takes such a frame out of the domain's memory. EINVAL: that one is not mapped there, or not by that type.</summary>
    /// <param name="type"><see cref="P2mType.Grant"/>, whatever the grant is for, or <see cref="P2mType.Foreign"/>.</param>
    public Errno UnmapOthers(Gfn gfn, Mfn mfn, P2mType type)
    {
        P2mEntry entry = P2m.Lookup(gfn);
        if (entry.Mfn != mfn || (type == P2mType.Grant ? !entry.IsGrant : entry.Type != type))
            return Errno.EINVAL;
        return P2m.TryRemove(gfn, 0) ? Errno.None : Errno.ENOMEM;
    }

    /// <summary>
    /// A frame of memory is broken (XEN_DOMCTL_set_broken_page_p2m): it leaves the guest's memory and is held back from all others while the
    /// domain lives. EINVAL: not memory, or of a domain that is being taken apart; ENOMEM: as many are broken as can be, or there is no frame for a page table.
    /// </summary>
    public Errno SetBroken(Gfn gfn)
    {
        P2mEntry entry = P2m.Lookup(gfn);
        if (!entry.IsRam || IsDying)
            return Errno.EINVAL;
        if (_brokenCount == _broken.Length)
            return Errno.ENOMEM;
        P2m.Pin(entry.Mfn);
        if (!P2m.TryDepopulate(gfn))
        {
            P2m.Unpin(entry.Mfn);
            return Errno.ENOMEM;
        }
        _broken[_brokenCount++] = entry.Mfn;
        return Errno.None;
    }

    private const int MaximumBroken = 16;

    private readonly Mfn[] _broken = new Mfn[MaximumBroken];
    private int _brokenCount;

    private void ReleaseBroken()
    {
        while (_brokenCount > 0)
            P2m.Unpin(_broken[--_brokenCount]);
    }

    /// <summary>
    /// The guest begins anew with the memory that it has: it has no views of it, the hypervisor writes nothing to it unasked any more, and where
    /// shared_info was mapped is memory. False: there is none for that.
    /// </summary>
    public bool TryForgetPlaces()
    {
        while (!DeactivateAltp2m(int.MaxValue))
        {
        }
        foreach (Vcpu vcpu in Vcpus)
            vcpu.ForgetPlaces();
        HypercallTlbs.Clear();
        PausedCalls.Clear();
        Gfn place = _sharedInfoFrame.Location;
        if (!IsLentAt(_sharedInfoFrame, place))
            return true;
        return TryWithdraw(_sharedInfoFrame) && TryPopulate(place, 1) == Errno.None;
    }

    /// <summary>Takes a lent frame out of the guest's memory.</summary>
    internal void Withdraw(LentFrame frame) => TryWithdraw(frame);

    internal bool TryAllocateLent(LentFrame frame)
    {
        if (frame.Mfn != Mfn.Invalid)
            return true;
        if (!Services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn mfn))
            return false;
        frame.Mfn = mfn;
        return true;
    }

    internal void FreeLent(LentFrame frame)
    {
        if (frame.Mfn == Mfn.Invalid)
            return;
        // What the p2m still maps when it is released may be another's by then.
        TryWithdraw(frame);
        Services.Frames.FreeOrLeave(frame.Mfn, FrameAllocator.EndedOwner);
        frame.Mfn = Mfn.Invalid;
    }

    private bool TryWithdraw(LentFrame frame)
    {
        if (!IsLentAt(frame, frame.Location))
            return true;
        if (!P2m.TryRemove(frame.Location, 0))
            return false;
        frame.Location = Gfn.Invalid;
        return true;
    }

    private bool IsLentAt(LentFrame frame, Gfn gfn) => gfn != Gfn.Invalid && P2m.Lookup(gfn).Mfn == frame.Mfn;

    private LentFrame? FindLent(Mfn mfn)
    {
        if (Services.Frames.OwnerOf(mfn) != FrameAllocator.HypervisorOwner)
            return null;
        return mfn == _sharedInfoFrame.Mfn ? _sharedInfoFrame : GrantTable.FindFrame(mfn);
    }

    private Errno MakeRoom(Gfn gfn)
    {
        P2mEntry before = P2m.Lookup(gfn);
        if (before.Type == P2mType.None)
            return Errno.None;
        if (!before.IsRam)
            return Errno.EINVAL;
        return P2m.TryDepopulate(gfn) ? Errno.None : Errno.ENOMEM;
    }
}
