using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>Access rights, and views of a domain's memory.</summary>
internal sealed partial class P2mModelRun
{
    private MemoryAccess RightOf(uint choice)
    {
        var right = (MemoryAccess)(choice % (uint)MemoryAccess.Default);
        return _rules.CanHave(right) ? right : MemoryAccess.All;
    }

    private void SetRight(ModelDomain domain, ulong gfn, int order, MemoryAccess right)
    {
        gfn &= ~((1UL << order) - 1);
        bool done = Call(domain, p2m => p2m.TrySetAccess(new Gfn(gfn), order, right), isInParts: true);
        bool isBehind = false;
        foreach ((ulong at, int runOrder, Cell cell) in domain.Table.In(gfn, order).ToArray())
        {
            if (!cell.IsPresent || cell.Right == right)
                continue;
            // Without memory it ends at some place: all before is changed, and nothing behind.
            bool isChanged = done || (!domain.Uncleared.ContainsKey(at & ~511UL) && domain.P2m.AccessOf(new Gfn(at)) == right);
            if (isChanged && isBehind)
                throw new ModelException($"guest frame {at:x} has got its right, and one before it has not");
            isBehind = !isChanged;
            if (isChanged)
                domain.Table.Set(at, runOrder, cell with { Right = right });
        }
        if (done && domain.Uncleared.Keys.Any(chunk => chunk >= gfn && chunk < gfn + (1UL << order)))
            throw new ModelException("a right was set of what nobody has looked at");
        if (!done)
            RequireShortage(domain, "set access");
    }

    private void Activate(ModelDomain domain, uint choice)
    {
        if (!domain.Views.IsActive)
        {
            ViewResult result = ViewResult.Absent;
            Call(domain, _ => (result = domain.Views.TryActivate()) == ViewResult.Done);
            MaySettle(domain);
            if (result == ViewResult.Done)
            {
                _frames.Add(domain.Views.VisibleRoots.Value, FrameAllocator.HypervisorOwner, Hold.Lent);
                AddView(domain, 0, domain.P2m.DefaultAccess);
            }
            else
            {
                RequireShortage(domain, $"activate ({result})");
            }
            return;
        }
        if (choice % 4 == 0)
            EndViews(domain);
    }

    private void EndViews(ModelDomain domain)
    {
        domain.Entered = -1;
        if (domain.Views.IsActive)
        {
            ulong roots = domain.Views.VisibleRoots.Value;
            domain.Going.AddRange(domain.ModelViews.Values);
            Call(domain, _ =>
            {
                domain.Views.Deactivate();
                return true;
            });
            _frames.Set(roots, Hold.None);
            ModelSettle(domain);
            if (domain.ModelViews.Count != 0)
                throw new ModelException("views went and nobody had to leave them");
        }
        while (!domain.Views.ReleaseStep(512))
        {
        }
        _memory.Flush();
        if (domain.Views.TableFrames != 0 || domain.Views.HasRemaps)
            throw new ModelException($"{domain.Views.TableFrames} tables and {domain.Views.Remaps} remaps are left of views that are no more");
    }

    private void AddView(ModelDomain domain, int index, MemoryAccess defaultAccess)
    {
        P2mView real = domain.Views.Find(index) ?? throw new ModelException($"view {index} was made and is not there");
        if (real.DefaultAccess != defaultAccess || domain.ModelViews.ContainsKey(index))
            throw new ModelException($"view {index} was there, or has {real.DefaultAccess} by default and not {defaultAccess}");
        domain.ModelViews.Add(index, new ModelView(index, real, defaultAccess, domain.NewWalker(real.Root.Value)));
    }

    // Makes one, takes one apart, shows or hides one, or has a vCPU go to one.
    private void ChangeViews(ModelDomain domain, uint choice, uint which)
    {
        int index = (int)(which % (ModelDomain.ViewLimit + 1));
        bool isThere = domain.ModelViews.TryGetValue(index, out ModelView? view);
        switch (choice % 5)
        {
            case 0 or 1:
                CreateView(domain, RightOf(which >> 8));
                break;
            case 2:
                DestroyView(domain, index, view);
                break;
            case 3:
                if (domain.Views.TrySetVisible(index, (which & 16) != 0) != isThere)
                    throw new ModelException($"view {index} is shown or hidden and is not there, or the other way round");
                if (isThere)
                    view!.IsVisible = (which & 16) != 0;
                break;
            default:
                domain.Entered = isThere ? index : -1;
                break;
        }
    }

    private void CreateView(ModelDomain domain, MemoryAccess right)
    {
        if (!domain.Views.IsActive)
            return;
        int index = 0;
        ViewResult result = ViewResult.Absent;
        Call(domain, _ => (result = domain.Views.TryCreate(right, out index)) == ViewResult.Done);
        bool isFull = domain.ModelViews.Count == ModelDomain.ViewLimit;
        if (result == ViewResult.Done && !isFull)
            AddView(domain, index, right);
        else if (result == ViewResult.Done || (isFull && result != ViewResult.Full))
            throw new ModelException($"a view was made ({result}) and there are as many as there may be");
        else if (!isFull)
            RequireShortage(domain, $"create view ({result})");
        MaySettle(domain);
    }

    private void DestroyView(ModelDomain domain, int index, ModelView? view)
    {
        ViewResult expected = index == 0 || view is null ? ViewResult.NoSuchView : domain.Entered == index ? ViewResult.InUse : ViewResult.Done;
        if (expected == ViewResult.Done)
            domain.Going.Add(view!);
        ViewResult result = ViewResult.Absent;
        Call(domain, _ => (result = domain.Views.TryDestroy(index)) == ViewResult.Done);
        if (result != expected || domain.Going.Count != 0)
            throw new ModelException($"view {index} is taken apart: {result}, and should be {expected}");
        MaySettle(domain);
    }

    private void Override(ModelDomain domain, ulong gfn, uint choice, ulong target)
    {
        if (domain.ModelViews.Count == 0)
            return;
        ModelView view = ViewOf(domain, choice >> 16);
        ViewOverride own = view.OverrideOf(gfn);
        ViewOverride wanted = (choice % 8) switch
        {
            0 or 1 or 2 => own with { Target = new Gfn(target) },
            3 => own with { Target = Gfn.Invalid },
            4 or 5 => own with { Access = RightOf(choice >> 4) },
            6 => own with { SuppressesVe = !own.SuppressesVe },
            _ => ViewOverride.None,
        };
        bool isNewTarget = wanted.IsRemap && wanted.Target != own.Target;
        bool isOver = false;
        if (isNewTarget)
        {
            Look(domain, target);
            isOver = domain.Table[target].Type != P2mType.Ram;
        }
        ViewResult result = ViewResult.InUse;
        Call(domain, _ => (result = view.Real.TryOverride(new Gfn(gfn), wanted)) == ViewResult.Done);
        MaySettle(domain);
        if ((result == ViewResult.Absent) != isOver)
            throw new ModelException($"guest frame {gfn:x} of view {view.Index} gets {wanted}: {result}, and the target is {domain.Table[target]}");
        if (result == ViewResult.Absent)
            return;
        if (result != ViewResult.Done)
        {
            RequireShortage(domain, $"override ({result})");
            return;
        }
        if (wanted == ViewOverride.None)
            view.Overrides.Remove(gfn);
        else
            view.Overrides[gfn] = wanted;
    }

    private void Fill(ModelDomain domain, ulong gfn, uint choice)
    {
        if (domain.ModelViews.Count == 0)
            return;
        ModelView view = ViewOf(domain, choice);
        // Mostly where something is.
        if ((choice & 0x100) != 0 && view.Overrides.Count != 0)
            gfn = view.Overrides.Keys.Order().ElementAt((int)(choice >> 9) % view.Overrides.Count);
        ulong host = view.HostOf(gfn);
        bool isThere = domain.IsThere(host), isLeaf = view.Walker.Walk(gfn, out _).Rights != Rights.None;
        FillResult expected = !isThere ? FillResult.Absent : isLeaf ? FillResult.Present : FillResult.Filled;
        FillResult result = FillResult.Absent;
        Call(domain, _ =>
        {
            result = view.Real.Fill(new Gfn(gfn));
            return true;
        });
        MaySettle(domain);
        if (result == FillResult.NoMemory && expected == FillResult.Filled)
            RequireShortage(domain, "fill");
        else if (result != expected)
            throw new ModelException($"guest frame {gfn:x} of view {view.Index} is filled: {result}, and should be {expected}");
        if (result == FillResult.Filled && view.Walker.Walk(gfn, out _).Rights == Rights.None)
            throw new ModelException($"guest frame {gfn:x} of view {view.Index} was filled and shows nothing");
    }

    private static ModelView ViewOf(ModelDomain domain, uint choice) => domain.ModelViews.Values.ElementAt((int)(choice % (uint)domain.ModelViews.Count));

    // Where memory for tables is short, all CPUs leave, and what was let go of is settled too.
    private void MaySettle(ModelDomain domain)
    {
        if (domain.Unsettled.Count != 0 && Machines.Private.UnsettledCount(domain.P2m) + Machines.Private.UnsettledReferenced(domain.P2m) == 0)
            ModelSettle(domain);
    }

    /// <summary>What the views have of their own stands, and what they show is what the host has, with that.</summary>
    private void CheckViews(ModelDomain domain)
    {
        int remaps = 0;
        foreach (ModelView view in domain.ModelViews.Values)
        {
            if (domain.Views.Find(view.Index) != view.Real || view.Real.Root.Value != view.Walker.Root)
                throw new ModelException($"view {view.Index} is another");
            ulong pointer = _memory.Peek(domain.Views.VisibleRoots.Value)[view.Index];
            if (pointer != (view.IsVisible ? _rules.PointerTo(view.Walker.Root) : ulong.MaxValue) || domain.Views.IsVisible(view.Index) != view.IsVisible)
                throw new ModelException($"view {view.Index} is {pointer:x} to the processor, and visible: {view.IsVisible}");
            view.Walker.RequireSeen();
            foreach ((ulong gfn, int order, Translation leaf) in view.Walker.Leaves())
                CheckLeaf(domain, view, gfn, order, leaf);
            CheckOverrides(domain, view);
            remaps += view.Overrides.Values.Count(own => own.IsRemap);
            if (view.Real.Remaps != view.Overrides.Values.Count(own => own.IsRemap))
                throw new ModelException($"view {view.Index} counts {view.Real.Remaps} remaps");
        }
        if (domain.Views.Remaps != remaps)
            throw new ModelException($"all views have {remaps} remaps, and {domain.Views.Remaps} are counted");
        for (int index = 0; index < ModelDomain.ViewLimit; index++)
        {
            if (!domain.ModelViews.ContainsKey(index) && (domain.Views.Find(index) is not null || domain.Views.IsVisible(index)))
                throw new ModelException($"view {index} is there");
        }
    }

    private void CheckLeaf(ModelDomain domain, ModelView view, ulong gfn, int order, Translation leaf)
    {
        if (order == 0)
        {
            Require(domain.Table[view.HostOf(gfn)], 0);
            return;
        }
        if (view.Overrides.Keys.Any(own => own >= gfn && own < gfn + (1UL << order)))
            throw new ModelException($"view {view.Index} has one leaf of order {order} at {gfn:x}, and something of its own within");
        foreach ((ulong at, _, Cell cell) in domain.Table.In(gfn, order))
            Require(cell, at - gfn);

        void Require(Cell cell, ulong offset)
        {
            Translation expected = ExpectedIn(domain, view, gfn + offset, cell);
            if (leaf.Plus(offset) != expected)
                throw new ModelException($"guest frame {gfn + offset:x} of view {view.Index} translates to {leaf.Plus(offset)}, and should to {expected}");
        }
    }

    /// <summary>The host's frame and type; of rights the view's own. The guest itself learns of violations where all that a leaf withholds is one.</summary>
    private Translation ExpectedIn(ModelDomain domain, ModelView view, ulong gfn, Cell host)
    {
        if (!host.IsPresent)
            return Translation.Absent;
        MemoryAccess right = view.RightOf(gfn, domain);
        Rights allowed = EntryRules.AllowedBy(right);
        Rights leaf = _rules.LeafFor(host.Allowed & allowed);
        bool isExact = (allowed & ~host.Allowed) == Rights.None && (allowed == Rights.None || _rules.IsExact(right));
        if (_rules.HasConvertible && isExact && !view.OverrideOf(gfn).SuppressesVe)
            leaf |= Rights.Convertible;
        return new Translation(host.Mfn, leaf, host.Type == P2mType.Mmio);
    }

    private static void CheckOverrides(ModelDomain domain, ModelView view)
    {
        var found = new Dictionary<ulong, ViewOverride>();
        for (Gfn gfn = new(0); view.Real.TryFindOverride(ref gfn); gfn = new Gfn(gfn.Value + 1))
            found.Add(gfn.Value, view.Real.OverrideOf(gfn));
        if (found.Count != view.Overrides.Count)
            throw new ModelException($"view {view.Index} has {found.Count} overrides, and should have {view.Overrides.Count}");
        foreach ((ulong gfn, ViewOverride own) in view.Overrides)
        {
            if (!found.TryGetValue(gfn, out ViewOverride real) || real != own || view.Real.AccessOf(new Gfn(gfn)) != view.RightOf(gfn, domain))
                throw new ModelException($"guest frame {gfn:x} of view {view.Index} has {real}, and should have {own}");
            if (view.Real.IsLost(new Gfn(gfn)) != (own.IsRemap && !domain.IsThere(own.Target.Value)))
                throw new ModelException($"guest frame {gfn:x} of view {view.Index} shows what is there or not, and says otherwise: {own}");
        }
    }
}
