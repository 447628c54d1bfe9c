using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// GNTTABOP_map_grant_ref and GNTTABOP_unmap_grant_ref (public/grant_table.h) as a translated guest has them: the granted frame
/// appears at a guest frame of the caller. A mapping holds a reference to the frame, whatever becomes of the granter.
/// </summary>
internal static class GrantMapOps
{
    /// <summary>Mappings that are taken away before other CPUs are made to forget them, all at once.</summary>
    private const int UnmapBatch = 32;

    /// <summary>Flags that mean something for paravirtual guests and devices only.</summary>
    private const uint OtherMappings = GrantMapFlags.Device | GrantMapFlags.Application | GrantMapFlags.ContainsPte;

    public static long Map(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = GrantBatchOps.Count(in call, out long result); ; left--, at = GrantBatchOps.Next<GnttabMapGrantRef>(at))
        {
            if (GrantBatchOps.IsOver(ref call, left, at, ref result))
                return result;
            if (!call.TryRead(at, out GnttabMapGrantRef argument))
                return call.Fault();
            argument.Status = (short)MapOne(ref call, ref argument);
            if (!call.TryWrite(at, in argument))
                return call.Fault();
        }
    }

    public static long Unmap(ref HypercallCall call)
    {
        Span<GrantMapping> taken = stackalloc GrantMapping[UnmapBatch];
        int count = 0;
        ulong at = call.A1;
        for (uint left = GrantBatchOps.Count(in call, out long result); ; left--, at = GrantBatchOps.Next<GnttabUnmapGrantRef>(at))
        {
            if (GrantBatchOps.IsOver(ref call, left, at, ref result))
            {
                EndUses(ref call, taken.Slice(0, count));
                return result;
            }
            if (count == UnmapBatch)
            {
                EndUses(ref call, taken);
                count = 0;
            }
            bool isRead = call.TryRead(at, out GnttabUnmapGrantRef argument);
            if (isRead)
            {
                argument.Status = (short)UnmapOne(ref call, in argument, out GrantMapping mapping, out bool isTaken);
                if (isTaken)
                    taken[count++] = mapping;
            }
            if (!isRead || !call.TryWrite(at, in argument))
            {
                EndUses(ref call, taken.Slice(0, count));
                return call.Fault();
            }
        }
    }

    /// <summary>DOMID_SELF is not resolved here: Xen takes a plain id only, which may be the caller's own.</summary>
    private static GrantStatus MapOne(ref HypercallCall call, ref GnttabMapGrantRef argument)
    {
        if ((argument.Flags & (GrantMapFlags.Host | GrantMapFlags.Device)) == 0)
            return GrantStatus.BadGntref;
        if ((argument.Flags & OtherMappings) != 0)
            return GrantStatus.GeneralError;
        Domain? granter = call.Vcpu.AcquireDomain(argument.Domain);
        if (granter == null)
            return GrantStatus.BadDomain;

        Domain mapper = call.Domain;
        bool readOnly = (argument.Flags & GrantMapFlags.ReadOnly) != 0;
        GrantMappings mappings = mapper.GrantTable.Mappings;
        if (!mappings.TryTake(out uint handle))
            return GrantStatus.NoDeviceSpace;
        GrantStatus status = granter.GrantTable.TryUse(argument.Reference, mapper.Id, readOnly, forMapping: true, out ActiveGrant grant);
        if (status == GrantStatus.Okay && !TryPlace(mapper, in argument, grant.Mfn, readOnly))
        {
            granter.GrantTable.EndUse(argument.Reference, readOnly);
            status = GrantStatus.GeneralError;
        }
        if (status != GrantStatus.Okay)
        {
            mappings.GiveBack(handle);
            return status;
        }
        mappings.Set(handle, new GrantMapping(granter.Identity, argument.Reference, readOnly, grant.Mfn));
        argument.Handle = handle;
        argument.DeviceBusAddress = grant.Mfn.Address;
        return GrantStatus.Okay;
    }

    private static bool TryPlace(Domain mapper, in GnttabMapGrantRef argument, Mfn mfn, bool readOnly) =>
        (argument.Flags & ~GrantMapFlags.ReadOnly) == GrantMapFlags.Host
        && argument.HostAddress >> Page.Shift < PhysmapOps.GfnLimit
        && mapper.MapOthers(Gfn.Of(argument.HostAddress), mfn, readOnly ? P2mType.GrantReadOnly : P2mType.Grant) == Errno.None;

    /// <summary>
    /// Takes a mapping out of the guest's memory. What it held is given back by <see cref="EndUses"/>, when no CPU can reach the frame by
    /// it any more. Without an address nothing is unmapped, and that is no error; a bus address counts for devices only.
    /// </summary>
    private static GrantStatus UnmapOne(ref HypercallCall call, in GnttabUnmapGrantRef argument, out GrantMapping mapping, out bool isTaken)
    {
        isTaken = false;
        GrantMappings mappings = call.Domain.GrantTable.Mappings;
        if (!mappings.TryGet(argument.Handle, out mapping))
            return GrantStatus.BadHandle;
        if (argument.HostAddress == 0)
            return GrantStatus.Okay;
        if (call.Domain.UnmapOthers(Gfn.Of(argument.HostAddress), mapping.Mfn, P2mType.Grant) != Errno.None)
            return GrantStatus.GeneralError;
        mappings.GiveBack(argument.Handle);
        isTaken = true;
        return GrantStatus.Okay;
    }

    /// <summary>Gives back what mappings held, once other CPUs have forgotten them. May give the caller's lock back for a moment.</summary>
    private static void EndUses(ref HypercallCall call, ReadOnlySpan<GrantMapping> taken)
    {
        if (taken.IsEmpty)
            return;
        call.Domain.Settle();
        foreach (ref readonly GrantMapping mapping in taken)
        {
            if (call.Vcpu.AcquireDomain(mapping.Granter) is { } granter)
                granter.GrantTable.EndUse(mapping.Reference, mapping.IsReadOnly);
            else
                call.Services.Foreign.LetGo(mapping.Mfn);
        }
    }
}
