using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>What this CPU's SVM can do (AMD APM vol. 3, appendix E.4.9: CPUID leaf 0x8000000A).</summary>
public sealed class SvmCapabilities
{
    /// <summary>EDX of the leaf.</summary>
    public uint Features { get; init; }

    /// <summary>Address-space identifiers, the host's 0 included.</summary>
    public uint AsidCount { get; init; }

    /// <summary>Bits of a physical address, 32 to 52 (CPUID leaf 0x80000008).</summary>
    public int PhysicalAddressBits { get; init; } = 40;

    /// <summary>Whether 1 GiB pages exist (CPUID leaf 0x80000001, EDX bit 26): nested tables have them when host tables do.</summary>
    public bool Has1GPages { get; init; }

    /// <summary>Whether the CPU has RDTSCP and so TSC_AUX.</summary>
    public bool HasTscAux { get; init; }

    public bool HasNestedPaging => (Features & (1 << 0)) != 0;
    /// <summary>An instruction's exit tells where the next one starts.</summary>
    public bool HasNextRip => (Features & (1 << 3)) != 0;
    public bool HasFlushByAsid => (Features & (1 << 6)) != 0;
    /// <summary>Exits tell the general register of a MOV to or from a control register, and instruction bytes.</summary>
    public bool HasDecodeAssists => (Features & (1 << 7)) != 0;
    /// <summary>PAUSE exits only after a number of them (15.14.4).</summary>
    public bool HasPauseFilter => (Features & (1 << 10)) != 0;

    /// <summary>Reads the CPUID leaves of a CPU that has SVM.</summary>
    public static SvmCapabilities Read()
    {
        CpuidResult leaf = HostInstructions.Cpuid(0x8000_000A);
        CpuidResult extended = HostInstructions.Cpuid(0x8000_0001);
        return new SvmCapabilities
        {
            Features = leaf.Edx,
            AsidCount = leaf.Ebx,
            PhysicalAddressBits = (int)(HostInstructions.Cpuid(0x8000_0008).Eax & 0xFF),
            Has1GPages = (extended.Edx & (1u << 26)) != 0,
            HasTscAux = (extended.Edx & (1u << 27)) != 0,
        };
    }

    /// <summary>What the hypervisor needs and this CPU lacks, in one sentence; null when nothing is missing.</summary>
    public string? Missing()
    {
        if (!HasNestedPaging)
            return "This CPU's SVM has no nested paging (NPT); use a CPU of the Barcelona generation or later, or when this is a virtual machine switch nested paging on in the outer hypervisor.";
        if (AsidCount < 2)
            return "This CPU's SVM has no address-space identifier for a guest; use another CPU model.";
        return null;
    }
}
