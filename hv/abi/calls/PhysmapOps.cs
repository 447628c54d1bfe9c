using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>memory_op: what appears where in guest-physical memory (public/memory.h).</summary>
internal static class PhysmapOps
{
    private const int ProgressShift = 6;

    /// <summary>Guest frames above have no place in a four-level table.</summary>
    public const ulong GfnLimit = 1UL << (P2m.MaximumAddressBits - Kernel.Page.Shift);

    public static long Add(ref HypercallCall call)
    {
        ulong start = call.A0 >> ProgressShift;
        if (start > ushort.MaxValue)
            return call.Fail(Errno.EDOM, "the start lies past what the size can say");
        if (!TryRead(ref call, out Mapping mapping))
            return call.Fault();
        if (mapping.Space == MapSpace.GmfnForeign)
            return call.Fail(Errno.ENOSYS, "foreign frames are mapped by add_to_physmap_batch");
        Errno error = call.TryResolve(mapping.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        return mapping.Space == MapSpace.GmfnRange
            ? AddRange(ref call, domain, mapping, (uint)start)
            : -(long)AddOne(ref call, domain, mapping.Space, mapping.Index, mapping.Gfn);
    }

    public static long AddBatch(ref HypercallCall call)
    {
        ulong at = call.A0 >> ProgressShift;
        if (at > ushort.MaxValue)
            return call.Fail(Errno.EDOM, "the start lies past what the size can say");
        if (!TryReadBatch(ref call, out AddToPhysmapBatch batch))
            return call.Fault();
        if (batch.Space == (ushort)MapSpace.GmfnRange)
            return call.Fail(Errno.EOPNOTSUPP, "ranges are mapped by add_to_physmap");
        Errno error = call.TryResolve(batch.Domain, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        if (batch.Size < at || (batch.Size == at && at != 0))
            return call.Fail(Errno.EILSEQ, "the start lies past the size");
        // The target's lock is given back for a foreign frame, and then it may end.
        DomainHandle target = domain.Identity;
        ulong end = at + (ulong)call.Dispatcher.Budget;
        for (; at < batch.Size; at++)
        {
            if (at == end)
            {
                call.A0 = (at << ProgressShift) | call.Operation;
                return call.Restart();
            }
            if (!call.TryReadLong(batch.Indices, at, out ulong index) || !call.TryReadLong(batch.Gpfns, at, out ulong gfn))
                return call.Fault();
            int result = batch.Space == (ushort)MapSpace.GmfnForeign
                ? -(int)AddForeign(ref call, target, batch.ForeignDomain, index, gfn)
                : -(int)AddOne(ref call, domain, (MapSpace)batch.Space, index, gfn);
            if (!call.Handle<int>(batch.Errors).TryWriteElement(call.Access, at, in result))
                return call.Fault();
        }
        return 0;
    }

    public static long Remove(ref HypercallCall call)
    {
        if (call.A0 >> ProgressShift != 0)
            return call.Fail(Errno.EINVAL, "a call that is done at once has no progress");
        ushort id;
        ulong gfn;
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(call.A1, out RemoveFromPhysmap wide);
            (id, gfn) = (wide.Domain, wide.Gpfn);
        }
        else
        {
            read = call.TryRead(call.A1, out RemoveFromPhysmap32 narrow);
            (id, gfn) = (narrow.Domain, narrow.Gpfn);
        }
        if (!read)
            return call.Fault();
        Errno error = call.TryResolve(id, out Domain domain);
        if (error != Errno.None)
            return -(long)error;
        return domain.P2m.Lookup(new Gfn(gfn)) switch
        {
            { IsRam: true } => domain.P2m.TryDepopulate(new Gfn(gfn)) ? 0 : call.Fail(Errno.ENOMEM, "no frame for a page table"),
            // A grant's frame stays held by the mapping's handle, which no longer unmaps anything.
            { IsGrant: true, Mfn: var mfn } => -(long)domain.UnmapOthers(new Gfn(gfn), mfn, P2mType.Grant),
            { Type: P2mType.Foreign, Mfn: var mfn } => -(long)RemoveForeign(domain, new Gfn(gfn), mfn),
            _ => call.Fail(Errno.ENOENT, "nothing is mapped at the guest frame"),
        };
    }

    private static long AddRange(ref HypercallCall call, Domain domain, Mapping mapping, uint start)
    {
        if (mapping.Size < start)
            return call.Fail(Errno.EILSEQ, "the start lies past the size");
        uint end = start + (uint)call.Dispatcher.Budget;
        for (uint at = start; at < mapping.Size; at++)
        {
            if (at == end)
            {
                call.A0 = ((ulong)at << ProgressShift) | call.Operation;
                return call.Restart();
            }
            Errno error = AddOne(ref call, domain, MapSpace.Gmfn, unchecked(mapping.Index + at), unchecked(mapping.Gfn + at));
            if (error != Errno.None)
                return -(long)error;
        }
        return 0;
    }

    /// <summary>One page. What the index names is looked at before where it goes, as on Xen.</summary>
    private static Errno AddOne(ref HypercallCall call, Domain domain, MapSpace space, ulong index, ulong gfn)
    {
        switch (space)
        {
            case MapSpace.SharedInfo:
                if (index != 0)
                    return Refuse(ref call, Errno.EINVAL, "there is one page of shared_info, index 0");
                return Lend(ref call, domain, domain.SharedInfo.Frame, gfn);
            case MapSpace.GrantTable:
                // Xen keeps 32 bits of the index.
                Errno error = domain.GrantTable.FrameFor(HypercallCall.Low(index), out LentFrame? frame);
                if (error != Errno.None || frame == null)
                    return Refuse(ref call, Errno.EINVAL, "the grant table has no such frame and can't grow to it");
                return Lend(ref call, domain, frame, gfn);
            case MapSpace.Gmfn:
                return Move(ref call, domain, index, gfn);
            default:
                return Refuse(ref call, Errno.EINVAL, "no such space");
        }
    }

    /// <summary>One frame of a domain's memory goes elsewhere in it.</summary>
    internal static Errno Move(ref HypercallCall call, Domain domain, ulong from, ulong to)
    {
        if (!domain.P2m.Lookup(new Gfn(from)).IsRam)
            return Refuse(ref call, Errno.EINVAL, "the guest frame to move is not memory");
        return to >= GfnLimit
            ? Refuse(ref call, Errno.ENOENT, "the guest frame lies past 48 bits of address")
            : Refuse(ref call, domain.Move(new Gfn(from), new Gfn(to)), "the target is not the guest's to replace, or no frame for a page table");
    }

    private static Errno Lend(ref HypercallCall call, Domain domain, LentFrame frame, ulong gfn) => gfn >= GfnLimit
        ? Refuse(ref call, Errno.ENOENT, "the guest frame lies past 48 bits of address")
        : Refuse(ref call, domain.Lend(frame, new Gfn(gfn)), "the target is not the guest's to replace, or no frame for a page table");

    /// <summary>
    /// A frame of another domain, for one that controls it (XENMAPSPACE_gmfn_foreign). It is held by the mapping, whatever becomes of its
    /// owner. Two domains' locks are held at a time, never three.
    /// </summary>
    private static Errno AddForeign(ref HypercallCall call, DomainHandle target, ushort foreign, ulong index, ulong gfn)
    {
        if (foreign == DomainIds.Xen)
            return Refuse(ref call, Errno.EINVAL, "the hypervisor's own frames are not mapped");
        if (foreign == call.Domain.Id)
            return Refuse(ref call, Errno.EPERM, "the caller is no foreign domain");
        if (foreign == target.Id)
            return Refuse(ref call, Errno.EINVAL, "a domain is not foreign to itself");
        if (call.Vcpu.AcquireDomain(foreign) is not { } owner)
            return Refuse(ref call, Errno.ESRCH, "no such foreign domain");
        // The mapping is the target's, and so is the permission that it takes.
        if (call.Services.Domains.Find(target) is not { IsPrivileged: true })
            return Refuse(ref call, Errno.EPERM, "the foreign domain is not the target's to control");
        P2mEntry entry = owner.P2m.Lookup(new Gfn(index));
        if (!entry.IsRam)
            return Refuse(ref call, Errno.EINVAL, "the foreign guest frame is not memory");
        owner.P2m.Pin(entry.Mfn);
        Errno error = Errno.ESRCH;
        if (call.Vcpu.AcquireDomain(target) is { } domain)
            error = gfn >= GfnLimit ? Errno.ENOENT : domain.MapOthers(new Gfn(gfn), entry.Mfn, P2mType.Foreign);
        if (error != Errno.None)
            call.Services.Foreign.LetGo(entry.Mfn);
        return Refuse(ref call, error, "the target is not the guest's to replace, or no frame for a page table");
    }

    private static Errno RemoveForeign(Domain domain, Gfn gfn, Kernel.Mfn mfn)
    {
        Errno error = domain.UnmapOthers(gfn, mfn, P2mType.Foreign);
        if (error != Errno.None)
            return error;
        domain.Settle();
        domain.Services.Foreign.LetGo(mfn);
        return Errno.None;
    }

    private static Errno Refuse(ref HypercallCall call, Errno error, string reason)
    {
        if (error != Errno.None)
            call.Reason = reason;
        return error;
    }

    private static bool TryRead(ref HypercallCall call, out Mapping mapping)
    {
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(call.A1, out AddToPhysmap wide);
            mapping = new Mapping(wide.Domain, wide.Size, (MapSpace)wide.Space, wide.Index, wide.Gpfn);
        }
        else
        {
            read = call.TryRead(call.A1, out AddToPhysmap32 narrow);
            mapping = new Mapping(narrow.Domain, narrow.Size, (MapSpace)narrow.Space, narrow.Index, narrow.Gpfn);
        }
        return read;
    }

    private static bool TryReadBatch(ref HypercallCall call, out AddToPhysmapBatch batch)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out batch);
        bool read = call.TryRead(call.A1, out AddToPhysmapBatch32 narrow);
        batch = new AddToPhysmapBatch
        {
            Domain = narrow.Domain, Space = narrow.Space, Size = narrow.Size, ForeignDomain = narrow.ForeignDomain,
            Indices = narrow.Indices, Gpfns = narrow.Gpfns, Errors = narrow.Errors,
        };
        return read;
    }

    /// <summary>The argument in one width.</summary>
    private readonly record struct Mapping(ushort Domain, ushort Size, MapSpace Space, ulong Index, ulong Gfn);
}
