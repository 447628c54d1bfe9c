using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The log of what is written to the domain's memory. Leaves of plain RAM are what it holds back: other memory the guest can't write, or it is
/// another domain's. While it is switched, read or cleared no vCPU of the domain is on a CPU.
/// </summary>
/// <remarks>
/// A leaf is held back in one of two ways: it does not allow writing, so that the first write is an exit; or, of 4 KiB and while CPUs log, it does, and the
/// CPU notes the first write and goes on (<see cref="Rights.Logged"/>). A frame that a CPU has noted and that is not marked yet is on its way: whoever
/// runs a vCPU marks what its CPU has noted after each exit.
/// </remarks>
public sealed partial class P2m
{
    /// <summary>What is written to the domain's memory, while somebody wants to know.</summary>
    public DirtyLog Log { get; }

    /// <summary>Whether leaves may lack the right to write because of a log, be it over.</summary>
    private bool _holdsBack;

    private CpuLogging _cpuLogging;

    /// <summary>How far <see cref="TryEndCpuLog"/> has come.</summary>
    private ulong _endedUpTo;

    /// <summary>What the CPUs that run the domain's vCPUs do for the log.</summary>
    private enum CpuLogging : byte
    {
        No,
        /// <summary>They note first writes: leaves may be held back so.</summary>
        Yes,
        /// <summary>They do, for there may be such leaves; no more are made.</summary>
        Ending,
    }

    /// <summary>
    /// Whether CPUs have to note first writes. Changes with <see cref="Generation"/>, and from false to true only while no vCPU is on a CPU.
    /// </summary>
    public bool IsLoggedByCpus => _cpuLogging != CpuLogging.No;

    private int RoomForLog => Math.Max(TableLimit - _table.TableFrames - _copies, 0);

    /// <summary>The hypervisor has written to a guest frame, for the guest or for others.</summary>
    public void MarkWritten(Gfn gfn)
    {
        if (Log.IsOn && TypeOf(gfn) is (P2mType.Ram or P2mType.RamForwarded))
            Log.Mark(gfn, RoomForLog);
    }

    /// <summary>A CPU has noted that a vCPU wrote to frames, by guest-physical address. On any CPU, without a lock.</summary>
    public void MarkNoted(ReadOnlySpan<ulong> addresses)
    {
        if (addresses.IsEmpty)
            return;
        int room = RoomForLog;
        Log.CountNoted(addresses.Length);
        foreach (ulong address in addresses)
            Log.Mark(Gfn.Of(address), room);
    }

    /// <summary>
    /// Ends what CPUs do for the log, which is by rights alone from then on and loses nothing: leaves that they look after are held back otherwise, a part at a time.
    /// True: that is done, as it is where they do nothing.
    /// </summary>
    /// <param name="leaves">How many entries to look at, at most.</param>
    public bool TryEndCpuLog(int leaves)
    {
        if (_cpuLogging == CpuLogging.Yes)
            (_cpuLogging, _endedUpTo) = (CpuLogging.Ending, 0);
        if (_cpuLogging == CpuLogging.No)
            return true;
        bool isDone = Rewrite(ref _endedUpTo, MaximumGfn.Value, leaves);
        if (isDone)
            _cpuLogging = CpuLogging.No;
        AnnounceAll();
        return isDone;
    }

    /// <summary>The same at once, for what can't be done in parts. Nothing is left to do where the caller has seen to it before.</summary>
    private void EndCpuLog()
    {
        while (!TryEndCpuLog(int.MaxValue))
        {
        }
    }

    /// <summary>Switches the log of all memory on. Leaves are held back by <see cref="HoldBack"/>, which follows at once.</summary>
    /// <param name="byCpus">Whether CPUs note first writes, from the next entries on; nothing changes of that where a range is looked after already.</param>
    public void BeginLog(bool byCpus = false)
    {
        BeginCpuLog(byCpus);
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
            FinishLog();
        AnnounceAll();
    }

    private void FinishLog()
    {
        DropCopies();
        // A leaf that CPUs looked after is an open one from now on.
        _cpuLogging = CpuLogging.No;
    }

    /// <summary>A log begins, unless one is on already: then what CPUs do stays as it is.</summary>
    private void BeginCpuLog(bool byCpus)
    {
        if (Log.IsOn)
            return;
        Log.ForgetCounts();
        if (byCpus)
            _cpuLogging = CpuLogging.Yes;
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
    /// <param name="byCpus">As of <see cref="BeginLog"/>.</param>
    public void TrackRange(Gfn first, ulong count, bool byCpus = false)
    {
        if (count != 0)
            BeginCpuLog(byCpus);
        _holdsBack |= count != 0;
        Log.SetRange(first, count);
        if (!Log.IsOn)
            FinishLog();
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
    public bool IsHeldBack(Gfn gfn)
    {
        if (!Log.IsOn || TypeOf(gfn) != P2mType.Ram || Log.MayWrite(gfn))
            return false;
        // A CPU may have noted a write that is not marked yet.
        _table.TryQuery(gfn.Address, out _, out Rights rights, out _);
        return !IsLoggedByCpus || (rights & Rights.Write) == 0 || (rights & Rights.Logged) != 0;
    }

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
        {
            Log.CountFault();
            Log.Mark(gfn, RoomForLog);
        }
        // Where the right leaves no writing, a view does that has written: the mark is all.
        Rights wanted = LeafRights(AttributesOf(gfn));
        if (wanted == rights)
            return true;
        if (place.Level == 1)
            return _table.TryMap(place, mfn, 0, wanted, Caching.WriteBack);
        // CPUs may have the large leaf cached, which is good for what it allows.
        if (HasRoomForTables(place.Level, 0) && _table.TryMap(gfn.Address, mfn, 0, wanted, Caching.WriteBack))
        {
            LetCpusLogAround(gfn, mfn, wanted);
            Announce(gfn, 0);
            return true;
        }
        OpenLarge(gfn, mfn, wanted, place);
        return true;
    }

    /// <summary>The other frames of a large page that has just been split are looked after by CPUs, if they do that.</summary>
    private void LetCpusLogAround(Gfn gfn, Mfn mfn, Rights rights)
    {
        if (_cpuLogging != CpuLogging.Yes)
            return;
        _table.TryLocate(gfn.Address, out _, out _, out TablePlace place);
        _table.SetRights(place, HeldBackRights(AttributesOf(gfn), 0), Caching.WriteBack);
        _table.TryMap(place, mfn, 0, rights, Caching.WriteBack);
    }

    /// <summary>What a leaf of 2^order frames of plain RAM allows that is held back.</summary>
    private Rights HeldBackRights(P2mAttributes attributes, int order) => _cpuLogging == CpuLogging.Yes && order == 0
        ? LeafRights(attributes) | Rights.Logged
        : Matrix.LeafFor(AccessMatrix.RightsOf(attributes.Access) & Rights.ReadExecute);

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
        return Log.MayWrite(gfn, order) ? LeafRights(attributes) : HeldBackRights(attributes, order);
    }

    private void HoldBack(Gfn gfn)
    {
        if (!_table.TryLocate(gfn.Address, out Mfn mfn, out Rights rights, out TablePlace place) || (rights & Rights.Write) == 0
            || gfn == _apicPage || TypeOf(gfn) != P2mType.Ram)
            return;
        int order = (place.Level - 1) * 9;
        Rights wanted = HeldBackRights(AttributesOf(gfn), order);
        if (wanted != rights)
            _table.TryMap(place, new Mfn(mfn.Value & ~((1UL << order) - 1)), order, wanted, Caching.WriteBack);
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
                Rights wanted = mayWrite ? LeafRights(AttributesOf(gfn)) : HeldBackRights(AttributesOf(gfn), order);
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
