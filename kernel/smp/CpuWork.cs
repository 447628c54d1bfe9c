namespace Xenolith.Kernel;

/// <summary>What a CPU is asked to do.</summary>
public abstract class CpuWork
{
    /// <summary>The work. It runs on the CPU that was asked (<see cref="CurrentCpu.Number"/>).</summary>
    public abstract void Run();
}
