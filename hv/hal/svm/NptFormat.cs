using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>
/// Entries of nested page tables (AMD APM vol. 2, 15.25.5): the long-mode format. Every access of a guest counts as a user
/// access, so U must be set at each level. There is no read right of its own: what is present can be read.
/// </summary>
public sealed class NptFormat(bool has1GPages) : PageTableFormat(PresentBit | WithheldBit)
{
    private const ulong PresentBit = 1 << 0;
    private const ulong WriteBit = 1 << 1;
    private const ulong UserBit = 1 << 2;
    private const ulong WriteThroughBit = 1 << 3;
    private const ulong CacheDisableBit = 1 << 4;
    private const ulong AccessedBit = 1 << 5;
    private const ulong DirtyBit = 1 << 6;
    private const ulong LargeBit = 1 << 7;
    // Free for software, and nothing of an entry without P counts (5.3.3).
    private const ulong WithheldBit = 1UL << 52;
    private const ulong NoExecuteBit = 1UL << 63;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching)
    {
        if (rights == Rights.None)
            return Absent;
        ulong entry = mfn.Address | WithheldBit;
        if ((rights & Rights.Withheld) == 0)
        {
            if (!CanExpress(rights))
                throw new ArgumentException("NPT cannot express rights without read");
            entry = mfn.Address | PresentBit | UserBit | AccessedBit | DirtyBit;
            if ((rights & Rights.Write) != 0)
                entry |= WriteBit;
            if ((rights & Rights.Execute) == 0)
                entry |= NoExecuteBit;
        }
        // Entry 3 of the host's PAT, as the reset value has it: strong uncacheable.
        if (caching == Caching.Uncached)
            entry |= WriteThroughBit | CacheDisableBit;
        return level > 1 ? entry | LargeBit : entry;
    }

    public override ulong Table(Mfn mfn) => mfn.Address | PresentBit | WriteBit | UserBit | AccessedBit;

    public override Rights RightsOf(ulong entry) => (entry & PresentBit) == 0
        ? Rights.Withheld
        : Rights.Read | ((entry & WriteBit) != 0 ? Rights.Write : 0) | ((entry & NoExecuteBit) == 0 ? Rights.Execute : 0);

    public override ulong Absent => 0;

    /// <summary>An entry of any level below which nothing can be executed.</summary>
    public static ulong WithoutExecution(ulong entry) => entry == 0 ? 0 : entry | NoExecuteBit;

    public override int MaximumOrder => has1GPages ? Page.Order1G : Page.Order2M;
}
