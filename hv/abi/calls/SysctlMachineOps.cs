using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith.Abi.Calls;

/// <summary>sysctl: what the machine has, and how much of it is free.</summary>
internal static class SysctlMachineOps
{
    private const int FeatureWords = 8;
    private const uint DistanceToSelf = 10;

    public static long PhysicalInformation(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        DomainServices services = call.Services;
        var information = new SysctlPhysicalInformation
        {
            ThreadsPerCore = 1,
            CoresPerSocket = (uint)services.CpuCount,
            CpuCount = (uint)services.CpuCount,
            MaximumCpu = (uint)services.CpuCount - 1,
            NodeCount = 1,
            CpuKilohertz = (uint)(services.Clock.TscFrequency / 1000),
            Capabilities = SysctlConstants.CapabilityHvm | SysctlConstants.CapabilityHap | SysctlConstants.CapabilityGrantV1 | SysctlConstants.CapabilityGrantV2,
            TotalPages = services.RamFrames,
            FreePages = services.Frames.FreeFrames,
            OutstandingPages = services.Claims.Outstanding,
            MaximumFrame = Page.FramesFor(services.Memory.Limit) - 1,
        };
        for (int i = 0; services.Cpuid is { } cpuid && i < FeatureWords; i++)
            information.HardwareCapabilities[i] = FeatureSet.Word(cpuid, i);
        frame.Argument.PhysicalInformation = information;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>What getdomaininfo tells, of all domains from an id on.</summary>
    public static long Domains(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        // Domains that are taken apart stay while it is held.
        if (!call.Services.ControlLock.TryAcquire())
            return call.Restart();
        long result = List(ref call, ref frame);
        call.Services.ControlLock.Release();
        return result;
    }

    private static long List(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlDomainList list = frame.Argument.DomainList;
        uint count = 0;
        ushort next = list.First;
        while (count < list.Maximum)
        {
            call.Vcpu.SettleForLook();
            if (DomctlInformationOps.FindFrom(call.Services, next) is not { } domain)
                break;
            next = (ushort)(domain.Id + 1);
            if (!DomctlInformationOps.HasLeft(call.Services, domain))
                call.Vcpu.AlsoAcquire(domain);
            DomainInformation information = DomctlInformationOps.Describe(domain);
            if (!call.Handle<DomainInformation>(list.Buffer).TryWriteElement(call.Access, count, in information))
                return call.Fault();
            count++;
        }
        frame.Argument.DomainList.Count = count;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>For how long each CPU had no vCPU.</summary>
    public static long Cpus(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuList list = frame.Argument.CpuList;
        uint count = Math.Min(list.Maximum, (uint)call.Services.CpuCount);
        for (uint i = 0; i < count; i++)
        {
            var element = new SysctlCpuInformation { IdleTime = IdleTime(call.Services, (int)i) };
            if (!call.Handle<SysctlCpuInformation>(list.Buffer).TryWriteElement(call.Access, i, in element))
                return call.Fault();
        }
        frame.Argument.CpuList.Count = count;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>Free memory by width of address: all of it, none of it, or at most what lies below.</summary>
    public static long AvailableHeap(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlAvailableHeap heap = frame.Argument.AvailableHeap;
        ulong limit = call.Services.Memory.Limit;
        ulong low = heap.MinimumBits is 0 or > 63 ? heap.MinimumBits == 0 ? 0 : ulong.MaxValue : 1UL << (int)(heap.MinimumBits - 1);
        ulong high = heap.MaximumBits is 0 or > 63 ? ulong.MaxValue : 1UL << (int)heap.MaximumBits;
        ulong reach = Math.Min(high, limit);
        bool isThere = heap.Node is -1 or 0 && low < reach;
        ulong free = call.Services.Frames.FreeFrames << Page.Shift;
        frame.Argument.AvailableHeap.Bytes = isThere ? Math.Min(free, (reach - low) & ~Page.OffsetMask) : 0;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>Where each CPU is: all in one socket, a core each.</summary>
    public static long CpuTopology(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuTopology topology = frame.Argument.CpuTopology;
        uint cpus = (uint)call.Services.CpuCount;
        uint count = topology.Buffer == 0 ? 0 : Math.Min(topology.Count, cpus);
        for (uint i = 0; i < count; i++)
        {
            if (!call.Handle<SysctlCpuPlace>(topology.Buffer).TryWriteElement(call.Access, i, new SysctlCpuPlace { Core = i }))
                return call.Fault();
        }
        // The number there are when nothing is to be written, the number written else.
        frame.Argument.CpuTopology.Count = topology.Buffer == 0 ? cpus : count;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>One node with all memory.</summary>
    public static long Nodes(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlNodes nodes = frame.Argument.Nodes;
        bool asksForCount = nodes.Memory == 0 && nodes.Distances == 0;
        uint count = asksForCount ? 1 : Math.Min(nodes.Count, 1);
        if (!asksForCount && count != 0)
        {
            var memory = new SysctlNodeMemory { Size = call.Services.Memory.Limit, Free = call.Services.Frames.FreeFrames << Page.Shift };
            if ((nodes.Memory != 0 && !call.TryWrite(nodes.Memory, in memory)) || (nodes.Distances != 0 && !call.TryWrite(nodes.Distances, DistanceToSelf)))
                return call.Fault();
        }
        frame.Argument.Nodes.Count = count;
        return SysctlOps.Answer(ref frame);
    }

    /// <summary>Nobody has told of any PCI device: each is unknown.</summary>
    public static long PciTopology(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlPciTopology topology = frame.Argument.PciTopology;
        if (topology.Devices == 0 || topology.Nodes == 0)
            return call.Fail(Errno.EINVAL, "a list is missing");
        uint count = Math.Min(topology.Count, (uint)call.Dispatcher.Budget);
        for (uint i = 0; i < count; i++)
        {
            if (!call.Handle<uint>(topology.Devices).TryReadElement(call.Access, i, out _)
                || !call.Handle<uint>(topology.Nodes).TryWriteElement(call.Access, i, SysctlConstants.UnknownDevice))
            {
                return call.Fault();
            }
        }
        frame.Argument.PciTopology.Count = count;
        return SysctlOps.Answer(ref frame);
    }

    internal static ulong IdleTime(DomainServices services, int cpu)
    {
        ulong busy = services.Queues is { } queues ? queues[cpu].BusyNanoseconds : 0;
        ulong now = services.Clock.Nanoseconds;
        return now > busy ? now - busy : 0;
    }
}
