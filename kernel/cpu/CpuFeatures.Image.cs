namespace Xenolith.Kernel;

/// <summary>What this CPU offers for the hypervisor's own protection (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E).</summary>
public sealed class CpuFeatures
{
    private const uint Mce = 1 << 7;
    private const uint Pge = 1 << 13;
    private const ulong Cr4Mce = 1 << 6;
    private const ulong Cr4Pge = 1 << 7;
    private const ulong Cr4Umip = 1 << 11;
    private const ulong Cr4Smep = 1 << 20;
    private const ulong Cr4Smap = 1 << 21;

    private ulong _cr4;

    private CpuFeatures()
    {
    }

    /// <summary>EFER.NXE may be set; the boot entry has set it then.</summary>
    public bool HasNoExecute { get; private init; }

    public bool HasGigabytePages { get; private init; }

    /// <summary>Asks CPUID.</summary>
    public static CpuFeatures Detect()
    {
        CpuidResult extended = Cpu.Cpuid(0x8000_0001);
        var features = new CpuFeatures
        {
            HasNoExecute = (extended.Edx & (1 << 20)) != 0,
            HasGigabytePages = (extended.Edx & (1 << 26)) != 0,
        };

        uint basic = Cpu.Cpuid(1).Edx;
        features._cr4 |= (basic & Pge) != 0 ? Cr4Pge : 0;
        features._cr4 |= (basic & Mce) != 0 ? Cr4Mce : 0;

        if (Cpu.Cpuid(0).Eax >= 7)
        {
            CpuidResult seven = Cpu.Cpuid(7);
            features._cr4 |= (seven.Ebx & (1 << 7)) != 0 ? Cr4Smep : 0;
            features._cr4 |= (seven.Ebx & (1 << 20)) != 0 ? Cr4Smap : 0;
            features._cr4 |= (seven.Ecx & (1 << 2)) != 0 ? Cr4Umip : 0;
        }

        return features;
    }

    /// <summary>Sets SMEP, SMAP, UMIP, global pages and machine checks in CR4 where the CPU has them. Write protection and NX are on since the boot entry.</summary>
    public void EnableProtections() => Cpu.WriteCr4(Cpu.ReadCr4() | _cr4);
}
