using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>
/// memory_op: frames of a domain that are not its memory, for the initial domain to map (XENMEM_acquire_resource, public/memory.h).
/// </summary>
internal static class ResourceOps
{
    private const int ProgressShift = 6;

    /// <summary>
    /// Frames of one pass, as on Xen: a pass finds its frames, reads its guest frames and maps, in this order, and its first guest frame has an
    /// errno of its own.
    /// </summary>
    private const int FramesPerPass = 32;

    private const uint SharedFrames = 0, StatusFrames = 1;

    /// <summary>Where the number of frames stands in the argument, in both layouts and in words of 32 bits.</summary>
    private const ulong FrameCountWord = 2;

    /// <summary>What a vCPU takes of an ioreq server's frames, in bytes.</summary>
    private const int IoreqSize = 32;

    /// <summary>
    /// EOPNOTSUPP to any but the initial domain, EFAULT, EINVAL, ESRCH, EPERM, EINVAL; then of a pass: what the type says, EFAULT, ENOENT for a
    /// guest frame past the last, EINVAL for one that is not the caller's to replace, ENOMEM; EIO for these of any but the first.
    /// </summary>
    public static long Acquire(ref HypercallCall call)
    {
        if (!call.Domain.IsInitialDomain)
            return call.Fail(Errno.EOPNOTSUPP, "only the initial domain maps resources");
        if (!TryRead(ref call, out MemAcquireResource resource))
            return call.Fault();
        if (resource.Pad != 0)
            return call.Fail(Errno.EINVAL, "a reserved field is not zero");
        if (call.Vcpu.FindDomain(resource.Domain) is not { } domain)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (domain == call.Domain || !call.Allows(Permission.DeviceModel, domain))
            return call.Fail(Errno.EPERM, "the caller's own, or not the caller's to control");
        call.Vcpu.AlsoAcquire(domain);
        uint size = SizeOf(domain, in resource);
        if (size == 0)
            return call.Fail(Errno.EINVAL, "the domain has no such resource");
        ulong start = call.A0 >> ProgressShift;
        if (resource.FrameList == 0)
            return start == 0 && resource.FrameCount == 0 ? TellSize(ref call, size) : call.Fail(Errno.EINVAL, "frames are asked for, and no list is given");
        // A 32-bit call is worked off in parts that can be counted.
        if (start >= resource.FrameCount || (call.Is64Bit && resource.FrameCount > uint.MaxValue >> ProgressShift))
            return call.Fail(Errno.EINVAL, "no frame is asked for, or more than a call can count");
        return Map(ref call, domain, in resource, start);
    }

    private static long Map(ref HypercallCall call, Domain domain, in MemAcquireResource resource, ulong at)
    {
        ulong end = at + (ulong)call.Dispatcher.Budget;
        while (at < resource.FrameCount)
        {
            if (at >= end)
            {
                call.A0 = (at << ProgressShift) | call.Operation;
                return call.Restart();
            }
            int count = (int)Math.Min(resource.FrameCount - at, FramesPerPass);
            Errno error = MapPass(ref call, domain, in resource, at, count);
            if (error != Errno.None)
                return -(long)error;
            at += (ulong)count;
        }
        return 0;
    }

    private static Errno MapPass(ref HypercallCall call, Domain domain, in MemAcquireResource resource, ulong at, int count)
    {
        Span<Mfn> frames = stackalloc Mfn[FramesPerPass];
        Errno error = Find(in call, domain, in resource, unchecked(resource.Frame + at), frames.Slice(0, count));
        if (error != Errno.None)
            return Refuse(ref call, error, "the resource has no such frames, can't grow to them, or is not there");
        Span<ulong> gfns = stackalloc ulong[FramesPerPass];
        for (int i = 0; i < count; i++)
        {
            if (!call.TryReadLong(resource.FrameList, at + (ulong)i, out gfns[i]))
                return Refuse(ref call, Errno.EFAULT, "the list of guest frames is not in readable memory");
        }
        for (int i = 0; i < count; i++)
        {
            error = MapOne(ref call, frames[i], gfns[i]);
            if (error != Errno.None)
                return Refuse(ref call, i == 0 ? error : Errno.EIO, "a guest frame past the last or not the caller's to replace, or no frame for a page table");
        }
        return Errno.None;
    }

    /// <summary>Maps a frame into the caller's memory, which holds it from then on, whatever becomes of its domain.</summary>
    private static Errno MapOne(ref HypercallCall call, Mfn mfn, ulong gfn)
    {
        if (gfn >= PhysmapOps.GfnLimit)
            return Errno.ENOENT;
        P2mEntry before = call.Domain.P2m.Lookup(new Gfn(gfn));
        if (before.Type == P2mType.Foreign && before.Mfn == mfn)
            return Errno.None;
        if (!call.Services.Frames.Reference(mfn))
            throw new InvalidOperationException("a resource's frame is not allocated");
        Errno error = call.Domain.MapOthers(new Gfn(gfn), mfn, P2mType.Foreign);
        if (error != Errno.None)
            call.Services.Foreign.LetGo(mfn);
        return error;
    }

    /// <summary>The most frames that the resource can have; 0: there is none such. What no type is has as many as Xen says.</summary>
    private static uint SizeOf(Domain domain, in MemAcquireResource resource) => (ResourceType)resource.Type switch
    {
        ResourceType.GrantTable => resource.Id switch
        {
            SharedFrames => (uint)domain.GrantTable.MaximumFrames,
            StatusFrames => (uint)domain.GrantTable.MaximumStatusFrames,
            _ => 0,
        },
        // A frame for buffered requests, and so many for the vCPUs'.
        ResourceType.IoreqServer => 1 + (uint)Page.FramesFor((ulong)domain.Vcpus.Length * IoreqSize),
        // No domain has a trace buffer.
        ResourceType.VmtraceBuffer => 0,
        _ => unchecked((uint)-(int)Errno.EOPNOTSUPP),
    };

    /// <summary>The machine frames of a part of the resource, which grows to it where it can.</summary>
    private static Errno Find(in HypercallCall call, Domain domain, in MemAcquireResource resource, ulong first, Span<Mfn> frames) => (ResourceType)resource.Type switch
    {
        ResourceType.GrantTable => FindGrantFrames(domain.GrantTable, resource.Id == StatusFrames, first, frames),
        ResourceType.IoreqServer => FindServerFrames(in call, domain, resource.Id, first, frames),
        _ => Errno.EOPNOTSUPP,
    };

    private static Errno FindGrantFrames(GrantTable table, bool areStatus, ulong first, Span<Mfn> frames)
    {
        long size = areStatus ? table.MaximumStatusFrames : table.MaximumFrames;
        long last = size - frames.Length;
        if ((areStatus && table.Version != 2) || last < 0 || first > (ulong)last)
            return Errno.EINVAL;
        for (int i = 0; i < frames.Length; i++)
        {
            ulong index = (first + (ulong)i) | (areStatus ? MapIndices.GrantStatus : 0);
            Errno error = table.FrameFor(index, out LentFrame? frame);
            if (error != Errno.None)
                return error;
            frames[i] = frame!.Mfn;
        }
        return Errno.None;
    }

    private static Errno FindServerFrames(in HypercallCall call, Domain domain, uint id, ulong first, Span<Mfn> frames)
    {
        if (id > ushort.MaxValue)
            return Errno.EINVAL;
        for (int i = 0; i < frames.Length; i++)
        {
            Errno error = domain.IoServers.FrameFor((ushort)id, call.Domain.Identity, unchecked(first + (ulong)i), out frames[i]);
            if (error != Errno.None)
                return error;
        }
        return Errno.None;
    }

    private static long TellSize(ref HypercallCall call, uint size) =>
        call.Handle<uint>(call.A1).TryWriteElement(call.Access, FrameCountWord, in size) ? 0 : call.Fault();

    private static Errno Refuse(ref HypercallCall call, Errno error, string reason)
    {
        call.Reason = reason;
        return error;
    }

    private static bool TryRead(ref HypercallCall call, out MemAcquireResource resource)
    {
        if (call.Is64Bit)
            return call.TryRead(call.A1, out resource);
        bool read = call.TryRead(call.A1, out MemAcquireResource32 narrow);
        resource = new MemAcquireResource
        {
            Domain = narrow.Domain, Type = narrow.Type, Id = narrow.Id, FrameCount = narrow.FrameCount, Pad = narrow.Pad, Frame = narrow.Frame,
            FrameList = narrow.FrameList,
        };
        return read;
    }
}
