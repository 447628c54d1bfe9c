using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>sysctl: what the machine has.</summary>
internal static class MachineTests
{
    private const int Scratch = PoolPage.FirstFree;

    private static ulong Buffer => Layout.FrameOf(Scratch) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        Heads(tests);
        Zeros(tests);
        Machine(tests);
        Console(tests);
        Domains(tests);
        Lists(tests);
        Heap(tests);
        Devices(tests);
    }

    private static void Heads(TestRun tests)
    {
        tests.Start("sysctl before any operation");
        for (int i = 0; i < Hostile.Count; i++)
            tests.Error(Xen.Call(Hypercall.Sysctl, Hostile.At(i)), Errno.EFAULT, Hostile.Name(i));
        var argument = new Sysctl { Command = 99, InterfaceVersion = InterfaceVersions.Sysctl - 1 };
        tests.Error(Xen.Call(Hypercall.Sysctl, Xen.AddressOf(ref argument)), Errno.EACCES, "another version");
        foreach (uint unknown in (uint[])[0, 13, 24, 28, 30, 99])
            tests.Error(MachineControl.Call((SysctlOp)unknown, ref argument), Errno.ENOSYS, "an unknown operation");
    }

    private static void Zeros(TestRun tests)
    {
        tests.Start("sysctl with zeros");
        // Behind guest-physical 0 is memory.
        foreach ((SysctlOp operation, Errno expected) in ((SysctlOp, Errno)[])
        [
            (SysctlOp.Readconsole, Errno.None), (SysctlOp.TbufOp, Errno.None), (SysctlOp.Physinfo, Errno.None), (SysctlOp.SchedId, Errno.None),
            (SysctlOp.PerfcOp, Errno.ENOSYS), (SysctlOp.Getdomaininfolist, Errno.None), (SysctlOp.DebugKeys, Errno.None), (SysctlOp.Getcpuinfo, Errno.None),
            (SysctlOp.Availheap, Errno.None), (SysctlOp.CpuHotplug, Errno.EEXIST), (SysctlOp.PmOp, Errno.ENOSYS), (SysctlOp.PageOfflineOp, HypercallTlb.IsPhysical ? Errno.EINVAL : Errno.EFAULT),
            (SysctlOp.LockprofOp, Errno.ENOSYS), (SysctlOp.Cputopoinfo, Errno.None), (SysctlOp.Numainfo, Errno.None), (SysctlOp.CpupoolOp, Errno.ENOSYS),
            (SysctlOp.SchedulerOp, Errno.EINVAL), (SysctlOp.CoverageOp, Errno.EOPNOTSUPP), (SysctlOp.PsrCmtOp, Errno.ENODEV), (SysctlOp.Pcitopoinfo, Errno.EINVAL),
            (SysctlOp.PsrAlloc, Errno.ENODEV), (SysctlOp.GetCpuLevellingCaps, Errno.None), (SysctlOp.GetCpuFeatureset, Errno.None), (SysctlOp.GetCpuPolicy, Errno.None),
        ])
        {
            Sysctl argument = default;
            tests.Equal(MachineControl.Call(operation, ref argument), -(long)expected, "an operation");
        }
    }

    private static void Machine(TestRun tests)
    {
        tests.Start("sysctl physinfo");
        Sysctl argument = default;
        tests.Success(MachineControl.Call(SysctlOp.Physinfo, ref argument), "physinfo");
        SysctlPhysicalInformation information = argument.PhysicalInformation;
        tests.Equal(information.CpuCount, 1, "CPUs");
        tests.Equal(information.MaximumCpu, 0, "the highest CPU");
        tests.Equal(information.NodeCount, 1, "nodes");
        tests.Equal(information.Capabilities & 0x309, 0x309, "hvm, hap and both versions of grants");
        tests.True(information.FreePages < information.TotalPages && information.TotalPages <= information.MaximumFrame + 1, "frames");
        tests.Equal((long)information.OutstandingPages, 0, "claims");
        tests.True((information.HardwareCapabilities[0] & 1) != 0, "a floating-point unit");
        tests.Between(information.CpuKilohertz, 1000, 10_000_000, "kHz");
    }

    private static void Console(TestRun tests)
    {
        tests.Start("sysctl readconsole");
        Sysctl Read(uint index, uint count, ulong buffer, byte incremental) => new()
        {
            ReadConsole = new SysctlReadConsole { Index = index, Count = count, Buffer = buffer, IsIncremental = incremental },
        };
        Sysctl argument = Read(0, 16, Buffer, 0);
        tests.Success(MachineControl.Call(SysctlOp.Readconsole, ref argument), "16 bytes");
        tests.Equal(argument.ReadConsole.Count, 16, "count");
        uint begin = argument.ReadConsole.Index - 16;
        argument = Read(begin + 5, 16, Buffer, 1);
        tests.Success(MachineControl.Call(SysctlOp.Readconsole, ref argument), "from the sixth on");
        tests.Equal(argument.ReadConsole.Index, begin + 21, "where that ends");
        argument = Read(0x7FFF_FFFF, 16, Buffer, 1);
        tests.Success(MachineControl.Call(SysctlOp.Readconsole, ref argument), "from an index that was never written");
        tests.Equal(argument.ReadConsole.Index, begin + 16, "it is from the start");
        argument = Read(0, 0, Hostile.NonCanonical, 0);
        tests.Success(MachineControl.Call(SysctlOp.Readconsole, ref argument), "nothing");
        argument = Read(0, 16, Hostile.NonCanonical, 0);
        tests.Error(MachineControl.Call(SysctlOp.Readconsole, ref argument), Errno.EFAULT, "to nowhere");
        tests.Equal(argument.ReadConsole.Count, 16, "count after that");
        argument = new Sysctl { DebugKeys = new SysctlDebugKeys { Count = 1, Keys = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.DebugKeys, ref argument), Errno.EFAULT, "debug keys from nowhere");
        Memory.Write8(Buffer, 1);
        argument = new Sysctl { DebugKeys = new SysctlDebugKeys { Count = 1, Keys = Buffer } };
        tests.Success(MachineControl.Call(SysctlOp.DebugKeys, ref argument), "a debug key without meaning");
        foreach ((uint command, Errno expected) in ((uint, Errno)[]) [(0, Errno.None), (2, Errno.None), (3, Errno.EINVAL), (4, Errno.EINVAL), (5, Errno.None), (6, Errno.EINVAL)])
        {
            argument = new Sysctl { TraceBuffer = new SysctlTraceBuffer { Command = command } };
            tests.Equal(MachineControl.Call(SysctlOp.TbufOp, ref argument), -(long)expected, "trace buffers");
        }
    }

    private static void Domains(TestRun tests)
    {
        tests.Start("sysctl getdomaininfolist");
        var argument = new Sysctl { DomainList = new SysctlDomainList { Maximum = 4, Buffer = Buffer } };
        tests.Success(MachineControl.Call(SysctlOp.Getdomaininfolist, ref argument), "all");
        tests.Equal(argument.DomainList.Count, 1, "count");
        tests.Equal(Memory.Read16(Buffer), 0, "the first");
        argument = new Sysctl { DomainList = new SysctlDomainList { First = 1, Maximum = 4, Buffer = Buffer } };
        tests.Success(MachineControl.Call(SysctlOp.Getdomaininfolist, ref argument), "from 1 on");
        tests.Equal(argument.DomainList.Count, 0, "count from 1 on");
        argument = new Sysctl { DomainList = new SysctlDomainList { Maximum = 4, Buffer = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Getdomaininfolist, ref argument), Errno.EFAULT, "to nowhere");
    }

    private static void Lists(TestRun tests)
    {
        tests.Start("sysctl lists of CPUs and nodes");
        var argument = new Sysctl { CpuList = new SysctlCpuList { Maximum = 8, Buffer = Buffer } };
        tests.Success(MachineControl.Call(SysctlOp.Getcpuinfo, ref argument), "getcpuinfo");
        tests.Equal(argument.CpuList.Count, 1, "CPUs with an idle time");
        argument = new Sysctl { CpuList = new SysctlCpuList { Maximum = 8, Buffer = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Getcpuinfo, ref argument), Errno.EFAULT, "getcpuinfo to nowhere");
        argument = default;
        tests.Success(MachineControl.Call(SysctlOp.Cputopoinfo, ref argument), "cputopoinfo without a buffer");
        tests.Equal(argument.CpuTopology.Count, 1, "CPUs there are");
        argument = new Sysctl { CpuTopology = new SysctlCpuTopology { Count = 8, Buffer = Buffer } };
        tests.Success(MachineControl.Call(SysctlOp.Cputopoinfo, ref argument), "cputopoinfo");
        tests.Equal(argument.CpuTopology.Count, 1, "CPUs with a place");
        tests.Equal(Memory.Read32(Buffer + 4), 0, "its socket");
        argument = new Sysctl { CpuTopology = new SysctlCpuTopology { Count = 8, Buffer = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Cputopoinfo, ref argument), Errno.EFAULT, "cputopoinfo to nowhere");
        argument = default;
        tests.Success(MachineControl.Call(SysctlOp.Numainfo, ref argument), "numainfo without buffers");
        tests.Equal(argument.Nodes.Count, 1, "nodes there are");
        argument = new Sysctl { Nodes = new SysctlNodes { Count = 4, Memory = Buffer, Distances = Buffer + 64 } };
        tests.Success(MachineControl.Call(SysctlOp.Numainfo, ref argument), "numainfo");
        tests.Equal(argument.Nodes.Count, 1, "nodes");
        tests.Equal(Memory.Read32(Buffer + 64), 10, "how far the node is from itself");
        tests.True(Memory.Read64(Buffer + 8) < Memory.Read64(Buffer), "free memory of the node");
        argument = new Sysctl { Nodes = new SysctlNodes { Count = 4, Memory = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Numainfo, ref argument), Errno.EFAULT, "numainfo to nowhere");
        argument = new Sysctl { Nodes = new SysctlNodes { Count = 4, Distances = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Numainfo, ref argument), Errno.EFAULT, "distances to nowhere");
    }

    private static void Heap(TestRun tests)
    {
        tests.Start("sysctl availheap");
        foreach ((int node, uint low, uint high, bool isThere) in ((int, uint, uint, bool)[])
        [
            (-1, 0, 0, true), (0, 0, 0, true), (1, 0, 0, false), (-2, 0, 0, false), (100_000, 0, 0, false), (-1, 0, 32, true), (-1, 0, 10, false), (-1, 33, 0, false),
        ])
        {
            var argument = new Sysctl { AvailableHeap = new SysctlAvailableHeap { Node = node, MinimumBits = low, MaximumBits = high } };
            tests.Success(MachineControl.Call(SysctlOp.Availheap, ref argument), "availheap");
            tests.Equal(argument.AvailableHeap.Bytes != 0 ? 1 : 0, isThere ? 1 : 0, "whether there is memory");
        }
    }

    private static void Devices(TestRun tests)
    {
        tests.Start("sysctl pcitopoinfo");
        // Bus 254: nobody has one.
        Memory.Write32(Buffer, 0xFE << 16);
        var argument = new Sysctl { PciTopology = new SysctlPciTopology { Count = 1, Devices = Buffer, Nodes = Buffer + 64 } };
        tests.Success(MachineControl.Call(SysctlOp.Pcitopoinfo, ref argument), "of an unknown device");
        tests.Equal(Memory.Read32(Buffer + 64), SysctlConstants.UnknownDevice, "its node");
        argument = new Sysctl { PciTopology = new SysctlPciTopology { Count = 1, Devices = Hostile.NonCanonical, Nodes = Buffer } };
        tests.Error(MachineControl.Call(SysctlOp.Pcitopoinfo, ref argument), Errno.EFAULT, "devices from nowhere");
        argument = new Sysctl { PciTopology = new SysctlPciTopology { Count = 1, Devices = Buffer, Nodes = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.Pcitopoinfo, ref argument), Errno.EFAULT, "nodes to nowhere");
    }
}
