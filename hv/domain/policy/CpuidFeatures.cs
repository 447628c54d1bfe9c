namespace Xenolith.Domains;

/// <summary>
/// The feature bits that a guest may see, if the machine has them (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E).
/// A bit that is not named is hidden: its state would not be switched between guests, or it belongs to virtualisation,
/// power or performance hardware that guests do not have.
/// </summary>
internal static class CpuidFeatures
{
    // Leaf 1, ECX.
    public const uint Pcid = 1u << 17;
    public const uint X2Apic = 1u << 21;
    public const uint TscDeadline = 1u << 24;
    public const uint Hypervisor = 1u << 31;

    /// <summary>SSE3, PCLMULQDQ, SSSE3, CMPXCHG16B, SSE4.1, SSE4.2, MOVBE, POPCNT, AES, RDRAND.</summary>
    public const uint Leaf1Ecx = 1u << 0 | 1u << 1 | 1u << 9 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 | 1u << 23 | 1u << 25 | 1u << 30;

    // Leaf 1, EDX.
    public const uint Apic = 1u << 9;
    public const uint Mtrr = 1u << 12;
    public const uint HyperThreading = 1u << 28;

    /// <summary>FPU, VME, DE, PSE, TSC, MSR, PAE, MCE, CX8, APIC, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE-36, CLFLUSH, MMX, FXSR, SSE, SSE2.</summary>
    public const uint Leaf1Edx = 0x078B_FBFF;

    // Leaf 7, EBX, ECX, EDX.
    public const uint Invpcid = 1u << 10;
    public const uint Rdpid = 1u << 22;

    /// <summary>FSGSBASE, TSC_ADJUST, BMI1, SMEP, BMI2, ERMS, RDSEED, ADX, SMAP, CLFLUSHOPT, CLWB, SHA.</summary>
    public const uint Leaf7Ebx = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 7 | 1u << 8 | 1u << 9 | 1u << 18 | 1u << 19 | 1u << 20 | 1u << 23 | 1u << 24 | 1u << 29;

    /// <summary>UMIP.</summary>
    public const uint Leaf7Ecx = 1u << 2;

    /// <summary>Fast short REP MOV, MD_CLEAR.</summary>
    public const uint Leaf7Edx = 1u << 4 | 1u << 10;

    // Leaf 6, EAX.
    public const uint AlwaysRunningApicTimer = 1u << 2;

    // Leaf 0x80000001, ECX, EDX.
    public const uint CmpLegacy = 1u << 1;
    public const uint Rdtscp = 1u << 27;

    /// <summary>LAHF in 64-bit mode, MOV CR8 by LOCK prefix, ABM, SSE4A, misaligned SSE, PREFETCHW.</summary>
    public const uint Extended1Ecx = 1u << 0 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8;

    /// <summary>SYSCALL, NX, MMX extensions, 1 GiB pages, long mode, 3DNow!.</summary>
    public const uint Extended1Edx = 1u << 11 | 1u << 20 | 1u << 22 | 1u << 26 | 1u << 29 | 1u << 30 | 1u << 31;

    /// <summary>Bits of leaf 1's EDX that AMD repeats in leaf 0x80000001.</summary>
    public const uint Extended1EdxShared = 0x0183_F3FF;

    // Leaf 0x80000007, EDX.
    public const uint InvariantTsc = 1u << 8;
}
