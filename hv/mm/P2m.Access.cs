using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;

namespace Xenolith.Mm;

/// <summary>
/// Access rights (xenmem_access_t): what the guest's own accesses have left of what the type allows. The hypervisor's copies on the guest's
/// behalf ignore them, as on Xen.
/// </summary>
public sealed partial class P2m
{
    private MemoryAccess _defaultAccess = MemoryAccess.All;

    /// <summary>Which rights the nested tables can say.</summary>
    public AccessMatrix Matrix { get; }

    /// <summary>The right of mappings made from now on; not <see cref="MemoryAccess.Default"/>, nor one that <see cref="Matrix"/> refuses.</summary>
    public MemoryAccess DefaultAccess
    {
        get => _defaultAccess;
        set
        {
            RequireExpressible(value);
            _defaultAccess = value;
            if (value != MemoryAccess.All)
                BeginAccessChecks();
        }
    }

    /// <summary>Whether a fault may be about an access right or a view: any right but <see cref="MemoryAccess.All"/> was ever set, or there were views.</summary>
    public bool ChecksAccess { get; private set; }

    /// <summary>
    /// CPUs that log take their walks of the guest's page tables for writes (Intel SDM vol. 3, 29.3.5), which a right would then forbid, and name frames as a
    /// view shows them: <see cref="FeatureMatrix.AgainstCpuLog"/>.
    /// </summary>
    private void BeginAccessChecks()
    {
        if (ChecksAccess)
            return;
        EndCpuLog();
        ChecksAccess = true;
    }

    /// <summary>The right of a guest frame; where nothing is mapped, what a mapping there would get. Memory that nobody has looked at stays so.</summary>
    public MemoryAccess AccessOf(Gfn gfn) =>
        IsAddressable(gfn, 0) && (_table.TryQuery(gfn.Address, out _, out _, out _) || IsUncleared(gfn, out _)) ? AttributesOf(gfn).Access : DefaultAccess;

    /// <summary>
    /// Sets the right of what is mapped at 2^order frames. A large leaf is split only where it reaches beyond them; memory that nobody has
    /// looked at is cleared.
    /// </summary>
    /// <param name="order">0, 9 or 18; the frame number is a multiple of 2^order.</param>
    /// <param name="access">Not one that <see cref="Matrix"/> refuses. <see cref="MemoryAccess.Default"/> means <see cref="DefaultAccess"/>.</param>
    /// <returns>False: no memory for tables, or <see cref="TableLimit"/> is reached. What was changed before stays so.</returns>
    public bool TrySetAccess(Gfn gfn, int order, MemoryAccess access)
    {
        if (access == MemoryAccess.Default)
            access = DefaultAccess;
        RequireExpressible(access);
        if (!IsAddressable(gfn, order))
            return true;
        if (access != MemoryAccess.All)
            BeginAccessChecks();
        ulong end = gfn.Value + (1UL << order);
        for (ulong at = gfn.Value; at < end;)
        {
            bool isMapped = IsMapped(new Gfn(at), out Mfn mfn, out TablePlace place);
            int found = (place.Level - 1) * 9;
            if (isMapped && !TrySetAccess(new Gfn(at), mfn, place, Math.Min(found, order), access))
                return false;
            at = (at | ((1UL << found) - 1)) + 1;
        }
        return true;
    }

    private bool TrySetAccess(Gfn gfn, Mfn mfn, TablePlace place, int order, MemoryAccess access)
    {
        P2mAttributes before = AttributesOf(gfn);
        if (before.Access == access || gfn == _apicPage)
            return true;
        P2mAttributes attributes = before with { Access = access };
        if (!HasRoomForTables(place.Level, order) || !TrySetAttributes(gfn, order, attributes))
            return false;
        if (!TryMap(gfn, place, mfn, order, attributes))
        {
            TrySetAttributes(gfn, order, before);
            return false;
        }
        Announce(gfn, order);
        return true;
    }

    /// <summary>What the leaf says of a frame: what the type and the right allow both, as far as it can be said.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Rights LeafRights(P2mAttributes attributes) => attributes == P2mAttributes.Plain ? Rights.All : LeafRights(attributes.Type, attributes.Access);

    private Rights LeafRights(P2mType type, MemoryAccess access) => Matrix.LeafFor(type.Rights & AccessMatrix.RightsOf(access));

    /// <summary>What is mapped for the guest alone and has no right but its type's: the frame by which the CPU knows its APIC.</summary>
    public bool IsApicPage(Gfn gfn) => gfn == _apicPage;

    internal static Caching CachingOf(P2mType type) => type == P2mType.Mmio ? Caching.Uncached : Caching.WriteBack;

    private void RequireExpressible(MemoryAccess access)
    {
        if (Matrix.FitOf(access) == AccessFit.Refused)
            throw new ArgumentOutOfRangeException(nameof(access));
    }
}
