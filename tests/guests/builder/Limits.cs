using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Memory: limits, claims, the pool for tables, and filling another domain.</summary>
internal static class Limits
{
    private const ushort Nobody = 0x1234;

    private static readonly ulong[] s_list = new ulong[1024];

    /// <summary>Gives a domain memory; how many extents it got.</summary>
    public static long Populate(ushort domain, ulong gfn, uint count, uint order)
    {
        for (uint i = 0; i < count; i++)
        {
            s_list[(int)i] = gfn + ((ulong)i << (int)order);
        }

        var argument = new MemoryReservation { ExtentStart = Xen.AddressOf(ref s_list[0]), ExtentCount = count, ExtentOrder = order, Domain = domain };
        return Hypercalls.MemoryPopulatePhysmap(ref argument);
    }

    public static void Run(TestRun tests)
    {
        tests.Start("max_mem, populate_physmap of another");
        Control.Create(Control.Pvh(1), out ushort id);
        Control.MakeVcpus(id, 1);
        tests.Equal(Populate(id, 0, 1, 0), 0, "before any is allowed");
        tests.Success(Control.SetMaximumMemory(id, 4 << 10), "4 MiB");
        tests.Equal(Populate(id, 0, 512, 0), 512, "2 MiB in small pages");
        tests.Equal(Populate(id, 512, 2, 9), 1, "2 MiB in a large one, and no more");
        tests.Equal(Populate(Nobody, 0, 1, 0), 0, "an unknown domain");
        Control.Describe(id, out DomainInformation full);
        tests.Equal((long)full.TotalPages, 1024, "pages");
        tests.Equal((long)full.MaximumPages, 1024, "the limit");
        tests.Success(Control.SetMaximumMemory(id, 4), "less than there is");
        Control.Describe(id, out full);
        tests.Equal((long)full.MaximumPages, 1, "the limit");
        tests.Success(Control.SetMaximumMemory(id, ulong.MaxValue), "without limit");
        Control.Describe(id, out full);
        tests.Equal((long)full.MaximumPages, uint.MaxValue, "the limit");
        Claims(tests, id);
        Pool(tests, id);
        Maps(tests, id);
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
    }

    private static long Claim(ushort domain, ulong pages, uint order = 0, uint flags = 0, ulong list = 0)
    {
        var argument = new MemoryReservation { ExtentStart = list, ExtentCount = pages, ExtentOrder = order, Flags = flags, Domain = domain };
        return Hypercalls.MemoryClaimPages(ref argument);
    }

    private static ulong Outstanding(ushort id)
    {
        Control.Describe(id, out DomainInformation information);
        return information.OutstandingPages;
    }

    private static void Claims(TestRun tests, ushort id)
    {
        tests.Start("claim_pages");
        if (NarrowCalls.IsOn)
        {
            tests.Error(Claim(Nobody, 1536, flags: 1), Errno.ENOSYS, "a 32-bit call");
            return;
        }

        Control.SetMaximumMemory(id, 8 << 10);
        tests.Error(Claim(id, 1024), Errno.EINVAL, "as much as it has");
        tests.Error(Claim(id, 2049), Errno.EINVAL, "more than it may have");
        tests.Error(Claim(id, 1536, order: 1), Errno.EINVAL, "an order");
        tests.Error(Claim(id, 1536, flags: 1), Errno.EINVAL, "flags");
        tests.Error(Claim(id, 1536, list: 1), Errno.EINVAL, "a list");
        tests.Error(Claim(Nobody, 1536), Errno.EINVAL, "an unknown domain");
        tests.Error(Claim(DomainIds.Self, ulong.MaxValue), Errno.EINVAL, "DOMID_SELF");
        tests.Success(Claim(id, 1536), "2 MiB more");
        tests.Equal((long)Outstanding(id), 512, "outstanding");
        tests.Error(Claim(id, 2048), Errno.EINVAL, "a second claim");
        tests.Equal(Populate(id, 2048, 256, 0), 256, "1 MiB of it");
        tests.Equal((long)Outstanding(id), 256, "outstanding");
        tests.Success(Claim(id, 0), "given up");
        tests.Equal((long)Outstanding(id), 0, "outstanding");
        Control.SetMaximumMemory(id, ulong.MaxValue);
        tests.Error(Claim(id, 1U << 30), Errno.ENOMEM, "more than the machine has");
    }

    private static long SetPool(ushort id, ulong bytes)
    {
        var argument = new Domctl { PagingPool = new DomctlPagingPool { Bytes = bytes } };
        return Control.Call(DomctlOp.SetPagingMempoolSize, id, ref argument);
    }

    private static ulong PoolOf(ushort id)
    {
        var argument = default(Domctl);
        return Control.Call(DomctlOp.GetPagingMempoolSize, id, ref argument) == 0 ? argument.PagingPool.Bytes : ulong.MaxValue;
    }

    private static long Shadow(ushort id, ShadowOp operation, uint mode, ref uint mebibytes)
    {
        var argument = new Domctl { Shadow = new DomctlShadow { Operation = (uint)operation, Mode = mode, Mebibytes = mebibytes } };
        long result = Control.Call(DomctlOp.ShadowOp, id, ref argument);
        mebibytes = argument.Shadow.Mebibytes;
        return result;
    }

    private static void Pool(TestRun tests, ushort id)
    {
        tests.Start("the pool for page tables");
        Control.Create(Control.Pvh(1), out ushort fresh);
        tests.Equal((long)PoolOf(fresh), 1 << 20, "at first");
        Control.Call(DomctlOp.Destroydomain, fresh);
        tests.Error(SetPool(id, 0x1001), Errno.EINVAL, "no whole pages");
        tests.Error(SetPool(id, 1UL << 50), Errno.EINVAL, "too many pages to count");
        tests.Success(SetPool(id, 2 << 20), "2 MiB");
        tests.Equal((long)PoolOf(id), 2 << 20, "2 MiB");
        tests.Error(SetPool(id, 0), Errno.ENOMEM, "less than is in use");
        tests.True(PoolOf(id) is > 0 and < 1 << 20, "it has shrunk to what is in use");
        uint mebibytes = 4;
        tests.Success(Shadow(id, ShadowOp.SetAllocation, 0, ref mebibytes), "shadow_op, 4 MiB");
        tests.Equal((long)PoolOf(id), 4 << 20, "4 MiB");
        tests.Success(Shadow(id, ShadowOp.GetAllocation, 0, ref mebibytes), "shadow_op, how much");
        tests.Equal(mebibytes, 4, "4 MiB");
        tests.Success(Shadow(id, ShadowOp.Off, 0, ref mebibytes), "shadow_op, off");
        tests.Error(Shadow(id, ShadowOp.EnableTest, 0, ref mebibytes), Errno.EINVAL, "shadow_op, test mode");
        tests.Error(Shadow(id, ShadowOp.Enable, 0, ref mebibytes), Errno.EINVAL, "shadow_op, no mode");
        tests.Error(Shadow(id, (ShadowOp)99, 0, ref mebibytes), Errno.EINVAL, "shadow_op, unknown");
        tests.Error(Shadow(0, ShadowOp.GetAllocation, 0, ref mebibytes), Errno.EINVAL, "shadow_op, the caller's");
    }

    private static void Maps(TestRun tests, ushort id)
    {
        tests.Start("set_memory_map");
        var entry = new E820Entry { Address = 0, Size = 8 << 20, Type = 1 };
        var argument = new ForeignMemoryMap { Domain = id, EntryCount = 1, Buffer = Xen.AddressOf(ref entry) };
        tests.Success(Hypercalls.MemorySetMemoryMap(ref argument), "one entry");
        argument.EntryCount = 0;
        tests.Success(Hypercalls.MemorySetMemoryMap(ref argument), "none");
        argument.EntryCount = 1;
        argument.Buffer = Hostile.NonCanonical;
        tests.Error(Hypercalls.MemorySetMemoryMap(ref argument), Errno.EFAULT, "entries nowhere");
        argument.Domain = Nobody;
        tests.Error(Hypercalls.MemorySetMemoryMap(ref argument), Errno.ESRCH, "an unknown domain");
    }
}
