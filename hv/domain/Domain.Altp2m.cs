using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>The domain's views of its memory, and who judges what its access rights forbid.</summary>
public sealed partial class Domain
{
    /// <summary>Kept without frames while the domain has no views.</summary>
    private readonly Altp2m _views;

    /// <summary>The domain's views; null: it has none now.</summary>
    public Altp2m? Altp2m => P2m.Views;

    /// <summary>Who may do what with its views (HVM_PARAM_ALTP2M).</summary>
    public Altp2mMode Altp2mMode => (Altp2mMode)Parameters[(int)HvmParameter.Altp2m];

    /// <summary>The most views that it may have.</summary>
    public int MaximumViews => _views.Limit;

    /// <summary>How they are otherwise than Xen's.</summary>
    public Altp2mOptions ViewOptions { get; private set; }

    private const Altp2mOptions EveryOption = Altp2mOptions.SelfFirst | Altp2mOptions.LostVirq;

    /// <summary>How often a remap has lost the frame that it shows.</summary>
    public ulong LostRemaps => _views.LostRemaps;

    /// <summary>Tells of that.</summary>
    public LostRemapNotice LostRemapNotice { get; }

    private bool _viewsAreSet;

    /// <summary>
    /// Says how the domain's views are to be: once, before it has any. Allocates in the domain's arena. EINVAL: no such number or option; EBUSY: there have been views, or this was said
    /// otherwise; ENOMEM: the machine has no memory for what knows of them.
    /// </summary>
    /// <param name="limit">The most views.</param>
    public Errno SetViews(uint limit, Altp2mOptions options)
    {
        if (limit is 0 or > Altp2m.MaximumLimit || (options & ~EveryOption) != 0)
            return Errno.EINVAL;
        if (_views.HasBeenActive || _viewsAreSet)
            return limit == _views.Limit && options == ViewOptions ? Errno.None : Errno.EBUSY;
        if (limit <= _views.Limit)
        {
            _views.SetLimit((int)limit);
        }
        else
        {
            if (Arena is null || !Arena.TryReserve(ObjectBytes + limit * Altp2m.BytesPerView))
                return Errno.ENOMEM;
            using (Arena.Open())
                _views.SetLimit((int)limit);
        }
        ViewOptions = options;
        _viewsAreSet = true;
        return Errno.None;
    }

    /// <summary>
    /// Whether a violation of a right that <paramref name="by"/> sets, or of a view that it makes, is to stay unknown to the guest itself; null: as it is for the frame.
    /// </summary>
    public bool? SuppressesVeOf(Domain by) => (ViewOptions & Altp2mOptions.SelfFirst) != 0 ? by != this : null;

    /// <summary>Whether an access that nobody is told of ends the domain.</summary>
    public bool EndsAtViolation => IsAccessRequired || (ViewOptions & Altp2mOptions.SelfFirst) != 0;

    /// <summary>Rights of the host p2m that who listens has set at 2^order frames are no more the guest's own.</summary>
    public void TakeOverRights(Gfn gfn, int order)
    {
        if ((ViewOptions & Altp2mOptions.SelfFirst) != 0 && Altp2m?.Find(0) is { } first)
            first.SuppressVe(gfn, order);
    }

    /// <summary>The list of views, in bytes.</summary>
    private const int ObjectBytes = 8192;

    /// <summary>Who is told of violations of access rights; null: nobody.</summary>
    public AccessListener? AccessListener { get; set; }

    /// <summary>The domain gets views, and all its vCPUs are in the first. Nothing happens when it has them.</summary>
    /// <returns><see cref="ViewResult.Done"/> or <see cref="ViewResult.NoMemory"/>.</returns>
    public ViewResult TryActivateAltp2m()
    {
        if (_views.IsActive)
            return ViewResult.Done;
        ViewResult result = _views.TryActivate();
        if (result == ViewResult.Done)
            SwitchViews(0);
        return result;
    }

    /// <summary>
    /// The domain has no views any more: its vCPUs are in the host p2m by the first call's return, and what the views had goes back in bounded steps. True: all is
    /// gone. Whoever makes no further call leaves the rest to the next activation, or to the domain's end.
    /// </summary>
    /// <param name="entries">About how many table entries to look at; at least 1.</param>
    public bool DeactivateAltp2m(int entries)
    {
        if (_views.IsActive)
        {
            foreach (Vcpu vcpu in Vcpus)
                vcpu.SetView(Vcpu.NoView);
            P2m.Users?.Expel();
            foreach (Vcpu vcpu in Vcpus)
                vcpu.UnpinNotification();
            _views.Deactivate();
        }
        return _views.ReleaseStep(entries);
    }

    /// <summary>All vCPUs are in that view by the return. <see cref="ViewResult.NoSuchView"/>.</summary>
    public ViewResult SwitchViews(int index)
    {
        if (Altp2m?.Find(index) is not { } view)
            return ViewResult.NoSuchView;
        foreach (Vcpu vcpu in Vcpus)
            vcpu.SendTo(view);
        P2m.Users?.Expel();
        return ViewResult.Done;
    }

    /// <summary>
    /// From here until the domain's lock is given back no vCPU changes its view by itself: each that may has left its guest, and waits for
    /// the lock before it enters it again or does what its VMFUNC says. So where it is is known, and the list of views may be changed, which the CPU reads at each VMFUNC
    /// (Intel SDM vol. 3, 25.11.4: not while a guest runs that is told of it).
    /// </summary>
    public void HoldViews()
    {
        bool holds = false;
        foreach (Vcpu vcpu in Vcpus)
            holds |= vcpu.HoldsView();
        if (holds)
            P2m.Users?.Expel();
    }

    private sealed class VcpusInViews(Domain domain) : ViewUsers
    {
        public override void Hold() => domain.HoldViews();

        public override int CountIn(int view)
        {
            domain.HoldViews();
            int count = 0;
            foreach (Vcpu vcpu in domain.Vcpus)
            {
                if (vcpu.ViewIndex == view)
                    count++;
            }
            return count;
        }

        public override void HaveLost() => domain.LostRemapNotice.Announce();
    }
}
