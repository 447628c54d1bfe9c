using Xenolith.Kernel;

namespace Xenolith;

/// <summary>Where host interrupts are let in: the run loop's marked points.</summary>
internal static class CpuGate
{
    /// <summary>Whether the run loop has to look at timers and input after every exit, since no interrupt tells of them.</summary>
    public static bool IsPolled => false;

    /// <summary>Takes the interrupts that wait, and returns with interrupts off.</summary>
    public static void TakeInterrupts(Machine machine) => Cpu.OpenInterrupts();

    /// <summary>Waits for an interrupt, takes it, and returns with interrupts off. One that already waits ends it at once.</summary>
    public static void Idle(Machine machine) => Cpu.Idle();
}
