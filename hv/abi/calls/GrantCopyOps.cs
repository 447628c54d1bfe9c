using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// GNTTABOP_copy (public/grant_table.h): bytes of one page to another; each is a frame of the caller or a grant, of version 2 also a
/// part of a page or a transitive one. What is granted is in use while it is copied, so that the locks of three domains never have to
/// be held at a time.
/// </summary>
internal static class GrantCopyOps
{
    /// <summary>Why a pass ends early: an entry that others changed meanwhile is tried again. No status of the ABI is positive.</summary>
    private const GrantStatus Again = (GrantStatus)1;

    /// <summary>One side of a copy.</summary>
    private ref struct Side
    {
        public ushort Id;
        public bool IsGrant, ReadOnly;
        public ulong Gmfn;
        public uint Reference;
        public uint Offset;

        // What was claimed. Of a transitive grant the entry that it leads to is in use too.
        public DomainHandle Granter, InnerGranter;
        public ActiveGrant Grant;
        public uint InnerReference;
        public bool IsInUse, HasInner;
    }

    public static long Copy(ref HypercallCall call)
    {
        ulong at = call.A1;
        for (uint left = GrantBatchOps.Count(in call, out long result); ; left--, at = call.Is64Bit ? GrantBatchOps.Next<GnttabCopy>(at) : GrantBatchOps.Next<GnttabCopy32>(at))
        {
            if (GrantBatchOps.IsOver(ref call, left, at, ref result))
                return result;
            if (!TryReadCopy(ref call, at, out GnttabCopy argument))
                return call.Fault();
            GrantStatus status = CopyOne(ref call, in argument);
            if (status == Again)
                return GrantBatchOps.Continue(ref call, left, at);
            var stored = (short)status;
            // The status is the last member in both layouts, and the only one that changes.
            ulong place = unchecked(at + (call.Is64Bit ? 36UL : 20UL));
            if (!call.TryWrite(place, in stored))
                return call.Fault();
        }
    }

    /// <summary>Both sides are looked at, the source first, before the length is.</summary>
    private static GrantStatus CopyOne(ref HypercallCall call, in GnttabCopy argument)
    {
        var source = new Side
        {
            Id = argument.SourceDomain, IsGrant = (argument.Flags & GrantCopyFlags.SourceIsGrant) != 0, ReadOnly = true,
            Gmfn = argument.SourceGmfn, Reference = argument.SourceReference, Offset = argument.SourceOffset,
        };
        var destination = new Side
        {
            Id = argument.DestinationDomain, IsGrant = (argument.Flags & GrantCopyFlags.DestinationIsGrant) != 0,
            Gmfn = argument.DestinationGmfn, Reference = argument.DestinationReference, Offset = argument.DestinationOffset,
        };
        if (!Exists(ref call, in source) || !Exists(ref call, in destination))
            return GrantStatus.BadDomain;
        // Frames are named by their owner only.
        if (IsForeignFrame(in source) || IsForeignFrame(in destination))
            return GrantStatus.PermissionDenied;
        GrantStatus status = Claim(ref call, ref source);
        if (status == GrantStatus.Okay)
            status = Claim(ref call, ref destination);
        if (status == GrantStatus.Okay)
            status = CopyBytes(ref call, in source, in destination, argument.Length);
        End(ref call, ref destination);
        End(ref call, ref source);
        return status;
    }

    private static bool Exists(ref HypercallCall call, in Side side) => call.Services.Domains.Resolve(side.Id, call.Domain) != null;

    private static bool IsForeignFrame(in Side side) => !side.IsGrant && side.Id != DomainIds.Self;

    private static GrantStatus Claim(ref HypercallCall call, ref Side side)
    {
        if (!side.IsGrant)
            return TryFindOwn(ref call, in side, out _);
        Domain? granter = side.Id == DomainIds.Self ? call.Domain : call.Vcpu.AcquireDomain(side.Id);
        if (granter == null)
            return GrantStatus.BadDomain;
        side.Granter = granter.Identity;
        if (granter.GrantTable.IsTransitive(side.Reference))
            return ClaimTransitive(ref call, ref side, granter);
        GrantStatus status = granter.GrantTable.TryUse(side.Reference, call.Domain.Id, side.ReadOnly, forMapping: false, out side.Grant);
        side.IsInUse = status == GrantStatus.Okay;
        return status;
    }

    /// <summary>An entry that leads to another domain's: one step, never two.</summary>
    private static GrantStatus ClaimTransitive(ref HypercallCall call, ref Side side, Domain granter)
    {
        GrantStatus status = granter.GrantTable.TryBeginTransitive(side.Reference, call.Domain.Id, side.ReadOnly, out ActiveGrant before, out ushort id, out uint through);
        if (status != GrantStatus.Okay)
            return status;
        ushort middle = granter.Id;
        Domain? inner = call.Vcpu.AcquireDomain(id);
        status = inner == null || inner.GrantTable.IsTransitive(through)
            ? GrantStatus.GeneralError
            : inner.GrantTable.TryUse(through, middle, side.ReadOnly, forMapping: false, out side.Grant);
        if (status == GrantStatus.Okay)
        {
            side.HasInner = true;
            side.InnerGranter = inner!.Identity;
            side.InnerReference = through;
        }
        Domain? again = call.Vcpu.AcquireDomain(side.Granter);
        if (again == null)
            return GrantStatus.BadDomain;
        // Only what others do is tried again: the granter may change the entry's words at will, for ever.
        if (status == GrantStatus.Okay && again.GrantTable.HasChangedSince(side.Reference, in before))
            status = Again;
        else if (status == GrantStatus.Okay && !again.GrantTable.FinishTransitive(side.Reference, call.Domain.Id, side.ReadOnly, in before, in side.Grant, through))
            status = GrantStatus.GeneralError;
        side.IsInUse = status == GrantStatus.Okay;
        if (!side.IsInUse)
            again.GrantTable.AbandonTransitive(side.Reference, side.ReadOnly);
        return status;
    }

    /// <summary>A frame of the caller, who may have mapped it from elsewhere by a grant.</summary>
    private static GrantStatus TryFindOwn(ref HypercallCall call, in Side side, out Mfn mfn)
    {
        P2mEntry entry = call.Domain.P2m.Lookup(new Gfn(side.Gmfn));
        mfn = entry.Mfn;
        return entry.MayBeGranted(side.ReadOnly) ? GrantStatus.Okay : GrantStatus.BadPage;
    }

    private static GrantStatus CopyBytes(ref HypercallCall call, in Side source, in Side destination, uint length)
    {
        if (source.Offset + length > Page.Size || destination.Offset + length > Page.Size)
            return GrantStatus.BadCopyArg;
        if (!IsWithin(in source, length) || !IsWithin(in destination, length))
            return GrantStatus.GeneralError;

        // An own frame is looked up again: its claim holds nothing, and the caller's lock may have been given back since.
        Mfn from = source.Grant.Mfn, to = destination.Grant.Mfn;
        GrantStatus status = source.IsGrant ? GrantStatus.Okay : TryFindOwn(ref call, in source, out from);
        if (status == GrantStatus.Okay && !destination.IsGrant)
            status = TryFindOwn(ref call, in destination, out to);
        if (status != GrantStatus.Okay)
            return status;
        PhysicalMemory memory = call.Services.Memory;
        memory.Bytes(from.Address + source.Offset, (int)length).CopyTo(memory.Bytes(to.Address + destination.Offset, (int)length));
        if (!destination.IsGrant)
            call.Domain.P2m.MarkWritten(new Gfn(destination.Gmfn));
        return GrantStatus.Okay;
    }

    /// <summary>Whether the bytes lie in what is granted.</summary>
    private static bool IsWithin(in Side side, uint length) =>
        !side.IsGrant || (side.Offset >= side.Grant.Start && side.Offset + length <= (uint)side.Grant.Start + side.Grant.Length);

    private static void End(ref HypercallCall call, ref Side side)
    {
        if (side.IsInUse)
            EndUse(ref call, side.Granter, side.Reference, side.ReadOnly, side.Grant.Mfn);
        if (side.HasInner)
            EndUse(ref call, side.InnerGranter, side.InnerReference, side.ReadOnly, side.Grant.Mfn);
    }

    private static void EndUse(ref HypercallCall call, DomainHandle granter, uint reference, bool readOnly, Mfn mfn)
    {
        if (call.Vcpu.AcquireDomain(granter) is { } domain)
            domain.GrantTable.EndUse(reference, readOnly);
        else
            call.Services.Foreign.LetGo(mfn);
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
