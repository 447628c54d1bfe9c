using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// Rows of the bench that are about views: a domain can't give itself a mode, so the builder makes one that measures (<see cref="ViewCostsChild"/>),
/// listens to it meanwhile, and prints its figures as the guest bench does.
/// </summary>
internal static class ViewCosts
{
    private const ulong Place = ChildImage.Window + (128 << 12), Moment = 2_000_000;

    // Subops of ours are bits from 32 on.
    private const int OwnBits = 32;

    private static readonly string[] s_rows =
    [
        "empty hypercall, with views", "view switch, VMFUNC", "view switch by hypercall, the domain", "view switch by hypercall, one vCPU", "view switch by call 67", "change_gfn", "change_gfn, back", "set_mem_access of a view",
        "first use of a page in a view", "violation to #VE", "violation to listener, emulated",
    ];

    public static void Run(TestRun tests)
    {
        tests.Start("views of a child");
        Control.Create(Control.Pvh(1), out ushort other);
        long mode = Altp2mPartner.SetMode(other, (ulong)Altp2mMode.Mixed);
        Control.Call(DomctlOp.Destroydomain, other);
        if (mode != 0)
        {
            tests.Skip("there are no views here");
            return;
        }

        Partner child = Partner.Build(tests, BootFiles.Own, "child costs", ShutdownReason.Poweroff);
        tests.Success(Altp2mPartner.SetMode(child.Id, (ulong)Altp2mMode.Mixed), "its mode");
        ShowOwn(child.Id);
        var parameter = new HvmParam { Domain = child.Id, Index = (uint)HvmParameter.MonitorRingPfn, Value = Listener.RingFrame };
        tests.Success(Hypercalls.HvmSetParam(ref parameter), "where the ring is");
        tests.Success(Listener.MapRing(child.Id), "the ring's page");
        tests.Success(Listener.Enable(), "the ring is on");
        child.Run(tests);
        while (!SharedState.IsPending(child.Port) && !HasEnded(child.Id))
        {
            if (Listener.Next(out VmEventRequest request, Moment))
            {
                request.Flags = VmEventFlags.VcpuPaused | VmEventFlags.Emulate;
                Listener.Answer(in request);
            }
        }

        SharedState.ClearPending(child.Port);
        ulong frame = Layout.FrameOf(ViewCostsChild.Figures), gfn = Place >> 12;
        int error = 0;
        var map = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = child.Id,
            Indices = Xen.AddressOf(ref frame), Gpfns = Xen.AddressOf(ref gfn), Errors = Xen.AddressOf(ref error),
        };
        tests.Success(Hypercalls.MemoryAddToPhysmapBatch(ref map), "seeing the figures");
        Print(tests);
        tests.Start("the end of the child");
        var unmap = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = gfn };
        Hypercalls.MemoryRemoveFromPhysmap(ref unmap);
        Listener.Disable();
        Listener.UnmapRing();
        child.Send(tests);
        child.AwaitDeath(tests, ShutdownReason.Poweroff);
        child.Destroy(tests);
    }

    private static bool HasEnded(ushort id) =>
        Control.Describe(id, out DomainInformation information) != 0 || (information.Flags & (uint)DomainStateFlags.Shutdown) != 0;

    /// <summary>Shows it our own ways from view to view; Xen knows neither them nor this.</summary>
    private static void ShowOwn(ushort id)
    {
        Show(id, ExposureGroup.Altp2mInside, OwnBits + ((int)Altp2mOp.SwitchVcpu & 0xFF));
        Show(id, ExposureGroup.HighNumber, (int)((ulong)Hypercall.V2Vcpu - V2Calls.First));
    }

    private static void Show(ushort id, ExposureGroup group, int bit)
    {
        var argument = new Domctl { Exposure = new DomctlExposure { Command = ExposureOp.Get, Group = group } };
        if (Control.Call(DomctlOp.Exposure, id, ref argument) == 0)
        {
            argument = new Domctl { Exposure = new DomctlExposure { Command = ExposureOp.Set, Group = group, Bits = argument.Exposure.Bits | 1UL << bit } };
            Control.Call(DomctlOp.Exposure, id, ref argument);
        }
    }

    private static void Print(TestRun tests)
    {
        for (int i = 0; i < s_rows.Length; i++)
        {
            CostFigures figures = Memory.At<CostFigures>(Place + (ulong)(i * CostFigures.Size));
            tests.Start(s_rows[i]);
            GuestConsole.Write("bench ");
            GuestConsole.Write(s_rows[i]);
            if (figures.State != CostState.Measured)
            {
                GuestConsole.Write(": answered ");
                GuestConsole.WriteDecimal(figures.Answer);
                GuestConsole.EndLine();
                tests.Skip("another answer than the row is about");
                continue;
            }

            GuestConsole.Write(": median ");
            GuestConsole.WriteDecimal((long)figures.Median);
            GuestConsole.Write(", least ");
            GuestConsole.WriteDecimal((long)figures.Least);
            GuestConsole.Write(", most ");
            GuestConsole.WriteDecimal((long)figures.Most);
            GuestConsole.EndLine();
        }
    }
}
