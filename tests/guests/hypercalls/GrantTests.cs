using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>grant_table_op as far as a lone domain goes (Xen public header grant_table.h).</summary>
internal static class GrantTests
{
    private const int Frame = PoolPage.FirstFree + 6;

    public static void Run(TestRun tests)
    {
        tests.Start("grant query_size");
        var size = new GnttabQuerySize { Domain = DomainIds.Self, Status = 99 };
        tests.Success(Call(GrantTableOp.QuerySize, ref size, 1), "of oneself");
        tests.Equal(size.Status, (long)GrantStatus.Okay, "status");
        tests.Between(size.MaximumFrameCount, size.FrameCount, 4096, "most frames");
        size = new GnttabQuerySize { Domain = 77 };
        tests.Success(Call(GrantTableOp.QuerySize, ref size, 1), "of domain 77");
        tests.Equal(size.Status, (long)GrantStatus.BadDomain, "its status");
        tests.Error(Call(GrantTableOp.QuerySize, ref size, 2), Errno.EINVAL, "two at once");

        tests.Start("grant set_version, get_version");
        var version = new GnttabSetVersion { Version = 1 };
        tests.Success(Call(GrantTableOp.SetVersion, ref version, 1), "version 1");
        tests.Equal(version.Version, 1, "what it returns");
        version.Version = 3;
        tests.Error(Call(GrantTableOp.SetVersion, ref version, 1), Errno.EINVAL, "version 3");
        var current = new GnttabGetVersion { Domain = DomainIds.Self };
        tests.Success(Call(GrantTableOp.GetVersion, ref current, 1), "get_version");
        tests.Equal(current.Version, 1, "the version");
        current = new GnttabGetVersion { Domain = 77 };
        tests.Error(Call(GrantTableOp.GetVersion, ref current, 1), Errno.ESRCH, "get_version of domain 77");

        tests.Start("grant table frame in the guest");
        var map = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GrantTable, Index = 0, Gpfn = Layout.FrameOf(Frame) };
        tests.Success(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, ref map), "add_to_physmap");
        ulong page = Layout.FrameOf(Frame) * Layout.PageSize;
        const int reservedEntries = 8, entrySize = 8;
        tests.Equal((long)Memory.Read64(page + (reservedEntries * entrySize)), 0, "the first free entry");
        Memory.Write64(page + 4088, 0);
        tests.Equal((long)Memory.Read64(page + 4088), 0, "it takes writes");

        tests.Start("grant unavailable operations");
        ulong word = 0;
        tests.Error(Call(GrantTableOp.DumpTable, ref word, 1), Errno.ENOSYS, "dump_table");
        tests.Error(Call(GrantTableOp.Transfer, ref word, 1), Errno.ENOSYS, "transfer");
        tests.Error(Call(GrantTableOp.UnmapAndReplace, ref word, 1), Errno.ENOSYS, "unmap_and_replace");
        tests.Error(Call(GrantTableOp.GetStatusFrames, ref word, 1), Errno.ENOSYS, "get_status_frames");
        tests.Error(Call(GrantTableOp.CacheFlush, ref word, 1), Errno.ENOSYS, "cache_flush");
        tests.Error(Xen.Call(Hypercall.GrantTableOp, 99, Xen.AddressOf(ref word), 1), Errno.ENOSYS, "99");

        tests.Start("grant hostile arguments");
        for (int i = 0; i < Hostile.Count; i++)
        {
            tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, Hostile.At(i), 1), Errno.EFAULT, Hostile.Name(i));
            tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.SetVersion, Hostile.At(i), 1), Errno.EFAULT, Hostile.Name(i));
        }

        tests.Error(Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.Copy, Hostile.NonCanonical, 0xFFFF_FFFF), Errno.EINVAL, "2^32 - 1 copies");
    }

    private static long Call<T>(GrantTableOp operation, ref T argument, ulong count) where T : unmanaged =>
        Xen.Call(Hypercall.GrantTableOp, (ulong)operation, Xen.AddressOf(ref argument), count);
}
