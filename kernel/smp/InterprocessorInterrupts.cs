namespace Xenolith.Kernel;

/// <summary>The seam to the interrupt controllers by which CPUs reach each other.</summary>
public abstract class InterprocessorInterrupts
{
    /// <summary>Interrupts a CPU: it leaves its guest or its idle wait, and looks at its messages.</summary>
    public abstract void Send(int cpu);

    /// <summary>Sends a CPU an NMI.</summary>
    public abstract void SendNonMaskable(int cpu);
}
