using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>dm_op: what a domain's memory is, and where.</summary>
internal static class DmMemoryOps
{
    private const string Gap = "something stands in the gap";

    public static long SetType(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref DmOpMemoryType argument = ref frame.Argument.MemoryType;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        ulong last = unchecked(argument.First + argument.Count - 1);
        if (argument.First > last || last > frame.Target.P2m.MaximumGfn.Value)
            return call.Fail(Errno.EINVAL, "no frames, or past the domain's last");
        P2mType type;
        switch ((HvmMemoryType)argument.Type)
        {
            case HvmMemoryType.RamRw:
                type = P2mType.Ram;
                break;
            case HvmMemoryType.RamRo:
                type = P2mType.RamReadOnly;
                break;
            case HvmMemoryType.MmioDm:
                type = P2mType.None;
                break;
            case HvmMemoryType.IoreqServer when frame.Target.IoServers.HasMemoryServer:
                type = P2mType.RamForwarded;
                break;
            case HvmMemoryType.IoreqServer:
                return call.Fail(Errno.EINVAL, "no server has such memory");
            default:
                return call.Fail(Errno.EINVAL, "no such type");
        }
        uint count = argument.Count;
        for (uint done = 0; done < count; done++)
        {
            if (done == (uint)call.Dispatcher.Budget)
            {
                argument.First += done;
                argument.Count -= done;
                frame.CopiesBack = true;
                return call.Restart();
            }
            Errno error = ChangeType(frame.Target, new Gfn(argument.First + done), type);
            if (error != Errno.None)
                return call.Fail(error, "memory that can't become that, or no frame for a page table");
        }
        return 0;
    }

    /// <summary>Memory becomes any of the three; where nothing is, nothing can stay. What is taken out goes back to the machine.</summary>
    private static Errno ChangeType(Domain domain, Gfn gfn, P2mType type)
    {
        P2mEntry entry = domain.P2m.Lookup(gfn);
        if (entry.Type == P2mType.None)
            return type == P2mType.None ? Errno.None : Errno.EINVAL;
        if (!entry.IsRam)
            return Errno.EINVAL;
        // Between a server's memory and plain memory, and to and from no other.
        bool isForwarded = entry.Type == P2mType.RamForwarded, becomesForwarded = type == P2mType.RamForwarded;
        if ((becomesForwarded && entry.Type != P2mType.Ram) || (isForwarded && type != P2mType.Ram))
            return Errno.EINVAL;
        if (entry.Type == type)
            return Errno.None;
        if (becomesForwarded && domain.P2m.IsHeldBack(gfn))
        {
            Errno refused = FeatureMatrix.Check(MemoryFeatures.ForwardedMemory, domain.MemoryFeatures, out _);
            if (refused != Errno.None)
                return refused;
        }
        bool changed = type == P2mType.None
            ? domain.P2m.TryDepopulate(gfn)
            : domain.P2m.TrySet(gfn, entry.Mfn, 0, type);
        if (!changed)
            return Errno.ENOMEM;
        if (isForwarded || becomesForwarded)
            domain.IoServers.CountMemory(becomesForwarded);
        return Errno.None;
    }

    /// <summary>XENMEM_add_to_physmap with the space gmfn_range, which has 16 bits for the count.</summary>
    public static long Relocate(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref DmOpRelocate argument = ref frame.Argument.Relocate;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        uint count = unchecked((ushort)argument.Count);
        for (uint done = 0; done < count; done++)
        {
            if (done == (uint)call.Dispatcher.Budget)
            {
                argument.Count -= done;
                argument.Source = unchecked(argument.Source + done);
                argument.Destination = unchecked(argument.Destination + done);
                frame.CopiesBack = true;
                return call.Restart();
            }
            Errno error = PhysmapOps.Move(ref call, frame.Target, unchecked(argument.Source + done), unchecked(argument.Destination + done));
            if (error != Errno.None)
                return -(long)error;
        }
        return 0;
    }

    /// <summary>Kept, and without effect: all memory of a domain without devices is cached by write-back, as on Xen.</summary>
    public static long PinCaching(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpPinCaching argument = ref frame.Argument.PinCaching;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, Gap);
        if (argument.Last < argument.First || argument.Last >= PhysmapOps.GfnLimit)
            return call.Fail(Errno.EINVAL, "no range of guest frames");
        Errno error = (PinnedCaching)argument.Type switch
        {
            PinnedCaching.Delete => frame.Target.PinnedRanges.Remove(argument.First, argument.Last),
            PinnedCaching.Uncached or PinnedCaching.WriteCombining or PinnedCaching.WriteThrough or PinnedCaching.WriteProtected
                or PinnedCaching.WriteBack or PinnedCaching.UncachedMinus => frame.Target.PinnedRanges.Add(argument.First, argument.Last),
            _ => Errno.EINVAL,
        };
        return call.Result(error, "no way of caching, or an overlap, no such range, or too many");
    }

    /// <summary>The device model has written to memory: for the log of what is written. Last extent first; where nothing is there is nothing to mark.</summary>
    public static long Modified(ref HypercallCall call, ref DmOps.Frame frame)
    {
        P2m p2m = frame.Target.P2m;
        if (frame.BufferCount != DmOpLimits.Buffers)
            return call.Fail(Errno.EINVAL, "no buffer with extents");
        if (!p2m.Log.IsGlobal)
            return 0;
        ref DmOpModifiedMemory argument = ref frame.Argument.ModifiedMemory;
        if (frame.Second.Size / (ulong)Unsafe.SizeOf<DmOpExtent>() < argument.ExtentCount)
            return call.Fail(Errno.EINVAL, "a buffer that is shorter than the extents");
        ulong budget = (ulong)call.Dispatcher.Budget * FramesPerStep;
        while (argument.ExtentCount != 0)
        {
            if (!call.Handle<DmOpExtent>(frame.Second.Address).TryReadElement(call.Access, argument.ExtentCount - 1, out DmOpExtent extent))
                return call.Fault();
            if (extent.Pad != 0)
                return call.Fail(Errno.EINVAL, Gap);
            ulong end = unchecked(extent.First + extent.Count);
            // As on Xen, the domain's last frame is one too far.
            if (end <= extent.First || end > p2m.MaximumGfn.Value)
                return call.Fail(Errno.EINVAL, "no frames, or past the domain's last");
            if (argument.Progress >= extent.Count)
                return call.Fail(Errno.EINVAL, "more is done than there is");
            ulong count = Math.Min(extent.Count - argument.Progress, budget);
            for (ulong i = 0; i < count; i++)
                p2m.MarkModified(new Gfn(extent.First + argument.Progress + i));
            budget -= count;
            argument.Progress += (uint)count;
            if (argument.Progress == extent.Count)
            {
                argument.ExtentCount--;
                argument.Progress = 0;
            }
            if (budget == 0 && argument.ExtentCount != 0)
            {
                frame.CopiesBack = true;
                return call.Restart();
            }
        }
        return 0;
    }

    private const ulong FramesPerStep = 64;

    /// <summary>Which frames of a range were written since the last look at it; of another range than before, all.</summary>
    public static long TrackDirty(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpTrackDirty argument = ref frame.Argument.TrackDirty;
        if (argument.Pad != 0 || frame.BufferCount < DmOpLimits.Buffers)
            return call.Fail(Errno.EINVAL, "something stands in the gap, or there is no buffer for the bitmap");
        if (argument.Count > DmOpLimits.TrackedFrames)
            return call.Fail(Errno.EINVAL, "more than 1 GiB");
        if (frame.Target.IsDying)
            return call.Fail(Errno.ESRCH, "the domain is being taken apart");
        if (!frame.Target.HasVcpus)
            return call.Fail(Errno.EINVAL, "the domain's vCPUs are not made yet");
        if ((argument.Count + 7) / 8 > frame.Second.Size)
            return call.Fail(Errno.EINVAL, "the bitmap is too short");
        if (!frame.Target.TryStandStill(call.Vcpu))
            return call.Restart();
        long result = LookAtRange(ref call, ref frame);
        frame.Target.P2m.AnnounceAll();
        frame.Target.Unpause();
        return result;
    }

    private const int ChunkFrames = 2048;

    private static long LookAtRange(ref HypercallCall call, ref DmOps.Frame frame)
    {
        ref readonly DmOpTrackDirty argument = ref frame.Argument.TrackDirty;
        P2m p2m = frame.Target.P2m;
        DirtyLog log = p2m.Log;
        var first = new Gfn(argument.First);
        if (log.RangeCount != argument.Count || (argument.Count != 0 && log.RangeFirst != first))
        {
            frame.Target.TrackRange(first, argument.Count);
            log.IsRangeNew = true;
            log.RangeDone = 0;
        }
        frame.Target.MarkShared(false);
        Span<byte> written = stackalloc byte[ChunkFrames / 8];
        for (int chunks = Math.Max(call.Dispatcher.Budget / 16, 1); log.RangeDone < argument.Count; chunks--)
        {
            if (chunks == 0)
                return call.Restart();
            ulong done = log.RangeDone;
            int count = (int)Math.Min(argument.Count - done, ChunkFrames);
            Span<byte> part = written.Slice(0, (count + 7) / 8);
            part.Clear();
            for (int i = 0; i < count; i++)
            {
                if (log.IsRangeNew || log.WasTrackedWritten(new Gfn(unchecked(first.Value + done + (ulong)i))))
                    part[i / 8] |= (byte)(1 << (i & 7));
            }
            if (log.IsRangeNew)
                part.Fill(byte.MaxValue);
            if (!call.Access.CopyOut(call.Handle<byte>(unchecked(frame.Second.Address + done / 8)).Address, part))
            {
                log.RangeDone = 0;
                return call.Fault();
            }
            for (int i = 0; i < count; i++)
                p2m.ClearTracked(new Gfn(unchecked(first.Value + done + (ulong)i)));
            log.RangeDone += (ulong)count;
        }
        log.RangeDone = 0;
        log.IsRangeNew = false;
        return 0;
    }
}
