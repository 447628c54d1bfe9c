using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// A page of requests that a domain's device model and the hypervisor both write (public/hvm/ioreq.h). It is a frame of the hypervisor, which
/// the device model maps as a resource; or one of the domain's memory, at a place that a toolstack set aside for it, where the domain does
/// not see it while the server is on.
/// </summary>
internal sealed class IoRequestPage(Domain domain)
{
    private bool _isOwn;

    /// <summary>The page; attached when there is one.</summary>
    public SharedPage Page { get; } = new(domain.P2m, domain.Services.Memory);

    /// <summary>Where it lies in the domain's memory; <see cref="Gfn.Invalid"/>: nowhere.</summary>
    public Gfn Gfn { get; private set; } = Gfn.Invalid;

    /// <summary>Which of the places that were set aside it has; -1: none.</summary>
    public int Place { get; private set; } = -1;

    /// <summary>Whether the domain's memory is without it now.</summary>
    private bool _isHidden;

    /// <summary>Makes the page of a frame of the hypervisor. EPERM: it lies in the domain's memory already; ENOMEM.</summary>
    public Errno Allocate()
    {
        if (Page.IsAttached)
            return _isOwn ? Errno.None : Errno.EPERM;
        if (!domain.Services.Frames.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn mfn))
            return Errno.ENOMEM;
        Page.Attach(mfn);
        _isOwn = true;
        return Errno.None;
    }

    /// <summary>Uses a page of the domain's memory. EINVAL: that is not the domain's own writable memory.</summary>
    public Errno Attach(Gfn gfn, int place)
    {
        if (!Page.TryAttach(gfn))
            return Errno.EINVAL;
        Gfn = gfn;
        Place = place;
        return Errno.None;
    }

    /// <summary>The server is switched on: the domain loses sight of the page. It stays in sight when there is no memory for a page table.</summary>
    public void Hide()
    {
        if (Gfn != Gfn.Invalid && !_isHidden && domain.P2m.Lookup(Gfn).Mfn == Page.Mfn)
            _isHidden = domain.P2m.TryRemove(Gfn, 0);
    }

    /// <summary>The server is switched off: the page is empty, and the domain's again, unless something else lies there by now.</summary>
    public void Show()
    {
        if (!_isHidden)
            return;
        Page.Clear();
        _isHidden = domain.P2m.Lookup(Gfn).Type != P2mType.None || !domain.P2m.TrySet(Gfn, Page.Mfn, 0, P2mType.Ram);
    }

    /// <summary>Lets go of the page; who has mapped it keeps the frame.</summary>
    public void Release()
    {
        if (!Page.IsAttached)
            return;
        Show();
        Mfn mfn = Page.Mfn;
        if (_isHidden)
            domain.P2m.GiveUp(mfn);
        Page.Detach();
        if (_isOwn)
            domain.Services.Frames.FreeOrLeave(mfn, FrameAllocator.EndedOwner);
        _isOwn = _isHidden = false;
        Gfn = Gfn.Invalid;
        Place = -1;
    }
}
