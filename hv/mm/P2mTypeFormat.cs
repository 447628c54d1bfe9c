using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Entries of the table that holds the types of guest frames. It has the shape of a page table so that ranges of any size
/// share its splitting and releasing, but no CPU ever walks it: the "frame" of a leaf is a type.
/// </summary>
internal sealed class P2mTypeFormat() : PageTableFormat(PresentBit)
{
    private const ulong PresentBit = 1;
    private const ulong LeafBit = 1 << 7;

    public override ulong Leaf(Mfn mfn, int level, Rights rights, Caching caching) =>
        mfn.Address | PresentBit | (level > 1 ? LeafBit : 0) | ((ulong)rights << 8);

    public override ulong Table(Mfn mfn) => mfn.Address | PresentBit;

    public override Rights RightsOf(ulong entry) => (Rights)((entry >> 8) & 7);

    public override Caching CachingOf(ulong entry, int level) => Caching.WriteBack;

    public override ulong Absent => 0;

    public override int MaximumOrder => Page.Order1G;

    /// <summary>
    /// A large leaf that is split gives its parts successive frames, so a type is kept in bits that no split can reach: above
    /// the 2^18 frames of the largest leaf.
    /// </summary>
    private const int TypeShift = Page.Order1G;

    public static Mfn Encode(P2mType type) => new((ulong)type << TypeShift);

    public static P2mType Decode(Mfn mfn) => (P2mType)(mfn.Value >> TypeShift);
}
