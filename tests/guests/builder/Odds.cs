using System;
using System.Runtime.InteropServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What few toolstacks ask: page types, debuggers, virtual NUMA nodes, exchanges, and what a PVH domain or this machine does not have.</summary>
internal static class Odds
{
    private static ulong NotCanonical => Hostile.NonCanonical;
    private const ushort Nobody = 0x1234;
    private const ulong None = 0xF000_0000;

    private static readonly ulong[] s_list = new ulong[32];
    private static readonly uint[] s_distances = [10, 20, 20, 10];
    private static readonly uint[] s_vcpuNodes = [0, 1];
    private static readonly uint[] s_machineNodes = [0, 0];
    private static VirtualMemoryRange s_first, s_second;
    private static readonly ulong[] s_ranges = new ulong[6];

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(2), out ushort id);
        Control.MakeVcpus(id, 2);
        Control.SetMaximumMemory(id, 4 << 10);
        Limits.Populate(id, 0, 16, 0);
        Absences(tests, id);
        Debugging(tests, id);
        PageTypes(tests, id);
        Nodes(tests, id);
        Exchanges(tests, id);
        Targets(tests, id);
        Continuations(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Absences(TestRun tests, ushort id)
    {
        tests.Start("domctls that are not there");
        foreach (DomctlOp operation in new[]
        {
            DomctlOp.AuditP2m, DomctlOp.Cacheflush, DomctlOp.RealModeArea, DomctlOp.SetOptFeature, DomctlOp.VuartOp, DomctlOp.MemSharingOp,
            DomctlOp.GdbsxGuestmemio, DomctlOp.GdbsxPausevcpu, DomctlOp.GdbsxUnpausevcpu, DomctlOp.GdbsxDomstatus, (DomctlOp)6, (DomctlOp)30,
        })
        {
            tests.Error(Control.Call(operation, id), Errno.ENOSYS, "of another");
            tests.Error(Control.Call(operation, 0), Errno.ENOSYS, "of the caller");
            tests.Error(Control.Call(operation, Nobody), Errno.ESRCH, "of nobody");
        }

        for (uint command = 0; command < 12; command++)
        {
            var argument = new Domctl { CacheAllocation = new DomctlCacheAllocation { Command = command } };
            tests.Error(Control.Call(DomctlOp.PsrAlloc, id, ref argument), command < 10 ? Errno.ENODEV : Errno.EOPNOTSUPP, "psr_alloc");
            argument = new Domctl { CacheAllocation = new DomctlCacheAllocation { Command = command } };
            tests.Error(Control.Call(DomctlOp.PsrCmtOp, id, ref argument), Errno.ENODEV, "psr_cmt_op");
            tests.Error(Control.Call(DomctlOp.VmtraceOp, id, ref argument), Errno.EINVAL, "vmtrace_op");
        }
    }

    private static void Debugging(TestRun tests, ushort id)
    {
        tests.Start("setdebugging");
        var argument = new Domctl { Debugging = new DomctlDebugging { IsEnabled = 7 } };
        tests.Error(Control.Call(DomctlOp.Setdebugging, 0, ref argument), Errno.EINVAL, "the caller's own");
        tests.Success(Control.Call(DomctlOp.Setdebugging, id, ref argument), "on");
        Control.Describe(id, out DomainInformation information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.Debugged, (uint)DomainStateFlags.Debugged, "it is told");
        argument.Debugging.IsEnabled = 0;
        tests.Success(Control.Call(DomctlOp.Setdebugging, id, ref argument), "off");
        Control.Describe(id, out information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.Debugged, 0, "it is told");
    }

    private static long Types(ushort id, ulong count, ulong address)
    {
        var argument = new Domctl { PageTypes = new DomctlPageTypes { Count = count, Frames = address } };
        return Control.Call(DomctlOp.Getpageframeinfo3, id, ref argument);
    }

    // An element of getpageframeinfo3 has the width of the caller's shared_info.
    private static void SetFrame(int index, ulong gfn)
    {
        if (NarrowCalls.IsOn)
        {
            MemoryMarshal.Cast<ulong, uint>(s_list.AsSpan())[index] = (uint)gfn;
        }
        else
        {
            s_list[index] = gfn;
        }
    }

    private static ulong FrameAt(int index) => NarrowCalls.IsOn ? MemoryMarshal.Cast<ulong, uint>(s_list)[index] : s_list[index];

    private static long Break(ushort id, ulong gfn)
    {
        var argument = new Domctl { BrokenPage = new DomctlBrokenPage { Gfn = gfn } };
        return Control.Call(DomctlOp.SetBrokenPageP2m, id, ref argument);
    }

    private static void PageTypes(TestRun tests, ushort id)
    {
        tests.Start("getpageframeinfo3, set_broken_page_p2m");
        ulong list = Xen.AddressOf(ref s_list[0]);
        tests.Success(Types(id, 0, NotCanonical), "no frame");
        tests.Error(Types(id, 1025, list), Errno.E2BIG, "1025 frames");
        tests.Error(Types(id, 1UL << 32, list), Errno.E2BIG, "2^32 frames");
        tests.Error(Types(id, 1, NotCanonical), Errno.EFAULT, "a bad list");
        ReadOnlySpan<ulong> frames = [0, 15, 16, NarrowCalls.IsOn ? 1UL << 30 : 1UL << 40, ulong.MaxValue, 0xFEE00];
        for (int i = 0; i < frames.Length; i++)
        {
            SetFrame(i, frames[i]);
        }

        tests.Success(Types(id, 6, list), "six frames");
        for (int i = 0; i < frames.Length; i++)
        {
            tests.Equal((long)FrameAt(i), i < 2 ? 0 : (long)None, "memory, or not");
        }

        SetFrame(0, Layout.FrameOf(PoolPage.SharedInfo));
        tests.Success(Types(0, 1, list), "one's own shared_info");
        tests.Equal((long)FrameAt(0), (long)None, "is not memory");
        tests.Error(Break(id, 100), Errno.EINVAL, "no memory is broken");
        tests.Error(Break(id, ulong.MaxValue), Errno.EINVAL, "no frame is broken");
        tests.Success(Break(id, 5), "memory is broken");
        tests.Error(Break(id, 5), Errno.EINVAL, "once more");
        SetFrame(0, 5);
        tests.Success(Types(id, 1, list), "a broken frame");
        tests.Equal((long)FrameAt(0), (long)None, "is not memory");
        Control.Describe(id, out DomainInformation information);
        tests.Equal((long)information.TotalPages, 16, "and counts");
    }

    private static long SetNodes(ushort id, DomctlVirtualNodes nodes)
    {
        var argument = new Domctl { VirtualNodes = nodes };
        return Control.Call(DomctlOp.Setvnumainfo, id, ref argument);
    }

    private static void WriteRanges()
    {
        s_ranges[0] = s_first.Start;
        s_ranges[1] = s_first.End;
        s_ranges[2] = s_first.Flags | (ulong)s_first.Node << 32;
        s_ranges[3] = s_second.Start;
        s_ranges[4] = s_second.End;
        s_ranges[5] = s_second.Flags | (ulong)s_second.Node << 32;
    }

    private static void Nodes(TestRun tests, ushort id)
    {
        tests.Start("setvnumainfo, get_vnumainfo");
        s_first = new VirtualMemoryRange { End = 0x20_0000 };
        s_second = new VirtualMemoryRange { Start = 0x20_0000, End = 0x40_0000, Node = 1 };
        WriteRanges();
        var nodes = new DomctlVirtualNodes
        {
            NodeCount = 2, RangeCount = 2, VcpuCount = 2, Distances = Xen.AddressOf(ref s_distances[0]), VcpuToNode = Xen.AddressOf(ref s_vcpuNodes[0]),
            NodeToMachineNode = Xen.AddressOf(ref s_machineNodes[0]), Ranges = Xen.AddressOf(ref s_ranges[0]),
        };
        tests.Error(GetNodes(id, 2, 2, 2, 0, out _), Errno.EOPNOTSUPP, "get before");
        tests.Error(SetNodes(id, nodes with { Pad = 1 }), Errno.EINVAL, "padding");
        tests.Error(SetNodes(id, nodes with { VcpuCount = 1 }), Errno.EINVAL, "too few vCPUs");
        tests.Error(SetNodes(id, nodes with { NodeCount = 0 }), Errno.EINVAL, "no node");
        tests.Error(SetNodes(id, nodes with { NodeCount = 33, Distances = NotCanonical }), Errno.EINVAL, "33 nodes");
        tests.Error(SetNodes(id, nodes with { NodeCount = 32, Distances = NotCanonical }), Errno.EFAULT, "32 nodes, bad distances");
        tests.Error(SetNodes(id, nodes with { RangeCount = 171, Distances = NotCanonical }), Errno.EINVAL, "171 ranges");
        tests.Error(SetNodes(id, nodes with { RangeCount = 170, Distances = NotCanonical }), Errno.EFAULT, "170 ranges, bad distances");
        tests.Error(SetNodes(id, nodes with { VcpuToNode = NotCanonical }), Errno.EFAULT, "bad nodes of vCPUs");
        tests.Error(SetNodes(id, nodes with { NodeToMachineNode = NotCanonical }), Errno.EFAULT, "bad nodes of the machine");
        s_vcpuNodes[1] = 2;
        tests.Error(SetNodes(id, nodes with { Ranges = NotCanonical }), Errno.EFAULT, "bad ranges, and a vCPU of a third node");
        tests.Error(SetNodes(id, nodes with { NodeToMachineNode = NotCanonical }), Errno.E2BIG, "a vCPU of a third node, and bad nodes of the machine");
        s_vcpuNodes[1] = 1;
        s_machineNodes[1] = 64;
        tests.Error(SetNodes(id, nodes), Errno.E2BIG, "the machine's 65th node");
        s_machineNodes[1] = 63;
        s_first.Flags = 1;
        WriteRanges();
        tests.Error(SetNodes(id, nodes), Errno.EINVAL, "flags of a range");
        tests.Error(GetNodes(id, 2, 2, 2, 0, out _), Errno.EOPNOTSUPP, "get after all that");
        s_first = new VirtualMemoryRange { Start = 5, Node = 9 };
        WriteRanges();
        tests.Success(SetNodes(id, nodes), "ranges that are none");
        s_first = new VirtualMemoryRange { End = 0x20_0000 };
        WriteRanges();
        tests.Success(SetNodes(id, nodes), "set");
        Read(tests, id);
    }

    private static long GetNodes(ushort id, uint nodes, uint vcpus, uint ranges, ulong address, out VnumaTopologyInfo answer)
    {
        answer = new VnumaTopologyInfo
        {
            Domain = id, NodeCount = nodes, VcpuCount = vcpus, RangeCount = ranges, Distances = address, VcpuToNode = address + 64, Ranges = address + 128,
        };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.GetVnumainfo, ref answer);
    }

    private static void Read(TestRun tests, ushort id)
    {
        ulong list = Xen.AddressOf(ref s_list[0]);
        tests.Error(GetNodes(id, 1, 2, 2, NotCanonical, out VnumaTopologyInfo answer), Errno.ENOBUFS, "room for one node");
        tests.Equal(answer.NodeCount * 100 + answer.VcpuCount * 10 + answer.RangeCount, 222, "what there is");
        tests.Error(GetNodes(id, 2, 1, 2, NotCanonical, out _), Errno.ENOBUFS, "room for one vCPU");
        tests.Error(GetNodes(id, 2, 2, 1, NotCanonical, out _), Errno.ENOBUFS, "room for one range");
        tests.Error(GetNodes(id, 2, 2, 2, NotCanonical, out _), Errno.EFAULT, "bad lists");
        tests.Success(GetNodes(id, 9, 9, 9, list, out answer), "get");
        tests.Equal(answer.NodeCount * 100 + answer.VcpuCount * 10 + answer.RangeCount, 222, "what there is");
        tests.Equal((long)s_list[0], 10 | 20L << 32, "distances from the first");
        tests.Equal((long)s_list[1], 20 | 10L << 32, "distances from the second");
        tests.Equal((long)s_list[8], 1L << 32, "nodes of vCPUs");
        for (int i = 0; i < 6; i++)
        {
            tests.Equal((long)s_list[16 + i], (long)s_ranges[i], "a range");
        }
    }

    private static long Exchange(MemoryReservation given, MemoryReservation taken, ulong done = 0, ulong progress = 0)
    {
        var argument = new MemoryExchange { In = given, Out = taken, ExchangedCount = done };
        return Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.Exchange | (progress << 6), ref argument);
    }

    private static void Exchanges(TestRun tests, ushort id)
    {
        tests.Start("exchange");
        s_list[0] = 7;
        var one = new MemoryReservation { ExtentStart = Xen.AddressOf(ref s_list[0]), ExtentCount = 1, Domain = id };
        tests.Error(Xen.Call(Hypercall.MemoryOp, (ulong)MemoryOp.Exchange, NotCanonical), Errno.EFAULT, "a bad pointer");
        tests.Error(Exchange(one, one, progress: 1), Errno.EINVAL, "progress");
        // The layer that translates for 32-bit callers compares the sides before anybody looks at the orders.
        tests.Error(Exchange(one, one with { ExtentOrder = 20 }), NarrowCalls.IsOn ? Errno.EINVAL : Errno.EPERM, "extents of 4 GiB");
        tests.Error(Exchange(one with { ExtentOrder = 20 }, one with { ExtentOrder = 20 }), Errno.EPERM, "extents of 4 GiB on both sides");
        tests.Error(Exchange(one with { ExtentOrder = 12 }, one with { ExtentCount = 4096 }), NarrowCalls.IsOn ? Errno.E2BIG : Errno.EOPNOTSUPP, "one for many");
        tests.Error(Exchange(one, one with { Domain = 0 }), Errno.EINVAL, "two domains");
        tests.Error(Exchange(one, one with { ExtentCount = 2 }), Errno.EINVAL, "two sizes");
        tests.Error(Exchange(one, one, done: 2), Errno.EINVAL, "more done than there is");
        tests.Success(Exchange(one with { ExtentCount = 0, Domain = Nobody }, one with { ExtentCount = 0, Domain = Nobody }), "nothing, of nobody");
        tests.Success(Exchange(one, one, done: 1), "all done");
        tests.Error(Exchange(one with { Domain = Nobody }, one with { Domain = Nobody }), Errno.ESRCH, "of nobody");
        tests.Error(Exchange(one with { ExtentStart = NotCanonical }, one), Errno.EFAULT, "a bad list");
        tests.Error(Exchange(one, one), Errno.EOPNOTSUPP, "memory");
        s_list[0] = 100;
        tests.Error(Exchange(one, one), Errno.EINVAL, "no memory");
    }

    private static long Target(MemoryOp operation, ushort id, ulong pages, out PodTarget answer, ulong progress = 0)
    {
        answer = new PodTarget { TargetPages = pages, TotalPages = 6, CachePages = 7, Entries = 8, Domain = id };
        return Xen.Call(Hypercall.MemoryOp, (ulong)operation | (progress << 6), ref answer);
    }

    private static void Targets(TestRun tests, ushort id)
    {
        tests.Start("set_pod_target, get_pod_target");
        foreach (MemoryOp operation in new[] { MemoryOp.SetPodTarget, MemoryOp.GetPodTarget })
        {
            tests.Error(Xen.Call(Hypercall.MemoryOp, (ulong)operation, NotCanonical), Errno.EFAULT, "a bad pointer");
            tests.Error(Target(operation, id, 5, out _, progress: 1), Errno.ENOSYS, "progress");
            tests.Error(Target(operation, Nobody, 5, out _), Errno.ESRCH, "of nobody");
            tests.Success(Target(operation, id, 5, out PodTarget answer), "of another");
            tests.Equal((long)answer.TotalPages, 16, "pages");
            tests.Equal((long)(answer.TargetPages * 100 + answer.CachePages * 10 + answer.Entries), 500, "the rest");
            tests.Success(Target(operation, DomainIds.Self, 5, out _), "of the caller");
        }

        tests.Error(Target(MemoryOp.SetPodTarget, id, 1025, out _), Errno.EINVAL, "more than the domain may have");
    }

    private static long Continue(DomctlOp command, ushort id, uint version = InterfaceVersions.Domctl)
    {
        var argument = new Domctl { Command = (uint)command, InterfaceVersion = version, Domain = id, Shadow = new DomctlShadow { Operation = (uint)ShadowOp.SetAllocation } };
        return Xen.Call(Hypercall.Arch1, Xen.AddressOf(ref argument));
    }

    private static void Continuations(TestRun tests, ushort id)
    {
        tests.Start("arch_1, and shadow_op that fails");
        tests.Error(Xen.Call(Hypercall.Arch1, NotCanonical), Errno.EFAULT, "a bad pointer");
        tests.Error(Continue(DomctlOp.ShadowOp, Nobody, version: 5), Errno.EOPNOTSUPP, "another interface");
        tests.Error(Continue(DomctlOp.Pausedomain, Nobody), Errno.EOPNOTSUPP, "another operation");
        tests.Error(Continue(DomctlOp.ShadowOp, Nobody), Errno.ESRCH, "of nobody");
        tests.Error(Continue(DomctlOp.ShadowOp, 0), Errno.EINVAL, "of the caller");
        tests.Error(Continue(DomctlOp.ShadowOp, id), Errno.EBUSY, "with nothing under way");
        var argument = new Domctl { Shadow = new DomctlShadow { Operation = (uint)ShadowOp.SetAllocation } };
        tests.Error(Control.Call(DomctlOp.ShadowOp, id, ref argument), Errno.ENOMEM, "a pool that is too small");
        tests.True(argument.Shadow.Mebibytes != 0, "how large it is now is told");
    }
}
