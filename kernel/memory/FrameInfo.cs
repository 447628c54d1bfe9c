namespace Xenolith.Kernel;

/// <summary>
/// The 8 bytes that the allocator keeps about each frame. An allocated frame: references in bits 0-31, owner in 32-47,
/// type in 48-55, let go of in 56, state in 62-63. The first frame of a free block: number of the next block's first frame in bits 0-27, of the
/// previous one's in 28-55, order in 56-61, so that free memory itself is never touched.
/// </summary>
internal readonly record struct FrameInfo(ulong Value)
{
    /// <summary>No frame, as a link. Also bounds the frames that can be managed: 2^28 - 1 (1 TiB).</summary>
    public const uint NoLink = 0x0FFF_FFFF;

    private const ulong LeftBit = 1UL << 56, TypeMask = 0xFFUL << 48;

    public static FrameInfo FreeTail => new((ulong)FrameState.FreeTail << 62);

    public FrameState State => (FrameState)(Value >> 62);

    public uint References => (uint)Value;

    public ushort Owner => (ushort)(Value >> 32);

    public FrameType Type => (FrameType)(Value >> 48);

    /// <summary>Whether the owner has let go of the allocated frame: it is free with its last reference.</summary>
    public bool IsLeft => (Value & LeftBit) != 0;

    /// <summary>Whether it is an allocated frame of that owner, who has not let go of it, and nobody refers to it; whatever it is for.</summary>
    public bool IsHeldOnlyBy(ushort owner) => (Value & ~TypeMask) == Allocated(owner, FrameType.Unspecified).Value;

    /// <summary>Whether it is an allocated frame of that owner, who has not let go of it.</summary>
    public bool IsHeldBy(ushort owner) => (Value & ~(TypeMask | uint.MaxValue)) == Allocated(owner, FrameType.Unspecified).Value;

    public int Order => (int)(Value >> 56) & 0x3F;

    public uint Next => (uint)Value & NoLink;

    public uint Previous => (uint)(Value >> 28) & NoLink;

    public static FrameInfo Allocated(ushort owner, FrameType type) =>
        new(((ulong)FrameState.Allocated << 62) | ((ulong)type << 48) | ((ulong)owner << 32));

    public static FrameInfo FreeHead(int order, uint previous, uint next) =>
        new(((ulong)FrameState.FreeHead << 62) | ((ulong)order << 56) | ((ulong)previous << 28) | next);

    public FrameInfo WithReferences(uint references) => new((Value & 0xFFFF_FFFF_0000_0000) | references);

    public FrameInfo LeftTo(ushort heir) => new((Value & 0xFFFF_0000_FFFF_FFFF) | ((ulong)heir << 32) | LeftBit);

    public FrameInfo WithLinks(uint previous, uint next) => FreeHead(Order, previous, next);
}

/// <summary>What the allocator knows of a frame.</summary>
internal enum FrameState : byte
{
    /// <summary>Not RAM, or kept from the allocator.</summary>
    Reserved,

    /// <summary>The first frame of a free block.</summary>
    FreeHead,

    /// <summary>A further frame of a free block.</summary>
    FreeTail,

    /// <summary>Somebody's.</summary>
    Allocated,
}
