namespace Xenolith.Hal;

/// <summary>Exits for whoever watches the guest. All are off at first, and cost nothing while they are.</summary>
public abstract partial class VirtualCpu
{
    /// <summary>
    /// Whether the guest runs one instruction at a time, each followed by <see cref="ExitReason.SingleStep"/>. The guest can't see it.
    /// </summary>
    public virtual bool SingleSteps { get; set; }

    /// <summary>Whether every write of CR0 is <see cref="ExitReason.ControlRegister"/>, whatever bits it changes.</summary>
    public virtual bool InterceptCr0Writes { get; set; }

    /// <summary>The same for CR3.</summary>
    public virtual bool InterceptCr3Writes { get; set; }

    /// <summary>The same for CR4.</summary>
    public virtual bool InterceptCr4Writes { get; set; }

    /// <summary>Whether the instructions of <see cref="DescriptorTableInstruction"/> are <see cref="ExitReason.DescriptorTable"/>.</summary>
    public virtual bool InterceptDescriptorTables { get; set; }

    /// <summary>
    /// Makes writes of an MSR <see cref="ExitReason.MsrWrite"/>, or leaves it as it is for all vCPUs again. Those that the HAL does not hold exit in any case.
    /// </summary>
    /// <returns>False, and nothing changes: there is no memory for a permission map of the vCPU's own.</returns>
    public virtual bool InterceptMsrWrites(uint index, bool wanted) => true;
}
