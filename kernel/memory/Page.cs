namespace Xenolith.Kernel;

/// <summary>Sizes of the x86 page (Intel SDM vol. 3, 4.5; AMD APM vol. 2, 5.3).</summary>
public static class Page
{
    public const int Shift = 12;
    public const int Size = 1 << Shift;
    public const ulong OffsetMask = Size - 1;

    /// <summary>Orders (log2 of 4 KiB frames) of the three mapping sizes.</summary>
    public const int Order4K = 0;
    public const int Order2M = 9;
    public const int Order1G = 18;

    /// <summary>Bytes rounded up to whole frames.</summary>
    public static ulong FramesFor(ulong bytes) => (bytes >> Shift) + ((bytes & OffsetMask) != 0 ? 1UL : 0UL);
}
