using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Frames of another domain that are not its memory, mapped by XENMEM_acquire_resource.</summary>
internal static class Resources
{
    private const ushort Nobody = 0x1234;

    // Where the builder has no memory, and its page tables reach.
    private const ulong Window = 0x6000_0000;
    private const ulong FirstPlace = Window >> 12, PastTheLast = 1UL << 36;

    private static readonly ulong[] s_places = new ulong[64];

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(1), out ushort id);
        Control.MakeVcpus(id, 1);
        Errors(tests, id);
        Sizes(tests, id);
        Frames(tests, id);
        Passes(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static MemAcquireResource Wanted(ushort domain, ResourceType type = ResourceType.GrantTable) =>
        new() { Domain = domain, Type = (ushort)type, FrameCount = 1, FrameList = Xen.AddressOf(ref s_places[0]) };

    private static long Acquire(MemAcquireResource resource, ulong progress = 0) =>
        Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource | (progress << 6), ref resource);

    private static void Place(int count, ulong first)
    {
        for (int i = 0; i < count; i++)
        {
            s_places[i] = first + (ulong)i;
        }
    }

    private static void Errors(TestRun tests, ushort id)
    {
        tests.Start("acquire_resource, what is refused");
        Place(1, FirstPlace);
        tests.Error(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, Hostile.NonCanonical), Errno.EFAULT, "a bad pointer");
        tests.Error(Acquire(Wanted(Nobody) with { Pad = 1 }), Errno.EINVAL, "padding");
        tests.Error(Acquire(Wanted(Nobody) with { Id = 9 }), Errno.ESRCH, "an unknown domain");
        tests.Error(Acquire(Wanted(DomainIds.Self)), Errno.ESRCH, "DOMID_SELF");
        tests.Error(Acquire(Wanted(0) with { Id = 9 }), Errno.EPERM, "the caller's own");
        tests.Error(Acquire(Wanted(id) with { Id = 2 }), Errno.EINVAL, "an unknown table");
        tests.Error(Acquire(Wanted(id) with { Id = 1 }), Errno.EINVAL, "status frames in version 1");
        tests.Error(Acquire(Wanted(id, (ResourceType)3)), Errno.EOPNOTSUPP, "an unknown type");
        tests.Error(Acquire(Wanted(id, ResourceType.VmtraceBuffer)), Errno.EINVAL, "a trace buffer");
        tests.Error(Acquire(Wanted(id, ResourceType.IoreqServer)), Errno.ENOENT, "an ioreq server that is not there");
        tests.Error(Acquire(Wanted(id) with { FrameList = 0 }), Errno.EINVAL, "a frame and no list");
        tests.Error(Acquire(Wanted(id) with { FrameCount = 0 }), Errno.EINVAL, "a list and no frame");
        // A 32-bit call is not refused for that: it is worked off in parts from the start.
        tests.Error(Acquire(Wanted(id) with { FrameCount = 1U << 26, Frame = NarrowCalls.IsOn ? 64UL : 0 }), Errno.EINVAL, "more frames than a call can count");
        tests.Error(Acquire(Wanted(id) with { Frame = 64 }), Errno.EINVAL, "past the last");
        tests.Error(Acquire(Wanted(id) with { Frame = 63, FrameCount = 2 }), Errno.EINVAL, "over the last");
        tests.Error(Acquire(Wanted(id) with { Frame = ulong.MaxValue }), Errno.EINVAL, "the highest frame");
        tests.Error(Acquire(Wanted(id) with { FrameList = Hostile.NonCanonical }), Errno.EFAULT, "a bad list");
        tests.Error(Acquire(Wanted(id), progress: 1), Errno.EINVAL, "all done already");
        tests.Error(Acquire(Wanted(id) with { FrameCount = 0, FrameList = 0 }, progress: 1), Errno.EINVAL, "a size in parts");
        if (NarrowCalls.IsOn)
        {
            // It has no number for a place past the last.
            Place(2, FirstPlace);
            tests.Success(Acquire(Wanted(id) with { FrameCount = 2 }), "two frames");
            tests.Success(Remove(FirstPlace + 1), "the second was mapped");
        }
        else
        {
            Place(1, PastTheLast);
            tests.Error(Acquire(Wanted(id)), Errno.ENOENT, "a place past the last");
            s_places[0] = FirstPlace;
            s_places[1] = PastTheLast;
            tests.Error(Acquire(Wanted(id) with { FrameCount = 2 }), Errno.EIO, "a second place past the last");
        }

        tests.Success(Remove(FirstPlace), "the first was mapped");
        tests.Equal(TableFrames(id), 2, "frames of the table");
    }

    private static long Size(ushort id, ResourceType type, uint which)
    {
        MemAcquireResource resource = Wanted(id, type) with { Id = which, Frame = 99, FrameCount = 0, FrameList = 0 };
        long result = Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AcquireResource, ref resource);
        return result == 0 ? resource.FrameCount : result;
    }

    private static void Sizes(TestRun tests, ushort id)
    {
        tests.Start("acquire_resource, sizes");
        tests.Equal(Size(id, ResourceType.GrantTable, 0), 64, "entries");
        tests.Equal(Size(id, ResourceType.GrantTable, 1), 8, "status words");
        tests.Error(Size(id, ResourceType.GrantTable, 2), Errno.EINVAL, "an unknown table");
        tests.Equal(Size(id, ResourceType.IoreqServer, 0), 2, "an ioreq server");
        tests.Error(Size(id, ResourceType.VmtraceBuffer, 0), Errno.EINVAL, "a trace buffer");
        tests.Equal(Size(id, (ResourceType)3, 0), 0xFFFF_FFA1, "an unknown type: the negated errno as a size");
    }

    private static void Frames(TestRun tests, ushort id)
    {
        tests.Start("acquire_resource, a grant table");
        Place(1, FirstPlace);
        tests.Success(Acquire(Wanted(id)), "its first frame");
        tests.Equal((long)Memory.Read64(Window), 0, "an entry");
        Memory.Write64(Window + 0x320, 0x1234_5678);
        Place(1, FirstPlace + 1);
        tests.Success(Acquire(Wanted(id)), "the same elsewhere");
        tests.Equal((long)Memory.Read64(Window + 0x1320), 0x1234_5678, "an entry that was written");
        tests.Success(Acquire(Wanted(id)), "the same at the same place");
        Place(3, FirstPlace + 2);
        tests.Success(Acquire(Wanted(id) with { Frame = 2, FrameCount = 3 }), "three more, to which the table grows");
        tests.Equal(TableFrames(id), 5, "frames of the table");
        Memory.Write64(Window + 0x320, 0);
        for (ulong i = 0; i < 5; i++)
        {
            tests.Success(Remove(FirstPlace + i), "remove_from_physmap");
        }

        tests.Error(Remove(FirstPlace), Errno.ENOENT, "remove_from_physmap once more");
    }

    private static void Passes(TestRun tests, ushort id)
    {
        tests.Start("acquire_resource, many frames");
        Place(64, FirstPlace);
        tests.Success(Acquire(Wanted(id) with { FrameCount = 64 }), "all");
        for (ulong i = 0; i < 64; i++)
        {
            Memory.Write64(Window + (i << 12), i);
        }

        for (ulong i = 0; i < 64; i++)
        {
            tests.Equal((long)Memory.Read64(Window + (i << 12)), (long)i, "each is another");
        }

        Place(40, FirstPlace + 64);
        bool fails = !NarrowCalls.IsOn;
        s_places[32] = fails ? PastTheLast : s_places[32];
        tests.Equal(Acquire(Wanted(id) with { FrameCount = 40 }), fails ? -(long)Errno.ENOENT : 0, "the first of the second pass past the last");
        Place(40, FirstPlace + 64);
        tests.Success(Acquire(Wanted(id) with { FrameCount = 40 }, progress: 33), "from the 33rd on");
        for (ulong i = 0; i < 64 + 40; i++)
        {
            tests.Equal(Remove(FirstPlace + i), fails && i == 64 + 32 ? -(long)Errno.ENOENT : 0, "remove_from_physmap");
        }
    }

    private static long Remove(ulong gfn)
    {
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = gfn };
        return Hypercalls.MemoryRemoveFromPhysmap(ref argument);
    }

    private static long TableFrames(ushort id)
    {
        var argument = new GnttabQuerySize { Domain = id };
        long result = Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, Xen.AddressOf(ref argument), 1);
        return result != 0 || argument.Status != 0 ? -1 : argument.FrameCount;
    }
}
