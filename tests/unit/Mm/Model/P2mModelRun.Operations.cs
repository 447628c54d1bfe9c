using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>The operations, each with the rules that its callers keep.</summary>
internal sealed partial class P2mModelRun
{
    private ulong _generation;
    private ulong _freeBefore;

    private void Begin()
    {
        _memory.Flush();
        foreach (ModelDomain domain in _domains)
        {
            foreach (Walker walker in domain.Walkers)
                walker.BeginOperation();
        }
    }

    /// <summary>One call of the real p2m. What it looked at for the first time is known afterwards.</summary>
    private bool Call(ModelDomain domain, Func<P2m, bool> call, bool mayUndo = false, bool isInParts = false)
    {
        Begin();
        domain.Walker.MayUndo = mayUndo;
        _generation = domain.P2m.Generation;
        _freeBefore = _allocator.FreeFrames;
        ulong tables = domain.P2m.NestedTableFrames;
        bool done = call(domain.P2m);
        _memory.Flush();
        foreach ((ulong gfn, ulong mfn) in domain.Walker.FirstLooks)
        {
            domain.Uncleared.Remove(gfn, out MemoryAccess right);
            domain.Table.Set(gfn, Page.Order2M, new Cell(mfn, P2mType.Ram, right));
            for (ulong i = 0; i < 512; i++)
                _frames.Add(mfn + i, domain.Id);
        }
        if (domain.Walkers.Any(walker => walker.HasTakenAway) && domain.P2m.Generation == _generation)
            throw new ModelException("something went away that a CPU may have cached, and the generation is the same");
        if (domain.P2m.NestedTableFrames > tables && domain.P2m.NestedTableFrames > (ulong)domain.P2m.TableLimit)
            throw new ModelException($"{domain.P2m.NestedTableFrames} tables are more than the limit {domain.P2m.TableLimit}");
        if (!done && !mayUndo && !isInParts && domain.Walker.Changes.Count != 0)
            throw new ModelException($"an operation that failed changed {domain.Walker.Changes[0]}");
        return done;
    }

    /// <summary>The operation said no: for want of memory alone.</summary>
    private void RequireShortage(ModelDomain domain, string operation, ulong wanted = 0)
    {
        if (_freeBefore >= wanted + Plenty && domain.P2m.TableLimit == int.MaxValue)
            throw new ModelException($"{operation} failed with {_freeBefore} frames free");
    }

    private void Populate(ModelDomain domain, ulong gfn, ulong wanted)
    {
        ulong count = 0;
        while (count < wanted && gfn + count < AddressEnd && domain.IsFree(gfn + count))
            count++;
        if (count == 0)
            return;
        bool done = Call(domain, p2m => p2m.TryPopulate(new Gfn(gfn), count), mayUndo: true);
        domain.MaximumGfn = Math.Max(domain.MaximumGfn, done ? gfn + count - 1 : domain.P2m.MaximumGfn.Value);
        if (!done)
        {
            RequireShortage(domain, "populate", count);
            // What was there for a moment may be cached elsewhere.
            foreach (Walker.Change change in domain.Walker.Changes)
            {
                if (change.New.Rights == Rights.None || !domain.Users.Are)
                    continue;
                _frames.Add(change.New.Mfn, domain.Id);
                ModelLetGo(domain, change.New.Mfn);
            }
            return;
        }
        if (domain.Walker.HasUndone)
            throw new ModelException("populate took away what it had mapped");
        for (ulong at = gfn; at < gfn + count;)
        {
            if (domain.P2m.IsUncleared(new Gfn(at), out ulong next))
            {
                if ((at & 511) != 0 || next != at + 512 || next > gfn + count)
                    throw new ModelException($"uncleared memory from {at:x} to {next:x} is more than was asked for");
                domain.Uncleared.Add(at, domain.P2m.DefaultAccess);
                at = next;
                continue;
            }
            Translation translation = domain.Walker.Walk(at, out _);
            _frames.Add(translation.Mfn, domain.Id);
            domain.Table[at++] = new Cell(translation.Mfn, P2mType.Ram, domain.P2m.DefaultAccess);
        }
    }

    private bool Depopulate(ModelDomain domain, ulong gfn)
    {
        bool done = Call(domain, p2m => p2m.TryDepopulate(new Gfn(gfn)));
        Cell cell = domain.Table[gfn];
        if (!done)
        {
            if (cell.IsRam)
                RequireShortage(domain, "depopulate");
            return false;
        }
        if (!cell.IsRam)
            throw new ModelException($"guest frame {gfn:x} was depopulated, which is {cell}");
        domain.Table[gfn] = default;
        if (_frames.HoldOf(cell.Mfn) == Hold.Held)
            ModelLetGo(domain, cell.Mfn);
        return true;
    }

    private void Retype(ModelDomain domain, ulong gfn, uint choice, bool isLarge)
    {
        Look(domain, gfn);
        Cell cell = domain.Table[gfn];
        int order = 0;
        if (isLarge && IsOneLargePage(domain, gfn & ~511UL))
        {
            (order, gfn) = (Page.Order2M, gfn & ~511UL);
            cell = domain.Table[gfn];
        }
        if (!cell.IsRam)
            return;
        P2mType type = (choice % 3) switch { 0 => P2mType.Ram, 1 => P2mType.RamReadOnly, _ => P2mType.RamForwarded };
        SetCell(domain, gfn, order, new Cell(cell.Mfn, type));
    }

    /// <summary>
    /// Whether 512 guest frames are one type's, with one right, and their frames one behind the other and all the domain's own, as a large page has them. What the
    /// hypervisor lends may happen to lie so too.
    /// </summary>
    private bool IsOneLargePage(ModelDomain domain, ulong gfn)
    {
        Cell first = domain.Table[gfn];
        if (!first.IsRam || (first.Mfn & 511) != 0)
            return false;
        for (ulong i = 0; i < 512; i++)
        {
            Cell cell = domain.Table[gfn + i];
            if (cell.Type != first.Type || cell.Right != first.Right || cell.Mfn != first.Mfn + i || _frames.HoldOf(cell.Mfn) != Hold.Held)
                return false;
        }
        return true;
    }

    private bool SetCell(ModelDomain domain, ulong gfn, int order, Cell cell)
    {
        // Who only gets another type keeps its right.
        Look(domain, gfn);
        Cell before = domain.Table[gfn];
        cell = cell with { Right = before.IsPresent && before.Mfn == cell.Mfn ? before.Right : domain.P2m.DefaultAccess };
        if (!Call(domain, p2m => p2m.TrySet(new Gfn(gfn), new Mfn(cell.Mfn), order, cell.Type)))
        {
            RequireShortage(domain, "set");
            Look(domain, gfn);
            return false;
        }
        domain.Table.Set(gfn, order, cell);
        domain.ForgetUncleared(gfn, order);
        domain.MaximumGfn = Math.Max(domain.MaximumGfn, gfn + (1UL << order) - 1);
        return true;
    }

    private void MapDevice(ModelDomain domain, ulong gfn, int order, uint choice)
    {
        gfn &= ~((1UL << order) - 1);
        Look(domain, gfn);
        if (!IsOneType(domain, gfn, order))
            return;
        List<ulong> before = OwnFrames(domain, gfn, order);
        ulong mfn = 0x10_0000 + ((ulong)(choice & 0xFFFF) << 9 & ~((1UL << order) - 1)) + (order == 0 ? gfn & 0xFF : 0);
        if (!SetCell(domain, gfn, order, new Cell(mfn, P2mType.Mmio)))
            return;
        foreach (ulong frame in before)
            GiveUp(domain, frame);
    }

    /// <summary>Whether a range is of one type throughout, or nothing; none of it others'.</summary>
    private static bool IsOneType(ModelDomain domain, ulong gfn, int order)
    {
        P2mType type = domain.Table[gfn].Type;
        return !domain.Table[gfn].IsOthers && domain.Table.In(gfn, order).All(run => run.Cell.Type == type);
    }

    private List<ulong> OwnFrames(ModelDomain domain, ulong gfn, int order)
    {
        var own = new List<ulong>();
        foreach ((_, int runOrder, Cell cell) in domain.Table.In(gfn, order))
        {
            for (ulong i = 0; cell.IsRam && i < 1UL << runOrder; i++)
            {
                if (_frames.HoldOf(cell.Mfn + i) == Hold.Held)
                    own.Add(cell.Mfn + i);
            }
        }
        return own;
    }

    private void Remove(ModelDomain domain, ulong gfn, int order)
    {
        gfn &= ~((1UL << order) - 1);
        bool done = Call(domain, p2m => p2m.TryRemove(new Gfn(gfn), order));
        if (!done)
        {
            RequireShortage(domain, "remove");
            Look(domain, gfn);
            return;
        }
        List<ulong> own = OwnFrames(domain, gfn, order);
        ulong[] others = [.. from run in domain.Table.In(gfn, order) where run.Cell.IsOthers select run.Cell.Mfn];
        domain.Table.Set(gfn, order, default);
        domain.ForgetUncleared(gfn, order);
        foreach (ulong mfn in own)
            GiveUp(domain, mfn);
        if (others.Length == 0)
            return;
        Settle(domain);
        foreach (ulong mfn in others)
            _owners.LetGo(new Mfn(mfn));
    }

    // As a guest's frame is taken for something else.
    private bool MakeRoom(ModelDomain domain, ulong gfn)
    {
        Look(domain, gfn);
        Cell cell = domain.Table[gfn];
        return !cell.IsPresent || (cell.IsRam && Depopulate(domain, gfn));
    }

    private void MapOthers(ModelDomain domain, ulong gfn, ModelDomain owner, ulong index, P2mType type, bool isReadOnly)
    {
        if (owner.IsEnding || (owner == domain && type == P2mType.Foreign))
            return;
        Look(owner, index);
        Cell cell = owner.Table[index];
        if (!cell.IsRam)
            return;
        owner.P2m.Pin(new Mfn(cell.Mfn));
        _frames.Refer(cell.Mfn);
        if (!MakeRoom(domain, gfn) || !SetCell(domain, gfn, 0, new Cell(cell.Mfn, isReadOnly && type == P2mType.Grant ? P2mType.GrantReadOnly : type)))
            _owners.LetGo(new Mfn(cell.Mfn));
    }

    private void UnmapOthers(ModelDomain domain, uint choice)
    {
        ulong[] places = [.. from run in domain.Table.All() where run.Cell.IsOthers orderby run.Gfn select run.Gfn];
        if (places.Length == 0)
            return;
        ulong gfn = places[choice % (uint)places.Length], mfn = domain.Table[gfn].Mfn;
        if (!Call(domain, p2m => p2m.TryRemove(new Gfn(gfn), 0)))
            throw new ModelException("a single page can't be unmapped");
        domain.Table[gfn] = default;
        Settle(domain);
        _owners.LetGo(new Mfn(mfn));
    }

    private void Lend(ModelDomain domain, ulong gfn)
    {
        ulong[] places = [.. from run in domain.Table.All() where run.Cell.IsRam && run.Cell.Mfn == domain.Lent select run.Gfn];
        if (places.Contains(gfn) || !MakeRoom(domain, gfn))
            return;
        foreach (ulong place in places)
        {
            if (!Call(domain, p2m => p2m.TryRemove(new Gfn(place), 0)))
                throw new ModelException("a single page can't be unmapped");
            domain.Table[place] = default;
        }
        SetCell(domain, gfn, 0, new Cell(domain.Lent, P2mType.Ram));
    }

    private void Move(ModelDomain domain, ulong from, ulong to)
    {
        Look(domain, from);
        Cell cell = domain.Table[from];
        if (!cell.IsRam || from == to || !MakeRoom(domain, to) || !SetCell(domain, to, 0, cell))
            return;
        ulong left = Call(domain, p2m => p2m.TryRemove(new Gfn(from), 0)) ? from : to;
        if (left == to)
        {
            RequireShortage(domain, "remove");
            if (!Call(domain, p2m => p2m.TryRemove(new Gfn(to), 0)))
                throw new ModelException("a single page can't be unmapped");
        }
        domain.Table[left] = default;
    }

    private void Pin(ModelDomain domain, ulong gfn)
    {
        Look(domain, gfn);
        Cell cell = domain.Table[gfn];
        if (!cell.IsRam || _pins.Count > 40)
            return;
        domain.P2m.Pin(new Mfn(cell.Mfn));
        _frames.Refer(cell.Mfn);
        _pins.Add(cell.Mfn);
    }

    private void Unpin(uint choice)
    {
        if (_pins.Count == 0)
            return;
        int index = (int)(choice % (uint)_pins.Count);
        var mfn = new Mfn(_pins[index]);
        _pins.RemoveAt(index);
        _owners.LetGo(mfn);
    }

    private void Settle(ModelDomain domain)
    {
        Call(domain, p2m =>
        {
            p2m.Settle();
            return true;
        });
        if (domain.P2m.HasRetiredTables)
            throw new ModelException("tables wait after all have left");
        ModelSettle(domain);
    }

    private void GiveUp(ModelDomain domain, ulong mfn)
    {
        domain.P2m.GiveUp(new Mfn(mfn));
        ModelLetGo(domain, mfn);
    }

    // Free at once, or with the last reference, and after other CPUs have left.
    private void ModelLetGo(ModelDomain domain, ulong mfn)
    {
        const int mostUnsettled = 512;
        if (domain.Users.Are)
        {
            if (domain.Unsettled.Count == mostUnsettled)
                ModelSettle(domain);
            domain.Unsettled.Add(mfn);
            _frames.Set(mfn, Hold.Unsettled);
            return;
        }
        _frames.Set(mfn, _frames.ReferencesTo(mfn) == 0 ? Hold.None : Hold.Left);
    }

    private void ModelSettle(ModelDomain domain)
    {
        foreach (ulong mfn in domain.Unsettled)
            _frames.Set(mfn, _frames.ReferencesTo(mfn) == 0 ? Hold.None : Hold.Left);
        domain.Unsettled.Clear();
    }
}
