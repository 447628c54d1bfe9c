using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>What is known of a guest frame beside its machine frame.</summary>
/// <param name="Access">What the guest has left of the type's rights; not <see cref="MemoryAccess.Default"/>.</param>
internal readonly record struct P2mAttributes(P2mType Type, MemoryAccess Access)
{
    /// <summary>Of a frame of which nothing else is said.</summary>
    public static P2mAttributes Plain => new(P2mType.Ram, MemoryAccess.All);
}

/// <summary>
/// Entries of the table that holds the attributes of guest frames. It has the shape of a page table so that ranges of any size
/// share its splitting and releasing, but no CPU ever walks it: the "frame" of a leaf is what it says.
/// </summary>
internal sealed class P2mAttributeFormat() : PageTableFormat(PresentBit)
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
    /// A large leaf that is split gives its parts successive frames, so what is said is kept in bits that no split can reach: above
    /// the 2^18 frames of the largest leaf.
    /// </summary>
    private const int TypeShift = Page.Order1G;
    private const int AccessShift = TypeShift + 8;

    public static Mfn Encode(P2mAttributes attributes) => new(((ulong)attributes.Type << TypeShift) | ((ulong)attributes.Access << AccessShift));

    public static P2mAttributes Decode(Mfn mfn) => new((P2mType)(byte)(mfn.Value >> TypeShift), (MemoryAccess)(byte)(mfn.Value >> AccessShift));
}
