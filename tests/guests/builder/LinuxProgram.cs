using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The page of a program in a watched Linux (tests/linux/trapped.c has its layout and says what it finds there): each write in its turn.</summary>
internal static class LinuxProgram
{
    private const ulong Page = ChildImage.Window + (200UL << 12);
    private const ulong MarkValue = 0x7261_7070_6564_2121, Minute = 60_000_000_000;

    // In words of 8 bytes.
    private const ulong Counter = 64, Sizes = 65, Dropped = 72, Later = 96, Done = 255, Let = 256, Mark = 511;
    private const ulong WriteCount = 64, AddCount = 8, DropCount = 8, LaterCount = 16;

    private static LinuxTraps s_traps = null!;
    private static ulong s_frame;

    private static ulong ValueOf(ulong i) => (i + 1) * 0x0101_0101_0101_0101;

    private static ulong Word(ulong index) => Memory.Read64(Page + index * 8);

    /// <summary>Sees the page, and takes the right to write it away.</summary>
    public static void Watch(TestRun tests, ushort linux, LinuxTraps traps, ulong frame)
    {
        s_traps = traps;
        s_frame = frame;
        tests.Success(See(linux, frame), "seeing the page");
        tests.Equal((long)Word(Mark), (long)MarkValue, "the program's mark in it");
        tests.Success(traps.Restrict(frame), "its right");
    }

    private static long See(ushort id, ulong frame)
    {
        ulong gfn = Page >> 12;
        int error = 0;
        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = id,
            Indices = Xen.AddressOf(ref frame), Gpfns = Xen.AddressOf(ref gfn), Errors = Xen.AddressOf(ref error),
        };
        long result = Hypercalls.MemoryAddToPhysmapBatch(ref argument);
        return result != 0 ? result : error;
    }

    /// <summary>Lets the program go on.</summary>
    private static void Begin(ulong round) => Memory.Write64(Page + Let * 8, round);

    /// <summary>The next write has to be to that byte of the page. Others of Linux's are answered meanwhile.</summary>
    private static bool TryTake(TestRun tests, ulong offset, out VmEventRequest request)
    {
        while (Listener.Next(out request, Minute))
        {
            if (request.MemoryAccess.Gfn == s_frame)
            {
                tests.Equal((long)request.Reason, (long)VmEventReason.MemoryAccess, "reason");
                tests.Equal((long)request.MemoryAccess.Offset, (long)offset, "offset");
                tests.True((request.MemoryAccess.Access & VmEventAccess.Write) != 0, "a write");
                tests.Equal(request.View, s_traps.View, "its view");
                return true;
            }

            s_traps.Emulate(request);
        }

        tests.True(false, "an event");
        return false;
    }

    /// <summary>The next write is made, and nothing before the answer.</summary>
    private static bool Make(TestRun tests, ulong offset, ulong before)
    {
        if (!TryTake(tests, offset, out VmEventRequest request))
        {
            return false;
        }

        tests.Equal((long)Word(offset / 8), (long)before, "what is there before the answer");
        LinuxTraps.Answer(request, VmEventFlags.Emulate);
        return true;
    }

    public static void Writes(TestRun tests)
    {
        Begin(1);
        for (ulong i = 0; i < WriteCount; i++)
        {
            if (!Make(tests, i * 8, 0))
            {
                return;
            }

            tests.True(i == 0 || Word(i - 1) == ValueOf(i - 1), "the write before it");
        }

        ulong sum = 0;
        for (ulong i = 1; i <= AddCount; sum += i, i++)
        {
            Make(tests, Counter * 8, sum);
        }

        for (ulong i = 0; i < 3; i++)
        {
            Make(tests, (Sizes + i) * 8, 0);
        }

        Make(tests, Done * 8, 0);
        AwaitDone(tests, 1);
        tests.Equal((long)Word(Counter), (long)sum, "the sum");
        tests.Equal((long)Word(Sizes), 0x11, "1 byte");
        tests.Equal((long)Word(Sizes + 1), 0x2222, "2 bytes");
        tests.Equal((long)Word(Sizes + 2), 0x3333_3333, "4 bytes");
    }

    public static void Drops(TestRun tests)
    {
        Begin(2);
        for (ulong i = 0; i < DropCount; i++)
        {
            if (!TryTake(tests, (Dropped + i) * 8, out VmEventRequest request))
            {
                return;
            }

            LinuxTraps.Answer(request, VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite);
        }

        Make(tests, Done * 8, 1);
        AwaitDone(tests, 2);
        for (ulong i = 0; i < DropCount; i++)
        {
            tests.Equal((long)Word(Dropped + i), 0, "what was dropped");
        }
    }

    /// <summary>By a step each in view 0; where there are no steps, the first leaves the view and the rest is not told of.</summary>
    public static void OtherView(TestRun tests)
    {
        bool hasSteps = LinuxTraps.HasSteps;
        Begin(3);
        for (ulong i = 0; i < (hasSteps ? LaterCount : 1); i++)
        {
            if (!TryTake(tests, (Later + i) * 8, out VmEventRequest request))
            {
                return;
            }

            s_traps.LeaveView(request);
        }

        if (hasSteps)
        {
            Make(tests, Done * 8, 2);
        }

        AwaitDone(tests, 3);
        tests.Equal(s_traps.ViewNow, hasSteps ? s_traps.View : 0, "the view");
        tests.Success(s_traps.SwitchAll(s_traps.View), "the view again");
        for (ulong i = 0; i < LaterCount; i++)
        {
            tests.Equal((long)Word(Later + i), (long)ValueOf(i), "what was written");
        }

        // The frame is anybody's in Linux once the program has ended.
        tests.Success(s_traps.Open(s_frame), "its right is given back");
        Begin(4);
        var unseen = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Page >> 12 };
        tests.Success(Hypercalls.MemoryRemoveFromPhysmap(ref unseen), "no longer seeing the page");
    }

    private static void AwaitDone(TestRun tests, ulong round)
    {
        ulong end = Clock.Now + Minute;
        while (Word(Done) != round && Clock.Now < end)
        {
            Events.Poll(Listener.Port, Clock.Now + 1_000_000);
        }

        tests.Equal((long)Word(Done), (long)round, "the round's end");
    }
}
