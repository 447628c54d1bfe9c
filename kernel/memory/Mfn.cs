namespace Xenolith.Kernel;

/// <summary>A machine frame number: a physical address of the host divided by 4,096.</summary>
public readonly record struct Mfn(ulong Value)
{
    /// <summary>No frame.</summary>
    public static Mfn Invalid => new(ulong.MaxValue);

    /// <summary>The physical address of the frame's first byte.</summary>
    public ulong Address => Value << Page.Shift;

    /// <summary>The frame that holds the physical address.</summary>
    public static Mfn Of(ulong physicalAddress) => new(physicalAddress >> Page.Shift);
}
