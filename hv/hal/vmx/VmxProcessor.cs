using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>What VMX keeps for one physical CPU.</summary>
/// <param name="region">The frame for VMXON; not used where a test models the rest.</param>
public sealed class VmxProcessor(VmxCapabilities capabilities, Mfn region)
{
    /// <summary>The CPU's own frame while VMX is on (Intel SDM vol. 3, 25.11.5).</summary>
    public Mfn Region { get; } = region;

    public VmxCapabilities Capabilities { get; } = capabilities;

    /// <summary>The VMCS that VMREAD, VMWRITE and entries work on; null after VMXON and after a VMCLEAR of it.</summary>
    public Vmcs? Current
    {
        get => _current.Value;
        set => _current = new Unowned<Vmcs>(value);
    }

    /// <summary>The last exits of this CPU.</summary>
    public ExitTrace Trace { get; } = new();

    /// <summary>The vCPU whose lazily switched registers this CPU holds.</summary>
    public VmxCpu? Resident
    {
        get => _resident.Value;
        set => _resident = new Unowned<VmxCpu>(value);
    }

    // A vCPU leaves the processor before its domain's memory goes.
    private Unowned<VmxCpu> _resident;
    private Unowned<Vmcs> _current;

    /// <summary>Virtual-processor identifiers: 16 bits, 0 is the host's.</summary>
    public TagAllocator Tags { get; } = new(0xFFFF);
}
