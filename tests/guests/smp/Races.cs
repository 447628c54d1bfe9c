using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Smp;

/// <summary>
/// All vCPUs change the same things at once, with no regard for each other: whatever order the hypervisor puts it in, nothing is lost,
/// given twice or left half done.
/// </summary>
internal static class Races
{
    private const int First = PoolPage.FirstFree + 8, Count = 8;

    private static readonly RandomNumbers[] s_random = new RandomNumbers[Program.Processors];

    public static void Run(TestRun tests)
    {
        tests.Start("races of all vCPUs for memory, ports, grants and each other");
        for (int i = 0; i < s_random.Length; i++)
        {
            s_random[i] = new RandomNumbers((ulong)i + 99);
        }

        long before = OwnFrames.Count();
        for (int i = 1; i < Program.Processors; i++)
        {
            Processors.Give(i, Order.Race);
        }

        ulong end = Clock.Now + (400 * (ulong)Clock.Millisecond);
        while (Clock.Now < end)
        {
            Step(0);
            // A storm on the others: down at any point of what they do, and up again.
            int other = 1 + (int)s_random[0].Below(Program.Processors - 1);
            Program.Vcpu(VcpuOp.Down, other);
            Program.Vcpu(VcpuOp.Up, other);
        }

        for (int i = 1; i < Program.Processors; i++)
        {
            tests.True(Processors.Stop(i, Program.Second), "each vCPU is up, and goes on");
        }

        for (int page = First; page < First + Count; page++)
        {
            OwnFrames.Change(MemoryOp.PopulatePhysmap, page);
        }

        tests.Equal(OwnFrames.Count(), before, "frames that the domain has");
        for (int page = First; page < First + Count; page++)
        {
            Memory.Write64(Layout.FrameOf(page) * Layout.PageSize, (ulong)page);
        }

        for (int page = First; page < First + Count; page++)
        {
            tests.Equal((long)Memory.Read64(Layout.FrameOf(page) * Layout.PageSize), page, "each page is RAM of its own");
        }

        for (int i = 1; i < Program.Processors; i++)
        {
            Processors.Steps = 10;
            Processors.Give(i, Order.Compute);
            tests.True(Processors.WaitFor(i, Program.Second), "each vCPU goes on");
        }
    }

    /// <summary>One change of something that all share.</summary>
    public static void Step(int processor)
    {
        RandomNumbers random = s_random[processor];
        int page = First + (int)random.Below(Count);
        switch (random.Below(8))
        {
            case 0 or 1:
                OwnFrames.Change(MemoryOp.DecreaseReservation, page);
                break;
            case 2 or 3:
                OwnFrames.Change(MemoryOp.PopulatePhysmap, page);
                break;
            case 4:
                uint near = Events.AllocateUnbound();
                uint far = Events.BindInterdomain(near);
                Events.Send(far);
                Events.Close(random.Below(2) == 0 ? near : far);
                Events.Close(near);
                Events.Close(far);
                break;
            case 5:
                // Ports that others use, or nobody.
                Events.Close(16 + (uint)random.Below(16));
                break;
            case 6:
                var size = new GnttabQuerySize { Domain = DomainIds.Self };
                Xen.Call(Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, Xen.AddressOf(ref size), 1);
                break;
            default:
                Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield);
                break;
        }
    }
}
