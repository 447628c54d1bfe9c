namespace Xenolith.Hal.Vmx;

/// <summary>What VMX keeps for one physical CPU.</summary>
public sealed class VmxProcessor(VmxCapabilities capabilities)
{
    public VmxCapabilities Capabilities { get; } = capabilities;

    /// <summary>The VMCS that VMREAD, VMWRITE and entries work on; null after VMXON and after a VMCLEAR of it.</summary>
    public Vmcs? Current { get; set; }

    /// <summary>The vCPU whose lazily switched registers this CPU holds.</summary>
    public VmxCpu? Resident { get; set; }

    /// <summary>Virtual-processor identifiers: 16 bits, 0 is the host's.</summary>
    public TagAllocator Tags { get; } = new(0xFFFF);
}
