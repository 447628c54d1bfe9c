using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi;

/// <summary>
/// Who may do what to whom: one answer for every row of the table, from the row's permission. Without rules it is Xen's default policy
/// (xsm/dummy.h).
/// </summary>
internal sealed class CallPolicy
{
    /// <param name="permission">What the row demands.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="target">Whom the call is about; null: nobody, or a domain that there is not yet.</param>
    public bool Allows(Permission permission, Domain caller, Domain? target) => permission switch
    {
        Permission.Anyone => true,
        Permission.Target => target == caller || caller.IsPrivileged || IsDeviceModel(caller, target),
        Permission.DeviceModel => caller.IsPrivileged || IsDeviceModel(caller, target),
        _ => caller.IsPrivileged,
    };

    private static bool IsDeviceModel(Domain caller, Domain? target) => target is not null && caller.ServedDomain == target.Id;
}
