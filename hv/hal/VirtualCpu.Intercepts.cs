namespace Xenolith.Hal;

/// <summary>
/// Exits for whoever watches the guest. All are off at first, and cost nothing while they are. What is set here takes effect at the next
/// entry, and may be set by any CPU while the vCPU runs nowhere.
/// </summary>
public abstract partial class VirtualCpu
{
    /// <summary>
    /// Whether the guest runs one instruction at a time, each followed by <see cref="ExitReason.SingleStep"/>. The guest can't see it, and takes
    /// no interrupts meanwhile, as on Xen. An instruction that exits is the caller's to complete, and the step over when it is skipped; one that
    /// faults ends its step before its handler's first instruction.
    /// </summary>
    public virtual bool SingleSteps { get; set; }

    /// <summary>Whether each write that changes CR0 is <see cref="ExitReason.ControlRegister"/>, whatever bits it changes.</summary>
    public virtual bool InterceptCr0Writes { get; set; }

    /// <summary>Whether each write of CR3 is, one that changes nothing too.</summary>
    public virtual bool InterceptCr3Writes { get; set; }

    /// <summary>Whether each write that changes CR4 is.</summary>
    public virtual bool InterceptCr4Writes { get; set; }

    /// <summary>Whether the instructions of <see cref="DescriptorTableInstruction"/> are <see cref="ExitReason.DescriptorTable"/>.</summary>
    public virtual bool InterceptDescriptorTables { get; set; }

    /// <summary>
    /// Makes writes of an MSR <see cref="ExitReason.MsrWrite"/>, or leaves them as they are for all vCPUs again. Those of most MSRs exit in any case.
    /// </summary>
    /// <returns>False, and nothing changes: there is no memory for a permission map of the vCPU's own.</returns>
    public virtual bool InterceptMsrWrites(uint index, bool wanted) => true;

    /// <summary>
    /// Carries out SYSCALL or SYSRET, which has exited as #UD because the guest is stepped and the instruction would show or lose that. False:
    /// it is #UD to the guest too.
    /// </summary>
    /// <param name="length">Bytes of the instruction.</param>
    public virtual bool TryCompleteSystemCall(SystemCallInstruction instruction, int length) => false;
}
