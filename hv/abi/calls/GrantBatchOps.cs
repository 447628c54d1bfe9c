using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>
/// grant_table_op: the operations that come in arrays (public/grant_table.h). Each leaves a status in its element; the whole
/// returns 0. Nothing maps grants yet, so no handle is valid and no entry is ever in use.
/// </summary>
internal static class GrantBatchOps
{
    /// <summary>A page is copied in pieces, to keep the stack small.</summary>
    private const int PieceLength = 256;

    public static long Map(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = Count(in call, out long result); ; left--, at = Next<GnttabMapGrantRef>(at))
        {
            if (IsOver(ref call, left, at, ref result))
                return result;
            if (!call.TryRead(at, out GnttabMapGrantRef argument))
                return call.Fault();
            argument.Status = (short)MapOne(ref call, in argument);
            if (!call.TryWrite(at, in argument))
                return call.Fault();
        }
    }

    public static long Unmap(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = Count(in call, out long result); ; left--, at = Next<GnttabUnmapGrantRef>(at))
        {
            if (IsOver(ref call, left, at, ref result))
                return result;
            if (!call.TryRead(at, out GnttabUnmapGrantRef argument))
                return call.Fault();
            argument.Status = (short)GrantStatus.BadHandle;
            if (!call.TryWrite(at, in argument))
                return call.Fault();
        }
    }

    public static long Swap(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = Count(in call, out long result); ; left--, at = Next<GnttabSwapGrantRef>(at))
        {
            if (IsOver(ref call, left, at, ref result))
                return result;
            if (!call.TryRead(at, out GnttabSwapGrantRef argument))
                return call.Fault();
            argument.Status = (short)SwapOne(call.Domain, argument.ReferenceA, argument.ReferenceB);
            if (!call.TryWrite(at, in argument))
                return call.Fault();
        }
    }

    public static long Copy(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = Count(in call, out long result); ; left--, at = call.Is64Bit ? Next<GnttabCopy>(at) : Next<GnttabCopy32>(at))
        {
            if (IsOver(ref call, left, at, ref result))
                return result;
            if (!TryReadCopy(ref call, at, out GnttabCopy argument))
                return call.Fault();
            var status = (short)CopyOne(ref call, in argument);
            // The status is the last member in both layouts, and the only one that changes.
            ulong place = unchecked(at + (call.Is64Bit ? 36UL : 20UL));
            if (!call.TryWrite(place, in status))
                return call.Fault();
        }
    }

    /// <summary>How many elements are asked for; a count that is negative as a C int fails.</summary>
    private static uint Count(in HypercallCall call, out long result)
    {
        uint count = HypercallCall.Low(call.A2);
        result = count > int.MaxValue ? -(long)Errno.EINVAL : 0;
        return result == 0 ? count : 0;
    }

    /// <summary>Whether nothing is left to do, or enough is done for one pass.</summary>
    private static bool IsOver(ref HypercallCall call, uint left, ulong at, ref long result)
    {
        if (left == 0)
        {
            if (result < 0)
                call.Reason = "a count of 2^31 or more";
            return true;
        }
        if (HypercallCall.Low(call.A2) - left < HypercallDispatcher.Budget)
            return false;
        call.A1 = at;
        call.A2 = left;
        result = call.Restart();
        return true;
    }

    private static ulong Next<T>(ulong at) where T : unmanaged => unchecked(at + (ulong)Unsafe.SizeOf<T>());

    /// <summary>DOMID_SELF is not resolved here: Xen takes a plain id only.</summary>
    private static GrantStatus MapOne(ref HypercallCall call, in GnttabMapGrantRef argument)
    {
        if ((argument.Flags & (GrantMapFlags.Host | GrantMapFlags.Device)) == 0)
            return GrantStatus.BadGntref;
        Domain? granter = call.Services.Domains.Find(argument.Domain);
        if (granter == null)
            return GrantStatus.BadDomain;
        return argument.Reference >= (uint)granter.GrantTable.EntryCount ? GrantStatus.BadGntref : GrantStatus.GeneralError;
    }

    private static GrantStatus SwapOne(Domain domain, uint a, uint b)
    {
        uint count = (uint)domain.GrantTable.EntryCount;
        if (a >= count || b >= count)
            return GrantStatus.BadGntref;
        int size = domain.GrantTable.Version == 1 ? Unsafe.SizeOf<GrantEntryV1>() : Unsafe.SizeOf<GrantEntryV2>();
        Span<byte> first = Entry(domain, a, size);
        Span<byte> second = Entry(domain, b, size);
        Span<byte> kept = stackalloc byte[16];
        first.CopyTo(kept);
        second.CopyTo(first);
        kept.Slice(0, size).CopyTo(second);
        return GrantStatus.Okay;
    }

    private static Span<byte> Entry(Domain domain, uint reference, int size)
    {
        uint perFrame = (uint)(Page.Size / size);
        Mfn frame = domain.GrantTable.Frame((int)(reference / perFrame)).Mfn;
        return domain.Services.Memory.Bytes(frame.Address + reference % perFrame * (ulong)size, size);
    }

    /// <summary>Both sides are looked at, the source first, before the length is.</summary>
    private static GrantStatus CopyOne(ref HypercallCall call, in GnttabCopy argument)
    {
        GrantStatus status = Judge(ref call, argument.SourceDomain, (argument.Flags & GrantCopyFlags.SourceIsGrant) != 0);
        if (status == GrantStatus.Okay)
            status = Judge(ref call, argument.DestinationDomain, (argument.Flags & GrantCopyFlags.DestinationIsGrant) != 0);
        if (status != GrantStatus.Okay)
            return status;
        if ((argument.Flags & GrantCopyFlags.SourceIsGrant) != 0)
            return Grant(ref call, argument.SourceDomain, argument.SourceReference);
        if (!call.Domain.P2m.Lookup(new Mm.Gfn(argument.SourceGmfn)).IsReadable)
            return GrantStatus.BadPage;
        if ((argument.Flags & GrantCopyFlags.DestinationIsGrant) != 0)
            return Grant(ref call, argument.DestinationDomain, argument.DestinationReference);
        if (!call.Domain.P2m.Lookup(new Mm.Gfn(argument.DestinationGmfn)).IsRam)
            return GrantStatus.BadPage;
        if (argument.SourceOffset + argument.Length > Page.Size || argument.DestinationOffset + argument.Length > Page.Size)
            return GrantStatus.BadCopyArg;
        return CopyBytes(call.Domain, in argument);
    }

    /// <summary>Frames are named by their owner only.</summary>
    private static GrantStatus Judge(ref HypercallCall call, ushort id, bool isGrant)
    {
        if (call.Services.Domains.Resolve(id, call.Domain) == null)
            return GrantStatus.BadDomain;
        return isGrant || id == DomainIds.Self ? GrantStatus.Okay : GrantStatus.PermissionDenied;
    }

    private static GrantStatus Grant(ref HypercallCall call, ushort id, uint reference)
    {
        Domain? granter = call.Services.Domains.Resolve(id, call.Domain);
        return granter == null || reference >= (uint)granter.GrantTable.EntryCount ? GrantStatus.BadGntref : GrantStatus.GeneralError;
    }

    private static GrantStatus CopyBytes(Domain domain, in GnttabCopy argument)
    {
        Span<byte> piece = stackalloc byte[PieceLength];
        ulong from = new Mm.Gfn(argument.SourceGmfn).Address + argument.SourceOffset;
        ulong to = new Mm.Gfn(argument.DestinationGmfn).Address + argument.DestinationOffset;
        for (int done = 0; done < argument.Length; done += PieceLength)
        {
            Span<byte> part = piece.Slice(0, Math.Min(PieceLength, argument.Length - done));
            if (!domain.Memory.TryRead(from + (ulong)done, part) || !domain.Memory.TryWrite(to + (ulong)done, part))
                return GrantStatus.BadPage;
        }
        return GrantStatus.Okay;
    }

    private static bool TryReadCopy(ref HypercallCall call, ulong at, out GnttabCopy argument)
    {
        if (call.Is64Bit)
            return call.TryRead(at, out argument);
        bool read = call.TryRead(at, out GnttabCopy32 narrow);
        argument = new GnttabCopy
        {
            SourceGmfn = narrow.SourceGmfn, SourceDomain = narrow.SourceDomain, SourceOffset = narrow.SourceOffset,
            DestinationGmfn = narrow.DestinationGmfn, DestinationDomain = narrow.DestinationDomain, DestinationOffset = narrow.DestinationOffset,
            Length = narrow.Length, Flags = narrow.Flags,
        };
        return read;
    }
}
