namespace Xenolith.Kernel;

/// <summary>What the code above the kernel has a CPU do, for reports.</summary>
public abstract class CpuActivity
{
    /// <summary>
    /// Appends what a CPU works at, beginning with a comma, or nothing. It is asked when that CPU has been stopped in the middle of
    /// anything, so it must neither wait nor trust what it finds half-done.
    /// </summary>
    public abstract void Describe(int cpu, ref LineText text);
}
