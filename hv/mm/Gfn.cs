using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>A guest frame number: a guest-physical address divided by 4,096.</summary>
public readonly record struct Gfn(ulong Value)
{
    /// <summary>No frame.</summary>
    public static Gfn Invalid => new(ulong.MaxValue);

    /// <summary>The guest-physical address of the frame's first byte.</summary>
    public ulong Address => Value << Page.Shift;

    /// <summary>The frame that holds the guest-physical address.</summary>
    public static Gfn Of(ulong guestPhysical) => new(guestPhysical >> Page.Shift);
}
