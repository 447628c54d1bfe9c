using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The use of the domain's grants by others: an entry is marked busy in the guest's sight, and its frame held, while it is used.</summary>
public sealed partial class GrantTable
{
    /// <summary>How often an entry that the guest changes under our hand is looked at before that counts as its fault.</summary>
    private const int MostTries = 5;

    private PhysicalMemory Memory => _domain.Services.Memory;

    /// <summary>
    /// Begins a use of an entry: marks it busy and takes a reference to its frame. A statement of what is wrong otherwise, in Xen's order.
    /// </summary>
    /// <param name="reference">Of any value.</param>
    /// <param name="user">Who uses it.</param>
    /// <param name="readOnly">Whether nothing will be written.</param>
    /// <param name="forMapping">Whether the whole page is wanted, for a mapping; otherwise a copy.</param>
    /// <param name="grant">What is granted.</param>
    public GrantStatus TryUse(uint reference, ushort user, bool readOnly, bool forMapping, out ActiveGrant grant)
    {
        grant = ActiveGrant.Unused;
        if (reference >= (uint)EntryCount)
            return GrantStatus.BadGntref;
        ActiveGrant active = ActiveAt(reference);
        if (active.IsUsed && (active.User != user || active.IsFull || (forMapping && active.IsSubPage)))
            return GrantStatus.GeneralError;
        if (!active.IsUsed || (!readOnly && active.Writers == 0))
        {
            GrantStatus status = Mark(reference, in active, user, readOnly, forMapping);
            if (status != GrantStatus.Okay)
                return status;
        }
        if (!active.IsUsed)
        {
            GrantStatus status = TryRead(reference, user, readOnly, forMapping, out active);
            if (status != GrantStatus.Okay)
            {
                Unmark(reference, in active, readOnly);
                return status;
            }
        }
        else if (!forMapping && !readOnly && active.Writers == 0)
        {
            // The first to write has to find memory there anew, though what it gets is what was found first.
            GrantStatus status = TryRead(reference, user, readOnly, forMapping, out _);
            if (status != GrantStatus.Okay)
            {
                Unmark(reference, in active, readOnly);
                return status;
            }
        }
        _domain.P2m.Pin(active.Mfn);
        grant = active.WithUse(readOnly, 1);
        SetActive(reference, in grant);
        return GrantStatus.Okay;
    }

    /// <summary>Ends a use that <see cref="TryUse"/> or <see cref="FinishTransitive"/> began.</summary>
    public void EndUse(uint reference, bool readOnly)
    {
        ActiveGrant active = ActiveAt(reference);
        ActiveGrant left = active.WithUse(readOnly, -1);
        SetActive(reference, in left);
        if (!readOnly)
            MarkWritten(reference, active.Mfn);
        Unmark(reference, in left, readOnly);
        _domain.Services.Foreign.LetGo(active.Mfn);
    }

    /// <summary>Marks in the log of the domain's writes what others may write at this moment.</summary>
    public void MarkWritable()
    {
        for (uint reference = 0; reference < (uint)EntryCount; reference++)
        {
            ActiveGrant active = ActiveAt(reference);
            if (active.Writers != 0)
                MarkWritten(reference, active.Mfn);
        }
    }

    /// <summary>
    /// Others may have written to a granted frame. Where it lies only its entry says: a guest that changes that, or the frame's place, while the
    /// grant is used has all of its memory marked.
    /// </summary>
    private void MarkWritten(uint reference, Mfn mfn)
    {
        if (!_domain.P2m.Log.IsOn || _domain.Services.Frames.OwnerOf(mfn) != _domain.P2m.Owner)
            return;
        ulong entry = EntryAddress(reference);
        var gfn = new Gfn(Version == 1 ? Memory.Word32(entry + 4) : Memory.Word64(entry + 8));
        if (_domain.P2m.Lookup(gfn).Mfn == mfn)
            _domain.P2m.MarkWritten(gfn);
        else
            _domain.P2m.Log.MarkAll();
    }

    /// <summary>Whether the entry leads to another domain's: version 2 only. The guest may change its mind at any time.</summary>
    public bool IsTransitive(uint reference) =>
        Version == 2 && reference < (uint)EntryCount && (FlagsOf(reference) & GrantEntryFlags.TypeMask) == GrantEntryFlags.Transitive;

    /// <summary>
    /// Begins the use of a transitive entry for a copy: marks it, and says where it leads. <see cref="FinishTransitive"/> or
    /// <see cref="AbandonTransitive"/> follows, perhaps after this domain's lock was given back meanwhile.
    /// </summary>
    public GrantStatus TryBeginTransitive(uint reference, ushort user, bool readOnly, out ActiveGrant before, out ushort domain, out uint through)
    {
        before = ActiveAt(reference);
        domain = 0;
        through = 0;
        if (before.IsUsed && (before.User != user || before.IsFull))
            return GrantStatus.GeneralError;
        if (!before.IsUsed || (!readOnly && before.Writers == 0))
        {
            GrantStatus status = Mark(reference, in before, user, readOnly, forMapping: false);
            if (status != GrantStatus.Okay)
                return status;
        }
        ulong entry = EntryAddress(reference);
        domain = (ushort)Memory.Word32(entry + 4);
        through = Memory.Word32(entry + 8);
        if (domain != _domain.Id)
            return GrantStatus.Okay;
        Unmark(reference, in before, readOnly);
        return GrantStatus.GeneralError;
    }

    /// <summary>Whether others began or ended a use of the entry since <see cref="TryBeginTransitive"/>: then what it found means nothing.</summary>
    public bool HasChangedSince(uint reference, in ActiveGrant before) => Version != 2 || ActiveAt(reference) != before;

    /// <summary>
    /// The entry that a transitive one leads to is in use. False: this one is in use for something else, so that its granter has rewritten
    /// it meanwhile; both marks are the caller's to take back.
    /// </summary>
    public bool FinishTransitive(uint reference, ushort user, bool readOnly, in ActiveGrant before, in ActiveGrant inner, uint through)
    {
        // Always a part of a page, so that nobody maps it.
        ActiveGrant wanted = inner with { Readers = before.Readers, Writers = before.Writers, User = user, IsSubPage = true, Through = through };
        if (before.IsUsed && before != wanted)
            return false;
        _domain.P2m.Pin(inner.Mfn);
        SetActive(reference, wanted.WithUse(readOnly, 1));
        return true;
    }

    /// <summary>Takes back the mark of <see cref="TryBeginTransitive"/>.</summary>
    public void AbandonTransitive(uint reference, bool readOnly)
    {
        if (Version == 2 && reference < (uint)EntryCount)
            Unmark(reference, ActiveAt(reference), readOnly);
    }

    /// <summary>
    /// GNTTABOP_swap_grant_ref: two entries change places. bad_gntref: there is no such entry; eagain: one of them is in use.
    /// </summary>
    public GrantStatus Swap(uint a, uint b)
    {
        if (a >= (uint)EntryCount || b >= (uint)EntryCount)
            return GrantStatus.BadGntref;
        if (a == b)
            return GrantStatus.Okay;
        if (ActiveAt(a).IsUsed || ActiveAt(b).IsUsed)
            return GrantStatus.Eagain;
        for (ulong at = 0; at < (Version == 1 ? 8UL : 16UL); at += 8)
            Exchange(ref Memory.Word64(EntryAddress(a) + at), ref Memory.Word64(EntryAddress(b) + at));
        if (Version == 1)
            return GrantStatus.Okay;
        ushort statusOfA = StatusOf(a), statusOfB = StatusOf(b);
        ClearBusy(a, ushort.MaxValue);
        ClearBusy(b, ushort.MaxValue);
        SetBusy(a, statusOfB);
        SetBusy(b, statusOfA);
        return GrantStatus.Okay;
    }

    /// <summary>
    /// Gives back some of what the domain has mapped of others, as it ends; no vCPU of it runs any more. Takes the granters' locks, one
    /// after another. True: nothing is left.
    /// </summary>
    /// <param name="count">How many mappings to look at.</param>
    internal bool ReleaseMappings(int count)
    {
        for (; _releaseAt < Mappings.Limit; _releaseAt++)
        {
            if (count-- == 0)
                return false;
            if (Mappings.TryGet(_releaseAt, out GrantMapping mapping))
                EndMapping(in mapping);
        }
        Mappings.Release();
        _releaseAt = 0;
        return true;
    }

    private void EndMapping(in GrantMapping mapping)
    {
        Domain? granter = _domain.Services.Domains.Find(mapping.Granter);
        if (granter is null)
        {
            _domain.Services.Foreign.LetGo(mapping.Mfn);
            return;
        }
        granter.Acquire();
        granter.GrantTable.EndUse(mapping.Reference, mapping.IsReadOnly);
        granter.Release();
    }

    private bool AreInUse(uint first, uint end)
    {
        for (uint i = first; i < end; i++)
        {
            if (_active[i].First != 0)
                return true;
        }
        return false;
    }

    private ActiveGrant ActiveAt(uint reference) => ActiveGrant.Unpack(_active[reference].First, _active[reference].Second);

    private void SetActive(uint reference, in ActiveGrant active)
    {
        _active[reference].Second = active.Second;
        _active[reference].First = active.First;
    }

    /// <summary>Reads what the entry grants, and finds the frame.</summary>
    private GrantStatus TryRead(uint reference, ushort user, bool readOnly, bool forMapping, out ActiveGrant active)
    {
        ulong entry = EntryAddress(reference);
        ulong frame = Version == 1 ? Memory.Word32(entry + 4) : Memory.Word64(entry + 8);
        uint part = Version == 1 ? 0 : Memory.Word32(entry + 4);
        bool isSubPage = Version == 2 && !forMapping && (FlagsOf(reference) & GrantEntryFlags.SubPage) != 0;
        active = ActiveGrant.Unused;
        GrantStatus status = TryFind(new Gfn(frame), readOnly, forMapping, out Mfn mfn);
        if (status == GrantStatus.Okay)
            active = new ActiveGrant(0, 0, user, mfn, isSubPage, isSubPage ? (ushort)part : (ushort)0, isSubPage ? (ushort)(part >> 16) : (ushort)Page.Size, reference);
        return status;
    }

    /// <summary>The frame behind a guest frame of the domain, as a grant may use it.</summary>
    private GrantStatus TryFind(Gfn gfn, bool readOnly, bool forMapping, out Mfn mfn)
    {
        P2mEntry entry = _domain.P2m.Lookup(gfn);
        mfn = entry.Mfn;
        if (!entry.MayBeGranted(readOnly))
            return GrantStatus.BadPage;
        // What the domain has mapped itself is not its to grant on; it may be copied.
        bool isOthers = entry.IsGrant && _domain.Services.Frames.OwnerOf(mfn) != _domain.P2m.Owner;
        return forMapping && isOthers ? GrantStatus.GeneralError : GrantStatus.Okay;
    }

    /// <summary>Checks that the entry permits the use, and marks it busy so that the guest can't take it back unnoticed.</summary>
    private GrantStatus Mark(uint reference, in ActiveGrant active, ushort user, bool readOnly, bool forMapping)
    {
        ushort marks = readOnly ? GrantEntryFlags.Reading : GrantEntry.BusyFlags;
        return Version == 1
            ? MarkV1(reference, in active, user, marks, forMapping)
            : MarkV2(reference, in active, user, marks, forMapping);
    }

    private GrantStatus MarkV1(uint reference, in ActiveGrant active, ushort user, ushort marks, bool forMapping)
    {
        ref uint header = ref Memory.Word32(EntryAddress(reference));
        uint seen = Volatile.Read(ref header);
        for (int tries = 0; tries < MostTries; tries++)
        {
            if (!Permits(seen, in active, user, forMapping) || !AllowsMarks(seen, marks))
                return GrantStatus.GeneralError;
            uint now = Interlocked.CompareExchange(ref header, seen | marks, seen);
            if (now == seen)
                return GrantStatus.Okay;
            seen = now;
        }
        return GrantStatus.GeneralError;
    }

    private GrantStatus MarkV2(uint reference, in ActiveGrant active, ushort user, ushort marks, bool forMapping)
    {
        ref uint header = ref Memory.Word32(EntryAddress(reference));
        uint seen = Volatile.Read(ref header);
        if (!Permits(seen, in active, user, forMapping) || !AllowsMarks(seen, marks))
            return GrantStatus.GeneralError;
        // The guest takes a grant back by clearing its flags, and then looks for these.
        SetBusy(reference, marks);
        seen = Volatile.Read(ref header);
        if (Permits(seen, in active, user, forMapping) && AllowsMarks(seen, marks))
            return GrantStatus.Okay;
        ClearBusy(reference, active.IsUsed ? GrantEntryFlags.Writing : GrantEntry.BusyFlags);
        return GrantStatus.GeneralError;
    }

    /// <summary>Whether the entry's header (flags, and domain above them) is a grant to the user. Of an entry that is in use it was.</summary>
    private bool Permits(uint header, in ActiveGrant active, ushort user, bool forMapping)
    {
        if (active.IsUsed)
            return true;
        uint type = header & (forMapping ? GrantEntryFlags.TypeMask | (uint)GrantEntryFlags.SubPage : GrantEntryFlags.TypeMask);
        bool isGrant = type == GrantEntryFlags.PermitAccess || (Version == 2 && !forMapping && type == GrantEntryFlags.Transitive);
        return isGrant && header >> 16 == user;
    }

    private static bool AllowsMarks(uint header, ushort marks) => (marks & GrantEntryFlags.Writing) == 0 || (header & GrantEntryFlags.ReadOnly) == 0;

    /// <summary>Takes back the marks that the uses left no longer need.</summary>
    private void Unmark(uint reference, in ActiveGrant left, bool readOnly)
    {
        int flags = (!readOnly && left.Writers == 0 ? GrantEntryFlags.Writing : 0) | (left.IsUsed ? 0 : GrantEntryFlags.Reading);
        if (flags != 0)
            ClearBusy(reference, (ushort)flags);
    }

    private ushort FlagsOf(uint reference) => (ushort)Volatile.Read(ref Memory.Word32(EntryAddress(reference)));

    private ushort StatusOf(uint reference) => (ushort)(Volatile.Read(ref BusyWord(reference, out int shift)) >> shift);

    private void SetBusy(uint reference, ushort flags) => Interlocked.Or(ref BusyWord(reference, out int shift), (uint)flags << shift);

    private void ClearBusy(uint reference, ushort flags) => Interlocked.And(ref BusyWord(reference, out int shift), ~((uint)flags << shift));

    /// <summary>The word that holds the entry's busy flags: its header in version 1, two entries' status words in version 2.</summary>
    private ref uint BusyWord(uint reference, out int shift)
    {
        shift = 0;
        if (Version == 1)
            return ref Memory.Word32(EntryAddress(reference));
        shift = (int)(reference & 1) * 16;
        Mfn frame = _statusFrames[reference / StatusPerFrame].Mfn;
        return ref Memory.Word32(frame.Address + (reference % StatusPerFrame & ~1u) * 2);
    }

    private ulong EntryAddress(uint reference)
    {
        int size = Version == 1 ? 8 : 16;
        uint perFrame = (uint)(Page.Size / size);
        return _frames[reference / perFrame].Mfn.Address + reference % perFrame * (ulong)size;
    }

    private static void Exchange(ref ulong a, ref ulong b) => (a, b) = (b, a);
}
