using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The subops that take many frames in one call.</summary>
internal static class Altp2mLists
{
    private const ulong LowestFrame = 16;

    private const int Many = 150, Accesses = 2048;

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        Access(tests, partner, view);
        Suppress(tests, partner, view);
        Altp2mViews.Destroy(partner, view);
    }

    private static long SetAccesses(Altp2mPartner partner, HvmAltp2mSetMemAccessMulti list, out ulong opaque)
    {
        var argument = new HvmAltp2mOp { SetMemAccessMulti = list };
        long result = partner.Call(Altp2mOp.SetMemAccessMulti, ref argument);
        opaque = argument.SetMemAccessMulti.Opaque;
        return result;
    }

    private static void Access(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, set_mem_access_multi");
        for (int i = 0; i < Many; i++)
        {
            partner.List(i * 8, LowestFrame + (ulong)i);
            partner.ListByte(Accesses + i, (byte)(i % 2 == 0 ? MemoryAccess.ReadExecute : MemoryAccess.ReadWrite));
        }

        var all = new HvmAltp2mSetMemAccessMulti { View = view, Count = Many, Pfns = partner.ListAt(0), Accesses = partner.ListAt(Accesses) };
        tests.Error(SetAccesses(partner, all with { Pad = 1 }, out _), Errno.EINVAL, "something in the gap");
        tests.Error(SetAccesses(partner, all with { Opaque = Many + 1 }, out _), Errno.EINVAL, "past the end already");
        tests.Error(SetAccesses(partner, all with { View = 5 }, out _), Errno.EINVAL, "a view that there is not");
        tests.Error(SetAccesses(partner, all with { View = Altp2mViews.Limit }, out _), Errno.EINVAL, "a view past the last");
        tests.Success(SetAccesses(partner, all with { Count = 0, Pfns = Hostile.Unmapped, Accesses = Hostile.Unmapped }, out _), "no frame");
        tests.Success(SetAccesses(partner, all with { Opaque = Many, Pfns = Hostile.Unmapped, Accesses = Hostile.Unmapped }, out _), "at the end already");
        tests.Error(SetAccesses(partner, all with { Pfns = Hostile.Unmapped }, out _), Errno.EFAULT, "bad frames");
        tests.Error(SetAccesses(partner, all with { Accesses = Hostile.Unmapped }, out _), Errno.EFAULT, "bad rights");
        tests.Error(SetAccesses(partner, all with { Pfns = Hostile.Wrapping }, out _), Errno.EFAULT, "frames that wrap");
        tests.Success(SetAccesses(partner, all with { Opaque = 100 }, out _), "from the hundredth on");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 100), (long)MemoryAccess.ReadExecute, "the hundredth");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 149), (long)MemoryAccess.ReadWrite, "the last");
        tests.Success(SetAccesses(partner, all, out ulong opaque), "all");
        // Xen stops only where something else waits.
        tests.True(opaque is 0 or 64 or 128, "its progress");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame), (long)MemoryAccess.ReadExecute, "the first");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 63), (long)MemoryAccess.ReadWrite, "the one before the pause");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 64), (long)MemoryAccess.ReadExecute, "the one behind it");
        for (int i = 0; i < Many; i++)
        {
            partner.ListByte(Accesses + i, (byte)MemoryAccess.All);
        }

        partner.ListByte(Accesses + 10, 11);
        tests.Error(SetAccesses(partner, all, out _), Errno.EINVAL, "rights that there are not in the midst");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 8), (long)MemoryAccess.All, "one before is done");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 12), (long)MemoryAccess.ReadExecute, "one behind is not");
        partner.ListByte(Accesses + 10, (byte)MemoryAccess.All);
        partner.List(20 * 8, Altp2mFrames.Hole);
        tests.Success(SetAccesses(partner, all, out _), "no memory in the midst");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, LowestFrame + 149), (long)MemoryAccess.All, "the last");
        partner.List(20 * 8, LowestFrame + 20);
        tests.Success(SetAccesses(partner, all with { View = 0, Count = 3 }, out opaque), "in view 0");
        tests.Equal((long)opaque, 0, "its progress");
    }

    private static long SetSuppressed(Altp2mPartner partner, HvmAltp2mSuppressVeMulti range, out HvmAltp2mSuppressVeMulti answer)
    {
        var argument = new HvmAltp2mOp { SuppressVeMulti = range };
        long result = partner.Call(Altp2mOp.SetSuppressVeMulti, ref argument);
        answer = argument.SuppressVeMulti;
        return result;
    }

    private static void Suppress(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, set_suppress_ve_multi");
        var all = new HvmAltp2mSuppressVeMulti { View = view, FirstGfn = LowestFrame, LastGfn = LowestFrame + Many, FirstError = 0x5A5A, FirstErrorGfn = 0x5A5A };
        tests.Error(SetSuppressed(partner, all with { Pad1 = 1 }, out _), Errno.EINVAL, "something in the gap");
        tests.Error(SetSuppressed(partner, all with { LastGfn = LowestFrame - 1 }, out _), Errno.EINVAL, "the last before the first");
        tests.Error(SetSuppressed(partner, all with { View = 5 }, out HvmAltp2mSuppressVeMulti answer), Errno.EINVAL, "a view that there is not");
        tests.Error(SetSuppressed(partner, all with { View = Altp2mViews.Limit }, out _), Errno.EINVAL, "past the last");
        tests.Error(SetSuppressed(partner, all with { View = ushort.MaxValue }, out _), Errno.EINVAL, "far past the last");
        tests.Success(SetSuppressed(partner, all with { FirstGfn = LowestFrame + 3, LastGfn = LowestFrame + 3 }, out answer), "one frame");
        tests.Equal(answer.FirstError, 0x5A5A, "the first error is left alone");
        tests.Equal((long)answer.FirstErrorGfn, 0x5A5A, "where it was, too");
        tests.Equal((long)answer.FirstGfn, (long)LowestFrame + 4, "the first frame that is left");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, LowestFrame + 3), 0, "the one");
        tests.Success(SetSuppressed(partner, all with { FirstError = 0 }, out answer), "many");
        tests.Equal(answer.FirstError, 0, "the first error");
        tests.Equal((long)answer.FirstGfn, (long)LowestFrame + Many + 1, "the first frame that is left");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, LowestFrame), 0, "the first");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, LowestFrame + 64), 0, "the one at the pause");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, LowestFrame + Many), 0, "the last");
        tests.Success(SetSuppressed(partner, all with { FirstGfn = Altp2mFrames.Hole, LastGfn = Altp2mFrames.Hole + 3, FirstError = 0 }, out answer), "where no memory is");
        tests.Equal(answer.FirstError, -(long)Errno.ESRCH, "the first error");
        tests.Equal((long)answer.FirstErrorGfn, (long)Altp2mFrames.Hole, "where it was");
        tests.Success(SetSuppressed(partner, all with { FirstGfn = 0x7FE, LastGfn = 0x802, FirstError = 0, SuppressVe = 1 }, out answer), "across the end of memory");
        tests.Equal(answer.FirstError, -(long)Errno.ESRCH, "the first error");
        tests.Equal((long)answer.FirstErrorGfn, 0x800, "where it was");
        tests.Success(SetSuppressed(partner, all with { SuppressVe = 1 }, out _), "back");
    }
}
