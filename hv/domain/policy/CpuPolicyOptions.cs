namespace Xenolith.Domains;

/// <summary>What the HAL and the virtual devices below a domain can do, as far as its CPUID depends on it.</summary>
public sealed class CpuPolicyOptions
{
    /// <summary>The local APIC may be switched to x2APIC mode.</summary>
    public bool X2Apic { get; init; } = true;

    /// <summary>The local APIC's timer has TSC-deadline mode.</summary>
    public bool TscDeadline { get; init; } = true;

    /// <summary>The HAL gives each vCPU its IA32_TSC_AUX, and RDTSCP runs.</summary>
    public bool Rdtscp { get; init; }

    /// <summary>The HAL lets CR4.PCIDE be set.</summary>
    public bool Pcid { get; init; }

    /// <summary>The HAL lets INVPCID run.</summary>
    public bool Invpcid { get; init; }

    /// <summary>The CPU keeps local APICs, in both modes (Xen's leaf 4, bits 0 and 1).</summary>
    public bool KeptApic { get; init; }

    /// <summary>HVMOP_set_evtchn_upcall_vector delivers through the local APIC (Xen's leaf 4, bit 6).</summary>
    public bool UpcallVector { get; init; } = true;
}
