using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>An access of a guest that a right on its memory, or a view's, does not allow.</summary>
/// <param name="GuestPhysical">The address, as the guest has it.</param>
/// <param name="Wanted">Read, write or execute: the kind of access that is not allowed.</param>
/// <param name="Access">The right that was violated, as it was then.</param>
/// <param name="View">The view in which it happened; <see cref="Vcpu.NoView"/>: none.</param>
/// <param name="IsAllowed">Whether it is allowed by now, by a right that changes when it is violated: nobody has to wait for an answer.</param>
public readonly record struct AccessViolation(ulong GuestPhysical, Rights Wanted, MemoryAccess Access, int View, bool IsAllowed);

/// <summary>Who is told of violations of a domain's access rights.</summary>
public abstract class AccessListener
{
    /// <summary>
    /// Tells of a violation, the vCPU's last exit. The domain's lock is held. Unless it is allowed by now, the vCPU may not go on before the listener has
    /// answered. False: nobody listens.
    /// </summary>
    public abstract bool TryReport(Vcpu vcpu, in AccessViolation violation);
}
