using Xenolith.Abi.Contract;

namespace Xenolith.Mm;

/// <summary>A run of linear pages and the guest frames behind them.</summary>
/// <param name="First">The first linear page: its address without the low 12 bits.</param>
/// <param name="Last">The last one.</param>
/// <param name="Gfn">The guest frame of the first; the others follow.</param>
/// <param name="Root">The root of the page tables that it belongs to (<see cref="HypercallTlb.RootOf"/>); <see cref="HypercallTlb.AnyRoot"/>: all.</param>
public readonly record struct HypercallTlbEntry(ulong First, ulong Last, Gfn Gfn, ulong Root, HypercallTlbFlags Flags)
{
    /// <summary>Whether some address could mean both.</summary>
    public bool Overlaps(in HypercallTlbEntry other) => First <= other.Last && other.First <= Last
        && (Root == other.Root || Root == HypercallTlb.AnyRoot || other.Root == HypercallTlb.AnyRoot);

    /// <summary>Whether the entry stands before one of that root and page, in the order of a table.</summary>
    internal bool IsAtOrBefore(ulong root, ulong page) => Root < root || (Root == root && First <= page);
}
