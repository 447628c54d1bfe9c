using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// The records of a domain's views, and of the view that each vCPU is in; none, when the domain has no views. What a view has of its own is carried as runs of frames
/// that have the same. What the host p2m has is not in them: rights of its own, and how often remaps were lost.
/// </summary>
public static class ViewRecords
{
    /// <summary>The most runs of all views together.</summary>
    public const int MostRuns = 4096;

    /// <summary>The most frames of all runs: those of 128 MiB. They are looked at one by one, in one pass.</summary>
    public const int MostFrames = 32768;

    private const ushort NoView = ushort.MaxValue;

    private const byte Visible = 1, Told = 2;

    /// <summary>Frames between two looks for what other CPUs ask.</summary>
    private const int FramesPerPoll = 64;

    private static uint StateSize => (uint)Unsafe.SizeOf<ViewState>();

    private static uint RunSize => (uint)Unsafe.SizeOf<ViewRun>();

    /// <summary>Bytes that the records of views can have.</summary>
    public static uint MostBytes => MostRuns * RunSize + (uint)Altp2m.MaximumLimit * (StateSize + (uint)Unsafe.SizeOf<HvmSaveDescriptor>());

    /// <summary>Whether the domain's views have no more of their own than records may carry.</summary>
    public static bool Fit(Domain domain)
    {
        int runs = MostRuns, frames = MostFrames;
        if (domain.Altp2m is not { } views)
            return true;
        for (int index = 0; index < views.Limit; index++)
        {
            if (views.Find(index) is not { } view)
                continue;
            for (var at = new RunsOf(view); at.TryNext(frames, out ViewRun run);)
            {
                runs--;
                frames -= (int)run.Frames;
                if (runs < 0 || frames < 0)
                    return false;
            }
        }
        return true;
    }

    /// <summary>Writes the records of what <see cref="Fit"/>.</summary>
    internal static void Save(Domain domain, ref ContextWriter writer)
    {
        if (domain.Altp2m is not { } views)
            return;
        for (int index = 0; index < views.Limit && writer.Wants(HvmRecord.View); index++)
        {
            if (views.Find(index) is { } view)
                Save(domain, views, view, ref writer);
        }
        foreach (Vcpu vcpu in domain.MadeVcpus)
        {
            vcpu.TakeHere();
            var state = new VcpuViewState
            {
                View = vcpu.View is { } view ? (ushort)view.Index : NoView, Chooses = vcpu.MayChooseView ? (ushort)1 : (ushort)0, NotificationGfn = vcpu.NotificationGfn.Value,
            };
            vcpu.Cpu.LetGo();
            writer.Add(HvmRecord.VcpuView, vcpu.Id, in state);
        }
    }

    private static void Save(Domain domain, Altp2m views, P2mView view, ref ContextWriter writer)
    {
        uint count = 0;
        for (var at = new RunsOf(view); at.TryNext(MostFrames, out _);)
            count++;
        if (!writer.TryBegin(HvmRecord.View, view.Index, StateSize + count * RunSize))
            return;
        writer.Append(new ViewState
        {
            DefaultAccess = (ushort)view.DefaultAccess, Mode = (byte)domain.Altp2mMode, Runs = count,
            Flags = (byte)((views.IsVisible(view.Index) ? Visible : 0) | (view.Inherited.SuppressesVe ? 0 : Told)),
        });
        for (var at = new RunsOf(view); at.TryNext(MostFrames, out ViewRun run);)
            writer.Append(in run);
    }

    /// <summary>Takes a view's record over, in the place of what the view has; why it can't be, or null.</summary>
    /// <param name="framesLeft">Frames that runs may still have, of one context.</param>
    internal static string? TryLoad(Domain domain, ref ContextReader reader, ref int framesLeft)
    {
        if (reader.Descriptor.Length < StateSize || !reader.TryTakePart(out ViewState state) || state.Runs > MostRuns
            || reader.Descriptor.Length != StateSize + state.Runs * RunSize)
        {
            return HvmContext.CutShort;
        }
        string? problem = TryMake(domain, reader.Descriptor.Instance, in state, out P2mView? view);
        ulong next = 0;
        for (uint i = 0; problem is null && i < state.Runs; i++)
        {
            if (!reader.TryTakePart(out ViewRun run))
                return HvmContext.CutShort;
            problem = Problem(in run, next) ?? (run.Frames > (uint)framesLeft ? "views that have more of their own than a context carries" : null);
            if (problem is not null)
                return problem;
            next = run.Gfn + run.Frames;
            framesLeft -= (int)run.Frames;
            problem = Load(domain, view!, in run);
        }
        return problem;
    }

    /// <summary>Takes over which view a vCPU is in; why it can't be, or null. The views' records were in front of it.</summary>
    internal static string? TryLoad(Vcpu vcpu, ref ContextReader reader)
    {
        if (!reader.TryTake(out VcpuViewState state))
            return HvmContext.CutShort;
        if (state.Chooses > 1 || state.Reserved != 0)
            return "a vCPU's view that is not zero where it has to be";
        int view = state.View == NoView ? Vcpu.NoView : state.View;
        vcpu.TakeHere();
        bool isRestored = vcpu.TryRestoreView(view, state.Chooses != 0, new Gfn(state.NotificationGfn));
        vcpu.Cpu.LetGo();
        return isRestored ? null : "a vCPU in a view that is not there, or told of violations by a page that is not";
    }

    /// <summary>The view, which there is then, with nothing of its own but its default.</summary>
    private static string? TryMake(Domain domain, int index, in ViewState state, out P2mView? view)
    {
        view = null;
        if (!domain.Services.HasAltp2m)
            return "a view, and this hypervisor lets nobody have any";
        if (state.Mode != (byte)domain.Altp2mMode || domain.Altp2mMode == Altp2mMode.Disabled)
            return "a view, of a domain in another mode (HVM_PARAM_ALTP2M)";
        if ((state.Flags & ~(Visible | Told)) != 0 || state.DefaultAccess >= (ushort)MemoryAccess.Default)
            return "a view with rights that there are not";
        if (FeatureMatrix.Check(MemoryFeatures.Views, domain.MemoryFeatures, out _) != Errno.None)
            return "a view, and what does not go with views";
        while (!domain.P2m.TryEndCpuLog(MostFrames))
            domain.Services.Messages.Poll();
        if (domain.TryActivateAltp2m() != ViewResult.Done)
            return NoRoom;
        Altp2m views = domain.Altp2m!;
        view = views.Find(index);
        if (view is not null && !TryEmpty(domain, view))
            return "a view that has more of its own already than a context carries";
        var access = (MemoryAccess)state.DefaultAccess;
        bool suppressesVe = (state.Flags & Told) == 0;
        ViewResult result = view is null ? views.TryCreateAt(index, access, suppressesVe) : view.TrySetDefaults(access, suppressesVe);
        if (result != ViewResult.Done)
            return result == ViewResult.Unsupported ? NoRight : index >= views.Limit ? "a view past the last that the domain may have" : NoRoom;
        view ??= views.Find(index)!;
        views.TrySetVisible(index, (state.Flags & Visible) != 0);
        return null;
    }

    private static bool TryEmpty(Domain domain, P2mView view)
    {
        var gfn = new Gfn(0);
        for (int budget = MostFrames; view.TryFindOverride(ref gfn); budget--)
        {
            if (budget == 0)
                return false;
            view.TryRestore(gfn, view.Inherited);
            if (budget % FramesPerPoll == 0)
                domain.Services.Messages.Poll();
        }
        return true;
    }

    private const string NoRoom = "more views, or more in them, than there are tables for";

    private const string NoRight = "a view with a right that this processor does not have";

    private static string? Problem(in ViewRun run, ulong next)
    {
        bool isRemap = run.Target != Gfn.Invalid.Value;
        if (run.Frames == 0 || run.Gfn < next || run.Gfn >= Altp2m.GfnLimit || run.Frames > Altp2m.GfnLimit - run.Gfn)
            return "frames of a view that are none, or overlap";
        if (isRemap && (run.Target >= Altp2m.GfnLimit || run.Frames > Altp2m.GfnLimit - run.Target))
            return "a view that shows frames that there can't be";
        return run.Access > (byte)MemoryAccess.Default || run.SuppressVe > 1 || run.Reserved != 0 ? "a right of a view that there is not" : null;
    }

    private static string? Load(Domain domain, P2mView view, in ViewRun run)
    {
        bool isRemap = run.Target != Gfn.Invalid.Value;
        for (uint i = 0; i < run.Frames; i++)
        {
            var own = new ViewOverride(isRemap ? new Gfn(run.Target + i) : Gfn.Invalid, (MemoryAccess)run.Access, run.SuppressVe != 0);
            ViewResult result = view.TryRestore(new Gfn(run.Gfn + i), own);
            if (result != ViewResult.Done)
                return result == ViewResult.Unsupported ? NoRight : NoRoom;
            if (i % FramesPerPoll == 0)
                domain.Services.Messages.Poll();
        }
        return null;
    }

    /// <summary>What a view has of its own, run by run.</summary>
    private struct RunsOf(P2mView view)
    {
        private Gfn _next;

        /// <param name="most">A run ends behind that many frames, if not before.</param>
        public bool TryNext(int most, out ViewRun run)
        {
            run = default;
            Gfn first = _next;
            if (!view.TryFindOverride(ref first))
                return false;
            ViewOverride own = view.OverrideOf(first);
            uint frames = 1;
            while (frames <= (uint)most && first.Value + frames < Altp2m.GfnLimit && view.OverrideOf(new Gfn(first.Value + frames)) == At(own, frames))
                frames++;
            _next = new Gfn(first.Value + frames);
            run = new ViewRun
            {
                Gfn = first.Value, Target = own.Target.Value, Frames = frames, Access = (byte)own.Access, SuppressVe = own.SuppressesVe ? (byte)1 : (byte)0,
            };
            return true;
        }

        private static ViewOverride At(ViewOverride own, uint frames) => own.IsRemap ? own with { Target = new Gfn(own.Target.Value + frames) } : own;
    }
}
