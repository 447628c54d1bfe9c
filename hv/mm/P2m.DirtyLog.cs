using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The log of what is written to the domain's memory. Leaves of plain RAM are what it holds back: other memory the guest can't write, or it is
/// another domain's. While it is switched, read or cleared no vCPU of the domain is on a CPU.
/// </summary>
public sealed partial class P2m
{
    /// <summary>What is written to the domain's memory, while somebody wants to know.</summary>
    public DirtyLog Log { get; }

    /// <summary>Whether leaves may lack the right to write because of a log, be it over.</summary>
    private bool _holdsBack;

    private int RoomForLog => Math.Max(TableLimit - _table.TableFrames - _copies, 0);

    /// <summary>The hypervisor has written to a guest frame, for the guest or for others.</summary>
    public void MarkWritten(Gfn gfn)
    {
        if (Log.IsOn && TypeOf(gfn) is (P2mType.Ram or P2mType.RamForwarded))
            Log.Mark(gfn, RoomForLog);
    }

    /// <summary>Switches the log of all memory on. Leaves are held back by <see cref="HoldBack"/>, which follows at once.</summary>
    public void BeginLog()
    {
        Log.IsGlobal = true;
        _holdsBack = true;
        CopyShared();
        AnnounceAll();
    }

    /// <summary>Holds leaves back whose frames are not marked, from a guest frame on. True: there are no more.</summary>
    /// <param name="at">Where to go on; 0 at first.</param>
    /// <param name="leaves">How many entries to look at, at most.</param>
    public bool HoldBack(ref ulong at, int leaves) => Rewrite(ref at, MaximumGfn.Value, leaves);

    /// <summary>Ends the log of all memory; that of a range goes on. <see cref="LetGo"/> follows.</summary>
    public void EndLog()
    {
        Log.IsGlobal = false;
        if (!Log.IsOn)
            DropCopies();
        AnnounceAll();
    }

    /// <summary>Opens leaves again after the end of the log of all memory, then gives its bits back, a part at a time. True: that is done.</summary>
    /// <param name="at">Where to go on; 0 at first.</param>
    /// <param name="steps">How many entries to look at, at most.</param>
    public bool LetGo(ref ulong at, int steps)
    {
        if (_holdsBack && !Rewrite(ref at, MaximumGfn.Value, steps))
            return false;
        _holdsBack = Log.HasRange;
        return Log.Release(steps);
    }

    /// <summary>
    /// Looks after another range; no frames: after none. Leaves of the range before are opened when somebody writes there, those of the new
    /// one are held back by <see cref="ClearTracked"/>.
    /// </summary>
    public void TrackRange(Gfn first, ulong count)
    {
        _holdsBack |= count != 0;
        Log.SetRange(first, count);
        if (!Log.IsOn)
            DropCopies();
    }

    /// <summary>Takes the mark of a frame of the range back.</summary>
    public void ClearTracked(Gfn gfn)
    {
        Log.ClearTracked(gfn);
        if (IsAddressable(gfn, 0))
            HoldBack(gfn);
    }

    /// <summary>A device model says that it has written to a frame: for who looks at all memory.</summary>
    public void MarkModified(Gfn gfn)
    {
        if (Log.IsGlobal && Lookup(gfn).IsRam)
            Log.MarkForAll(gfn, RoomForLog);
    }

    /// <summary>Whether the frame is plain memory whose next write is logged.</summary>
    public bool IsHeldBack(Gfn gfn) => Log.IsOn && TypeOf(gfn) == P2mType.Ram && !Log.MayWrite(gfn);

    /// <summary>Takes marks back, of 64 guest frames: from now on their first write is marked anew.</summary>
    /// <param name="first">A multiple of 64.</param>
    /// <param name="marks">Which.</param>
    public void ClearMarks(Gfn first, ulong marks)
    {
        Log.ClearWritten(first, marks);
        for (; marks != 0; marks &= marks - 1)
            HoldBack(new Gfn(first.Value + (uint)System.Numerics.BitOperations.TrailingZeroCount(marks)));
    }

    /// <summary>CPUs and kept walks forget which frames may be written. After marks were taken back.</summary>
    public void AnnounceAll()
    {
        Views?.DropLeaves();
        Announce(default, Page.Order2M);
    }

    /// <summary>Whether the log allows no leaf of those frames to let the guest write.</summary>
    internal bool HoldsBack(Gfn first, int order) => Log.IsOn && !Log.MayWrite(first, order);

    /// <summary>
    /// The nested page table did not let a guest write. True: that was the log's doing; the frame is marked and the leaf open, and the guest
    /// tries again.
    /// </summary>
    public bool TryOpen(Gfn gfn)
    {
        if (!_holdsBack || !_table.TryLocate(gfn.Address, out Mfn mfn, out Rights rights, out TablePlace place)
            || (rights & Rights.Write) != 0 || gfn == _apicPage || TypeOf(gfn) != P2mType.Ram)
            return false;
        if (Log.IsOn)
            Log.Mark(gfn, RoomForLog);
        // Where the right leaves no writing, a view does that has written: the mark is all.
        Rights wanted = LeafRights(AttributesOf(gfn));
        if (wanted == rights)
            return true;
        if (place.Level == 1)
            return _table.TryMap(place, mfn, 0, wanted, Caching.WriteBack);
        // CPUs may have the large leaf cached, which is good for what it allows.
        if (HasRoomForTables(place.Level, 0) && _table.TryMap(gfn.Address, mfn, 0, wanted, Caching.WriteBack))
        {
            Announce(gfn, 0);
            return true;
        }
        OpenLarge(gfn, mfn, wanted, place);
        return true;
    }

    /// <summary>No frame for a table of small leaves: all that the large one maps counts as written.</summary>
    private void OpenLarge(Gfn gfn, Mfn mfn, Rights rights, TablePlace place)
    {
        int order = (place.Level - 1) * 9;
        ulong within = gfn.Value & ((1UL << order) - 1);
        MarkAll(new Gfn(gfn.Value - within), order);
        _table.TryMap(place, new Mfn(mfn.Value - within), order, rights, Caching.WriteBack);
    }

    private void MarkAll(Gfn first, int order)
    {
        for (ulong i = 0; i < 1UL << order; i++)
            Log.Mark(new Gfn(first.Value + i), RoomForLog);
    }

    /// <summary>What a leaf of RAM is to allow that gets a frame: what was there before is not what is there now.</summary>
    private Rights Logged(Gfn gfn, Mfn mfn, int order, P2mAttributes attributes)
    {
        if (attributes.Type != P2mType.Ram || !Log.IsOn)
            return LeafRights(attributes);
        if (!_table.TryQuery(gfn.Address, out Mfn before, out _, out _) || before != mfn)
            MarkAll(gfn, order);
        return LeafRights(attributes, isHeldBack: !Log.MayWrite(gfn, order));
    }

    private void HoldBack(Gfn gfn)
    {
        if (!_table.TryLocate(gfn.Address, out Mfn mfn, out Rights rights, out TablePlace place) || (rights & Rights.Write) == 0
            || gfn == _apicPage || TypeOf(gfn) != P2mType.Ram)
            return;
        int order = (place.Level - 1) * 9;
        _table.TryMap(place, new Mfn(mfn.Value & ~((1UL << order) - 1)), order, LeafRights(AttributesOf(gfn), isHeldBack: true), Caching.WriteBack);
    }

    private bool Rewrite(ref ulong at, ulong last, int leaves)
    {
        while (at <= last)
        {
            if (leaves-- == 0)
                return false;
            var gfn = new Gfn(at);
            bool isPresent = _table.TryLocate(gfn.Address, out Mfn mfn, out Rights rights, out TablePlace place);
            int order = (place.Level - 1) * 9;
            ulong first = at & ~((1UL << order) - 1);
            if (isPresent && gfn != _apicPage && TypeOf(gfn) == P2mType.Ram)
            {
                bool mayWrite = !Log.IsOn || Log.MayWrite(new Gfn(first), order);
                Rights wanted = LeafRights(AttributesOf(gfn), isHeldBack: !mayWrite);
                if (wanted != rights)
                    _table.TryMap(place, new Mfn(mfn.Value & ~((1UL << order) - 1)), order, wanted, Caching.WriteBack);
            }
            at = first + (1UL << order);
            // What the log had made small.
            if (order == 0 && (at & (ChunkFrames - 1)) == 0)
                Merge(gfn);
        }
        return true;
    }
}
