using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>
/// All vCPUs make, change, enter and end the views of their memory at once, and take frames out of the host p2m and give them back, while they
/// read and write what they have left: what is seen is always a page of their own or nothing, and afterwards all is there.
/// </summary>
internal static class ViewRaces
{
    private const int First = PoolPage.FirstFree + 8, Count = 8;
    private const ulong Mark = 0x5EED_0000_0000_0000, MarkMask = 0xFFFF_0000_0000_0000, Hole = ulong.MaxValue, NoFrame = ulong.MaxValue;
    private const ulong Milliseconds = 100;

    private static readonly RandomNumbers[] s_random = new RandomNumbers[Program.Processors];
    private static int s_views;
    private static ulong s_stranger;
    private static int s_changes, s_entered, s_opened;

    public static void Run(TestRun tests)
    {
        tests.Start("all vCPUs make, change, enter and end views while frames come and go");
        for (int i = 0; i < s_random.Length; i++)
        {
            // Another story in each life of the domain.
            s_random[i] = new RandomNumbers(Clock.Now + (ulong)i);
        }

        for (int i = 0; i < Count; i++)
        {
            Memory.Write64(AddressOf(i), Mark + (ulong)i);
        }

        long frames = OwnFrames.Count();
        tests.Success(SetState(1), "views on");
        s_views = CreateAll();
        tests.True(s_views > 2, "several views");
        Contests.Contend(tests, Contest.Views, Milliseconds * Clock.Millisecond);
        tests.Success(Switch(0), "all in the first view");
        for (int view = 1; view <= s_views; view++)
        {
            Destroy((ushort)view);
        }

        tests.Equal(CreateAll(), s_views, "as many views as before");
        tests.Success(SetState(0), "views off");
        for (int i = 0; i < Count; i++)
        {
            OwnFrames.Change(MemoryOp.PopulatePhysmap, First + i);
            Memory.Write64(AddressOf(i), Mark + (ulong)i);
        }

        for (int i = 0; i < Count; i++)
        {
            tests.Equal((long)Memory.Read64(AddressOf(i)), (long)Mark + i, "each page is RAM of its own");
        }

        tests.Equal(OwnFrames.Count(), frames, "frames that the domain has");
        tests.Equal((long)s_stranger, 0, "nothing is seen that is not the domain's");
        tests.True(s_changes > 0 && s_entered > 0 && s_opened > 0, "frames are remapped and restricted, and views entered");
    }

    /// <summary>One change of something that all share, or a look at it.</summary>
    public static void Step(int processor)
    {
        RandomNumbers random = s_random[processor];
        ushort view = (ushort)random.Below((ulong)s_views + 2);
        int page = (int)random.Below(Count), other = (int)random.Below(Count);
        switch (random.Below(12))
        {
            case 0:
                Create(out _);
                break;
            case 1:
                Destroy(view);
                break;
            case 2:
                s_entered += Xen.Call(Hypercall.V2Vcpu, (ulong)V2VcpuOp.SwitchView, view) == 0 && view != 0 ? 1 : 0;
                break;
            case 3:
                s_entered += Switch(view) == 0 && view != 0 ? 1 : 0;
                break;
            case 4 or 5:
                var remap = new HvmAltp2mOp
                {
                    ChangeGfn = new HvmAltp2mChangeGfn { View = view, OldGfn = FrameOf(page), NewGfn = random.Below(4) == 0 ? NoFrame : FrameOf(other) },
                };
                s_changes += Altp2mCalls.Call(Altp2mOp.ChangeGfn, DomainIds.Self, ref remap) == 0 ? 1 : 0;
                break;
            case 6:
                var access = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = view, Gfn = FrameOf(page), Access = (ushort)random.Below((ulong)MemoryAccess.Default + 1) } };
                s_opened += Altp2mCalls.Call(Altp2mOp.SetMemAccess, DomainIds.Self, ref access) == 0 ? 1 : 0;
                break;
            case 7:
                var suppress = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, Gfn = FrameOf(page), SuppressVe = (byte)random.Below(2) } };
                Altp2mCalls.Call(Altp2mOp.SetSuppressVe, DomainIds.Self, ref suppress);
                break;
            case 8:
                OwnFrames.Change(random.Below(2) == 0 ? MemoryOp.DecreaseReservation : MemoryOp.PopulatePhysmap, First + page);
                break;
            case 9:
                Memory.Write64(AddressOf(page), Mark + (ulong)other);
                break;
            default:
                ulong value = Memory.Read64(AddressOf(page));
                if (value is not (0 or Hole) && (value & MarkMask) != Mark)
                {
                    s_stranger = value;
                }

                break;
        }
    }

    private static int CreateAll()
    {
        int count = 0;
        while (Create(out _) == 0)
        {
            count++;
        }

        return count;
    }

    private static long SetState(byte state)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = state } };
        return Altp2mCalls.Call(Altp2mOp.SetDomainState, DomainIds.Self, ref argument);
    }

    private static long Create(out ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.All } };
        long result = Altp2mCalls.Call(Altp2mOp.CreateP2m, DomainIds.Self, ref argument);
        view = argument.View.View;
        return result;
    }

    private static long Destroy(ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = view } };
        return Altp2mCalls.Call(Altp2mOp.DestroyP2m, DomainIds.Self, ref argument);
    }

    private static long Switch(ushort view)
    {
        var argument = new HvmAltp2mOp { View = new HvmAltp2mView { View = view } };
        return Altp2mCalls.Call(Altp2mOp.SwitchP2m, DomainIds.Self, ref argument);
    }

    private static ulong FrameOf(int page) => Layout.FrameOf(First + page);

    private static ulong AddressOf(int page) => FrameOf(page) * Layout.PageSize;
}
