using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>
/// All vCPUs make, change, enter and end the views of their memory at once, and take frames out of the host p2m and give them back, while they
/// read and write what they have left: what is seen is always a page of their own or nothing, and afterwards all is there. Two of them have asked for VMFUNC and #VE, and
/// go from view to view by it while the third, which has not, has what it violates opened.
/// </summary>
internal static class ViewRaces
{
    private const int First = PoolPage.FirstFree + 8, Count = 8;
    private const ulong Mark = 0x5EED_0000_0000_0000, MarkMask = 0xFFFF_0000_0000_0000, Hole = ulong.MaxValue, NoFrame = ulong.MaxValue;
    private const ulong Milliseconds = 100;
    private const byte InvalidOpcode = 6, VirtualisationException = 20;

    /// <summary>vCPUs with a page for #VE: the first ones. Their pages.</summary>
    private const int Notified = 2, InformationPage = First + Count;

    /// <summary>Of such a page (Intel SDM vol. 3, table 26-1).</summary>
    private const ulong BusyOffset = 4, PhysicalOffset = 24;
    private const int ReasonOfViolation = 48;

    private static readonly RandomNumbers[] s_random = new RandomNumbers[Program.Processors];
    private static int s_views;
    private static ulong s_stranger;
    private static int s_changes, s_entered, s_opened, s_wentOwn, s_notGone, s_told, s_wrong;
    private static readonly int[] s_isUndefined = new int[Program.Processors];

    /// <summary>Whether all has happened that is to happen.</summary>
    public static bool IsEnough => s_changes > 0 && s_entered > 0 && s_opened > 0 && s_wentOwn > 0 && s_notGone > 0 && s_told > 0;

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
        Interrupts.SetHandler(InvalidOpcode, new Undefined());
        Interrupts.SetHandler(VirtualisationException, new Told());
        for (int processor = 0; processor < Notified; processor++)
        {
            Memory.Fill(InformationOf(processor), Layout.PageSize, 0);
            tests.Success(Notify(processor), "VMFUNC and #VE");
        }

        Contests.Contend(tests, Contest.Views, Milliseconds * Clock.Millisecond, 20 * Program.Second);
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
        tests.True(s_wentOwn > 0, "views are entered by VMFUNC");
        tests.True(s_notGone > 0, "VMFUNC to views that there are not is #UD");
        tests.True(s_told > 0, "rights that are missing are told by #VE");
        tests.Equal(s_wrong, 0, "what #VE tells that is not so");
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
            case 2 or 3 when processor < Notified && random.Below(2) == 0:
                Go(processor, view);
                // Most rights that a view may have let read.
                Memory.Write64(AddressOf(page), Mark + (ulong)other);
                Look(page);
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
                Suppress(view, page, (byte)random.Below(2));
                break;
            case 7:
                Suppress(view, page, (byte)random.Below(2));
                break;
            case 8:
                OwnFrames.Change(random.Below(2) == 0 ? MemoryOp.DecreaseReservation : MemoryOp.PopulatePhysmap, First + page);
                break;
            case 9:
                Memory.Write64(AddressOf(page), Mark + (ulong)other);
                break;
            default:
                Look(page);
                break;
        }
    }

    private static void Look(int page)
    {
        ulong value = Memory.Read64(AddressOf(page));
        if (value is not (0 or Hole) && (value & MarkMask) != Mark)
        {
            s_stranger = value;
        }
    }

    private static void Suppress(ushort view, int page, byte isSuppressed)
    {
        var suppress = new HvmAltp2mOp { SuppressVe = new HvmAltp2mSuppressVe { View = view, Gfn = FrameOf(page), SuppressVe = isSuppressed } };
        Altp2mCalls.Call(Altp2mOp.SetSuppressVe, DomainIds.Self, ref suppress);
    }

    /// <summary>VMFUNC.</summary>
    private static void Go(int processor, ushort view)
    {
        s_isUndefined[processor] = 0;
        Instructions.ViewFunction(0, view);
        s_wentOwn += s_isUndefined[processor] == 0 && view != 0 ? 1 : 0;
        s_notGone += s_isUndefined[processor];
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

    private static long Notify(int processor)
    {
        var argument = new HvmAltp2mOp { EnableNotify = new HvmAltp2mVcpuEnableNotify { Vcpu = (uint)processor, Gfn = Layout.FrameOf(InformationPage + processor) } };
        return Altp2mCalls.Call(Altp2mOp.VcpuEnableNotify, DomainIds.Self, ref argument);
    }

    private static ulong InformationOf(int processor) => Layout.FrameOf(InformationPage + processor) * Layout.PageSize;

    /// <summary>Which vCPU this is; the APIC id is twice the number.</summary>
    private static int Own => (int)(Instructions.Cpuid(1).Ebx >> 25);

    private static ulong FrameOf(int page) => Layout.FrameOf(First + page);

    private static ulong AddressOf(int page) => FrameOf(page) * Layout.PageSize;

    /// <summary>#UD of a VMFUNC that can't be, which is left out.</summary>
    private sealed class Undefined : InterruptHandler
    {
        private const uint ViewFunction = 0xD4010F;

        public override void Handle(ref InterruptFrame frame)
        {
            if (((uint)Memory.Read64(frame.Rip) & 0xFF_FFFF) != ViewFunction)
            {
                GuestFailure.Stop(ref frame);
            }

            frame.Rip += 3;
            s_isUndefined[Own] = 1;
        }
    }

    /// <summary>#VE: the frame is opened in view 0, and that is where the vCPU goes on.</summary>
    private sealed class Told : InterruptHandler
    {
        public override void Handle(ref InterruptFrame frame)
        {
            int own = Own;
            ulong gfn = Memory.Read64(InformationOf(own) + PhysicalOffset) / Layout.PageSize;
            ulong head = Memory.Read64(InformationOf(own));
            if (own >= Notified || (uint)head != ReasonOfViolation || head >> 32 != uint.MaxValue || gfn < FrameOf(0) || gfn >= FrameOf(Count))
            {
                s_wrong++;
            }

            s_told++;
            Memory.Write32(InformationOf(own) + BusyOffset, 0);
            var access = new HvmAltp2mOp { MemAccess = new HvmAltp2mMemAccess { View = 0, Gfn = gfn, Access = (ushort)MemoryAccess.All } };
            Altp2mCalls.Call(Altp2mOp.SetMemAccess, DomainIds.Self, ref access);
            Go(own, 0);
        }
    }
}
