namespace Xenolith.Domains;

/// <summary>The MSRs of one vCPU that neither its control block nor its local APIC holds.</summary>
internal sealed class VcpuMsrs(int physicalAddressBits)
{
    public MtrrState Mtrr { get; } = new(physicalAddressBits);

    /// <summary>IA32_TSC_ADJUST: what the guest added to its TSC.</summary>
    public ulong TscAdjust { get; set; }

    public ulong McgStatus { get; set; }

    /// <summary>MISC_FEATURES_ENABLES bit 0: CPUID outside privilege level 0 faults.</summary>
    public bool CpuidFaulting { get; set; }
}
