using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// A domain's shared_info (public/xen.h): event bits, wall clock and the vcpu_info of the first 32 vCPUs. The layout follows
/// the width that was latched last.
/// </summary>
public sealed class SharedInfoPage
{
    /// <summary>Bytes of one vcpu_info in both layouts.</summary>
    public const int VcpuInfoSize = 64;

    internal SharedInfoPage(LentFrame frame, SharedPage page)
    {
        Frame = frame;
        Page = page;
        page.Attach(frame.Mfn);
    }

    /// <summary>The frame, for XENMEM_add_to_physmap.</summary>
    public LentFrame Frame { get; }

    internal SharedPage Page { get; }

    /// <summary>Whether the layout is the 64-bit one; a domain starts with it.</summary>
    public bool Is64Bit { get; internal set; } = true;

    /// <summary>Bits of a word of the event bitmaps.</summary>
    public int WordBits => 1 << WordShift;

    /// <summary>log2 of <see cref="WordBits"/>.</summary>
    internal int WordShift
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Is64Bit ? 6 : 5;
    }

    /// <summary>Ports that the bitmaps have room for.</summary>
    public uint PortLimit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Is64Bit ? EventChannelLimits.TwoLevelWide : EventChannelLimits.TwoLevelNarrow;
    }

    internal int PendingOffset => 2048;

    internal int MaskOffset
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Is64Bit ? 2560 : 2176;
    }

    private int WallClockOffset => Is64Bit ? 3072 : 2304;

    private int WallClockHighOffset => Is64Bit ? 3084 : 2340;

    /// <summary>Publishes the wall-clock time at system time 0.</summary>
    /// <param name="nanoseconds">Since 1970-01-01 UTC.</param>
    public void PublishWallClock(ulong nanoseconds)
    {
        const ulong second = 1_000_000_000;
        ulong seconds = nanoseconds / second;
        int at = WallClockOffset;
        uint version = Page.Read32(at) | 1;
        Page.Write32(at, version);
        Page.Write32(at + 4, (uint)seconds);
        Page.Write32(at + 8, (uint)(nanoseconds % second));
        Page.Write32(WallClockHighOffset, (uint)(seconds >> 32));
        Page.Write32(at, unchecked(version + 1));
    }
}
