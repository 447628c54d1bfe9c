using System.Linq;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Tests.Unit.Mm.Model;

/// <summary>Small pages become large again.</summary>
internal sealed partial class P2mModelRun
{
    private void Merge(ModelDomain domain, ulong gfn, uint choice, uint place)
    {
        ulong first = gfn & ~511UL;
        Look(domain, gfn);
        if ((choice & 1) != 0)
        {
            ulong within = (place & 3) switch { 0 => 0, 1 => 511, _ => place >> 2 & 511 };
            Disturb(domain, first, first + within, choice >> 1);
        }
        MergeAt(domain, gfn);
        if ((choice & 0x100) == 0)
            return;
        Restore(domain, first, Page.Order2M);
        if (domain.Table[gfn].Type == P2mType.Mmio)
            Restore(domain, gfn & ~((1UL << Page.Order1G) - 1), Page.Order1G);
        MergeAt(domain, gfn);
    }

    private void MergeAt(ModelDomain domain, ulong gfn)
    {
        Call(domain, p2m =>
        {
            p2m.Merge(new Gfn(gfn));
            return true;
        });
        if (domain.Walker.Changes.Count != 0)
            throw new ModelException($"merging changed {domain.Walker.Changes[0]}");
        ulong chunk = gfn & ~511UL;
        domain.Walker.Walk(gfn, out int level);
        if (level == 1 && IsOnePage(domain, chunk))
            throw new ModelException($"2 MiB at {gfn:x} are one page and were not merged");
        if (level == 1 && domain.Table.IsEmpty(chunk, Page.Order2M))
            throw new ModelException($"the table for {gfn:x} maps nothing and is still there");
        Cell first = domain.Table[chunk];
        if (level > 1 && domain.Table.In(chunk, Page.Order2M).Any(run => run.Cell.Type != first.Type || run.Cell.Right != first.Right))
            throw new ModelException($"2 MiB at {gfn:x} are one page, and of several types or rights");
    }

    /// <summary>One page becomes another than those around it.</summary>
    private void Disturb(ModelDomain domain, ulong first, ulong page, uint choice)
    {
        Cell cell = domain.Table[page];
        switch (choice % 4)
        {
            case 0 when cell.Type == P2mType.Mmio:
                Remove(domain, page, 0);
                break;
            case 0 or 1 when IsOneLargePage(domain, first):
                // Two types that allow the same.
                if (SetCell(domain, first, Page.Order2M, domain.Table[first] with { Type = P2mType.RamReadOnly }))
                    SetCell(domain, page, 0, domain.Table[page] with { Type = P2mType.RamForwarded });
                break;
            case 2:
                SetRight(domain, page, 0, RightOf(choice >> 2));
                break;
            case 3 when cell.IsRam:
                LendInPlace(domain, page);
                break;
        }
    }

    /// <summary>A frame that was the domain's own is the one that the hypervisor lends.</summary>
    private void LendInPlace(ModelDomain domain, ulong gfn)
    {
        bool isLent = domain.Table.All().Any(run => run.Cell.Mfn == domain.Lent);
        if (isLent || _frames.ReferencesTo(domain.Lent) != 0 || !Depopulate(domain, gfn))
            return;
        if (!_allocator.TryAllocate(0, FrameAllocator.HypervisorOwner, FrameType.Shared, out Mfn lent))
            return;
        _frames.Add(lent.Value, FrameAllocator.HypervisorOwner, Hold.Lent);
        // Who lends a frame frees it when nobody can have it cached any more.
        Settle(domain);
        FreeLent(domain);
        domain.Lent = lent.Value;
        SetCell(domain, gfn, 0, new Cell(lent.Value, P2mType.Ram));
    }

    /// <summary>Whether all of it is plain memory of the domain, with the same rights.</summary>
    private bool IsOnePage(ModelDomain domain, ulong gfn) =>
        domain.Table[gfn].Type == P2mType.Ram && IsOneLargePage(domain, gfn);

    private void Restore(ModelDomain domain, ulong gfn, int order)
    {
        const int mostRepaired = 8;
        Cell first = domain.Table[gfn];
        bool isDevice = first.Type == P2mType.Mmio;
        if ((!first.IsRam && !isDevice) || (first.Mfn & ((1UL << order) - 1)) != 0)
            return;
        Cell wanted = isDevice ? first : new Cell(first.Mfn, P2mType.Ram);
        var others = domain.Table.In(gfn, order).Where(run => run.Order == 0 && run.Cell with { Right = wanted.Right } != wanted.Plus(run.Gfn - gfn)).Take(mostRepaired + 1).ToArray();
        if (others.Length > mostRepaired)
            return;
        foreach ((ulong at, _, Cell cell) in others)
        {
            bool isSameFrame = cell.IsRam && cell.Mfn == first.Mfn + at - gfn;
            if (isDevice ? !cell.IsPresent : isSameFrame)
                SetCell(domain, at, 0, wanted.Plus(at - gfn));
        }
        if (order == Page.Order2M)
            SetRight(domain, gfn, order, MemoryAccess.All);
    }
}
