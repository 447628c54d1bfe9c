using System.Runtime.InteropServices;

namespace Xenolith.Hal;

/// <summary>What SGDT and SIDT store in 64-bit mode.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DescriptorTableImage
{
    public ushort Limit;
    public ulong Base;
}

/// <summary>The host's selectors, in the order of <see cref="SegmentName"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SelectorImage
{
    public ushort Es, Cs, Ss, Ds, Fs, Gs, Ldtr, Tr;
}
