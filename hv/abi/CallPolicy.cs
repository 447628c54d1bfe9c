using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi;

/// <summary>
/// Who may do what to whom: one answer for every row of the table that names a domain, from the row's permission. Without rules it is Xen's
/// default policy (xsm/dummy.h); the administrator's rules take from that, and add nothing.
/// </summary>
public sealed class CallPolicy
{
    /// <summary>The most rules.</summary>
    public const int MaximumRules = 32;

    private readonly CallRule[] _rules;

    private CallPolicy(CallRule[] rules) => _rules = rules;

    /// <summary>Xen's default policy.</summary>
    public static CallPolicy Default() => new([]);

    /// <summary>
    /// The default policy less what the rules forbid: <c>who:what:whom</c>, separated by commas. Who and whom are ids of domains or *, what is the
    /// C name of an operation, or how such names begin and *. Allocates: for the start only.
    /// </summary>
    /// <param name="policy">The policy; null when a rule is wrong.</param>
    /// <returns>What is wrong with which rule, in words; null: nothing.</returns>
    public static string? TryParse(ReadOnlySpan<char> text, out CallPolicy? policy)
    {
        policy = null;
        var rules = new CallRule[MaximumRules];
        int count = 0;
        while (text.Length != 0)
        {
            int comma = text.IndexOf(',');
            ReadOnlySpan<char> one = comma < 0 ? text : text.Slice(0, comma);
            text = comma < 0 ? default : text.Slice(comma + 1);
            if (count == MaximumRules)
                return "there are more than 32 rules";
            if (CallRule.TryParse(one, out rules[count++]) is { } problem)
                return problem;
        }
        policy = new CallPolicy(rules.AsSpan(0, count).ToArray());
        return null;
    }

    /// <summary>Whether the administrator has taken anything from the default.</summary>
    public bool HasRules => _rules.Length != 0;

    /// <param name="permission">What the row demands.</param>
    /// <param name="caller">Who calls.</param>
    /// <param name="target">Whom the call is about; null: nobody, or a domain that there is not yet.</param>
    /// <param name="number">The call's number.</param>
    /// <param name="operation">Which operation of its group.</param>
    public bool Allows(Permission permission, Domain caller, Domain? target, ulong number, uint operation) =>
        AllowsByDefault(permission, caller, target) && !IsForbidden(caller, target, number, operation);

    private static bool AllowsByDefault(Permission permission, Domain caller, Domain? target) => permission switch
    {
        Permission.Anyone => true,
        Permission.Target => target == caller || caller.IsPrivileged || IsDeviceModel(caller, target),
        Permission.DeviceModel => caller.IsPrivileged || IsDeviceModel(caller, target),
        Permission.Xenstore => caller.IsPrivileged || caller.IsXenstoreDomain || IsDeviceModel(caller, target),
        _ => caller.IsPrivileged,
    };

    private static bool IsDeviceModel(Domain caller, Domain? target) => target is not null && caller.ServedDomain == target.Identity;

    private bool IsForbidden(Domain caller, Domain? target, ulong number, uint operation)
    {
        for (int i = 0; i < _rules.Length; i++)
        {
            if (_rules[i].Forbids(caller.Id, target?.Id, number, operation))
                return true;
        }
        return false;
    }
}
