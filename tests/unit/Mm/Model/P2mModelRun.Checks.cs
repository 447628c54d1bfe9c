using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>What is true after every step, and the end of domains.</summary>
internal sealed partial class P2mModelRun
{
    private void CheckAll()
    {
        _memory.Flush();
        _frames.Compare(_everyone.GetValueOrDefault);
        foreach (ModelDomain domain in _everyone.Values)
            CheckCounts(domain);
        foreach (ModelDomain domain in _domains)
        {
            if (domain.IsEnding)
                continue;
            domain.RequireStaleFramesKept();
            domain.Walker.RequireSeen();
            CheckTables(domain);
            CheckWritten(domain);
            CheckViews(domain);
        }
    }

    private static void CheckCounts(ModelDomain domain)
    {
        P2m p2m = domain.P2m;
        bool isLive = !domain.IsEnding;
        long uncleared = domain.Uncleared.Count * 512L;
        if (isLive && domain.UnclearedFound != uncleared)
            throw new ModelException($"domain {domain.Id:x} has {domain.UnclearedFound} frames that nobody knows, and {uncleared} uncleared");
        if ((isLive || (domain.IsGone && p2m.KeepsLeft)) && (long)p2m.PopulatedFrames != domain.CountedFound + uncleared)
            throw new ModelException($"domain {domain.Id:x} counts {p2m.PopulatedFrames} frames and has {domain.CountedFound} and {uncleared} uncleared");
        if ((isLive || p2m.KeepsLeft) && p2m.HasLeft != (domain.LeftFound != 0))
            throw new ModelException($"domain {domain.Id:x} has let go of {domain.LeftFound} frames that are referred to, and says {p2m.HasLeft}");
        if (isLive && p2m.MaximumGfn.Value != domain.MaximumGfn)
            throw new ModelException($"domain {domain.Id:x}: the highest frame was {domain.MaximumGfn:x}, and it says {p2m.MaximumGfn.Value:x}");
        if ((long)p2m.TableFrames + domain.Views.TableFrames != domain.TablesFound && !domain.IsGone)
            throw new ModelException($"domain {domain.Id:x} counts {p2m.TableFrames} tables and has {domain.TablesFound}");
        if (domain.IsGone && domain.TablesFound + domain.UnclearedFound != 0)
            throw new ModelException($"domain {domain.Id:x} is gone and has {domain.TablesFound} tables, {domain.UnclearedFound} other frames");
    }

    private void CheckTables(ModelDomain domain)
    {
        foreach (ulong frame in domain.Walker.TableFrames)
        {
            if (_allocator.OwnerOf(new Mfn(frame)) != domain.Id || _allocator.TypeOf(new Mfn(frame)) != FrameType.PageTable)
                throw new ModelException($"table {frame:x} is linked and not domain {domain.Id:x}'s");
        }
        ulong linked = (ulong)domain.Walker.TableFrames.Count;
        if (linked > domain.P2m.NestedTableFrames || (!domain.P2m.HasRetiredTables && linked != domain.P2m.NestedTableFrames))
            throw new ModelException($"{linked} tables are linked, and {domain.P2m.NestedTableFrames} counted");
    }

    /// <summary>
    /// What the model or a store changed in this step translates as the model says. The rest did before, and the tables hold what stores that were
    /// seen left in them.
    /// </summary>
    private void CheckWritten(ModelDomain domain)
    {
        foreach (Walker.Change change in domain.Walker.AllChanges)
            domain.Table.Written.Add((change.Gfn, change.Order));
        domain.Walker.AllChanges.Clear();
        foreach ((ulong gfn, int order) in domain.Table.Written)
        {
            foreach ((ulong at, int runOrder, Cell cell) in domain.Table.In(gfn, order))
            {
                Translation expected = Expected(cell);
                if (!domain.Uncleared.ContainsKey(at & ~511UL))
                    CheckAttributes(domain, at, cell);
                for (ulong i = 0; i < 1UL << runOrder;)
                {
                    Translation found = domain.Walker.Walk(at + i, out int level);
                    if (found != expected.Plus(i))
                        throw new ModelException($"guest frame {at + i:x} translates to {found}, and should to {expected.Plus(i)}");
                    i += Math.Min(1UL << (9 * (level - 1)), 512);
                }
            }
        }
        domain.Table.Written.Clear();
    }

    private static void CheckAttributes(ModelDomain domain, ulong gfn, Cell cell)
    {
        P2mType type = domain.P2m.Lookup(new Gfn(gfn)).Type;
        MemoryAccess right = domain.P2m.AccessOf(new Gfn(gfn)), expected = cell.IsPresent ? cell.Right : domain.P2m.DefaultAccess;
        if (type != cell.Type || right != expected)
            throw new ModelException($"guest frame {gfn:x} is {type}, {right}, and should be {cell.Type}, {expected}");
    }

    /// <summary>Everything that is mapped is so by the model, and the other way round.</summary>
    private void CheckTranslations(ModelDomain domain)
    {
        ulong found = 0;
        foreach ((ulong gfn, int order, Translation translation) in domain.Walker.Leaves())
        {
            found += 1UL << order;
            foreach ((ulong at, int runOrder, Cell cell) in domain.Table.In(gfn, order))
            {
                Translation expected = Expected(cell);
                if (translation.Plus(at - gfn) != expected)
                    throw new ModelException($"guest frame {at:x} (order {runOrder}) translates to {translation.Plus(at - gfn)}, and should to {expected}");
            }
        }
        ulong count = domain.Table.Count();
        if (found != count)
            throw new ModelException($"domain {domain.Id:x} has {found} guest frames mapped, and {count} by the model");
    }

    /// <summary>A leaf is what the type and the access make of it.</summary>
    private Translation Expected(Cell cell) => cell.IsPresent
        ? new Translation(cell.Mfn, _rules.LeafFor(cell.Allowed & EntryRules.AllowedBy(cell.Right)), cell.Type == P2mType.Mmio)
        : Translation.Absent;

    /// <summary>A look by the hypervisor.</summary>
    private void Look(ModelDomain domain, ulong gfn)
    {
        P2mEntry entry = default;
        Call(domain, p2m =>
        {
            entry = p2m.Lookup(new Gfn(gfn));
            return true;
        });
        Cell cell = domain.Table[gfn];
        Translation translation = domain.Walker.Walk(gfn, out int level);
        var expected = cell.IsPresent ? new P2mEntry(new Mfn(cell.Mfn), cell.Type, (level - 1) * 9) : P2mEntry.Absent;
        if (entry != expected || translation != Expected(cell))
            throw new ModelException($"guest frame {gfn:x} is {entry} and translates to {translation}, and should be {expected}");
        if (domain.P2m.IsUncleared(new Gfn(gfn), out _))
            throw new ModelException($"guest frame {gfn:x} is not cleared after a look at it");
    }

    private void LookEverywhere(ModelDomain domain)
    {
        foreach ((ulong gfn, int order, _) in domain.Table.All().ToArray())
        {
            Look(domain, gfn);
            if (order != 0)
                Look(domain, gfn + (1UL << order) - 1);
        }
    }

    private void StartEnd(ModelDomain domain)
    {
        CheckTranslations(domain);
        domain.Users.Are = false;
        EndViews(domain);
        // What was let go of stays so till the first step of the end.
        foreach (ulong mfn in (ulong[])[.. from run in domain.Table.All() where run.Cell.IsOthers && run.Cell.Type != P2mType.Foreign select run.Cell.Mfn])
            _owners.LetGo(new Mfn(mfn));
        domain.IsEnding = true;
    }

    private void Release(uint slot, uint choice)
    {
        ModelDomain domain = _domains[slot];
        if (!domain.IsEnding)
            return;
        if (!domain.IsGone)
            ReleaseStep(domain, 512 + choice % 3 * 700);
        else if (_allocator.FreeFrames >= Plenty)
            _domains[slot] = NewDomain((choice & 4) != 0);
    }

    private void ReleaseStep(ModelDomain domain, ulong frames)
    {
        domain.IsGone = domain.P2m.ReleaseStep(frames);
        _memory.Flush();
        ModelSettle(domain);
        ushort heir = domain.P2m.KeepsLeft ? domain.Id : FrameAllocator.EndedOwner;
        for (ulong mfn = 0; mfn < Frames; mfn++)
        {
            if (_frames.OwnerOf(mfn) != domain.Id)
                continue;
            ushort owner = _allocator.OwnerOf(new Mfn(mfn));
            if (_frames.HoldOf(mfn) == Hold.Held)
                Reconcile(domain, mfn, owner, heir);
            // Those that were left before get their heir towards the end.
            else if (owner == heir || domain.IsGone)
                _frames.Disown(mfn, heir);
        }
        if (!domain.IsGone)
            return;
        domain.Uncleared.Clear();
        FreeLent(domain);
    }

    // What a step of the end took: scrubbed, and free or left.
    private void Reconcile(ModelDomain domain, ulong mfn, ushort owner, ushort heir)
    {
        var info = new FrameInfo(Machines.Private.Infos(_allocator, mfn, 1)[0]);
        bool isAllocated = info.State == FrameState.Allocated;
        if (isAllocated && !info.IsLeft)
        {
            if (domain.IsGone)
                throw new ModelException($"frame {mfn:x} is still domain {domain.Id:x}'s, which is gone");
            return;
        }
        if (_frames.ReferencesTo(mfn) != 0)
        {
            _frames.Set(mfn, Hold.Left);
            _frames.Disown(mfn, heir);
            return;
        }
        if (!isAllocated && _memory.Contents(mfn) != WatchedMemory.Nobody)
            throw new ModelException($"frame {mfn:x} is free and holds what {_memory.Contents(mfn):x} wrote");
        if (isAllocated)
            throw new ModelException($"frame {mfn:x} is left to {owner:x}, and nobody refers to it");
        _frames.Set(mfn, Hold.None);
    }

    private void FreeLent(ModelDomain domain)
    {
        _allocator.FreeOrLeave(new Mfn(domain.Lent), FrameAllocator.EndedOwner);
        _frames.Set(domain.Lent, Hold.Left);
        _frames.Disown(domain.Lent, FrameAllocator.EndedOwner);
        if (_frames.ReferencesTo(domain.Lent) == 0)
            _frames.Set(domain.Lent, Hold.None);
    }
}
