using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>What SVM keeps for one physical CPU.</summary>
public sealed class SvmProcessor(SvmCapabilities capabilities, Mfn saveArea, Mfn hostVmcb, Mfn stepRoot)
{
    /// <summary>Where VMRUN keeps what it needs of the host (AMD APM vol. 2, 15.5.1).</summary>
    public Mfn SaveArea { get; } = saveArea;

    /// <summary>A nested root in which nothing can be executed, of whatever vCPU is stepped into a handler on this CPU (<see cref="SvmCpu"/>).</summary>
    public Mfn StepRoot { get; } = stepRoot;

    /// <summary>The last exits of this CPU.</summary>
    public ExitTrace Trace { get; } = new();

    public SvmCapabilities Capabilities { get; } = capabilities;

    /// <summary>
    /// The host's FS, GS, TR, LDTR and system-call MSRs, saved once: nothing changes them while the hypervisor runs, and each exit
    /// loads them back.
    /// </summary>
    public Mfn HostVmcb { get; } = hostVmcb;

    /// <summary>Its physical address.</summary>
    public ulong HostVmcbAddress { get; } = hostVmcb.Address;

    /// <summary>The vCPU whose lazily switched registers this CPU holds.</summary>
    public SvmCpu? Resident
    {
        get => _resident.Value;
        set => _resident = new Unowned<SvmCpu>(value);
    }

    // A vCPU leaves the processor before its domain's memory goes.
    private Unowned<SvmCpu> _resident;

    /// <summary>Address-space identifiers; 0 is the host's.</summary>
    public TagAllocator Tags { get; } = new(capabilities.AsidCount - 1);
}
