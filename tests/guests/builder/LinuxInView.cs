using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A Linux of a boot module of its own, held back, is given a view before its first instruction. In the view two pages can't be written: the
/// kernel's with its names, and from its start on one of a program (tests/linux/trapped.c). Each write is told of, and made by what is answered;
/// Linux boots, works and switches itself off meanwhile.
/// </summary>
internal static class LinuxInView
{
    /// <summary>One of the special pages below 4 GiB, which Linux leaves alone: Xen's toolstack has the ring there.</summary>
    private const ulong RingFrame = 0xFEFF9;

    private const ulong Second = 1_000_000_000, Pause = 5_000_000;

    private static ushort s_linux;
    private static LinuxNames s_names;
    private static LinuxTraps s_traps = null!;

    public static void Run(TestRun tests)
    {
        tests.Start("Linux is in a view before it begins");
        Begin(tests);
        tests.Start("Linux boots and names itself, and each write to the page of its names is told of");
        ulong program = AwaitName(tests);
        tests.Start("a program's writes are told of, one by one, and made");
        LinuxProgram.Watch(tests, s_linux, s_traps, program);
        LinuxProgram.Writes(tests);
        tests.Start("a program's writes are told of and dropped");
        LinuxProgram.Drops(tests);
        tests.Start("a program's writes are made by another view");
        LinuxProgram.OtherView(tests);
        tests.Start("Linux goes on and switches itself off");
        AwaitEnd(tests);
    }

    private static void Begin(TestRun tests)
    {
        s_linux = Find();
        tests.True(s_linux != 0, "a domain beside");
        Control.Describe(s_linux, out DomainInformation information);
        tests.True((information.Flags & (uint)DomainStateFlags.Paused) != 0, "it is held back");
        tests.Equal((long)information.CpuTime, 0, "it has not run");
        tests.Success(Altp2mPartner.SetMode(s_linux, (ulong)Altp2mMode.External), "its mode");
        tests.Success(Views(Altp2mOp.SetDomainState, new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } }), "views are on");
        var made = new HvmAltp2mOp { View = new HvmAltp2mView { DefaultAccess = (ushort)MemoryAccess.Default } };
        tests.Success(Altp2mCalls.Call(Altp2mOp.CreateP2m, s_linux, ref made), "a view");
        ushort view = made.View.View;
        tests.True(LinuxNames.TryFind(s_linux, out s_names), "the names in its kernel's data");
        tests.Success(Control.SetMaximumMemory(s_linux, ulong.MaxValue), "room for the ring");
        tests.Equal(Limits.Populate(s_linux, RingFrame, 1, 0), 1, "a page for the ring");
        var parameter = new HvmParam { Domain = s_linux, Index = (uint)HvmParameter.MonitorRingPfn, Value = RingFrame };
        tests.Success(Hypercalls.HvmSetParam(ref parameter), "where the ring is");
        tests.Success(Listener.MapRing(s_linux, RingFrame), "the ring's page");
        tests.Success(Listener.Enable(), "the ring is on");
        s_traps = new LinuxTraps(s_linux, view);
        tests.Success(s_traps.Restrict(s_names.Frame), "the right of the names");
        tests.Success(s_traps.SwitchAll(view), "into the view");
        tests.Equal(s_traps.ViewNow, view, "where it is");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, s_linux), "it begins");
    }

    private static long Views(Altp2mOp operation, HvmAltp2mOp argument) => Altp2mCalls.Call(operation, s_linux, ref argument);

    /// <summary>The first domain beside this one; 0: there is none.</summary>
    private static ushort Find()
    {
        var found = default(DomainInformation);
        var argument = new Sysctl { DomainList = new SysctlDomainList { First = 1, Maximum = 1, Buffer = Xen.AddressOf(ref found) } };
        return MachineControl.Call(SysctlOp.Getdomaininfolist, ref argument) == 0 && argument.DomainList.Count == 1 ? found.Domain : (ushort)0;
    }

    /// <summary>Answers until Linux has the name that says where the program's page is. Its frame; 0: it was not named so.</summary>
    private static ulong AwaitName(TestRun tests)
    {
        ulong end = Clock.Now + 600 * Second, frame;
        while (!s_names.TryReadFrame(s_linux, out frame) && Clock.Now < end)
        {
            if (Listener.Next(out VmEventRequest request, Pause))
            {
                LookAtNames(tests, in request);
                s_traps.Emulate(request);
            }
        }

        tests.True(frame != 0, "a name that says where");
        tests.True(s_traps.Told != 0, "writes to the page of names");
        tests.True(s_names.IsNameWritten, "the name itself is among them");
        GuestConsole.Write("writes to the kernel's page of names: ");
        GuestConsole.WriteDecimal(s_traps.Told);
        GuestConsole.Write(", not emulated ");
        GuestConsole.WriteDecimal(s_traps.Stepped);
        GuestConsole.EndLine();
        return frame;
    }

    private static void LookAtNames(TestRun tests, in VmEventRequest request)
    {
        tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "reason");
        tests.Equal((long)request.MemoryAccess.Gfn, (long)s_names.Frame, "frame");
        tests.True((request.MemoryAccess.Access & VmEventAccess.Write) != 0, "a write");
        tests.Equal(request.View, s_traps.View, "its view");
        s_names.Note(request.MemoryAccess.Offset);
    }

    private static void AwaitEnd(TestRun tests)
    {
        ulong end = Clock.Now + 600 * Second;
        long there;
        while ((there = Control.Describe(s_linux, out _)) == 0 && Clock.Now < end)
        {
            if (Listener.Next(out VmEventRequest request, Pause))
            {
                LookAtNames(tests, in request);
                s_traps.Emulate(request);
            }
        }

        tests.Error(there, Errno.ESRCH, "it is gone");
    }
}
