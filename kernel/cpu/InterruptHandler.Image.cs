namespace Xenolith.Kernel;

/// <summary>
/// A driver's answer to an interrupt. It runs only where the kernel opens interrupts (<see cref="Cpu.OpenInterrupts"/>, <see cref="Cpu.Idle"/>),
/// so it interrupts no C# in the middle; it acknowledges the interrupt itself.
/// </summary>
public abstract class InterruptHandler
{
    public abstract void Handle();
}
