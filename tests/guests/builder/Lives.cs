using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Domains from their creation to their end: built, started, talked to, watched as they die, destroyed, twenty times.</summary>
internal static class Lives
{
    private const int Rounds = 20;

    // Xen's pools of small objects keep some frames, and give some back: fewer than one a domain. Here none is kept, which unit tests see.
    private const long PoolFrames = 16;
    private const ulong Patience = 10_000_000_000;

    private const ulong Pause = 20_000_000;

    private static uint s_deaths;

    /// <summary>A domain whose claims measure how much memory is free.</summary>
    private static ushort s_meter;

    public static void Run(TestRun tests)
    {
        s_deaths = Events.BindVirq(Virq.DomExc);
        Control.Create(Control.Pvh(1), out s_meter);
        Control.SetMaximumMemory(s_meter, ulong.MaxValue);
        Claimed(tests);
        tests.Start("twenty domains leave no frame behind");
        Repeat(tests);
        ulong before = SettledFrames();
        Repeat(tests);

        tests.Between((long)(before - SettledFrames()), -PoolFrames, PoolFrames, "free frames less");
        Life(tests);
        Control.Call(DomctlOp.Destroydomain, s_meter);
    }

    private static void Repeat(TestRun tests)
    {
        for (int i = 0; i < Rounds; i++)
        {
            Round(tests);
        }
    }

    /// <summary>A domain with memory that never runs.</summary>
    private static void Round(TestRun tests)
    {
        tests.Success(Control.Create(Control.Pvh(2), out ushort id), "createdomain");
        tests.Success(Control.MakeVcpus(id, 2), "max_vcpus");
        tests.Success(Control.SetMaximumMemory(id, 4 << 10), "max_mem");
        tests.Equal(Limits.Populate(id, 0, 256, 0), 256, "1 MiB in small pages");
        tests.Equal(Limits.Populate(id, 512, 1, 9), 1, "2 MiB in a large one");
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
    }

    private static void Claimed(TestRun tests)
    {
        tests.Start("what is claimed is not free");
        Control.Create(Control.Pvh(1), out ushort id);
        Control.SetMaximumMemory(id, ulong.MaxValue);
        ulong before = SettledFrames();
        var claim = new MemoryReservation { ExtentCount = 1024, Domain = id };
        tests.Success(Hypercalls.MemoryClaimPages(ref claim), "4 MiB");
        tests.Equal((long)(before - SettledFrames()), 1024, "what another can claim less");
        Control.Call(DomctlOp.Destroydomain, id);
        tests.Between((long)(SettledFrames() - before), 0, 4096, "after the end of who claimed it, whose own few frames are free too");
    }

    /// <summary>The most frames that a domain can claim, once nothing changes any more: Xen gives some back after a domain's end.</summary>
    private static ulong SettledFrames()
    {
        ulong free = FreeFrames();
        for (int same = 0; same < 3; same++)
        {
            Await(s_deaths, Pause);
            ulong now = FreeFrames();
            if (now != free)
            {
                free = now;
                same = 0;
            }
        }

        return free;
    }

    private static ulong FreeFrames()
    {
        ulong low = 0, high = 1UL << 24;
        while (high - low > 1)
        {
            ulong middle = (low + high) / 2;
            var claim = new MemoryReservation { ExtentCount = middle, Domain = s_meter };
            if (Hypercalls.MemoryClaimPages(ref claim) == 0)
            {
                low = middle;
                claim.ExtentCount = 0;
                Hypercalls.MemoryClaimPages(ref claim);
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Waits for an event, which it takes. False: none came.</summary>
    private static bool Await(uint port, ulong patience)
    {
        ulong end = Clock.Now + patience;
        while (!SharedState.IsPending(port) && Clock.Now < end)
        {
            Events.Poll(port, end);
        }

        bool came = SharedState.IsPending(port);
        SharedState.ClearPending(port);
        return came;
    }

    /// <summary>Waits until a domain has shut down, and is told of that: others may die meanwhile, or have died before.</summary>
    private static bool AwaitDeath(ushort id, out DomainInformation information)
    {
        bool came;
        do
        {
            came = Await(s_deaths, Patience);
            Control.Describe(id, out information);
        }
        while (came && (information.Flags & (uint)DomainStateFlags.Shutdown) == 0);
        return came;
    }

    private static void Life(TestRun tests)
    {
        foreach (ShutdownReason reason in new[] { ShutdownReason.Poweroff, ShutdownReason.Reboot, ShutdownReason.Crash })
        {
            tests.Start(reason == ShutdownReason.Poweroff ? "a domain is built, talks, powers off" : reason == ShutdownReason.Reboot ? "a domain is built, talks, reboots" : "a domain is built, talks, crashes");
            if (!ChildImage.IsThere)
            {
                tests.Skip("no second file was loaded to build a domain of");
                continue;
            }

            tests.Success(Control.Create(Control.Pvh(1), out ushort id), "createdomain");
            var port = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = id };
            tests.Success(Hypercalls.EventAllocUnbound(ref port), "a port for it");
            tests.Success(ChildImage.Build(id, "child", port.Port, (uint)reason), "building it");
            Control.Describe(id, out DomainInformation built);
            tests.Equal(built.Flags & (uint)DomainStateFlags.Paused, (uint)DomainStateFlags.Paused, "it is held back");
            tests.Equal(built.OnlineVcpus, 1, "its vCPU is up");
            tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
            tests.True(Await(port.Port, Patience), "it sends an event");
            Control.Describe(id, out DomainInformation alive);
            tests.Equal(alive.Flags & (uint)(DomainStateFlags.Shutdown | DomainStateFlags.Paused), 0, "it lives");
            tests.Success(Events.Send(port.Port), "an event for it");
            tests.True(AwaitDeath(id, out DomainInformation ended), "VIRQ_DOM_EXC");
            tests.Equal(ended.Flags & ~(uint)DomainStateFlags.Running, (uint)(DomainStateFlags.Hvm | DomainStateFlags.Hap | DomainStateFlags.Shutdown) | (uint)reason << DomctlLimits.ShutdownShift, "its flags");
            tests.True(ended.CpuTime != 0, "it has run");
            tests.Success(Events.Close(port.Port), "the port is closed");
            tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
            tests.Error(Control.Call(DomctlOp.Pausedomain, id), Errno.ESRCH, "it is gone");
        }
    }
}
