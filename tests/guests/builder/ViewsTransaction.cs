using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The transaction over views: all of its changes are made, or none.</summary>
internal static class ViewsTransaction
{
    private const int ChangeSize = 24, Most = 64;

    private static ulong First => GrantTable.AddressOf(Altp2mChild.First);

    private static ulong FirstFrame => Altp2mPartner.FrameOf(Altp2mChild.First);

    private static ulong SecondFrame => Altp2mPartner.FrameOf(Altp2mChild.Second);

    private static ulong ThirdFrame => Altp2mPartner.FrameOf(Altp2mChild.Third);

    public static void Run(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, a transaction makes all changes");
        tests.Success(Altp2mViews.Create(partner, (ushort)MemoryAccess.Default, out ushort view), "a view");
        All(tests, partner, view);
        None(tests, partner, view);
        Lists(tests, partner, view);
        tests.Success(Altp2mViews.Destroy(partner, view), "destroyed");
    }

    /// <summary>Writes a change into the list.</summary>
    private static void Put(Altp2mPartner partner, int index, Altp2mChange change, int offset = 0)
    {
        int at = offset + index * ChangeSize;
        partner.List(at, change.Gfn);
        partner.List(at + 8, change.Target);
        partner.List(at + 16, change.View | (ulong)change.What << 16 | (ulong)change.Access << 32 | (ulong)change.SuppressVe << 40 | (ulong)change.Pad << 48);
    }

    private static long Transact(Altp2mPartner partner, uint count, ulong list, out uint failed)
    {
        var argument = new HvmAltp2mOp { Transaction = new Altp2mTransaction { Count = count, Changes = list, Failed = 99 } };
        long result = partner.Call(Altp2mOp.Transaction, ref argument);
        failed = argument.Transaction.Failed;
        return result;
    }

    private static void All(TestRun tests, Altp2mPartner partner, ushort view)
    {
        Put(partner, 0, new Altp2mChange { View = view, Gfn = FirstFrame, What = Altp2mWhat.Target, Target = SecondFrame });
        Put(partner, 1, new Altp2mChange { View = view, Gfn = SecondFrame, What = Altp2mWhat.Access | Altp2mWhat.SuppressVe, Access = (byte)MemoryAccess.Read });
        Put(partner, 2, new Altp2mChange { View = view, Gfn = ThirdFrame, What = Altp2mWhat.Target | Altp2mWhat.Access, Target = FirstFrame, Access = (byte)MemoryAccess.ReadWrite });
        tests.Success(Transact(partner, 3, partner.ListAt(0), out uint done), "three changes");
        tests.Equal(done, 3, "changes made");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, SecondFrame), (long)MemoryAccess.Read, "rights of the second");
        tests.Equal(Altp2mFrames.Suppressed(partner, view, SecondFrame), 0, "its suppression");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, ThirdFrame), (long)MemoryAccess.ReadWrite, "rights of the third");
        tests.Success(Altp2mViews.Switch(partner, view), "to the view");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.SecondText, "what the first shows");
        tests.Equal((long)partner.Load(GrantTable.AddressOf(Altp2mChild.Third)), (long)Altp2mChild.SecondText, "what the third shows: what the first did");
        Put(partner, 0, new Altp2mChange { View = view, Gfn = FirstFrame, What = Altp2mWhat.Target, Target = ulong.MaxValue });
        Put(partner, 1, new Altp2mChange { View = view, Gfn = SecondFrame, What = Altp2mWhat.Target, Target = ulong.MaxValue });
        Put(partner, 2, new Altp2mChange { View = view, Gfn = ThirdFrame, What = Altp2mWhat.Target, Target = ulong.MaxValue });
        tests.Success(Transact(partner, 3, partner.ListAt(0), out done), "all back, of the view that it is in");
        tests.Equal((long)partner.Load(First), (long)Altp2mChild.FirstText, "what the first shows then");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, SecondFrame), (long)MemoryAccess.All, "rights of the second then");
        tests.Success(Altp2mViews.Switch(partner, 0), "to view 0");
        tests.Success(Transact(partner, 0, partner.ListAt(0), out done), "no changes");
        tests.Equal(done, 0, "of which none is made");
    }

    /// <summary>One that is wrong in the middle of good ones, for each error.</summary>
    private static void None(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, a transaction with one change that is wrong makes none");
        Altp2mChange good = new() { View = view, Gfn = FirstFrame, What = Altp2mWhat.Target, Target = SecondFrame };
        (Altp2mChange Change, Errno Error)[] bad =
        [
            (good with { Pad = 1, View = 9 }, Errno.EINVAL), (good with { What = (Altp2mWhat)8 }, Errno.EINVAL), (good with { What = (Altp2mWhat)0x8000 }, Errno.EINVAL),
            (good with { Access = 11 }, Errno.EINVAL), (good with { SuppressVe = 2 }, Errno.EINVAL), (good with { View = 9 }, Errno.EINVAL),
            (good with { View = ushort.MaxValue, Gfn = Altp2mFrames.Hole }, Errno.EINVAL), (good with { Gfn = Altp2mFrames.Hole }, Errno.ESRCH),
            (good with { Target = Altp2mFrames.Hole }, Errno.ESRCH), (good with { Gfn = 1UL << 36 }, Errno.ESRCH), (good with { Gfn = ulong.MaxValue }, Errno.ESRCH),
            (good with { What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Execute }, Altp2mFrames.CanBeHad(MemoryAccess.Execute) ? Errno.None : Errno.EOPNOTSUPP),
        ];
        foreach ((Altp2mChange change, Errno error) in bad)
        {
            if (error == Errno.None)
            {
                continue;
            }

            Put(partner, 0, good);
            Put(partner, 1, new Altp2mChange { View = view, Gfn = ThirdFrame, What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Read });
            Put(partner, 2, change);
            Put(partner, 3, new Altp2mChange { View = view, Gfn = SecondFrame, What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Read });
            tests.Error(Transact(partner, 4, partner.ListAt(0), out uint failed), error, "each that is wrong");
            tests.Equal(failed, 2, "which one that is");
            Unchanged(tests, partner, view);
        }
    }

    private static void Unchanged(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Equal(Altp2mFrames.AccessOf(partner, view, ThirdFrame), (long)MemoryAccess.All, "rights of the third");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, SecondFrame), (long)MemoryAccess.All, "rights of the second");
        var argument = default(HvmAltp2mOp);
        tests.Success(partner.Call(Altp2mOp.Capabilities, ref argument), "capabilities");
        tests.Equal(argument.Capabilities.Remaps, 0, "remaps");
    }

    private static void Lists(TestRun tests, Altp2mPartner partner, ushort view)
    {
        tests.Start("altp2m, a transaction's list, as long as it may be, and where it may not be");
        for (int i = 0; i < Most; i++)
        {
            Put(partner, i, new Altp2mChange { View = view, Gfn = FirstFrame, What = Altp2mWhat.Access, Access = (byte)(i == Most - 1 ? MemoryAccess.Read : MemoryAccess.ReadWrite) });
        }

        tests.Success(Transact(partner, Most, partner.ListAt(0), out uint done), "64 changes");
        tests.Equal(done, Most, "changes made");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, FirstFrame), (long)MemoryAccess.Read, "what the last one made");
        tests.Success(Altp2mFrames.SetAccess(partner, view, FirstFrame, MemoryAccess.All), "all again");
        foreach (uint count in new uint[] { Most + 1, 0x8000_0000, uint.MaxValue })
        {
            tests.Error(Transact(partner, count, ulong.MaxValue, out _), Errno.E2BIG, "more, wherever they are");
        }

        tests.Error(Transact(partner, 1, NarrowCalls.IsOn ? 0xF000_0000UL : 0x8000_0000_0000UL, out _), Errno.EFAULT, "a list that is nowhere");
        tests.Error(Transact(partner, 1, ulong.MaxValue - 8, out _), Errno.EFAULT, "one that wraps");

        // The list's page is the last one there is for who calls: the builder sees nothing behind it, and from the domain that is taken.
        const int straddling = 4096 - ChangeSize - 8;
        if (partner.IsInside)
        {
            ViewsLost.Lose(tests, partner, Altp2mPartner.FrameOf(Altp2mChild.Lists + 1));
        }

        Put(partner, 0, new Altp2mChange { View = view, Gfn = ThirdFrame, What = Altp2mWhat.Access, Access = (byte)MemoryAccess.Read }, straddling);
        tests.Error(Transact(partner, 2, partner.ListAt(straddling), out uint failed), Errno.EFAULT, "one that straddles the end of memory");
        tests.Equal(failed, 1, "which one does");
        Unchanged(tests, partner, view);
        tests.Success(Transact(partner, 1, partner.ListAt(straddling), out _), "what lies before that");
        tests.Equal(Altp2mFrames.AccessOf(partner, view, ThirdFrame), (long)MemoryAccess.Read, "rights of the third");
    }
}
