using System.Runtime.CompilerServices;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Which of its domain's views the vCPU sees. What the CPU has to know of it is written by the CPU that runs the vCPU, before the next
/// entry: elsewhere it is only noted. All under the domain's lock, but for the vCPU's own way from view to view.
/// </summary>
public sealed partial class Vcpu
{
    /// <summary>As an index: the host p2m.</summary>
    public const int NoView = -1;

    private int _view = NoView;

    /// <summary>Whether the CPU has not been told yet.</summary>
    private bool _viewIsNoted;

    /// <summary>
    /// The view's number, as last set or as the guest itself has chosen by its last exit; <see cref="NoView"/>. Of a vCPU that runs elsewhere it may
    /// be another already, unless <see cref="Domain.HoldViews"/> came before.
    /// </summary>
    public int ViewIndex => _view != NoView && !_viewIsNoted ? ChosenView : _view;

    /// <summary>The view; null: the host p2m, or one that the guest has got to and that is none.</summary>
    public P2mView? View => ViewIndex is var index and not NoView ? Domain.Altp2m?.Find(index) : null;

    private int ChosenView => Cpu.ViewIndex == VirtualCpu.NoView ? NoView : Cpu.ViewIndex;

    /// <summary>The page that the guest is told of violations by; invalid: it is not told, and may not change its view itself.</summary>
    public Mfn NotificationPage { get; private set; } = Mfn.Invalid;

    /// <summary>The vCPU is in the view by the return, wherever it runs. <see cref="ViewResult.NoSuchView"/>.</summary>
    public ViewResult SwitchView(int index)
    {
        if (Domain.Altp2m?.Find(index) is not { } view)
            return ViewResult.NoSuchView;
        SendTo(view);
        ExpelElsewhere();
        return ViewResult.Done;
    }

    /// <summary>The vCPU is in the host p2m by the return.</summary>
    public void LeaveViews()
    {
        SetView(NoView);
        ExpelElsewhere();
    }

    /// <summary>
    /// The guest may change its view itself, and is told of violations by a page; invalid: neither any more. The domain has views.
    /// </summary>
    /// <param name="page">A frame on which the caller holds a reference until another is set, or none.</param>
    public void SetNotification(Mfn page)
    {
        Domain.HoldViews();
        NotificationPage = page;
        MayChooseView |= page != Mfn.Invalid;
        SetView(ViewIndex);
        ExpelElsewhere();
    }

    /// <summary>As <see cref="SetView"/>, of a vCPU that may be in another view already, and has nothing else to be told.</summary>
    internal void SendTo(P2mView view)
    {
        if (!RunsHere || _viewIsNoted || _view == NoView)
        {
            SetView(view.Index);
            return;
        }
        GoTo(view);
        KeepApicPage(view);
    }

    /// <summary>Notes the view, or writes it where the vCPU runs here. Who runs elsewhere sees it once made to leave its guest.</summary>
    internal void SetView(int index)
    {
        _view = index;
        if (index == NoView)
        {
            NotificationPage = Mfn.Invalid;
            MayChooseView = false;
        }
        _viewIsNoted = true;
        if (RunsHere)
            ApplyView();
        else
            Notify(Attention.View);
    }

    /// <summary>Tells the CPU, which is the one that runs the vCPU.</summary>
    internal void ApplyView()
    {
        if (!_viewIsNoted)
            return;
        P2mView? view = View;
        _viewIsNoted = false;
        if (!MayChooseView || Domain.Altp2m is not { } views)
        {
            if (Cpu.HasViews)
                Cpu.DetachViews();
        }
        else
        {
            Cpu.AttachViews(views.VisibleRoots);
            Cpu.AttachVirtualisationExceptions(NotificationPage);
        }
        Cpu.SwitchNestedRoot(view?.Root ?? Domain.P2m.Root);
        Cpu.ViewIndex = view is null ? VirtualCpu.NoView : (ushort)view.Index;
        if (view is not null)
            KeepApicPage(view);
    }

    /// <summary>VMFUNC of the guest where it exits: to a view that it may go to. On the vCPU's own CPU. False: it may not.</summary>
    public bool TryChooseView(uint index) => MayChooseView && TryGoTo(index, byFunction: true);

    /// <summary>The guest goes to a view that is visible, by a call of its own. On the vCPU's own CPU, which has not the domain's lock. False: there is no such view.</summary>
    public bool TryGoTo(ulong index) => TryGoTo(index, byFunction: false);

    /// <summary>Without the domain's lock, where the guest may choose its view.</summary>
    /// <remarks>
    /// It is as VMFUNC by the CPU, which nobody sees: who changes views has the vCPU wait for the lock first (<see cref="Domain.HoldViews"/>), by a bit of
    /// its attention and an answer of its CPU. From the look at that bit to the end this CPU answers nobody, so it is done before the views change, or not begun.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryGoTo(ulong index, bool byFunction)
    {
        if (!MayChooseView || (Attention & Attention.View) != 0 || _viewIsNoted || _view == NoView)
            return TryGoToLocked(index, byFunction);
        if (index >= VirtualCpu.MaximumViews || Domain.Altp2m?.FindVisible((int)index) is not { } view)
            return false;
        if (!HasApicPage(view))
            return TryGoToLocked(index, byFunction);
        GoTo(view);
        return true;
    }

    /// <summary>Behind what has been noted for the vCPU.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryGoToLocked(ulong index, bool byFunction)
    {
        Domain.Acquire();
        ApplyView();
        bool isDone = false;
        if ((MayChooseView || !byFunction) && _view != NoView && index < VirtualCpu.MaximumViews && Domain.Altp2m?.FindVisible((int)index) is { } view)
        {
            GoTo(view);
            KeepApicPage(view);
            isDone = true;
        }
        Domain.Release();
        return isDone;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void GoTo(P2mView view)
    {
        Cpu.SwitchNestedRoot(view.Root);
        Cpu.ViewIndex = (ushort)view.Index;
    }

    /// <summary>Otherwise each access to it would exit, and be emulated.</summary>
    private void KeepApicPage(P2mView view)
    {
        if (Domain.Services.Virtualisation.KeepsApics)
            view.Keep(Gfn.Of(VirtualApic.PageAddress));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool HasApicPage(P2mView view) => view.IsKept || !Domain.Services.Virtualisation.KeepsApics;

    /// <summary>
    /// Takes note of where the guest has gone by itself, after an exit and before the CPU answers any other. Without the domain's lock: what others do to
    /// views waits for this CPU's answer, and the view that the guest is in is there until it leaves it.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void FollowView()
    {
        if (!Cpu.TryTakeViewSwitch(out Mfn root))
            return;
        Altp2m? views = Domain.Altp2m;
        if (views?.Find(Cpu.ViewIndex)?.Root == root)
            return;
        if (views?.FindRoot(root) is { } view)
            Cpu.ViewIndex = (ushort)view.Index;
        else
            Domain.Crash("a vCPU is in no view that there is");
    }

    /// <summary>
    /// A vCPU that may change its view itself, and runs elsewhere or is about to, waits for the domain's lock before it does or enters its guest the next time.
    /// False: it needs not.
    /// </summary>
    internal bool HoldsView()
    {
        if (!MayChooseView || RunsHere)
            return false;
        Notify(Attention.View);
        return true;
    }

    /// <summary>As <see cref="ApplyView"/>, by the run loop: it takes the domain's lock.</summary>
    public void AttendToView()
    {
        Domain.Acquire();
        ApplyView();
        Domain.Release();
    }

    private void ExpelElsewhere()
    {
        if (IsOnCpu && !RunsHere)
            Domain.P2m.Users?.Expel();
    }
}
