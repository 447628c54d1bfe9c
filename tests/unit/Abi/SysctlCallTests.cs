using System;
using System.Linq;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>sysctl. What is expected is what 4.17.7 answered, but where a test says otherwise.</summary>
public sealed class SysctlCallTests
{
    private const ulong Buffer = CallFixture.List, Second = CallFixture.Results;

    private static long Call(CallFixture guest, SysctlOp operation, ref Sysctl argument)
    {
        argument.Command = (uint)operation;
        argument.InterfaceVersion = InterfaceVersions.Sysctl;
        guest.Write(CallFixture.Argument, argument);
        long result = guest.Call((ulong)Hypercall.Sysctl, CallFixture.Argument);
        argument = guest.Read<Sysctl>(CallFixture.Argument);
        return result;
    }

    private static long Error(Errno error) => -(long)error;

    [Fact]
    public void The_argument_the_version_and_the_caller_are_looked_at_in_this_order()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        Assert.Equal(Error(Errno.EFAULT), guest.Call((ulong)Hypercall.Sysctl, guest.Hole));
        var argument = new Sysctl { Command = 99, InterfaceVersion = 0x14 };
        guest.Write(CallFixture.Argument, argument);
        Assert.Equal(Error(Errno.EACCES), guest.Call((ulong)Hypercall.Sysctl, CallFixture.Argument));
        Assert.Equal(Error(Errno.EPERM), Call(guest, (SysctlOp)99, ref argument));
        using var control = new CallFixture();
        foreach (uint unknown in new uint[] { 0, 13, 24, 28, 30, 99, uint.MaxValue })
            Assert.Equal(Error(Errno.ENOSYS), Call(control, (SysctlOp)unknown, ref argument));
    }

    /// <summary>The administrator's rules hold for the operation that they name.</summary>
    [Fact]
    public void What_a_rule_forbids_is_refused()
    {
        using var guest = new CallFixture();
        Assert.Null(CallPolicy.TryParse("0:XEN_SYSCTL_physinfo:*", out CallPolicy? policy));
        guest.Dispatcher.Policy = policy!;
        Sysctl argument = default;
        Assert.Equal(Error(Errno.EPERM), Call(guest, SysctlOp.Physinfo, ref argument));
        Assert.Equal(0, Call(guest, SysctlOp.SchedId, ref argument));
    }

    /// <summary>An argument that is all zero.</summary>
    [Theory]
    [InlineData(SysctlOp.Readconsole, Errno.None)]
    [InlineData(SysctlOp.TbufOp, Errno.None)]
    [InlineData(SysctlOp.Physinfo, Errno.None)]
    [InlineData(SysctlOp.SchedId, Errno.None)]
    [InlineData(SysctlOp.PerfcOp, Errno.ENOSYS)]
    [InlineData(SysctlOp.Getdomaininfolist, Errno.None)]
    [InlineData(SysctlOp.DebugKeys, Errno.None)]
    [InlineData(SysctlOp.Getcpuinfo, Errno.None)]
    [InlineData(SysctlOp.Availheap, Errno.None)]
    [InlineData(SysctlOp.GetPmstat, Errno.ENODEV)]
    [InlineData(SysctlOp.CpuHotplug, Errno.EEXIST)]
    [InlineData(SysctlOp.PmOp, Errno.ENOSYS)]
    [InlineData(SysctlOp.LockprofOp, Errno.ENOSYS)]
    [InlineData(SysctlOp.Cputopoinfo, Errno.None)]
    [InlineData(SysctlOp.Numainfo, Errno.None)]
    [InlineData(SysctlOp.CpupoolOp, Errno.ENOSYS)]
    [InlineData(SysctlOp.SchedulerOp, Errno.EINVAL)]
    [InlineData(SysctlOp.CoverageOp, Errno.EOPNOTSUPP)]
    [InlineData(SysctlOp.PsrCmtOp, Errno.ENODEV)]
    [InlineData(SysctlOp.Pcitopoinfo, Errno.EINVAL)]
    [InlineData(SysctlOp.PsrAlloc, Errno.ENODEV)]
    [InlineData(SysctlOp.GetCpuLevellingCaps, Errno.None)]
    [InlineData(SysctlOp.GetCpuFeatureset, Errno.None)]
    [InlineData(SysctlOp.LivepatchOp, Errno.ENOSYS)]
    [InlineData(SysctlOp.GetCpuPolicy, Errno.None)]
    public void Zeros_are_answered_as_on_xen(SysctlOp operation, Errno expected)
    {
        using var guest = new CallFixture();
        Sysctl argument = default;
        Assert.Equal(Error(expected), Call(guest, operation, ref argument));
    }

    /// <summary>Pointers into a hole, with a count that makes them be followed.</summary>
    [Fact]
    public void Bad_pointers_are_faults_and_leave_the_argument_alone()
    {
        using var guest = new CallFixture();
        guest.Machine.Log.Write("something"u8);
        (SysctlOp Operation, Sysctl Argument)[] calls =
        [
            (SysctlOp.Readconsole, new Sysctl { ReadConsole = new SysctlReadConsole { Count = 16, Buffer = guest.Hole } }),
            (SysctlOp.DebugKeys, new Sysctl { DebugKeys = new SysctlDebugKeys { Count = 1, Keys = guest.Hole } }),
            (SysctlOp.Getcpuinfo, new Sysctl { CpuList = new SysctlCpuList { Maximum = 8, Buffer = guest.Hole } }),
            (SysctlOp.Cputopoinfo, new Sysctl { CpuTopology = new SysctlCpuTopology { Count = 8, Buffer = guest.Hole } }),
            (SysctlOp.Numainfo, new Sysctl { Nodes = new SysctlNodes { Count = 4, Memory = guest.Hole } }),
            (SysctlOp.Numainfo, new Sysctl { Nodes = new SysctlNodes { Count = 4, Distances = guest.Hole } }),
            (SysctlOp.CpupoolOp, new Sysctl { CpuPool = new SysctlCpuPool { Command = (uint)CpuPoolOp.Info, Map = guest.Hole, MapBits = 64 } }),
            (SysctlOp.Pcitopoinfo, new Sysctl { PciTopology = new SysctlPciTopology { Count = 1, Devices = guest.Hole, Nodes = Buffer } }),
            (SysctlOp.Pcitopoinfo, new Sysctl { PciTopology = new SysctlPciTopology { Count = 1, Devices = Buffer, Nodes = guest.Hole } }),
            (SysctlOp.GetCpuFeatureset, new Sysctl { FeatureSet = new SysctlFeatureSet { Count = 32, Buffer = guest.Hole } }),
            (SysctlOp.GetCpuPolicy, new Sysctl { CpuPolicy = new SysctlCpuPolicy { Index = 5, LeafCount = 512, Leaves = guest.Hole } }),
            (SysctlOp.GetCpuPolicy, new Sysctl { CpuPolicy = new SysctlCpuPolicy { Index = 5, MsrCount = 64, Msrs = guest.Hole } }),
        ];
        foreach ((SysctlOp operation, Sysctl sent) in calls)
        {
            Sysctl argument = sent;
            Assert.Equal((operation, Error(Errno.EFAULT)), (operation, Call(guest, operation, ref argument)));
            argument.Command = argument.InterfaceVersion = 0;
            Assert.True(MemoryMarshal.AsBytes([argument]).SequenceEqual(MemoryMarshal.AsBytes([sent])), operation.ToString());
        }
    }

    [Fact]
    public void Physinfo_tells_what_the_machine_has()
    {
        using var guest = new CallFixture();
        Sysctl argument = default;
        Assert.Equal(0, Call(guest, SysctlOp.Physinfo, ref argument));
        SysctlPhysicalInformation information = argument.PhysicalInformation;
        Assert.Equal((1u, 1u, 0u, 1u), (information.ThreadsPerCore, information.CpuCount, information.MaximumCpu, information.NodeCount));
        Assert.Equal(guest.Machine.Frames.FreeFrames, information.FreePages);
        Assert.Equal(guest.Machine.Services.RamFrames, information.TotalPages);
        Assert.Equal(CallFixture.MachineMebibytes * 256UL - 1, information.MaximumFrame);
        Assert.Equal(0x309u, information.Capabilities);
        Assert.Equal(uint.MaxValue, information.HardwareCapabilities[0]);
    }

    [Fact]
    public void Domains_are_listed_from_an_id_on()
    {
        using var guest = new CallFixture();
        using Domain second = guest.Machine.CreateDomain(2, 1, 7, isPrivileged: false);
        using Domain third = guest.Machine.CreateDomain(2, 1, 4, isPrivileged: false);
        var argument = new Sysctl { DomainList = new SysctlDomainList { Maximum = 4, Buffer = Buffer } };
        Assert.Equal(0, Call(guest, SysctlOp.Getdomaininfolist, ref argument));
        Assert.Equal([0, 4, 7], guest.ReadArray<DomainInformation>(Buffer, (int)argument.DomainList.Count).Select(d => (int)d.Domain));
        argument.DomainList = new SysctlDomainList { First = 5, Maximum = 4, Buffer = Buffer };
        Assert.Equal(0, Call(guest, SysctlOp.Getdomaininfolist, ref argument));
        Assert.Equal(1u, argument.DomainList.Count);
        argument.DomainList = new SysctlDomainList { First = ushort.MaxValue, Maximum = uint.MaxValue, Buffer = Buffer };
        Assert.Equal(0, Call(guest, SysctlOp.Getdomaininfolist, ref argument));
        Assert.Equal(0u, argument.DomainList.Count);
        argument.DomainList = new SysctlDomainList { Maximum = 2, Buffer = Buffer };
        Assert.Equal(0, Call(guest, SysctlOp.Getdomaininfolist, ref argument));
        Assert.Equal(2u, argument.DomainList.Count);
        argument.DomainList = new SysctlDomainList { Maximum = 2, Buffer = guest.Hole };
        Assert.Equal(Error(Errno.EFAULT), Call(guest, SysctlOp.Getdomaininfolist, ref argument));
        Assert.Equal(0u, argument.DomainList.Count);
    }

    [Fact]
    public void The_log_is_read_in_pieces_by_index()
    {
        using var guest = new CallFixture();
        guest.Machine.Log.Write("abcdefghijklmnopqrstuvwxyz"u8);
        uint end = (uint)guest.Machine.Log.Ring.End;
        byte[] Read(uint index, uint count, bool clears, out uint next)
        {
            var argument = new Sysctl { ReadConsole = new SysctlReadConsole { IsIncremental = 1, Index = index, Count = count, Buffer = Buffer, Clears = clears ? (byte)1 : (byte)0 } };
            Assert.Equal(0, Call(guest, SysctlOp.Readconsole, ref argument));
            next = argument.ReadConsole.Index;
            return guest.ReadArray<byte>(Buffer, (int)argument.ReadConsole.Count);
        }

        Assert.Equal("wxyz"u8.ToArray(), Read(end - 4, 100, false, out uint next));
        Assert.Equal(end, next);
        Assert.Equal("uv"u8.ToArray(), Read(end - 6, 2, false, out next));
        Assert.Equal(end - 4, next);
        // An index that was never written, or is gone: from the start.
        uint start = (uint)guest.Machine.Log.Ring.Start;
        Read(end + 5, 2, false, out next);
        Assert.Equal(start + 2, next);
        Assert.Empty(Read(end, 16, true, out next));
        Assert.Empty(Read(0, 16, false, out next));
        Assert.Equal(end, next);
    }

    [Theory]
    [InlineData(-1, 0u, 0u, true)]
    [InlineData(0, 0u, 0u, true)]
    [InlineData(1, 0u, 0u, false)]
    [InlineData(-2, 0u, 0u, false)]
    [InlineData(-1, 0u, 32u, true)]
    [InlineData(-1, 0u, 10u, false)]
    [InlineData(-1, 33u, 0u, false)]
    [InlineData(-1, 64u, 64u, false)]
    public void Free_memory_is_told_by_node_and_width(int node, uint low, uint high, bool isAll)
    {
        using var guest = new CallFixture();
        var argument = new Sysctl { AvailableHeap = new SysctlAvailableHeap { Node = node, MinimumBits = low, MaximumBits = high } };
        Assert.Equal(0, Call(guest, SysctlOp.Availheap, ref argument));
        Assert.Equal(isAll ? guest.Machine.Frames.FreeFrames * 4096 : 0, argument.AvailableHeap.Bytes);
    }

    [Fact]
    public void Lists_of_cpus_and_nodes_are_cut_to_the_room_there_is()
    {
        using var guest = new CallFixture();
        Sysctl argument = default;
        Assert.Equal(0, Call(guest, SysctlOp.Cputopoinfo, ref argument));
        Assert.Equal(1u, argument.CpuTopology.Count);
        argument.CpuTopology = new SysctlCpuTopology { Count = 8, Buffer = Buffer };
        guest.WriteArray(Buffer, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x55u);
        Assert.Equal(0, Call(guest, SysctlOp.Cputopoinfo, ref argument));
        Assert.Equal(1u, argument.CpuTopology.Count);
        Assert.Equal([0u, 0u, 0u, 0x55u], guest.ReadArray<uint>(Buffer, 4));
        argument.CpuTopology = new SysctlCpuTopology { Count = 0, Buffer = Buffer };
        Assert.Equal(0, Call(guest, SysctlOp.Cputopoinfo, ref argument));
        Assert.Equal(0u, argument.CpuTopology.Count);
        argument = new Sysctl { Nodes = new SysctlNodes { Count = 4, Memory = Buffer, Distances = Second } };
        Assert.Equal(0, Call(guest, SysctlOp.Numainfo, ref argument));
        Assert.Equal(1u, argument.Nodes.Count);
        Assert.Equal([CallFixture.MachineMebibytes * 0x10_0000UL, guest.Machine.Frames.FreeFrames * 4096], guest.ReadArray<ulong>(Buffer, 2));
        Assert.Equal(10u, guest.Read<uint>(Second));
        argument.Nodes.Count = 0;
        Assert.Equal(0, Call(guest, SysctlOp.Numainfo, ref argument));
        Assert.Equal(0u, argument.Nodes.Count);
        guest.Machine.Clock.Advance(1_000_000);
        argument = new Sysctl { CpuList = new SysctlCpuList { Maximum = 8, Buffer = Buffer } };
        Assert.Equal(0, Call(guest, SysctlOp.Getcpuinfo, ref argument));
        Assert.Equal((1u, guest.Machine.Clock.Nanoseconds), (argument.CpuList.Count, guest.Read<ulong>(Buffer)));
    }

    public static TheoryData<uint, uint, uint, Errno> Pools => new()
    {
        { 0, 0, 0, Errno.ENOSYS }, { 1, 0, 6, Errno.EEXIST }, { 1, 5, 99, Errno.ENOENT }, { 2, 0, 0, Errno.EBUSY }, { 2, 1, 0, Errno.ENOENT },
        { 3, 0, 0, Errno.None }, { 3, uint.MaxValue, 0, Errno.ENOENT }, { 4, 0, 0, Errno.ENODEV }, { 4, 1, 0, Errno.ENOENT }, { 5, 0, 0, Errno.EINVAL },
        { 5, 1, 0, Errno.ENOENT }, { 6, 0, 0, Errno.EPERM }, { 6, 1, 0, Errno.EPERM }, { 7, 0, 0, Errno.None }, { 8, 0, 0, Errno.ENOSYS },
        // Xen makes one without CPUs.
        { 1, uint.MaxValue, 6, Errno.ENOMEM },
    };

    [Theory]
    [MemberData(nameof(Pools))]
    public void There_is_one_cpu_pool(uint operation, uint pool, uint scheduler, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new Sysctl { CpuPool = new SysctlCpuPool { Command = operation, Pool = pool, Scheduler = scheduler, Map = Buffer, MapBits = 64 } };
        guest.Write(Buffer, 0xEEEEUL);
        Assert.Equal(Error(expected), Call(guest, SysctlOp.CpupoolOp, ref argument));
        if (expected != Errno.None)
            return;
        bool isInfo = operation == (uint)CpuPoolOp.Info;
        Assert.Equal(isInfo ? 0xEE01UL : 0xEE00UL, guest.Read<ulong>(Buffer));
        Assert.Equal(isInfo ? (6u, 1u) : (scheduler, 0u), (argument.CpuPool.Scheduler, argument.CpuPool.DomainCount));
        argument.CpuPool = new SysctlCpuPool { Command = (uint)CpuPoolOp.MoveDomain, Domain = 77 };
        Assert.Equal(Error(Errno.ESRCH), Call(guest, SysctlOp.CpupoolOp, ref argument));
    }

    [Theory]
    [InlineData(0u, 6u, 1u, 0u, Errno.None)]
    [InlineData(0u, 6u, 0u, 0u, Errno.None)]
    [InlineData(0u, 6u, 2u, 0u, Errno.EINVAL)]
    [InlineData(0u, 5u, 1u, 0u, Errno.EINVAL)]
    [InlineData(9u, 5u, 1u, 0u, Errno.ESRCH)]
    [InlineData(9u, 5u, 2u, 0u, Errno.EINVAL)]
    [InlineData(0u, 6u, 0u, 99u, Errno.EINVAL)]
    [InlineData(0u, 6u, 0u, 500_001u, Errno.EINVAL)]
    [InlineData(0u, 6u, 0u, 100u, Errno.EOPNOTSUPP)] // Xen takes it.
    public void The_scheduler_is_credit2_without_a_rate_limit(uint pool, uint scheduler, uint command, uint limit, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new Sysctl { Scheduler = new SysctlScheduler { Pool = pool, Scheduler = scheduler, Command = command, RateLimit = limit } };
        Assert.Equal(Error(expected), Call(guest, SysctlOp.SchedulerOp, ref argument));
        Assert.Equal(0, Call(guest, SysctlOp.SchedId, ref argument));
        Assert.Equal(6u, argument.SchedulerId.Scheduler);
    }

    [Fact]
    public void Power_and_hotplug_answer_as_without_a_driver()
    {
        using var guest = new CallFixture();
        Sysctl argument = default;
        foreach (uint kind in new uint[] { 0, 0x11, 0x12, 0x13, 0x21, 0x22, 0x23, 0x31 })
        {
            argument.PowerStatistics = new SysctlPowerStatistics { Kind = kind };
            Assert.Equal(Error(Errno.ENODEV), Call(guest, SysctlOp.GetPmstat, ref argument));
            argument.PowerStatistics = new SysctlPowerStatistics { Kind = kind, Cpu = 1 };
            Assert.Equal(Error(Errno.EINVAL), Call(guest, SysctlOp.GetPmstat, ref argument));
        }
        (uint Command, Errno First, Errno Second, Errno Far)[] power =
        [
            (0, Errno.ENOSYS, Errno.EINVAL, Errno.EINVAL), (0x11, Errno.EINVAL, Errno.EINVAL, Errno.EINVAL), (0x21, Errno.None, Errno.EINVAL, Errno.EINVAL),
            (0x22, Errno.None, Errno.None, Errno.EINVAL), (0x23, Errno.None, Errno.None, Errno.EINVAL), (0x24, Errno.ENOSYS, Errno.EINVAL, Errno.EINVAL),
            (0x26, Errno.EACCES, Errno.EINVAL, Errno.EINVAL), (0x27, Errno.EACCES, Errno.EINVAL, Errno.EINVAL), (0x28, Errno.ENOSYS, Errno.EINVAL, Errno.EINVAL),
        ];
        foreach ((uint command, Errno first, Errno second, Errno far) in power)
        {
            foreach ((uint cpu, Errno expected) in new[] { (0u, first), (1u, second), (100_000u, far) })
            {
                argument.Power = new SysctlPower { Command = command, Cpu = cpu };
                Assert.Equal((command, cpu, Error(expected)), (command, cpu, Call(guest, SysctlOp.PmOp, ref argument)));
            }
        }
        foreach ((uint command, uint cpu, Errno expected) in new[]
        {
            (0u, 0u, Errno.EEXIST), (0u, 1u, Errno.EINVAL), (1u, 0u, Errno.EINVAL), (1u, 9u, Errno.EINVAL), (2u, 0u, Errno.EOPNOTSUPP), (4u, 0u, Errno.EOPNOTSUPP),
        })
        {
            argument.CpuHotplug = new SysctlCpuHotplug { Command = command, Cpu = cpu };
            Assert.Equal((command, cpu, Error(expected)), (command, cpu, Call(guest, SysctlOp.CpuHotplug, ref argument)));
        }
        argument.ResourceAllocation = new SysctlResourceAllocation { Command = 3 };
        Assert.Equal(Error(Errno.EOPNOTSUPP), Call(guest, SysctlOp.PsrAlloc, ref argument));
    }

    [Theory]
    [InlineData(0u, 0u, 0u, Errno.EINVAL, 0x0101_0101u)]
    [InlineData(1u, 0u, 0u, Errno.None, 8u)] // Xen marks it to be put out of use.
    [InlineData(2u, 0u, 0u, Errno.None, 0u)]
    [InlineData(3u, 0x100u, 0x100u, Errno.None, 0u)]
    [InlineData(3u, 2u, 1u, Errno.EINVAL, 0xEEEE_EEEEu)]
    [InlineData(3u, 0xFFF_FFF0u, 0xFFF_FFF0u, Errno.EINVAL, 0x0101_0101u)]
    [InlineData(3u, 0u, uint.MaxValue, Errno.EINVAL, 0xEEEE_EEEEu)]
    [InlineData(3u, uint.MaxValue, uint.MaxValue, Errno.EINVAL, 0x0101_0101u)]
    public void Pages_stay_in_use(uint command, uint start, uint end, Errno expected, uint status)
    {
        using var guest = new CallFixture();
        guest.Write(Buffer, 0xEEEE_EEEEu);
        guest.Write(CallFixture.Argument, new Sysctl { Command = (uint)SysctlOp.PageOfflineOp, InterfaceVersion = InterfaceVersions.Sysctl });
        guest.Write(CallFixture.Argument + 8, new SysctlPageOffline { Command = command, Start = start, End = end, Status = Buffer });
        Assert.Equal(Error(expected), guest.Call((ulong)Hypercall.Sysctl, CallFixture.Argument));
        Assert.Equal(status, guest.Read<uint>(Buffer));
    }

    [Fact]
    public void No_device_is_known()
    {
        using var guest = new CallFixture();
        var argument = new Sysctl { PciTopology = new SysctlPciTopology { Count = 100_000, Devices = Buffer, Nodes = Second } };
        Assert.Equal(0, Call(guest, SysctlOp.Pcitopoinfo, ref argument));
        Assert.Equal(64u, argument.PciTopology.Count);
        Assert.All(guest.ReadArray<uint>(Second, 64), node => Assert.Equal(0xFFFF_FFFEu, node));
    }

    [Theory]
    [InlineData(0u, 32u, Errno.None)]
    [InlineData(1u, 19u, Errno.None)]
    [InlineData(2u, 32u, Errno.EOPNOTSUPP)]
    [InlineData(3u, 32u, Errno.None)]
    [InlineData(4u, 32u, Errno.EOPNOTSUPP)]
    [InlineData(5u, 32u, Errno.None)]
    [InlineData(6u, 32u, Errno.EINVAL)]
    [InlineData(0u, 18u, Errno.ENOBUFS)]
    public void Feature_sets_are_listed(uint index, uint room, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new Sysctl { FeatureSet = new SysctlFeatureSet { Index = index, Count = room, Buffer = Buffer } };
        Assert.Equal(Error(expected), Call(guest, SysctlOp.GetCpuFeatureset, ref argument));
        Assert.Equal(expected == Errno.None ? 19u : room, argument.FeatureSet.Count);
        if (expected != Errno.None)
            return;
        uint[] words = guest.ReadArray<uint>(Buffer, 19);
        // The table of the test has all bits of the first leaf; a guest gets those that Linux uses of a PVH machine.
        Assert.Equal(index < 2 ? uint.MaxValue : guest.Machine.Services.DefaultCpuid!.Read(1, 0).Edx, words[0]);
        Assert.NotEqual(0u, words[0] & words[1] & 1);
    }

    [Fact]
    public void Policies_are_listed_leaf_by_leaf()
    {
        using var guest = new CallFixture();
        Sysctl argument = default;
        Assert.Equal(0, Call(guest, SysctlOp.GetCpuPolicy, ref argument));
        Assert.Equal((120u, 2u), (argument.CpuPolicy.LeafCount, argument.CpuPolicy.MsrCount));
        argument.CpuPolicy = new SysctlCpuPolicy { Index = 5, LeafCount = 120, MsrCount = 2, Leaves = Buffer, Msrs = Second };
        Assert.Equal(0, Call(guest, SysctlOp.GetCpuPolicy, ref argument));
        XenCpuidLeaf[] leaves = guest.ReadArray<XenCpuidLeaf>(Buffer, (int)argument.CpuPolicy.LeafCount);
        CpuidPolicy policy = guest.Machine.Services.DefaultCpuid!;
        foreach (XenCpuidLeaf leaf in leaves.Where(l => l.Leaf is not (0x4000_0000 or 0x4000_0100)))
            Assert.Equal(policy.Read(leaf.Leaf, leaf.Subleaf == uint.MaxValue ? 0 : leaf.Subleaf).Eax, leaf.Eax);
        Assert.Equal([0u, 1, 2, 3, 4], leaves.Take(5).Select(l => l.Leaf));
        Assert.Equal((0x8000_0008u, uint.MaxValue), (leaves[^1].Leaf, leaves[^1].Subleaf));
        Assert.Equal(leaves.Length, leaves.DistinctBy(l => (l.Leaf, l.Subleaf)).Count());
        XenMsrEntry[] msrs = guest.ReadArray<XenMsrEntry>(Second, 2);
        Assert.Equal([(0xCEu, 0x8000_0000UL), (0x10Au, 0UL)], msrs.Select(m => (m.Index, m.Value)));
        (SysctlCpuPolicy Argument, Errno Error)[] wrong =
        [
            (new SysctlCpuPolicy { Index = 6 }, Errno.EINVAL), (new SysctlCpuPolicy { Index = 5, Reserved = 1 }, Errno.EINVAL),
            (new SysctlCpuPolicy { Index = 2 }, Errno.EOPNOTSUPP), (new SysctlCpuPolicy { Index = 4 }, Errno.EOPNOTSUPP),
            (new SysctlCpuPolicy { Index = 5, LeafCount = 2, Leaves = Buffer }, Errno.ENOBUFS),
            (new SysctlCpuPolicy { Index = 5, LeafCount = 120, Leaves = Buffer, Msrs = Second, MsrCount = 1 }, Errno.ENOBUFS),
        ];
        foreach ((SysctlCpuPolicy sent, Errno error) in wrong)
        {
            argument.CpuPolicy = sent;
            Assert.Equal(Error(error), Call(guest, SysctlOp.GetCpuPolicy, ref argument));
        }
        Assert.Equal((uint)leaves.Length, argument.CpuPolicy.LeafCount);
    }

    [Fact]
    public void Callers_of_32_bits_have_the_same_structures()
    {
        using var guest = new CallFixture(is64Bit: false);
        Sysctl argument = default;
        Assert.Equal(0, Call(guest, SysctlOp.Physinfo, ref argument));
        Assert.Equal(guest.Machine.Services.RamFrames, argument.PhysicalInformation.TotalPages);
        guest.Write(CallFixture.Argument, new Sysctl { Command = (uint)SysctlOp.PageOfflineOp, InterfaceVersion = InterfaceVersions.Sysctl });
        guest.Write(CallFixture.Argument + 8, new SysctlPageOffline32 { Command = 3, Start = 1, End = 1, Status = (uint)Buffer });
        guest.Write(Buffer, uint.MaxValue);
        Assert.Equal(0, guest.Call((ulong)Hypercall.Sysctl, CallFixture.Argument));
        Assert.Equal(0u, guest.Read<uint>(Buffer));
    }

    [Fact]
    public void Random_arguments_are_survived()
    {
        using var guest = new CallFixture();
        var random = new Random(35);
        var bytes = new byte[136];
        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(bytes);
            bytes.AsSpan(8).Slice(random.Next(128)).Clear();
            Sysctl argument = MemoryMarshal.Read<Sysctl>(bytes);
            Call(guest, (SysctlOp)random.Next(32), ref argument);
        }
        Assert.False(guest.Domain.IsShutDown);
    }
}
