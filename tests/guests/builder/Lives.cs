using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Domains from their creation to their end: built, started, talked to, watched as they die, destroyed, twenty times.</summary>
internal static class Lives
{
    private const int Rounds = 20;

    // Xen's pools of small objects keep some frames, and give some back: fewer than one a domain. Here none is kept, which unit tests see.
    private const long PoolFrames = 16;

    public static void Run(TestRun tests)
    {
        Claimed(tests);
        tests.Start("twenty domains leave no frame behind");
        Repeat(tests);
        ulong before = Watch.SettledFrames();
        Repeat(tests);

        tests.Between((long)(before - Watch.SettledFrames()), -PoolFrames, PoolFrames, "free frames less");
        Life(tests);
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
        ulong before = Watch.SettledFrames();
        var claim = new MemoryReservation { ExtentCount = 1024, Domain = id };
        tests.Success(Watch.Claim(ref claim), "4 MiB");
        tests.Equal((long)(before - Watch.SettledFrames()), 1024, "what another can claim less");
        Control.Call(DomctlOp.Destroydomain, id);
        tests.Between((long)(Watch.SettledFrames() - before), 0, 4096, "after the end of who claimed it, whose own few frames are free too");
    }

    private static void Life(TestRun tests)
    {
        foreach (ShutdownReason reason in new[] { ShutdownReason.Poweroff, ShutdownReason.Reboot, ShutdownReason.Crash })
        {
            tests.Start(reason == ShutdownReason.Poweroff ? "a domain is built, talks, powers off" : reason == ShutdownReason.Reboot ? "a domain is built, talks, reboots" : "a domain is built, talks, crashes");
            if (!BootFiles.IsThere)
            {
                tests.Skip("no files were loaded to build a domain of");
                continue;
            }

            tests.Success(Control.Create(Control.Pvh(1), out ushort id), "createdomain");
            var port = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = id };
            tests.Success(Hypercalls.EventAllocUnbound(ref port), "a port for it");
            tests.Success(ChildImage.Build(id, BootFiles.Own, "child", port.Port, (uint)reason), "building it");
            Control.Describe(id, out DomainInformation built);
            tests.Equal(built.Flags & (uint)DomainStateFlags.Paused, (uint)DomainStateFlags.Paused, "it is held back");
            tests.Equal(built.OnlineVcpus, 1, "its vCPU is up");
            tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
            tests.True(Watch.Await(port.Port, Watch.Patience), "it sends an event");
            Control.Describe(id, out DomainInformation alive);
            tests.Equal(alive.Flags & (uint)(DomainStateFlags.Shutdown | DomainStateFlags.Paused), 0, "it lives");
            tests.Success(Events.Send(port.Port), "an event for it");
            tests.True(Watch.AwaitDeath(id, out DomainInformation ended), "VIRQ_DOM_EXC");
            tests.Equal(ended.Flags & ~(uint)DomainStateFlags.Running, (uint)(DomainStateFlags.Hvm | DomainStateFlags.Hap | DomainStateFlags.Shutdown) | (uint)reason << DomctlLimits.ShutdownShift, "its flags");
            tests.True(ended.CpuTime != 0, "it has run");
            tests.Success(Events.Close(port.Port), "the port is closed");
            tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
            tests.Error(Control.Call(DomctlOp.Pausedomain, id), Errno.ESRCH, "it is gone");
        }
    }
}
