using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// A vendor's virtualisation as this machine has it: whether it can be used, how to switch it on, what its nested page
/// tables look like. <c>Vmx.VmxVirtualisation</c> and <c>Svm.SvmVirtualisation</c> implement it.
/// </summary>
public abstract class Virtualisation
{
    /// <summary>"VMX/EPT" or "SVM/NPT".</summary>
    public abstract string Name { get; }

    /// <summary>The instruction that calls the hypervisor in the hypercall page: VMCALL (true) or VMMCALL (false).</summary>
    public abstract bool UsesVmcall { get; }

    /// <summary>The format of the nested page tables, for <see cref="PageTable"/>.</summary>
    public abstract PageTableFormat NestedFormat { get; }

    /// <summary>
    /// Whether every entry is preceded by a check of the control block against the manual's rules. After a failed entry the
    /// check runs in any case.
    /// </summary>
    public bool ChecksEntries { get; set; } = Checks.Enabled;

    /// <summary>
    /// TSC ticks after which a guest's run ends for the host's sake even when no interrupt ends it, where the CPU can count them;
    /// 0: never. For vCPUs made from then on. A guest's time is the host's to limit, whatever the machine makes of an interrupt that comes
    /// while the guest has its own off (Bochs 2.7 forgets it when the guest was entered so).
    /// </summary>
    public ulong LongestRun { get; set; }

    /// <summary>Whether the CPU may keep vCPUs' local APICs where it can. Set before <see cref="Enable"/>.</summary>
    public bool AllowsApicVirtualisation { get; set; } = true;

    /// <summary>Whether guests' VMFUNC may be the CPU's own where it has it (<see cref="HasViewFunctions"/>). Without, it exits.</summary>
    public bool AllowsViewFunctions { get; set; } = true;

    /// <summary>Whether the CPU may log what guests write where it can (<see cref="LogsWrites"/>).</summary>
    public bool AllowsWriteLog { get; set; } = true;

    /// <summary>
    /// Whether the CPU can note the first write to a frame by itself (<see cref="VirtualCpu.LogWrites"/>): of those whose leaf is
    /// <see cref="Rights.Logged"/>, which the format has then.
    /// </summary>
    public virtual bool LogsWrites => false;

    /// <summary>
    /// Whether the CPU keeps vCPUs' local APICs: the guest's accesses to nearly all registers, priorities, and the delivery of interrupts
    /// need no exit. <see cref="VirtualCpu.AttachApic"/> and what follows it there have a meaning then.
    /// </summary>
    public virtual bool KeepsApics => false;

    /// <summary>
    /// Checks for what the hypervisor needs and switches virtualisation on for this CPU.
    /// Null: done. Otherwise one sentence that names what is missing or locked off and the mend.
    /// </summary>
    public abstract string? Enable(PhysicalMemory memory, FrameAllocator frames);

    /// <summary>Gets what other CPUs need for <see cref="EnableHere"/>. False: there is no memory for it.</summary>
    public abstract bool TryPrepareOthers(CpuSet others, PhysicalMemory memory, FrameAllocator frames);

    /// <summary>
    /// Switches virtualisation on for the calling CPU, another than the first, as <see cref="Enable"/> did for that one. Takes no lock
    /// and allocates nothing. Null: done; otherwise what is missing.
    /// </summary>
    public abstract string? EnableHere();

    /// <summary>Whether vCPUs have an IA32_TSC_AUX of their own. Known once it is switched on.</summary>
    public virtual bool GivesTscAux => false;

    /// <summary>The last exits of the CPU that asks, up to this moment; null: none are kept.</summary>
    public virtual ExitTrace? TakeTrace() => null;

    /// <summary>A word for the vendor's number of an exit, for the trace.</summary>
    public virtual string NameOfExit(ulong reason) => "";

    /// <summary>
    /// Whether guests can change their own view without an exit, by VMFUNC (<see cref="VirtualCpu.AttachViews"/>). Otherwise it is
    /// <see cref="ExitReason.ViewFunction"/>, while views are attached.
    /// </summary>
    public virtual bool HasViewFunctions => false;

    /// <summary>
    /// Whether the CPU itself delivers #VE (<see cref="VirtualCpu.AttachVirtualisationExceptions"/>). Otherwise the violation exits, and
    /// <see cref="VirtualCpu.TryRaiseVirtualisationException"/> is the caller's.
    /// </summary>
    public virtual bool HasVirtualisationExceptions => false;

    /// <summary>Whether vCPUs can run one instruction at a time (<see cref="VirtualCpu.SingleSteps"/>).</summary>
    public virtual bool HasSingleSteps => true;

    /// <summary>Whether accesses to descriptor tables can exit (<see cref="VirtualCpu.InterceptDescriptorTables"/>).</summary>
    public virtual bool HasDescriptorTableExits => true;

    /// <summary>Makes a vCPU in the reset state of its vendor; the caller loads registers and the nested root. Null: there is no frame for it.</summary>
    public abstract VirtualCpu? CreateCpu(PhysicalMemory memory, FrameAllocator frames, Log log);
}
