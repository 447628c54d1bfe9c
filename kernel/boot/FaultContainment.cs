namespace Xenolith.Kernel;

/// <summary>
/// What is asked before a fault in the hypervisor's C# (a bounds or overflow violation, a null dereference, a division by zero) becomes a
/// panic. Whoever runs work on somebody's behalf can end that somebody instead.
/// </summary>
public abstract class FaultContainment
{
    /// <summary>
    /// Whether the fault can be contained. True: the innermost <c>ContainedCall</c> is left, nothing of it is finished. False: panic.
    /// Called on the faulting stack; it must not fault itself.
    /// </summary>
    /// <param name="fault">What happened, in words.</param>
    /// <param name="rip">Where.</param>
    public abstract bool TryContain(string fault, ulong rip);
}
