using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The page by which the vCPU is told of what its view forbids. It is pinned as long as the CPU may write it.</summary>
public sealed partial class Vcpu
{
    private Mfn _pinnedPage = Mfn.Invalid;
    private Gfn _notificationGfn = Gfn.Invalid;

    /// <summary>
    /// Whether the guest may change its view itself: from its first page on until views are off, as on Xen.
    /// </summary>
    public bool MayChooseView { get; private set; }

    /// <summary>Whether there is such a page.</summary>
    public bool IsNotified => NotificationPage != Mfn.Invalid;

    /// <summary>The vCPU is told by that page. It has none yet. False, and nothing happens: it is not the domain's own writable memory.</summary>
    public bool TryNotify(Gfn page)
    {
        P2mEntry entry = Domain.P2m.Lookup(page);
        if (entry.Type != P2mType.Ram)
            return false;
        Domain.P2m.Pin(entry.Mfn);
        _pinnedPage = entry.Mfn;
        _notificationGfn = page;
        SetNotification(entry.Mfn);
        return true;
    }

    /// <summary>The guest frame of the page; invalid: there is none, or the guest has put something else there.</summary>
    public Gfn NotificationGfn => IsNotified && Domain.P2m.Lookup(_notificationGfn) is { Type: P2mType.Ram } entry && entry.Mfn == NotificationPage ? _notificationGfn : Gfn.Invalid;

    /// <summary>The vCPU is as another was that is saved: in that view, told by that page. It runs nowhere. False: one of them is not there; it is told nothing.</summary>
    /// <param name="view"><see cref="NoView"/>: none, and then it can't choose one.</param>
    /// <param name="mayChoose">Whether the guest may change its view itself.</param>
    /// <param name="page">Invalid: none.</param>
    public bool TryRestoreView(int view, bool mayChoose, Gfn page)
    {
        if (view != NoView && Domain.Altp2m?.Find(view) is null)
            return false;
        EndNotification();
        SetView(NoView);
        if (view == NoView)
            return !mayChoose && page == Gfn.Invalid;
        MayChooseView = mayChoose;
        SetView(view);
        return page == Gfn.Invalid || TryNotify(page);
    }

    /// <summary>The vCPU is told no more. Nothing happens when it was not.</summary>
    public void EndNotification()
    {
        SetNotification(Mfn.Invalid);
        UnpinNotification();
    }

    /// <summary>No CPU writes the page any more: the vCPU has left its guest since it was told to forget the page, or never runs again.</summary>
    internal void UnpinNotification()
    {
        if (_pinnedPage != Mfn.Invalid)
            Domain.P2m.Unpin(_pinnedPage);
        _pinnedPage = Mfn.Invalid;
    }
}
