using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Bench;

/// <summary>
/// What operations cost, in ticks of the TSC, which the emulators advance by one an instruction. Prints
/// <c>bench NAME: median M, least L, most H</c> for each row, or skips the row with what was answered instead.
/// </summary>
internal static class Program
{
    private const int Arguments = PoolPage.FirstFree, Ballooned = Arguments + 1, GrantTarget = Arguments + 2, CopyTarget = Arguments + 3;

    // Where no RAM and no device is on the emulated machines; the domain's accesses are answered by the hypervisor.
    private const ulong Hole = 0xD800_0000;

    // The first interrupt controller, which a PVH domain has not: nothing answers.
    private const ushort FreePort = 0x21;

    private static Sampler s_sampler = null!;
    private static TestRun s_tests = null!;
    private static ulong s_argument;
    private static bool s_traces;

    [RuntimeExport("guest_main")]
    private static void Main()
    {
        s_tests = new TestRun("bench");
        s_sampler = new Sampler();
        s_argument = Layout.FrameOf(Arguments) * Layout.PageSize;
        s_traces = BootRecord.HasWord("trace");

        s_tests.Start("set up");
        s_tests.Success(SharedState.Map(), "shared_info");
        s_tests.Success(Events.UseCallbackVector(), "callback vector");
        uint port = Events.BindIpi();
        s_tests.True(port != uint.MaxValue, "bind_ipi");
        Calibration();
        OwnMemory();
        Calls();
        EventCalls(port);
        MemoryCalls();
        Instructions();
        MemoryAccesses();
        GrantCalls();
        Lives();
        SecondVcpuCalls();
        Buffers.Rows();
        s_tests.Finish();
    }

    /// <summary>Space for one call's argument, apart from all others.</summary>
    private static ref T Argument<T>() where T : unmanaged
    {
        ulong address = s_argument;
        s_argument += ((ulong)Unsafe.SizeOf<T>() + 63) & ~63UL;
        return ref At<T>(address);
    }

    // unsafe: arguments of hypercalls lie at known addresses of the pool.
    private static unsafe ref T At<T>(ulong address) where T : unmanaged => ref *(T*)address;

    private static void Calibration()
    {
        s_sampler.Calibrate();

        // Short beside the time after which a hypervisor takes the CPU anyway (2 ms), and the least of several.
        const uint rounds = 10_000, repeats = 5;
        Operation loop = Operation.Plain("loop", TimedInstruction.Loop, 0, rounds, 0, 0);
        uint ticks = uint.MaxValue;
        for (int i = 0; i < repeats; i++)
        {
            ticks = Math.Min(ticks, loop.Run() - s_sampler.Frame);
        }

        GuestConsole.Write("calibration: ");
        GuestConsole.WriteDecimal(2 * rounds);
        GuestConsole.Write(" instructions in ");
        GuestConsole.WriteDecimal(ticks);
        GuestConsole.Write(" ticks, measurement ");
        GuestConsole.WriteDecimal(s_sampler.Frame);
        GuestConsole.EndLine();
    }

    /// <summary>What the hypervisor keeps for itself, where it tells its domain 0: all RAM, less what is free and less the domain's own.</summary>
    private static void OwnMemory()
    {
        // xen_sysctl_physinfo behind command and version (public/sysctl.h); the command's room is 128 bytes.
        const uint physicalInformation = 3, version = 0x15;
        const ulong totalPages = 48, freePages = 56, room = 136;
        ulong argument = s_argument;
        s_argument += (room + 63) & ~63UL;
        At<uint>(argument) = physicalInformation;
        At<uint>(argument + 4) = version;
        if (Xen.Call(Hypercall.Sysctl, argument) != 0)
        {
            return;
        }

        ref ushort domain = ref Argument<ushort>();
        domain = DomainIds.Self;
        long pages = Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.CurrentReservation, Xen.AddressOf(ref domain));
        GuestConsole.Write("memory: ");
        GuestConsole.WriteDecimal(At<long>(argument + totalPages) * 4);
        GuestConsole.Write(" KiB of RAM: ");
        GuestConsole.WriteDecimal(At<long>(argument + freePages) * 4);
        GuestConsole.Write(" free, ");
        GuestConsole.WriteDecimal(pages * 4);
        GuestConsole.Write(" in domains, ");
        GuestConsole.WriteDecimal((At<long>(argument + totalPages) - At<long>(argument + freePages) - pages) * 4);
        GuestConsole.Write(" own");
        GuestConsole.EndLine();
    }

    public static void Row(Operation operation) => Row(operation, 0);

    /// <summary>Measures and prints a row, less ticks that are the guest's own.</summary>
    private static void Row(Operation operation, uint own)
    {
        s_tests.Start(operation.Name);
        if (!s_sampler.Run(operation))
        {
            GuestConsole.Write("bench ");
            GuestConsole.Write(operation.Name);
            GuestConsole.Write(": answered ");
            GuestConsole.WriteDecimal((long)operation.Result);
            GuestConsole.Write(" instead of ");
            GuestConsole.WriteDecimal((long)operation.Answer);
            GuestConsole.EndLine();
            s_tests.Skip("another answer than the row is about");
            return;
        }

        GuestConsole.Write("bench ");
        GuestConsole.Write(operation.Name);
        GuestConsole.Write(": median ");
        Ticks(s_sampler.Median, own);
        GuestConsole.Write(", least ");
        Ticks(s_sampler.Least, own);
        GuestConsole.Write(", most ");
        Ticks(s_sampler.Most, own);
        GuestConsole.EndLine();
        if (s_traces && operation.CanBeListed)
        {
            Trace(operation);
        }
    }

    /// <summary>Once more between two marks, for a debugger that lists what is executed there.</summary>
    private static void Trace(Operation operation)
    {
        GuestConsole.Write("bench trace ");
        GuestConsole.Write(operation.Name);
        GuestConsole.EndLine();
        operation.Prepare();
        Timing.Mark();
        operation.Run();
        Timing.Mark();
    }

    private static void Ticks(uint ticks, uint own) => GuestConsole.WriteDecimal(ticks > own ? ticks - own : 0);

    private static void Calls()
    {
        const ulong numberOfNoCall = 63;
        const long version = (4L << 16) | 17;
        Row(Operation.Call("empty hypercall", numberOfNoCall, 0, 0, 0, -(long)Errno.ENOSYS));
        Row(Operation.Call("xen_version", (ulong)Hypercall.XenVersion, (ulong)VersionOp.Version, 0, 0, version));
        ref Bytes16 extra = ref Argument<Bytes16>();
        Row(Operation.Call("xen_version, a copy out", Hypercall.XenVersion, (ulong)VersionOp.Extraversion, Xen.AddressOf(ref extra)));
        Row(Operation.Call("vcpu is_up", (ulong)Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 0, 0, 1));
        Row(Operation.Call("yield", Hypercall.SchedOp, (ulong)SchedOp.Yield, 0));
        const ulong hour = 3_600_000 * (ulong)Clock.Millisecond;
        Row(Operation.Call("set_timer_op", Hypercall.SetTimerOp, Clock.Now + hour, 0));
        Xen.Call(Hypercall.SetTimerOp, 0);

        ref HvmParam parameter = ref Argument<HvmParam>();
        parameter = new HvmParam { Domain = DomainIds.Self, Index = (uint)HvmParameter.CallbackIrq };
        Row(Operation.Call("get_param, copies in and out", Hypercall.HvmOp, (ulong)HvmOp.GetParam, Xen.AddressOf(ref parameter)));
        ref GnttabQuerySize size = ref Argument<GnttabQuerySize>();
        size = new GnttabQuerySize { Domain = DomainIds.Self };
        Row(Operation.Call("grant query_size, copies in and out", (ulong)Hypercall.GrantTableOp, (ulong)GrantTableOp.QuerySize, Xen.AddressOf(ref size), 1, 0));

        const int entries = 10;
        ulong list = s_argument;
        for (int i = 0; i < entries; i++)
        {
            ref MulticallEntry entry = ref At<MulticallEntry>(list + ((ulong)i * (ulong)Unsafe.SizeOf<MulticallEntry>()));
            entry = default;
            entry.Operation = (ulong)Hypercall.XenVersion;
        }

        s_argument += entries * (ulong)Unsafe.SizeOf<MulticallEntry>();
        Row(Operation.Call("multicall of 10 xen_version", Hypercall.Multicall, list, entries));
    }

    private static void EventCalls(uint port)
    {
        ref EvtchnStatus status = ref Argument<EvtchnStatus>();
        status = new EvtchnStatus { Domain = DomainIds.Self, Port = port };
        Row(Operation.Call("evtchn status, copies in and out", Hypercall.EventChannelOp, (ulong)EventChannelOp.Status, Xen.AddressOf(ref status)));

        ref EvtchnSend send = ref Argument<EvtchnSend>();
        send = new EvtchnSend { Port = port };
        ulong number = (ulong)Hypercall.EventChannelOp, operation = (ulong)EventChannelOp.Send, argument = Xen.AddressOf(ref send);
        SharedState.Mask(port);
        Row(new SendOperation("evtchn send, masked", port).With(number, operation, argument, 0).Giving(0, ulong.MaxValue));

        // The guest's own way through its interrupt table is measured by INT and left out.
        SharedState.ClearPending(port);
        SharedState.TakeSelector();
        SharedState.ClearMask(port);
        var handler = new TakingHandler(port);
        Interrupts.SetHandler(Events.Vector, handler);
        s_sampler.Run(new Operation("interrupt", TimedInstruction.Interrupt));
        uint own = s_sampler.Median - 1;
        int before = handler.Calls;
        Xenolith.Guests.Instructions.EnableInterrupts();
        Row(new SendOperation("evtchn send to upcall", port).With(number, operation, argument, 0).Giving(0, ulong.MaxValue), own);
        Xenolith.Guests.Instructions.DisableInterrupts();
        if (handler.Calls - before < Sampler.MostSamples)
        {
            s_tests.Skip("not every send brought an upcall");
        }

        SharedState.Mask(port);
        TimerCalls();
    }

    /// <summary>A timer whose time has come already: set, fired, and its event taken, in one way through the hypervisor.</summary>
    private static void TimerCalls()
    {
        uint port = Events.BindVirq(Virq.Timer);
        var handler = new TakingHandler(port);
        Interrupts.SetHandler(Events.Vector, handler);
        SharedState.ClearMask(port);
        s_sampler.Run(new Operation("interrupt", TimedInstruction.Interrupt));
        uint own = s_sampler.Median - 1;
        ref VcpuSetSingleshotTimer timer = ref Argument<VcpuSetSingleshotTimer>();
        timer = new VcpuSetSingleshotTimer { Deadline = 1 };
        int before = handler.Calls;
        Xenolith.Guests.Instructions.EnableInterrupts();
        Row(Operation.Call("timer set to upcall", (ulong)Hypercall.VcpuOp, (ulong)VcpuOp.SetSingleshotTimer, 0, Xen.AddressOf(ref timer), 0), own);
        Xenolith.Guests.Instructions.DisableInterrupts();
        if (handler.Calls - before < Sampler.MostSamples)
        {
            s_tests.Skip("not every timer brought an upcall");
        }

        SharedState.Mask(port);
    }

    /// <summary>What another domain grants.</summary>
    private static void GrantCalls()
    {
        s_tests.Start("grants of another domain");
        if (Granter.Make() is not { } granter)
        {
            s_tests.Skip("no domain could be made that grants something");
            return;
        }

        // As Linux does: what is mapped over is given back first.
        ref ulong frame = ref Argument<ulong>();
        frame = Layout.FrameOf(GrantTarget);
        var reservation = new MemoryReservation { Domain = DomainIds.Self, ExtentCount = 1, ExtentStart = Xen.AddressOf(ref frame) };
        Hypercalls.MemoryDecreaseReservation(ref reservation);

        ref GnttabMapGrantRef map = ref Argument<GnttabMapGrantRef>();
        map = new GnttabMapGrantRef { HostAddress = frame * Layout.PageSize, Flags = GrantMapFlags.Host, Reference = Granter.Reference, Domain = granter.Id };
        ref GnttabUnmapGrantRef unmap = ref Argument<GnttabUnmapGrantRef>();
        unmap = new GnttabUnmapGrantRef { HostAddress = frame * Layout.PageSize };
        const ulong statusOfMap = 18, statusOfCopy = 36;
        ulong mapping = Xen.AddressOf(ref map), handle = Xen.AddressOf(ref map.Handle), unmapping = Xen.AddressOf(ref unmap);
        Operation mapOnce = new GrantCall("map", mapping, statusOfMap, null).Of(GrantTableOp.MapGrantRef);
        Operation unmapOnce = new UnmapCall("unmap", handle, unmapping, null).Of(GrantTableOp.UnmapGrantRef);
        mapOnce.Run();
        Row(new GrantCall("grant map", mapping, statusOfMap, unmapOnce).Of(GrantTableOp.MapGrantRef));
        unmapOnce.Run();
        Row(new UnmapCall("grant unmap", handle, unmapping, mapOnce).Of(GrantTableOp.UnmapGrantRef));

        ref GnttabCopy copy = ref Argument<GnttabCopy>();
        copy = new GnttabCopy
        {
            SourceReference = Granter.Reference, SourceDomain = granter.Id, DestinationGmfn = Layout.FrameOf(CopyTarget), DestinationDomain = DomainIds.Self,
            Length = 8, Flags = GrantCopyFlags.SourceIsGrant,
        };
        Row(new GrantCall("grant copy, 8 bytes", Xen.AddressOf(ref copy), statusOfCopy, null).Of(GrantTableOp.Copy));
        copy.Length = Layout.PageSize;
        Row(new GrantCall("grant copy, 4 KiB", Xen.AddressOf(ref copy), statusOfCopy, null).Of(GrantTableOp.Copy));
        granter.End();
    }

    /// <summary>Domains from creation to end; those with memory take millions of instructions, so they are measured a few times only.</summary>
    private static void Lives()
    {
        const int few = 5, smallPages = 16384, largePages = 32, largeOrder = 9;
        Life("domain, empty", new Life(0, 0, 0), Sampler.MostSamples);
        Life("domain with a vCPU", new Life(1, 0, 0), Sampler.MostSamples);
        Life("domain, 64 MiB by 4 KiB", new Life(1, smallPages, 0), few);
        Life("domain, 64 MiB by 2 MiB", new Life(1, largePages, largeOrder), few);
    }

    private static void Life(string name, Life life, int samples)
    {
        life.Begin();
        Row(new LifeRow(name + ": create", life, ends: false, samples));
        life.End();
        Row(new LifeRow(name + ": destroy", life, ends: true, samples));
    }

    /// <summary>Last, because from here on a second vCPU exists for the scheduler.</summary>
    private static void SecondVcpuCalls()
    {
        const string name = "evtchn send to upcall elsewhere";
        if (SecondVcpu.Start() is not { } other)
        {
            s_tests.Start(name);
            s_tests.Skip("the domain has one vCPU; dom0_max_vcpus=2 gives it two");
            return;
        }

        ref EvtchnSend send = ref Argument<EvtchnSend>();
        send = new EvtchnSend { Port = other.Port };
        Row(new SendElsewhere(name, other).With((ulong)Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, Xen.AddressOf(ref send), 0).Giving(0, ulong.MaxValue));
    }

    private static void MemoryCalls()
    {
        ref AddToPhysmap map = ref Argument<AddToPhysmap>();
        map = new AddToPhysmap { Domain = DomainIds.Self, Space = (uint)MapSpace.SharedInfo, Gpfn = Layout.FrameOf(PoolPage.SharedInfo) };
        Row(Operation.Call("add_to_physmap of shared_info", Hypercall.MemoryOp, (ulong)MemoryOp.AddToPhysmap, Xen.AddressOf(ref map)));

        ref ulong frame = ref Argument<ulong>();
        frame = Layout.FrameOf(Ballooned);
        ref MemoryReservation reservation = ref Argument<MemoryReservation>();
        reservation = new MemoryReservation { Domain = DomainIds.Self, ExtentCount = 1, ExtentStart = Xen.AddressOf(ref frame) };
        ulong number = (ulong)Hypercall.MemoryOp, argument = Xen.AddressOf(ref reservation);
        Operation decrease = Operation.Call("decrease", number, (ulong)MemoryOp.DecreaseReservation, argument, 0, 1);
        Operation populate = Operation.Call("populate", number, (ulong)MemoryOp.PopulatePhysmap, argument, 0, 1);
        Row(new UndoneCall("decrease_reservation, one frame", populate).With(number, (ulong)MemoryOp.DecreaseReservation, argument, 0).Giving(1, ulong.MaxValue));
        decrease.Run();
        Row(new UndoneCall("populate_physmap, one frame", decrease).With(number, (ulong)MemoryOp.PopulatePhysmap, argument, 0).Giving(1, ulong.MaxValue));
        decrease.Run();
        Row(Operation.Plain("read of a frame given back", TimedInstruction.Read, 0, 0, 0, Layout.FrameOf(Ballooned) * Layout.PageSize).Giving(uint.MaxValue, uint.MaxValue));
        populate.Run();
    }

    private static void Instructions()
    {
        const uint apicBase = 0x1B, efer = 0xC000_0080;
        Row(Operation.Plain("cpuid 0", TimedInstruction.Cpuid, 0, 0, 0, 0));
        Row(Operation.Plain("cpuid 0x40000000", TimedInstruction.Cpuid, XenCpuid.FirstLeaf, 0, 0, 0));
        Row(Operation.Plain("rdmsr APIC_BASE", TimedInstruction.ReadMsr, 0, apicBase, 0, 0));
        ulong value = Xenolith.Guests.Instructions.ReadMsr(efer);
        Row(Operation.Plain("wrmsr EFER", TimedInstruction.WriteMsr, (uint)value, efer, value >> 32, 0));
        Row(Operation.Plain("mov to cr0", TimedInstruction.WriteCr0, Timing.ReadCr0(), 0, 0, 0));
        Row(Operation.Plain("in from a free port", TimedInstruction.In, 0, 0, FreePort, 0).Giving(byte.MaxValue, byte.MaxValue));
        Row(Operation.Plain("out to a free port", TimedInstruction.Out, byte.MaxValue, 0, FreePort, 0));
    }

    private static void MemoryAccesses()
    {
        Row(Operation.Plain("MMIO hole read", TimedInstruction.Read, 0, 0, 0, Hole).Giving(uint.MaxValue, uint.MaxValue));
        Row(Operation.Plain("MMIO hole write", TimedInstruction.Write, 0, 0, 0, Hole));
        Row(Operation.Plain("local APIC read", TimedInstruction.Read, 0, 0, 0, LocalApic.Address + LocalApic.TaskPriority).Giving(0, uint.MaxValue));
        Row(Operation.Plain("local APIC write", TimedInstruction.Write, 0, 0, 0, LocalApic.Address + LocalApic.TaskPriority));
    }
}
