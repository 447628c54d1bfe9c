using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// A domain's views of its memory, beside the host p2m. Made with the domain, so that no call needs managed memory for a view; without frames until it
/// is active.
/// </summary>
/// <remarks>All of it under the domain's lock.</remarks>
public sealed class Altp2m
{
    /// <summary>Views of a domain unless told otherwise, the first one included; Xen 4.17's.</summary>
    public const int DefaultLimit = 10;

    /// <summary>The most views of a domain: what the processor's list has room for.</summary>
    public const int MaximumLimit = 512;

    /// <summary>One past the last guest frame of a view.</summary>
    public const ulong GfnLimit = 1UL << (P2m.MaximumAddressBits - Page.Shift);

    private const ulong Absent = ulong.MaxValue;

    /// <summary>Tables that one translation needs, and one more: what records leave to leaves.</summary>
    private const int FramesForLeaves = 5;

    /// <summary>
    /// The frames that a view may count on beside those of <see cref="P2m.TableLimit"/>: root, tables down to one leaf, and to the local APIC's page.
    /// </summary>
    private const int FramesPerView = 6;

    /// <summary>What the objects of a view take at most, in bytes.</summary>
    public const int BytesPerView = 512;

    private readonly P2m _host;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly PageTableFormat _format;
    private readonly ViewRecordFormat _records = new();
    private P2mView[] _views = [];

    /// <summary>One past the highest view that has anything.</summary>
    private int _end;

    /// <param name="host">Not active on another.</param>
    /// <param name="format">The host p2m's.</param>
    /// <param name="limit">1 to <see cref="MaximumLimit"/>.</param>
    public Altp2m(P2m host, PhysicalMemory memory, FrameAllocator frames, PageTableFormat format, int limit = DefaultLimit)
    {
        if (limit is < 1 or > MaximumLimit)
            throw new ArgumentOutOfRangeException(nameof(limit));
        _host = host;
        _memory = memory;
        _frames = frames;
        _format = format;
        SetLimit(limit);
    }

    /// <summary>How many views there can be.</summary>
    public int Limit { get; private set; }

    /// <summary>Whether there have been views: how many there can be stands from then on.</summary>
    public bool HasBeenActive { get; private set; }

    /// <summary>Another limit, before there are views. Allocates <see cref="BytesPerView"/> for each that there was no room for.</summary>
    /// <param name="limit">1 to <see cref="MaximumLimit"/>.</param>
    public void SetLimit(int limit)
    {
        if (HasBeenActive)
            throw new InvalidOperationException("there have been views");
        P2mView[] before = _views;
        if (limit > before.Length)
        {
            _views = new P2mView[limit];
            for (int i = 0; i < limit; i++)
                _views[i] = i < before.Length ? before[i] : new P2mView(this, _host, _memory, _frames, _format, _records, i);
        }
        Limit = limit;
    }

    /// <summary>Whether there are views, the first among them.</summary>
    public bool IsActive => _host.Views == this;

    /// <summary>Who is in the views; null: nobody.</summary>
    public ViewUsers? Users { get; set; }

    /// <summary>The frame of 512 entries by which the guest itself may change its view: what the CPU is given of each visible one, all ones for others.</summary>
    public Mfn VisibleRoots { get; private set; } = Mfn.Invalid;

    /// <summary>Whether any view shows a guest frame in the place of another.</summary>
    public bool HasRemaps => Remaps != 0;

    /// <summary>Guest frames that show another, in all views.</summary>
    public int Remaps { get; private set; }

    /// <summary>How often a remap has lost the frame that it shows, since the domain began. Which are lost now: <see cref="P2mView.IsLost"/>.</summary>
    public ulong LostRemaps { get; private set; }

    /// <summary>The most frames that the tables of all views may take.</summary>
    public int TableLimit => (int)Math.Min((long)_host.TableLimit + (long)FramesPerView * Limit, int.MaxValue);

    /// <summary>Frames that the tables of all views take.</summary>
    public int TableFrames
    {
        get
        {
            int frames = 0;
            foreach (P2mView view in Used)
                frames += view.TableFrames;
            return frames;
        }
    }

    /// <summary>The view of that number; null: there is none.</summary>
    public P2mView? Find(int index) => (uint)index < (uint)Limit && IsActive && _views[index].Exists ? _views[index] : null;

    /// <summary>The view whose root the frame is; null: there is none.</summary>
    public P2mView? FindRoot(Mfn root)
    {
        foreach (P2mView view in Used)
        {
            if (view.Root == root && view.Exists)
                return view;
        }
        return null;
    }

    /// <summary>The view, if the guest may go to it; null: it may not, or there is none.</summary>
    // What stands in the list is there.
    public P2mView? FindVisible(int index) => (uint)index < (uint)Limit && IsActive && _memory.Word64(SlotOf(index)) != Absent ? _views[index] : null;

    /// <summary>Whether the view is there, and one that the guest may go to.</summary>
    public bool IsVisible(int index) => FindVisible(index) is not null;

    /// <summary>Shows or hides a view. A vCPU that is in it stays there. False: there is no such view.</summary>
    public bool TrySetVisible(int index, bool visible)
    {
        if (Find(index) is not { } view)
            return false;
        Users?.Hold();
        _memory.Word64(SlotOf(index)) = visible ? _format.PointerTo(view.Root) : Absent;
        return true;
    }

    /// <summary>The domain has views from now on: the first, which shows the host p2m as it is.</summary>
    /// <returns><see cref="ViewResult.Done"/>, also when it had them; <see cref="ViewResult.NoMemory"/>.</returns>
    public ViewResult TryActivate()
    {
        if (IsActive)
            return ViewResult.Done;
        // What a deactivation has left.
        while (!ReleaseStep(int.MaxValue))
        {
        }
        if (!_frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Control, out Mfn roots))
            return ViewResult.NoMemory;
        VisibleRoots = roots;
        HasBeenActive = true;
        _memory.Words64(roots.Address, MaximumLimit).Fill(Absent);
        _host.Attach(this);
        ViewResult result = TryCreate(_host.DefaultAccess, out _);
        if (result != ViewResult.Done)
            Deactivate();
        return result;
    }

    /// <summary>The domain has no views any more. No vCPU is in one, nor can go to one by itself; their frames are for <see cref="ReleaseStep"/>.</summary>
    public void Deactivate()
    {
        if (!IsActive)
            return;
        // What CPUs have cached of the roots is forgotten before the frames are another's.
        _host.AnnounceViews();
        _host.Settle();
        _host.Attach(null);
        _frames.Free(VisibleRoots, 0);
        VisibleRoots = Mfn.Invalid;
    }

    /// <summary>Gives back a part of what views had that are no more. True: nothing is left.</summary>
    /// <param name="entries">About how many table entries to look at; at least 1.</param>
    public bool ReleaseStep(int entries)
    {
        if (IsActive)
            return true;
        foreach (P2mView view in Used)
        {
            if (view.TableFrames != 0 && !view.ReleaseStep(entries))
                return false;
        }
        _end = 0;
        return true;
    }

    /// <summary>Makes a view, visible, of the lowest free number.</summary>
    /// <param name="defaultAccess"><see cref="MemoryAccess.Default"/>: the host p2m's.</param>
    /// <param name="suppressesVe">Whether violations stay unknown to the guest itself, of frames of which nobody says otherwise.</param>
    /// <returns><see cref="ViewResult.Unsupported"/>, <see cref="ViewResult.Full"/>, <see cref="ViewResult.NoMemory"/>.</returns>
    public ViewResult TryCreate(MemoryAccess defaultAccess, out int index, bool suppressesVe = true)
    {
        index = 0;
        while (index < Limit && _views[index].Exists)
            index++;
        return TryCreateAt(index, defaultAccess, suppressesVe);
    }

    /// <summary>Makes a view of that number, which there is not; results as of <see cref="TryCreate"/>.</summary>
    /// <param name="index">From <see cref="Limit"/> on: there is no room.</param>
    public ViewResult TryCreateAt(int index, MemoryAccess defaultAccess, bool suppressesVe)
    {
        if (defaultAccess == MemoryAccess.Default)
            defaultAccess = _host.DefaultAccess;
        if (_host.Matrix.FitOf(defaultAccess) == AccessFit.Refused)
            return ViewResult.Unsupported;
        if (index >= Limit || !TryMakeRoomForRecords(1))
            return ViewResult.Full;
        P2mView view = _views[index];
        if (!view.TryBegin(defaultAccess, suppressesVe))
        {
            GiveUpLeaves();
            if (!view.TryBegin(defaultAccess, suppressesVe))
                return ViewResult.NoMemory;
        }
        _end = Math.Max(_end, index + 1);
        // The frame of its root may have been another view's, or another domain's, of which any CPU may have translations cached.
        _host.AnnounceViews();
        TrySetVisible(index, true);
        return ViewResult.Done;
    }

    /// <summary>Takes a view apart. Other CPUs have left the domain's vCPUs for a moment by the return.</summary>
    /// <returns><see cref="ViewResult.NoSuchView"/>: none, or the first; <see cref="ViewResult.InUse"/>.</returns>
    public ViewResult TryDestroy(int index)
    {
        if (index == 0 || Find(index) is not { } view)
            return ViewResult.NoSuchView;
        if (view.Users != 0)
            return ViewResult.InUse;
        // Nobody gets in any more, and nobody has anything of it cached, before its frames are others'.
        TrySetVisible(index, false);
        _host.AnnounceViews();
        _host.Settle();
        while (!view.ReleaseStep(int.MaxValue))
        {
        }
        while (!_views[_end - 1].Exists)
            _end--;
        return ViewResult.Done;
    }

    /// <summary>The host p2m has changed at 2^order frames. The caller announces it behind this.</summary>
    internal void HostHasChanged(Gfn gfn, int order, bool isGone)
    {
        foreach (P2mView view in Used)
        {
            if (view.Exists)
                view.HostHasChanged(gfn, order, isGone);
        }
    }

    /// <summary>Frees tables that no CPU can reach any more.</summary>
    internal void FreeRetired()
    {
        foreach (P2mView view in Used)
            view.FreeRetired();
    }

    internal void CountRemaps(int change) => Remaps += change;

    internal void CountLost(ulong count)
    {
        LostRemaps += count;
        if (count != 0)
            Users?.HaveLost();
    }

    /// <summary>Whether views may take so many frames more.</summary>
    internal bool HasRoom(int frames) => frames == 0 || TableFrames + frames <= TableLimit;

    /// <summary>Whether there is room for so many frames that can't be given up again, if need be without what can. It leaves some for that.</summary>
    internal bool TryMakeRoomForRecords(int frames)
    {
        if (HasRoom(frames + FramesForLeaves))
            return true;
        GiveUpLeaves();
        return HasRoom(frames + FramesForLeaves);
    }

    /// <summary>Gives up all leaves of all views, and has their tables back by the return.</summary>
    internal void GiveUpLeaves()
    {
        DropLeaves();
        _host.AnnounceViews();
        _host.Settle();
    }

    /// <summary>Gives up all leaves of all views. The caller announces it.</summary>
    internal void DropLeaves()
    {
        foreach (P2mView view in Used)
        {
            if (view.Exists)
                view.GiveUpLeaves();
        }
    }

    private ReadOnlySpan<P2mView> Used => _views.AsSpan(0, _end);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong SlotOf(int index) => VisibleRoots.Address + (ulong)index * sizeof(ulong);
}
