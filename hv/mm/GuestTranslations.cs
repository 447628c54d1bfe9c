using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// The page walks that one vCPU needed lately, so that the next one of the same page costs a few comparisons. Nothing has to be
/// invalidated: a walk counts only as long as every entry of the guest's tables that it read still holds what it held, and the
/// p2m has not changed where it went (<see cref="WalkedFrames"/>). So it gives what walking anew would give, at any moment, whatever
/// the guest does to its tables.
/// </summary>
/// <remarks>
/// A walk is kept when it succeeded with all flags set that the access sets, and leads to memory that may be used for that
/// access. Everything else that it depends on is in its key: linear page, kind of access, CR3 and the bits that pick paging mode and rights.
/// </remarks>
internal sealed unsafe class GuestTranslations(GuestMemory memory)
{
    // unsafe: pointers into the direct map, to entries of guest tables and to frames. RAM does not move, and no pointer is followed
    // unless the p2m still is there what it was when it was found.
    private struct Walk
    {
        public ulong Page, Controls, Cr3, Walked;
        public byte* Frame;
        public EntryKind Entries;
        // A walk of fewer than four entries names its first one again.
        public ulong* Place0, Place1, Place2, Place3;
        public ulong Value0, Value1, Value2, Value3;
    }

    private enum EntryKind : byte { None, Narrow, Wide }

    // A fetch and the operands of what is fetched come in turns, so neither may push the other out.
    private const int DataCount = 16, FetchCount = 8;

    // The bits of these registers that a walk looks at; together with AccessKind none falls on another. Bit 63 marks a key that was set.
    private const ulong Cr0Bits = ControlBits.Cr0Pg | ControlBits.Cr0Wp;
    private const ulong Cr4Bits = ControlBits.Cr4Pse | ControlBits.Cr4Pae | ControlBits.Cr4Smep | ControlBits.Cr4Smap;
    private const ulong EferBits = ControlBits.EferLma | ControlBits.EferNxe;
    private const ulong IsSet = 1UL << 63;

    private readonly P2m _p2m = memory.P2m;
    private readonly WalkedFrames _walked = memory.P2m.Walked;
    private readonly PhysicalMemory _memory = memory.Physical;
    private readonly Walk[] _walks = new Walk[DataCount + FetchCount];

    /// <summary>Forgets everything: something changed that is in no key.</summary>
    public void Clear() => Array.Clear(_walks);

    /// <summary>The byte in the host that the linear address means; null when the walk must be done.</summary>
    [SkipLocalsInit]
    public byte* Find(VirtualCpu cpu, ulong linear, AccessKind access)
    {
        cpu.ReadPaging(out PagingState paging);
        if (!paging.RunsLongCode)
            linear = (uint)linear;
        ulong page = linear >> Page.Shift;
        ref Walk walk = ref _walks[IndexOf(page, access)];
        return walk.Page == page && walk.Controls == ControlsOf(access, in paging) && walk.Cr3 == paging.Cr3
            && walk.Walked == _walked.Generation && IsUnchanged(in walk)
            ? walk.Frame + (linear & Page.OffsetMask)
            : null;
    }

    /// <summary>Keeps a walk that the walker has just completed, unless its tables may be in motion.</summary>
    /// <param name="start">As it was before the walk.</param>
    /// <param name="gfn">Where the page lies in the guest.</param>
    /// <param name="frame">The frame behind it; memory that may be used for the access.</param>
    public void Keep(ulong linear, AccessKind access, in PagingState paging, WalkStart start, Gfn gfn, Mfn frame, PageWalker walker)
    {
        if (!walker.IsSettled)
            return;
        for (int step = 0; step < walker.Depth; step++)
            _walked.Add(walker.TableAt(step));
        _walked.Add(gfn);
        if (start.P2m != _p2m.Generation)
            return;
        ulong page = linear >> Page.Shift;
        ref Walk walk = ref _walks[IndexOf(page, access)];
        walk.Page = page;
        walk.Controls = ControlsOf(access, in paging);
        walk.Cr3 = paging.Cr3;
        walk.Walked = start.Walked;
        walk.Frame = PlaceOf(frame);
        walk.Entries = walker.Depth == 0 ? EntryKind.None : walker.HasNarrowEntries ? EntryKind.Narrow : EntryKind.Wide;
        if (walker.Depth == 0)
            return;
        walk.Place0 = PlaceOf(walker, 0, out walk.Value0);
        walk.Place1 = PlaceOf(walker, 1, out walk.Value1);
        walk.Place2 = PlaceOf(walker, 2, out walk.Value2);
        walk.Place3 = PlaceOf(walker, 3, out walk.Value3);
    }

    /// <summary>Where a frame that is RAM begins in the host.</summary>
    public byte* PlaceOf(Mfn frame) => (byte*)Unsafe.AsPointer(ref _memory.Word64(frame.Address));

    private ulong* PlaceOf(PageWalker walker, int step, out ulong value)
    {
        ulong place = walker.EntryAt(step < walker.Depth ? step : 0, out value);
        return walker.HasNarrowEntries
            ? (ulong*)Unsafe.AsPointer(ref _memory.Word32(place))
            : (ulong*)Unsafe.AsPointer(ref _memory.Word64(place));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsUnchanged(in Walk walk) => walk.Entries == EntryKind.Wide
        ? Volatile.Read(ref *walk.Place0) == walk.Value0 && Volatile.Read(ref *walk.Place1) == walk.Value1
            && Volatile.Read(ref *walk.Place2) == walk.Value2 && Volatile.Read(ref *walk.Place3) == walk.Value3
        : walk.Entries == EntryKind.None || AreNarrowUnchanged(in walk);

    private static bool AreNarrowUnchanged(in Walk walk) =>
        Volatile.Read(ref *(uint*)walk.Place0) == (uint)walk.Value0 && Volatile.Read(ref *(uint*)walk.Place1) == (uint)walk.Value1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ControlsOf(AccessKind access, in PagingState paging) =>
        IsSet | (ulong)access | (paging.Cr0 & Cr0Bits) | (paging.Cr4 & Cr4Bits) | (paging.Efer & EferBits) | (paging.Rflags & ControlBits.RflagsAc);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int IndexOf(ulong page, AccessKind access) => (access & AccessKind.Fetch) != 0
        ? DataCount + ((int)page & (FetchCount - 1))
        : (int)(page ^ (ulong)access << 1) & (DataCount - 1);
}
