using System.Threading;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>What vCPUs contend for, one thing at a time: half of them do one thing with it, half the opposite.</summary>
internal enum Contest
{
    None,
    /// <summary>One port: bound, and closed.</summary>
    Port,
    /// <summary>One grant: mapped, and unmapped.</summary>
    Grant,
    /// <summary>One vCPU's periodic timer: set, and stopped.</summary>
    Timer,
    /// <summary>One vCPU: taken down, and put up.</summary>
    Processor,
    /// <summary>One vCPU's areas of run state and time: here, and there.</summary>
    Areas,
    /// <summary>One guest frame: given memory, and emptied.</summary>
    Frame,
    /// <summary>One guest frame: given back, and copied from and to.</summary>
    Copy,
    /// <summary>One guest frame: the grant table's, and nothing's.</summary>
    TableFrame,
    /// <summary>The array of FIFO event words: as much longer as it gets, by all.</summary>
    Words,
    /// <summary>The views of the domain's memory: <see cref="ViewRaces"/>.</summary>
    Views,
    /// <summary>Calls that have paused: <see cref="CookieRaces"/>.</summary>
    Cookies,
    /// <summary>Room for calls that have paused.</summary>
    Crowd,
}

/// <summary>
/// Each <see cref="Contest"/>, twice: afterwards the thing is in one of the states that the two leave it in, nothing is lost, and the second
/// time finds as much as the first.
/// </summary>
internal static class Contests
{
    private const int Rounds = 32;
    private const int FramePage = PoolPage.FirstFree + 20, CopyPage = FramePage + 1, GrantedPage = FramePage + 2, HerePage = FramePage + 3, TherePage = FramePage + 4,
        LastAreaPage = FramePage + 5, WordPage = FramePage + 6;
    private const uint GrantReference = 9, LastPort = 64, LastHandle = 16;
    private const ulong TimeOffset = 256;
    private const ulong Pattern = 0x1122_3344_5566_7788, Untouched = 0x5A5A_5A5A_5A5A_5A5A;

    /// <summary>Guest frames beyond RAM and devices.</summary>
    private const ulong EmptyFrame = 0x20_0000;

    /// <summary>The vCPU whose things are contended for, and which has no other part.</summary>
    private const int Subject = Program.Processors - 1;

    /// <summary>Pages that the array of event words can have.</summary>
    private const int MostWordPages = (int)(EventChannelLimits.Fifo / (Layout.PageSize / sizeof(uint)));

    private static int s_contest;
    private static uint s_port, s_handle;
    private static int s_words;

    /// <param name="isFifo">Whether the domain uses FIFO event channels: only what has to do with events is contended for again then, and their array.</param>
    public static void Run(TestRun tests, bool isFifo)
    {
        Check(tests, Contest.Port, "one port, bound and closed");
        if (isFifo)
        {
            Words(tests);
            return;
        }

        GrantTable.Start();
        Check(tests, Contest.Grant, "one grant, mapped and unmapped");
        Check(tests, Contest.Timer, "one timer, set and stopped");
        Check(tests, Contest.Processor, "one vCPU, down and up");
        Check(tests, Contest.Areas, "the areas of one vCPU, here and there");
        Check(tests, Contest.Frame, "one frame, populated and given back");
        Check(tests, Contest.Copy, "one frame, copied and given back");
        Check(tests, Contest.TableFrame, "one frame, the grant table's and nothing's");
    }

    /// <summary>One operation of the contest that is on.</summary>
    public static void Step(int processor)
    {
        bool isFirst = processor % 2 == 0;
        switch ((Contest)Volatile.Read(ref s_contest))
        {
            case Contest.Port:
                Port(isFirst);
                break;
            case Contest.Grant:
                Grant(processor, isFirst);
                break;
            case Contest.Timer:
                Timer(isFirst);
                break;
            case Contest.Processor:
                Program.Vcpu(isFirst ? VcpuOp.Down : VcpuOp.Up, Subject);
                break;
            case Contest.Areas:
                Register(isFirst ? HerePage : TherePage);
                break;
            case Contest.Frame:
                OwnFrames.Change(isFirst ? MemoryOp.PopulatePhysmap : MemoryOp.DecreaseReservation, FramePage);
                break;
            case Contest.Copy:
                Copy(isFirst);
                break;
            case Contest.TableFrame:
                TableFrame(isFirst);
                break;
            case Contest.Words:
                if (FifoState.ExpandArray(Layout.FrameOf(WordPage)) == 0)
                {
                    Interlocked.Increment(ref s_words);
                }

                break;
            case Contest.Views:
                ViewRaces.Step(processor);
                break;
            case Contest.Cookies:
                CookieRaces.Step(processor);
                break;
            case Contest.Crowd:
                CookieRaces.Start(processor);
                break;
            default:
                Instructions.Pause();
                break;
        }
    }

    private static void Check(TestRun tests, Contest contest, string name)
    {
        tests.Start(name);
        Settle(tests, contest);
        Measure before = Measure.Now();
        Contend(tests, contest);
        Settle(tests, contest);
        Measure first = Measure.Now();
        tests.Equal(first.Frames, before.Frames, "frames after the first time");
        tests.Equal(first.Ports, before.Ports, "ports after the first time");
        Contend(tests, contest);
        Settle(tests, contest);
        Measure second = Measure.Now();
        tests.Equal(second.Frames, first.Frames, "frames after the second time");
        tests.Equal(second.Ports, first.Ports, "ports after the second time");
        for (int i = 1; i < Program.Processors; i++)
        {
            tests.Equal(Program.Vcpu(VcpuOp.IsUp, i), 1, "each vCPU is up");
            Processors.Steps = 10;
            Processors.Give(i, Order.Compute);
            tests.True(Processors.WaitFor(i, 10 * Program.Second), "each vCPU goes on");
        }
    }

    /// <param name="least">How long, beyond some rounds, in ns.</param>
    /// <param name="most">How long at most, when not all has happened that is to happen.</param>
    public static void Contend(TestRun tests, Contest contest, ulong least = 0, ulong most = 0)
    {
        Volatile.Write(ref s_contest, (int)contest);
        for (int i = 1; i < Subject; i++)
        {
            Processors.Give(i, Order.Contend);
        }

        for (int i = 1; i < Subject; i++)
        {
            tests.True(Processors.WaitFor(i, 10 * Program.Second), "each vCPU begins");
        }

        ulong start = Clock.Now;
        for (int i = 0; i < Rounds || Clock.Now - start < least || (Clock.Now - start < most && !IsEnough(contest)); i++)
        {
            Step(0);
            if (i % 8 == 0)
            {
                // On one CPU the others have their turn.
                Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
            }
        }

        for (int i = 1; i < Subject; i++)
        {
            tests.True(Processors.Stop(i, 10 * Program.Second), "each vCPU ends");
        }

        Volatile.Write(ref s_contest, (int)Contest.None);
    }

    private static bool IsEnough(Contest contest) => contest switch
    {
        Contest.Cookies => CookieRaces.IsEnough,
        Contest.Views => ViewRaces.IsEnough,
        _ => true,
    };

    /// <summary>Puts the thing into one state, which says what the other states were.</summary>
    private static void Settle(TestRun tests, Contest contest)
    {
        switch (contest)
        {
            case Contest.Port:
                // The number that was closed last is another's by now.
                Volatile.Write(ref s_port, uint.MaxValue);
                for (uint port = 1; port < LastPort; port++)
                {
                    long state = Measure.StateOf(port);
                    tests.True(state is -(long)Errno.EINVAL or 0 or 1 or 2 or 4 or 5, "the port's state is one that there is");
                    if (state is 1 or 2)
                    {
                        tests.Success(Events.Close(port), "a port that is left is closed");
                    }
                }

                break;
            case Contest.Grant:
                for (uint handle = 0; handle < LastHandle; handle++)
                {
                    for (int processor = 0; processor < Subject; processor += 2)
                    {
                        Unmap(handle, EmptyFrame + (ulong)processor);
                    }
                }

                tests.Equal(GrantTable.Marks(GrantReference), 0, "marks of use when nothing is mapped");
                break;
            case Contest.Timer:
                tests.Success(Program.Vcpu(VcpuOp.StopPeriodicTimer, Subject), "stop_periodic_timer");
                break;
            case Contest.Processor:
                Program.Vcpu(VcpuOp.Up, Subject);
                break;
            case Contest.Areas:
                SettleAreas(tests);
                break;
            case Contest.Frame:
                OwnFrames.Change(MemoryOp.PopulatePhysmap, FramePage);
                Memory.Write64(AddressOf(FramePage), Pattern);
                tests.Equal((long)Memory.Read64(AddressOf(FramePage)), (long)Pattern, "the frame is memory");
                break;
            case Contest.Copy:
                OwnFrames.Change(MemoryOp.PopulatePhysmap, FramePage);
                ulong copied = Memory.Read64(AddressOf(CopyPage));
                tests.True(copied is Pattern or 0, "what was copied is what was there, or a new frame's zeroes");
                break;
            case Contest.TableFrame:
                OwnFrames.Change(MemoryOp.PopulatePhysmap, FramePage);
                Memory.Write64(AddressOf(FramePage) + 8, Pattern);
                GrantTable.Start();
                tests.True(Memory.Read64(GrantTable.AddressOf(PoolPage.FirstFree) + 8) != Pattern, "the table has one place");
                break;
        }
    }

    private static void Port(bool isFirst)
    {
        if (!isFirst)
        {
            Events.Close(Volatile.Read(ref s_port));
            return;
        }

        uint near = Events.AllocateUnbound();
        if (near != uint.MaxValue)
        {
            Volatile.Write(ref s_port, near);
        }

        uint far = Events.BindInterdomain(near);
        Events.Send(far);
        // Either may be another's already: closing it is as good as closing one's own.
        Events.Close(far);
        Events.Close(near);
    }

    private static void Grant(int processor, bool isFirst)
    {
        if (!isFirst)
        {
            uint handle = Volatile.Read(ref s_handle);
            for (int other = 0; other < Subject; other += 2)
            {
                Unmap(handle, EmptyFrame + (ulong)other);
            }

            return;
        }

        GrantTable.Grant(GrantReference, GrantedPage, 0);
        var argument = new GnttabMapGrantRef
        {
            HostAddress = (EmptyFrame + (ulong)processor) * Layout.PageSize, Flags = GrantMapFlags.Host | GrantMapFlags.ReadOnly, Reference = GrantReference,
        };
        Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.MapGrantRef, Xen.AddressOf(ref argument), 1);
        if (argument.Status == 0)
        {
            Volatile.Write(ref s_handle, argument.Handle);
            Unmap(argument.Handle, EmptyFrame + (ulong)processor);
        }
    }

    private static void Timer(bool isFirst)
    {
        var period = new VcpuSetPeriodicTimer { Period = Clock.Millisecond };
        Program.Vcpu(isFirst ? VcpuOp.SetPeriodicTimer : VcpuOp.StopPeriodicTimer, Subject, isFirst ? Xen.AddressOf(ref period) : 0);
    }

    private static void Copy(bool isFirst)
    {
        if (isFirst)
        {
            // There and back.
            GrantTable.Copy(Layout.FrameOf(FramePage), DomainIds.Self, Layout.FrameOf(CopyPage), DomainIds.Self, 0);
            Memory.Write64(AddressOf(CopyPage), Pattern);
            GrantTable.Copy(Layout.FrameOf(CopyPage), DomainIds.Self, Layout.FrameOf(FramePage), DomainIds.Self, 0);
        }
        else
        {
            OwnFrames.Change(MemoryOp.DecreaseReservation, FramePage);
            OwnFrames.Change(MemoryOp.PopulatePhysmap, FramePage);
        }
    }

    private static void TableFrame(bool isFirst)
    {
        if (isFirst)
        {
            var map = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.GrantTable, Gpfn = Layout.FrameOf(FramePage) };
            Hypercalls.MemoryAddToPhysmap(ref map);
        }
        else
        {
            var remove = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Layout.FrameOf(FramePage) };
            Hypercalls.MemoryRemoveFromPhysmap(ref remove);
        }
    }

    private static void Register(int page)
    {
        ulong address = AddressOf(page);
        Program.Vcpu(VcpuOp.RegisterRunstateMemoryArea, Subject, Xen.AddressOf(ref address));
        ulong time = address + TimeOffset;
        Program.Vcpu(VcpuOp.RegisterVcpuTimeMemoryArea, Subject, Xen.AddressOf(ref time));
    }

    /// <summary>Once the areas are somewhere else, nothing is written to where they were.</summary>
    private static void SettleAreas(TestRun tests)
    {
        Memory.Fill(AddressOf(LastAreaPage), Layout.PageSize, 0);
        Register(HerePage);
        Register(TherePage);
        Register(LastAreaPage);
        foreach (int page in new[] { HerePage, TherePage })
        {
            for (ulong at = 0; at < Layout.PageSize; at += 8)
            {
                Memory.Write64(AddressOf(page) + at, Untouched);
            }
        }

        Processors.Steps = 10;
        Processors.Give(Subject, Order.Compute);
        tests.True(Processors.WaitFor(Subject, 10 * Program.Second), "the vCPU runs");
        Clock.WaitUntil(Clock.Now + (5 * (ulong)Clock.Millisecond));
        tests.True(Memory.Read64(AddressOf(LastAreaPage) + SharedState.RunstateEntryTime) != 0, "run state is where it was put last");
        tests.True(Memory.Read64(AddressOf(LastAreaPage) + TimeOffset) != 0, "time is where it was put last");
        foreach (int page in new[] { HerePage, TherePage })
        {
            for (ulong at = 0; at < Layout.PageSize; at += 8)
            {
                tests.True(Memory.Read64(AddressOf(page) + at) == Untouched, "nothing is written where the areas were before");
            }
        }
    }

    private static void Words(TestRun tests)
    {
        tests.Start("the array of event words, longer by all at once");
        s_words = 0;
        Contend(tests, Contest.Words);
        tests.Between(s_words, 1, MostWordPages - 1, "pages that were taken");
        tests.Error(FifoState.ExpandArray(Layout.FrameOf(WordPage)), Errno.ENOSPC, "one more");
        int all = s_words + 1;
        tests.Equal(all, MostWordPages, "pages that the array has");
    }

    private static ulong AddressOf(int page) => GrantTable.AddressOf(page);

    private static void Unmap(uint handle, ulong frame)
    {
        var argument = new GnttabUnmapGrantRef { HostAddress = frame * Layout.PageSize, Handle = handle };
        Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.UnmapGrantRef, Xen.AddressOf(ref argument), 1);
    }

    /// <summary>What the domain has.</summary>
    private readonly record struct Measure(long Frames, int Ports)
    {
        public static Measure Now()
        {
            int ports = 0;
            for (uint port = 0; port < LastPort; port++)
            {
                ports += StateOf(port) > 0 ? 1 : 0;
            }

            return new Measure(OwnFrames.Count(), ports);
        }

        /// <summary>EVTCHNSTAT_*; below 0: there is no such port.</summary>
        public static long StateOf(uint port)
        {
            var argument = new EvtchnStatus { Domain = DomainIds.Self, Port = port };
            long result = Xen.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Status, ref argument);
            return result == 0 ? argument.Status : result;
        }
    }
}
