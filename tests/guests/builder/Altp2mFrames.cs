using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Rights, remaps and suppression of #VE, a frame a call.</summary>
internal static class Altp2mFrames
{
    public const ulong Hole = 0x9_0000;

    private const ulong PastProcessor = 1UL << 36;

    private static ulong First => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong Second => Altp2mPartner.FrameOf(Altp2mChild.Second);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view);
        Access(tests, partner, view);
        BadAccess(tests, partner, view);
        HostAccess(tests, partner, view);
        Remap(tests, partner, view);
        Suppress(tests, partner, view);
        Altp2mViews.Destroy(partner, view);
    }

    public static long SetAccess(Altp2mPartner partner, ushort view, ulong gfn, ushort access, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = access, Pad = pad, Gfn = gfn } };
        return partner.Call(Altp2mOp.SetMemAccess, ref argument);
    }

    public static long SetAccess(Altp2mPartner partner, ushort view, ulong gfn, MemoryAccess access) => SetAccess(partner, view, gfn, (ushort)access);

    /// <summary>The rights, or the error.</summary>
    public static long AccessOf(Altp2mPartner partner, ushort view, ulong gfn, uint pad = 0)
    {
        var argument = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Access = 0x5A5A, Pad = pad, Gfn = gfn } };
        long result = partner.Call(Altp2mOp.GetMemAccess, ref argument);
        return result != 0 ? result : argument.MemAccess.Access;
    }

    public static long Change(Altp2mPartner partner, ushort view, ulong from, ulong to, ushort pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { ChangeGfn = new HvmAltp2mChangeGfn { View = view, Pad1 = pad1, Pad2 = pad2, OldGfn = from, NewGfn = to } };
        return partner.Call(Altp2mOp.ChangeGfn, ref argument);
    }

    public static long SetSuppressed(Altp2mPartner partner, ushort view, ulong gfn, byte suppressed, byte pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, SuppressVe = suppressed, Pad1 = pad1, Pad2 = pad2, Gfn = gfn } };
        return partner.Call(Altp2mOp.SetSuppressVe, ref argument);
    }

    /// <summary>Whether #VE is suppressed, or the error.</summary>
    public static long Suppressed(Altp2mPartner partner, ushort view, ulong gfn, byte pad1 = 0, uint pad2 = 0)
    {
        var argument = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, SuppressVe = 0x5A, Pad1 = pad1, Pad2 = pad2, Gfn = gfn } };
        long result = partner.Call(Altp2mOp.GetSuppressVe, ref argument);
        return result != 0 ? result : argument.SuppressVe.SuppressVe;
    }

    /// <summary>Whether the processor can keep to the rights: on AMD's, what is executed is read.</summary>
    public static bool CanBeHad(MemoryAccess access) => Xen.UsesVmcall || access is not (MemoryAccess.Execute or MemoryAccess.WriteExecute);

    private static void Access(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, set_mem_access and get_mem_access");
        foreach (MemoryAccess access in new[]
                 {
                     MemoryAccess.None, MemoryAccess.Read, MemoryAccess.WriteExecute, MemoryAccess.ReadWrite, MemoryAccess.Execute, MemoryAccess.ReadExecute,
                     MemoryAccess.All, MemoryAccess.ReadExecuteToReadWrite, MemoryAccess.NoneToAll,
                 })
        {
            if (!CanBeHad(access))
            {
                tests.Error(SetAccess(partner, view, First, access), Errno.EOPNOTSUPP, "rights that the processor can't give");
                continue;
            }

            tests.Success(SetAccess(partner, view, First, access), "each kind of rights");
            tests.Equal(AccessOf(partner, view, First), (long)access, "then");
            tests.Equal(AccessOf(partner, 0, First), (long)MemoryAccess.All, "in view 0");
        }

        tests.Success(SetAccess(partner, view, First, MemoryAccess.Write), "to write alone");
        tests.Equal(AccessOf(partner, view, First), (long)MemoryAccess.Write, "then");
        tests.Success(SetAccess(partner, view, First, MemoryAccess.Default), "the domain's default");
        tests.Equal(AccessOf(partner, view, First), (long)MemoryAccess.All, "then");
    }

    private static void BadAccess(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, what set_mem_access and get_mem_access refuse");
        tests.Error(SetAccess(partner, view, First, (ushort)MemoryAccess.Read, pad: 1), Errno.EINVAL, "something in the gap");
        tests.Error(SetAccess(partner, 5, First, MemoryAccess.Read), Errno.EINVAL, "a view that there is not");
        tests.Error(SetAccess(partner, Altp2mViews.Limit, First, MemoryAccess.Read), Errno.EINVAL, "past the last");
        tests.Error(SetAccess(partner, ushort.MaxValue, First, MemoryAccess.Read), Errno.EINVAL, "far past the last");
        tests.Error(SetAccess(partner, view, First, 11), Errno.EINVAL, "rights that there are not");
        tests.Error(SetAccess(partner, view, First, 0x107), Errno.EINVAL, "rights past a byte");
        tests.Equal(SetAccess(partner, view, Hole, MemoryAccess.Read), 0, "where no memory is");
        tests.Equal(SetAccess(partner, view, PastProcessor, MemoryAccess.Read), 0, "past the processor's addresses");
        tests.Equal(AccessOf(partner, view, First), (long)MemoryAccess.All, "none of that changed anything");
        tests.Error(AccessOf(partner, view, First, pad: 1), Errno.EINVAL, "get, something in the gap");
        tests.Error(AccessOf(partner, 5, First), Errno.EINVAL, "get, a view that there is not");
        tests.Error(AccessOf(partner, Altp2mViews.Limit, First), Errno.EINVAL, "get, past the last");
        tests.Error(AccessOf(partner, ushort.MaxValue, First), Errno.EINVAL, "get, far past the last");
        tests.Error(AccessOf(partner, view, Hole), Errno.ESRCH, "get, where no memory is");
        tests.Error(AccessOf(partner, view, PastProcessor), Errno.ESRCH, "get, past the processor's addresses");
    }

    private static void HostAccess(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, rights in view 0, and the default");
        tests.Success(SetAccess(partner, 0, Second, MemoryAccess.ReadWrite), "rights in view 0");
        tests.Equal(AccessOf(partner, 0, Second), (long)MemoryAccess.ReadWrite, "in view 0");
        tests.Success(SetAccess(partner, 0, Second, MemoryAccess.All), "all");
        tests.Equal(AccessOf(partner, view, ulong.MaxValue), (long)MemoryAccess.All, "the default");
        tests.Success(SetAccess(partner, view, ulong.MaxValue, MemoryAccess.ReadWrite), "set by a view");
        tests.Equal(AccessOf(partner, 0, ulong.MaxValue), (long)MemoryAccess.ReadWrite, "by view 0");
        tests.Equal(AccessOf(partner, view, ulong.MaxValue), (long)MemoryAccess.All, "the view keeps its own");
        tests.Success(SetAccess(partner, view, ulong.MaxValue, MemoryAccess.Default), "to the default itself");
        tests.Equal(AccessOf(partner, 0, ulong.MaxValue), (long)MemoryAccess.ReadWrite, "is no change");
        tests.Error(SetAccess(partner, view, ulong.MaxValue, 11), Errno.EINVAL, "to what there is not");
        tests.Success(SetAccess(partner, 0, ulong.MaxValue, MemoryAccess.All), "set by view 0");
        tests.Equal(AccessOf(partner, view, ulong.MaxValue), (long)MemoryAccess.All, "by the view");
        tests.Error(AccessOf(partner, 5, ulong.MaxValue), Errno.EINVAL, "by a view that there is not");
    }

    private static void Remap(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, change_gfn");
        tests.Error(Change(partner, view, First, Second, pad1: 1), Errno.EINVAL, "something in the first gap");
        tests.Error(Change(partner, view, First, Second, pad2: 1), Errno.EINVAL, "something in the second gap");
        tests.Error(Change(partner, 5, First, Second), Errno.EINVAL, "a view that there is not");
        tests.Error(Change(partner, Altp2mViews.Limit, First, Second), Errno.EINVAL, "past the last");
        tests.Error(Change(partner, ushort.MaxValue, First, Second), Errno.EINVAL, "far past the last");
        tests.Error(Change(partner, view, Hole, Second), Errno.ESRCH, "from where no memory is");
        tests.Error(Change(partner, view, First, Hole), Errno.ESRCH, "to where no memory is");
        tests.Error(Change(partner, view, PastProcessor, Second), Errno.ESRCH, "from past the processor's addresses");
        tests.Error(Change(partner, view, First, PastProcessor), Errno.ESRCH, "to past the processor's addresses");
        tests.Error(Change(partner, view, ulong.MaxValue, Second), Errno.ESRCH, "from no frame at all");
        tests.Success(Change(partner, view, First, ulong.MaxValue), "what was not changed, back");
        tests.Success(Change(partner, view, Hole, ulong.MaxValue), "what is not there, back");
        tests.Success(Change(partner, view, First, Second), "to another");
        tests.Success(Change(partner, view, First, Second), "again");
        tests.Equal(AccessOf(partner, view, First), (long)MemoryAccess.All, "its rights");
        tests.Success(Change(partner, view, First, ulong.MaxValue), "back");
        tests.Success(Change(partner, view, First, First), "to itself");
        tests.Success(Change(partner, view, First, ulong.MaxValue), "back");
        tests.Error(Change(partner, 0, Hole, Second), Errno.ESRCH, "in view 0, from where no memory is");
    }

    private static void Suppress(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, set_suppress_ve and get_suppress_ve");
        tests.Error(SetSuppressed(partner, view, First, 0, pad1: 1), Errno.EINVAL, "something in the first gap");
        tests.Error(SetSuppressed(partner, view, First, 0, pad2: 1), Errno.EINVAL, "something in the second gap");
        tests.Error(SetSuppressed(partner, 5, First, 0), Errno.EINVAL, "a view that there is not");
        tests.Error(SetSuppressed(partner, Altp2mViews.Limit, First, 0), Errno.EINVAL, "past the last");
        tests.Error(SetSuppressed(partner, ushort.MaxValue, First, 0), Errno.EINVAL, "far past the last");
        tests.Error(SetSuppressed(partner, view, Hole, 0), Errno.ESRCH, "where no memory is");
        tests.Error(SetSuppressed(partner, view, PastProcessor, 0), Errno.ESRCH, "past the processor's addresses");
        tests.Error(Suppressed(partner, view, First, pad1: 1), Errno.EINVAL, "get, something in the first gap");
        tests.Error(Suppressed(partner, view, First, pad2: 1), Errno.EINVAL, "get, something in the second gap");
        tests.Error(Suppressed(partner, 5, First), Errno.EINVAL, "get, a view that there is not");
        tests.Error(Suppressed(partner, view, Hole), Errno.ESRCH, "get, where no memory is");
        tests.Success(SetAccess(partner, view, First, MemoryAccess.All), "rights");
        tests.Equal(Suppressed(partner, view, First), 1, "at first");
        tests.Success(SetSuppressed(partner, view, First, 0), "no longer");
        tests.Equal(Suppressed(partner, view, First), 0, "then");
        tests.Success(SetAccess(partner, view, First, MemoryAccess.Read), "rights");
        tests.Equal(Suppressed(partner, view, First), 0, "they change nothing");
        tests.Success(SetSuppressed(partner, view, First, 0xFF), "by any value");
        tests.Equal(Suppressed(partner, view, First), 1, "then");
        tests.Success(Change(partner, view, First, Second), "a remap");
        tests.Equal(Suppressed(partner, view, First), partner.IsInside ? 0 : 1, "is told to who made it");
        tests.Success(Change(partner, view, First, ulong.MaxValue), "back");
        tests.Success(SetSuppressed(partner, 0, Second, 0), "in view 0");
        tests.Equal(Suppressed(partner, 0, Second), 0, "then");
        tests.Success(SetSuppressed(partner, 0, Second, 1), "and back");
    }
}
