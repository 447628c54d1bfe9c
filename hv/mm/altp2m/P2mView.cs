using System;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A view: another nested page table of the domain, in which guest frames may show other frames of its memory, or with other rights. What is
/// its own (<see cref="ViewOverride"/>) is kept apart from the leaves that the CPU walks: those are a cache of host p2m and override
/// together, filled by faults and given up at any change of either.
/// </summary>
/// <remarks>All of it under the domain's lock. Rights that the host p2m has left do not bind a view but the first, whose own are its default and its overrides.</remarks>
public sealed class P2mView
{
    private readonly Altp2m _views;
    private readonly P2m _host;
    private readonly PageTable _leaves;
    private readonly PageTable _overrides;

    /// <summary>Target → who sees it; without a root until there is one.</summary>
    private readonly PageTable _targets;

    /// <summary>Where leaves may be: a bit for each 2 MiB, modulo 64.</summary>
    private ulong _filled;

    /// <summary>Of <see cref="Keep"/>: when it last looked, if it has.</summary>
    private ulong _keptGeneration;
    private bool _isKept;

    internal P2mView(Altp2m views, P2m host, PhysicalMemory memory, FrameAllocator frames, PageTableFormat format, ViewRecordFormat records, int index)
    {
        _views = views;
        _host = host;
        Index = index;
        _leaves = new PageTable(memory, frames, format, host.Owner, hasRoot: false);
        _overrides = new PageTable(memory, frames, records, host.Owner, hasRoot: false);
        _targets = new PageTable(memory, frames, records, host.Owner, hasRoot: false);
    }

    /// <summary>0 to <see cref="Altp2m.Limit"/> - 1.</summary>
    public int Index { get; }

    /// <summary>The root of the table that the CPU walks.</summary>
    public Mfn Root => _leaves.Root;

    /// <summary>As <see cref="P2m.Generation"/>, which is one for the host p2m and all views: a guest may go from one to another without an exit.</summary>
    public ulong Generation => _host.Generation;

    /// <summary>The right of frames that have none of their own here.</summary>
    public MemoryAccess DefaultAccess { get; private set; }

    /// <summary>vCPUs in it.</summary>
    public int Users => _views.Users?.CountIn(Index) ?? 0;

    /// <summary>Guest frames that show another.</summary>
    public int Remaps { get; private set; }

    /// <summary>Frames that its tables take.</summary>
    public int TableFrames => _leaves.TableFrames + _overrides.TableFrames + _targets.TableFrames;

    internal bool Exists => _leaves.Root != Mfn.Invalid;

    /// <summary>What the view has of its own for the guest frame.</summary>
    public ViewOverride OverrideOf(Gfn gfn) => P2m.IsAddressable(gfn, 0) && _overrides.TryQuery(gfn.Address, out Mfn word, out Rights flags, out _)
        ? ViewRecordFormat.Decode(word, flags)
        : Inherited;

    /// <summary>What holds for a guest frame that has nothing of its own here.</summary>
    public ViewOverride Inherited => ViewOverride.None with { SuppressesVe = _suppressesVe };

    private bool _suppressesVe = true;

    /// <summary>Finds the first guest frame from <paramref name="gfn"/> on that has something of its own here. False: there is none.</summary>
    public bool TryFindOverride(ref Gfn gfn) => TryFindOverride(ref gfn, Altp2m.GfnLimit);

    private bool TryFindOverride(ref Gfn gfn, ulong end)
    {
        for (ulong at = gfn.Value; at < end;)
        {
            if (_overrides.TryLocate(new Gfn(at).Address, out _, out _, out TablePlace place))
            {
                gfn = new Gfn(at);
                return true;
            }
            at = (at | (FramesOf(place) - 1)) + 1;
        }
        return false;
    }

    /// <summary>The right of the guest frame here.</summary>
    public MemoryAccess AccessOf(Gfn gfn) => AccessOf(gfn, OverrideOf(gfn));

    /// <summary>The same, of who knows what the view has of its own there.</summary>
    public MemoryAccess AccessOf(Gfn gfn, in ViewOverride own) => Resolve(own.IsRemap ? own.Target : gfn, own.Access);

    /// <summary>Whether violations at the guest frame stay unknown to the guest itself.</summary>
    public bool SuppressesVe(Gfn gfn) => OverrideOf(gfn).SuppressesVe;

    /// <summary>Whether the guest frame shows another, and which.</summary>
    public bool TryGetRemap(Gfn gfn, out Gfn target)
    {
        target = OverrideOf(gfn).Target;
        return target != Gfn.Invalid;
    }

    /// <summary>The guest frame of the host p2m that is seen here.</summary>
    public Gfn HostGfnOf(Gfn gfn) => TryGetRemap(gfn, out Gfn target) ? target : gfn;

    /// <summary>Whether the guest frame shows another that the host p2m has no more. It shows nothing until that comes back, or the remap is undone.</summary>
    public bool IsLost(Gfn gfn) => TryGetRemap(gfn, out Gfn target) && !_host.IsThere(target);

    /// <summary>Sets the right; <see cref="MemoryAccess.Default"/>: as the view's default again. Results as of <see cref="TryOverride"/>.</summary>
    public ViewResult TrySetAccess(Gfn gfn, MemoryAccess access) => TryOverride(gfn, OverrideOf(gfn) with { Access = access });

    /// <summary>Says whether violations stay unknown to the guest. Results as of <see cref="TryOverride"/>.</summary>
    public ViewResult TrySetSuppressVe(Gfn gfn, bool suppresses) => TryOverride(gfn, OverrideOf(gfn) with { SuppressesVe = suppresses });

    /// <summary>Violations at 2^order frames stay unknown to the guest, where it has been said otherwise of a frame.</summary>
    public void SuppressVe(Gfn gfn, int order)
    {
        if (!P2m.IsAddressable(gfn, order))
            return;
        ulong end = gfn.Value + (1UL << order);
        for (Gfn at = gfn; TryFindOverride(ref at, end); at = new Gfn(at.Value + 1))
            TrySetSuppressVe(at, true);
    }

    /// <summary>
    /// Shows one guest frame's memory in the place of another; right and #VE of the place stay. <see cref="Gfn.Invalid"/> for the target undoes it.
    /// Results as of <see cref="TryOverride"/>.
    /// </summary>
    public ViewResult TryRemap(Gfn old, Gfn target) => TryOverride(old, OverrideOf(old) with { Target = target });

    /// <summary>Sets all that the view has of its own for the guest frame.</summary>
    /// <returns>
    /// <see cref="ViewResult.Absent"/>: no guest frame, or the new target is not plain memory of the domain; <see cref="ViewResult.Unsupported"/>;
    /// <see cref="ViewResult.Full"/>; <see cref="ViewResult.NoMemory"/>.
    /// </returns>
    public ViewResult TryOverride(Gfn gfn, ViewOverride value) => TryOverride(gfn, value, mayBeLost: false);

    /// <summary>The same of a view that comes from elsewhere, whose remaps may be lost.</summary>
    public ViewResult TryRestore(Gfn gfn, ViewOverride value) => TryOverride(gfn, value, mayBeLost: true);

    /// <summary>Sets what holds for frames that have nothing of their own here, of a view in which none has.</summary>
    /// <returns><see cref="ViewResult.Unsupported"/>.</returns>
    public ViewResult TrySetDefaults(MemoryAccess access, bool suppressesVe)
    {
        if (_host.Matrix.FitOf(access) == AccessFit.Refused)
            return ViewResult.Unsupported;
        DefaultAccess = access;
        _suppressesVe = suppressesVe;
        GiveUpLeaves();
        _host.AnnounceViews();
        return ViewResult.Done;
    }

    private ViewResult TryOverride(Gfn gfn, ViewOverride value, bool mayBeLost)
    {
        if (!P2m.IsAddressable(gfn, 0))
            return ViewResult.Absent;
        ViewOverride before = OverrideOf(gfn);
        if (value == before)
            return ViewResult.Done;
        if (value.Access != MemoryAccess.Default && _host.Matrix.FitOf(value.Access) == AccessFit.Refused)
            return ViewResult.Unsupported;
        bool hasNewTarget = value.IsRemap && value.Target != before.Target;
        if (hasNewTarget && (!P2m.IsAddressable(value.Target, 0) || (!mayBeLost && _host.Lookup(value.Target).Type != P2mType.Ram)))
            return ViewResult.Absent;
        ViewResult result = hasNewTarget ? TryAddTarget(value.Target, gfn) : ViewResult.Done;
        if (result != ViewResult.Done)
            return result;
        result = TryRecord(gfn, value);
        if (result != ViewResult.Done)
        {
            if (hasNewTarget)
                RemoveTarget(value.Target);
            return result;
        }
        if (before.IsRemap && value.Target != before.Target)
            RemoveTarget(before.Target);
        if (TryDrop(gfn, 0))
            _host.AnnounceViews();
        return ViewResult.Done;
    }

    /// <summary>
    /// Gives the table the translation of a guest frame at which a fault was, if that is what it lacked: from the host p2m, with what the view has of its own,
    /// in the largest leaf that the host has and nothing of the view's own disturbs. Memory that nobody has looked at is cleared by this.
    /// </summary>
    public FillResult Fill(Gfn gfn) => Fill(gfn, out _, out _);

    /// <summary>The same.</summary>
    /// <param name="own">What the view has of its own there.</param>
    /// <param name="host">What the host p2m has for what is seen there.</param>
    public FillResult Fill(Gfn gfn, out ViewOverride own, out P2mEntry host)
    {
        own = OverrideOf(gfn);
        Gfn hostGfn = own.IsRemap ? own.Target : gfn;
        host = _host.Lookup(hostGfn);
        if (host.Type == P2mType.None)
            return FillResult.Absent;
        if (_leaves.TryLocate(gfn.Address, out _, out _, out TablePlace place))
            return FillResult.Present;
        if (TryFill(gfn, own, hostGfn, in host, place))
            return FillResult.Filled;
        // Leaves can be had again; what is the views' own, and the host's tables, can't.
        _views.GiveUpLeaves();
        _leaves.TryLocate(gfn.Address, out _, out _, out place);
        return TryFill(gfn, own, hostGfn, in host, place) ? FillResult.Filled : FillResult.NoMemory;
    }

    /// <summary>
    /// <see cref="Fill"/> of the one frame that is to be there whenever a vCPU comes into the view: looked at again only when a translation of the
    /// domain has changed since.
    /// </summary>
    public void Keep(Gfn gfn)
    {
        if (IsKept)
            return;
        Fill(gfn);
        (_isKept, _keptGeneration) = (true, Generation);
    }

    /// <summary>Whether <see cref="Keep"/> would do nothing now. Needs no lock: of a view that changes meanwhile it may be either.</summary>
    public bool IsKept => _isKept && _keptGeneration == Generation;

    /// <summary>Drops the translation of a guest frame, to be made anew: the host may allow more by now.</summary>
    public void Refresh(Gfn gfn)
    {
        if (TryDrop(gfn, 0))
            _host.AnnounceViews();
    }

    private bool TryFill(Gfn gfn, ViewOverride own, Gfn hostGfn, in P2mEntry host, TablePlace place)
    {
        int order = own.IsRemap ? 0 : Math.Min(host.Order, Math.Min(OrderWithoutOverrides(gfn), OrderOf(place)));
        Rights rights = host.Type.Rights;
        if (host.Type == P2mType.Ram && _host.HoldsBack(StartOf(hostGfn, order), order))
        {
            // The first write is to be seen. Once it was, of a frame in a large leaf, that frame is let out.
            if (order == 0 || _host.HoldsBack(hostGfn, 0))
                rights &= ~Rights.Write;
            else
                order = 0;
        }
        if (!_views.HasRoom(OrderOf(place) / 9 - order / 9))
            return false;
        ulong within = gfn.Value & ((1UL << order) - 1);
        if (!_host.IsApicPage(hostGfn))
            rights = LeafRights(rights, Resolve(hostGfn, own.Access), own.SuppressesVe);
        Caching caching = _host.IsApicPage(hostGfn) ? Caching.WriteBack : P2m.CachingOf(host.Type);
        if (!_leaves.TryMap(new Gfn(gfn.Value - within).Address, new Mfn(host.Mfn.Value - within), order, rights, caching))
            return false;
        _filled |= ChunksOf(gfn, order);
        return true;
    }

    private Rights LeafRights(Rights type, MemoryAccess access, bool suppressesVe)
    {
        Rights allowed = AccessMatrix.RightsOf(access);
        Rights leaf = _host.Matrix.LeafFor(type & allowed);
        // Only where all that faults is a violation: the rest is the hypervisor's business, and none of the guest's.
        bool isExact = (allowed & ~type) == Rights.None && _host.Matrix.FitOf(access) == AccessFit.Exact;
        return isExact && !suppressesVe ? leaf | Rights.Convertible : leaf;
    }

    // The first shows the host p2m as it is, the rights among it.
    private MemoryAccess Resolve(Gfn host, MemoryAccess access) => access != MemoryAccess.Default ? access : Index == 0 ? _host.AccessOf(host) : DefaultAccess;

    /// <summary>The largest order of frames around the one in which the view has nothing of its own.</summary>
    private int OrderWithoutOverrides(Gfn gfn)
    {
        if (_overrides.Root == Mfn.Invalid)
            return Page.Order1G;
        return _overrides.TryLocate(gfn.Address, out _, out _, out TablePlace place) ? 0 : OrderOf(place);
    }

    /// <summary>The host p2m has changed at 2^order frames: leaves that show them are dropped. The caller announces it.</summary>
    internal void HostHasChanged(Gfn gfn, int order, bool isGone)
    {
        TryDrop(gfn, order);
        if (Remaps == 0)
            return;
        ulong end = gfn.Value + (1UL << order);
        for (ulong at = gfn.Value; at < end;)
        {
            ulong frames = 1;
            if (_targets.TryLocate(new Gfn(at).Address, out Mfn word, out Rights flags, out TablePlace place))
                DropTarget(word, flags, isGone);
            else
                frames = FramesOf(place);
            at = (at | (frames - 1)) + 1;
        }
    }

    private void DropTarget(Mfn word, Rights flags, bool isGone)
    {
        ulong count = ViewRecordFormat.DecodeTarget(word, flags, out Gfn only);
        if (isGone)
            _views.CountLost(count);
        if (only != Gfn.Invalid)
            TryDrop(only, 0);
        else
            GiveUpLeaves();
    }

    /// <summary>Gives up everything that can be had again. The tables are freed when no CPU can reach them any more; the caller announces it.</summary>
    internal void GiveUpLeaves()
    {
        _leaves.UnmapAll();
        _filled = 0;
        _isKept = false;
    }

    /// <summary>Gives up the leaves of 2^order frames, and what else a larger one of them maps. False: there were none.</summary>
    private bool TryDrop(Gfn gfn, int order)
    {
        if ((_filled & ChunksOf(gfn, order)) == 0)
            return false;
        bool isLeaf = _leaves.TryLocate(gfn.Address, out _, out _, out TablePlace place);
        if (OrderOf(place) >= order)
        {
            if (isLeaf)
                _leaves.Unmap(place);
            return isLeaf;
        }
        // A table is where the large leaf would be.
        _leaves.Unmap(gfn.Address, order);
        return true;
    }

    private ViewResult TryRecord(Gfn gfn, ViewOverride value)
    {
        if (value == Inherited)
        {
            _overrides.Unmap(gfn.Address, 0);
            return ViewResult.Done;
        }
        ViewRecordFormat.Encode(value, out Mfn word, out Rights flags);
        return TryRecord(_overrides, gfn, word, flags);
    }

    private ViewResult TryRecord(PageTable table, Gfn gfn, Mfn word, Rights flags)
    {
        table.TryLocate(gfn.Address, out _, out _, out TablePlace place);
        int missing = place.Level - 1 + (table.Root == Mfn.Invalid ? 1 : 0);
        if (missing != 0 && !_views.TryMakeRoomForRecords(missing))
            return ViewResult.Full;
        if (TryWrite(table, gfn, word, flags))
            return ViewResult.Done;
        _views.GiveUpLeaves();
        return TryWrite(table, gfn, word, flags) ? ViewResult.Done : ViewResult.NoMemory;
    }

    private static bool TryWrite(PageTable table, Gfn gfn, Mfn word, Rights flags) =>
        table.TryBegin() && table.TryMap(gfn.Address, word, 0, flags, Caching.WriteBack);

    private ViewResult TryAddTarget(Gfn target, Gfn gfn)
    {
        ulong count = _targets.TryQuery(target.Address, out Mfn word, out Rights flags, out _) ? ViewRecordFormat.DecodeTarget(word, flags, out _) : 0;
        ViewRecordFormat.EncodeTarget(count + 1, count == 0 ? gfn : Gfn.Invalid, out word, out flags);
        ViewResult result = TryRecord(_targets, target, word, flags);
        if (result == ViewResult.Done)
            CountRemaps(1);
        return result;
    }

    private void RemoveTarget(Gfn target)
    {
        if (!_targets.TryQuery(target.Address, out Mfn word, out Rights flags, out _))
            throw new InvalidOperationException("a remap's target is not known");
        ulong count = ViewRecordFormat.DecodeTarget(word, flags, out _);
        if (count == 1)
        {
            _targets.Unmap(target.Address, 0);
        }
        else
        {
            // Which of them is left nobody has noted.
            ViewRecordFormat.EncodeTarget(count - 1, Gfn.Invalid, out word, out flags);
            _targets.TryMap(target.Address, word, 0, flags, Caching.WriteBack);
        }
        CountRemaps(-1);
    }

    private void CountRemaps(int change)
    {
        Remaps += change;
        _views.CountRemaps(change);
    }

    /// <summary>The view begins, empty. False: there is no frame for its root.</summary>
    internal bool TryBegin(MemoryAccess defaultAccess, bool suppressesVe)
    {
        DefaultAccess = defaultAccess;
        _suppressesVe = suppressesVe;
        _filled = 0;
        _isKept = false;
        return _leaves.TryBegin();
    }

    internal void FreeRetired() => _leaves.FreeRetired();

    /// <summary>Gives a part of its tables back; no vCPU is in it, and none has anything of it cached. True: nothing is left.</summary>
    /// <param name="entries">About how many table entries to look at.</param>
    internal bool ReleaseStep(int entries)
    {
        CountRemaps(-Remaps);
        return _leaves.ReleaseStep(entries) && _overrides.ReleaseStep(entries) && _targets.ReleaseStep(entries);
    }

    private static Gfn StartOf(Gfn gfn, int order) => new(gfn.Value & ~((1UL << order) - 1));

    private static int OrderOf(TablePlace place) => (place.Level - 1) * 9;

    private static ulong FramesOf(TablePlace place) => 1UL << OrderOf(place);

    private static ulong ChunksOf(Gfn gfn, int order) => order <= Page.Order2M ? 1UL << (int)((gfn.Value >> Page.Order2M) & 63) : ulong.MaxValue;
}
