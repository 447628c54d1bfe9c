using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The feature words of a CPUID in Xen's order (public/arch-x86/cpufeatureset.h). The last but one pair is an MSR's, which nobody is shown.
/// </summary>
public static class FeatureSet
{
    /// <summary>Words of 4.17.7.</summary>
    public const int Length = 19;

    /// <summary>A word.</summary>
    /// <param name="index">0 to <see cref="Length"/> - 1.</param>
    public static uint Word(HostCpuid source, int index) => index switch
    {
        0 => source.Read(1, 0).Edx,
        1 => source.Read(1, 0).Ecx,
        2 => Extended(source, 0x8000_0001).Edx & ~SharedWithLeaf1(source),
        3 => Extended(source, 0x8000_0001).Ecx,
        4 => Basic(source, 0xD, 1).Eax,
        5 => Basic(source, 7, 0).Ebx,
        6 => Basic(source, 7, 0).Ecx,
        7 => Extended(source, 0x8000_0007).Edx,
        8 => Extended(source, 0x8000_0008).Ebx,
        9 => Basic(source, 7, 0).Edx,
        10 => Basic(source, 7, 1).Eax,
        11 => Extended(source, 0x8000_0021).Eax,
        12 => Basic(source, 7, 1).Ebx,
        13 => Basic(source, 7, 2).Edx,
        14 => Basic(source, 7, 1).Ecx,
        15 => Basic(source, 7, 1).Edx,
        18 => Extended(source, 0x8000_0021).Ecx,
        _ => 0,
    };

    // AMD's CPUs repeat leaf 1 here; the words of Xen's set do not.
    private static uint SharedWithLeaf1(HostCpuid source) => source.Read(0, 0).Ebx == AmdName ? CpuidFeatures.Extended1EdxShared : 0;

    private const uint AmdName = 0x6874_7541;

    private static CpuidResult Basic(HostCpuid source, uint leaf, uint subleaf)
    {
        bool isThere = source.Read(0, 0).Eax >= leaf && (leaf != 7 || subleaf == 0 || source.Read(7, 0).Eax >= subleaf);
        return isThere ? source.Read(leaf, subleaf) : default;
    }

    private static CpuidResult Extended(HostCpuid source, uint leaf) => source.Read(0x8000_0000, 0).Eax >= leaf ? source.Read(leaf, 0) : default;
}
