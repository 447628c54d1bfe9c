using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_SYSCTL_readconsole.</summary>
[XenStruct("struct xen_sysctl_readconsole", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlReadConsole
{
    /// <summary>Not 0: what was read is forgotten.</summary>
    [XenField("clear")] public byte Clears;
    /// <summary>Not 0: begin at the index.</summary>
    [XenField("incremental")] public byte IsIncremental;
    /// <summary>Not used.</summary>
    [XenField("pad0")] public byte Padding0;
    /// <summary>Not used.</summary>
    [XenField("pad1")] public byte Padding1;
    /// <summary>Where to begin; out: where it ended, mod 2^32.</summary>
    [XenField("index")] public uint Index;
    /// <summary>Linear address.</summary>
    [XenField("buffer")] public ulong Buffer;
    /// <summary>Bytes of room; out: bytes written.</summary>
    [XenField("count")] public uint Count;
}

/// <summary>XEN_SYSCTL_tbuf_op.</summary>
[XenStruct("struct xen_sysctl_tbuf_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 48)]
public struct SysctlTraceBuffer
{
    /// <summary>XEN_SYSCTL_TBUFOP_*.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>Linear address of a bitmap.</summary>
    [FieldOffset(8), XenField("cpu_mask.bitmap")] public ulong CpuMask;
    /// <summary>Its bits.</summary>
    [FieldOffset(16), XenField("cpu_mask.nr_bits")] public uint CpuMaskBits;
    /// <summary>Which events.</summary>
    [FieldOffset(24), XenField("evt_mask")] public uint EventMask;
    /// <summary>Out: where the buffers lie.</summary>
    [FieldOffset(32), XenField("buffer_mfn")] public ulong BufferFrame;
    /// <summary>Pages of each buffer.</summary>
    [FieldOffset(40), XenField("size")] public uint Size;
}

/// <summary>XEN_SYSCTL_physinfo.</summary>
[XenStruct("struct xen_sysctl_physinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlPhysicalInformation
{
    /// <summary>Hardware threads.</summary>
    [XenField("threads_per_core")] public uint ThreadsPerCore;
    /// <summary>Cores.</summary>
    [XenField("cores_per_socket")] public uint CoresPerSocket;
    /// <summary>CPUs in use.</summary>
    [XenField("nr_cpus")] public uint CpuCount;
    /// <summary>The highest number of one.</summary>
    [XenField("max_cpu_id")] public uint MaximumCpu;
    /// <summary>NUMA nodes.</summary>
    [XenField("nr_nodes")] public uint NodeCount;
    /// <summary>The highest number of one.</summary>
    [XenField("max_node_id")] public uint MaximumNode;
    /// <summary>Speed of the TSC.</summary>
    [XenField("cpu_khz")] public uint CpuKilohertz;
    /// <summary>XEN_SYSCTL_PHYSCAP_*.</summary>
    [XenField("capabilities")] public uint Capabilities;
    /// <summary>None on x86.</summary>
    [XenField("arch_capabilities")] public uint ArchitectureCapabilities;
    /// <summary>Not used.</summary>
    [XenField("pad")] public uint Padding;
    /// <summary>Frames of RAM.</summary>
    [XenField("total_pages")] public ulong TotalPages;
    /// <summary>Frames that nobody has.</summary>
    [XenField("free_pages")] public ulong FreePages;
    /// <summary>Frames that wait to be cleared.</summary>
    [XenField("scrub_pages")] public ulong ScrubPages;
    /// <summary>Frames that are claimed.</summary>
    [XenField("outstanding_pages")] public ulong OutstandingPages;
    /// <summary>The highest frame of RAM.</summary>
    [XenField("max_mfn")] public ulong MaximumFrame;
    /// <summary>The first words of the host's featureset.</summary>
    [XenField("hw_cap")] public UInts8 HardwareCapabilities;
}

/// <summary>XEN_SYSCTL_sched_id.</summary>
[XenStruct("struct xen_sysctl_sched_id", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlSchedulerId
{
    /// <summary>XEN_SCHEDULER_*.</summary>
    [XenField("sched_id")] public uint Scheduler;
}

/// <summary>XEN_SYSCTL_getdomaininfolist.</summary>
[XenStruct("struct xen_sysctl_getdomaininfolist", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlDomainList
{
    /// <summary>The lowest id asked for.</summary>
    [XenField("first_domain")] public ushort First;
    /// <summary>Room, in elements.</summary>
    [XenField("max_domains")] public uint Maximum;
    /// <summary>Linear address of xen_domctl_getdomaininfo.</summary>
    [XenField("buffer")] public ulong Buffer;
    /// <summary>Out: elements written.</summary>
    [XenField("num_domains")] public uint Count;
}

/// <summary>XEN_SYSCTL_debug_keys.</summary>
[XenStruct("struct xen_sysctl_debug_keys", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlDebugKeys
{
    /// <summary>Linear address of characters.</summary>
    [XenField("keys")] public ulong Keys;
    /// <summary>How many.</summary>
    [XenField("nr_keys")] public uint Count;
}

/// <summary>One element of XEN_SYSCTL_getcpuinfo.</summary>
[XenStruct("struct xen_sysctl_cpuinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuInformation
{
    /// <summary>Nanoseconds.</summary>
    [XenField("idletime")] public ulong IdleTime;
}

/// <summary>XEN_SYSCTL_getcpuinfo.</summary>
[XenStruct("struct xen_sysctl_getcpuinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuList
{
    /// <summary>Room, in elements.</summary>
    [XenField("max_cpus")] public uint Maximum;
    /// <summary>Linear address of xen_sysctl_cpuinfo.</summary>
    [XenField("info")] public ulong Buffer;
    /// <summary>Out: elements written.</summary>
    [XenField("nr_cpus")] public uint Count;
}

/// <summary>XEN_SYSCTL_availheap.</summary>
[XenStruct("struct xen_sysctl_availheap", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlAvailableHeap
{
    /// <summary>Least width of addresses; 0: any.</summary>
    [XenField("min_bitwidth")] public uint MinimumBits;
    /// <summary>Greatest width; 0: any.</summary>
    [XenField("max_bitwidth")] public uint MaximumBits;
    /// <summary>NUMA node; -1: all.</summary>
    [XenField("node")] public int Node;
    /// <summary>Out: what is free there.</summary>
    [XenField("avail_bytes")] public ulong Bytes;
}

/// <summary>XEN_SYSCTL_get_pmstat, as far as it is looked at.</summary>
[XenStruct("struct xen_sysctl_get_pmstat", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct SysctlPowerStatistics
{
    /// <summary>PMSTAT_*.</summary>
    [FieldOffset(0), XenField("type")] public uint Kind;
    /// <summary>Which CPU.</summary>
    [FieldOffset(4), XenField("cpuid")] public uint Cpu;
}

/// <summary>XEN_SYSCTL_cpu_hotplug.</summary>
[XenStruct("struct xen_sysctl_cpu_hotplug", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuHotplug
{
    /// <summary>Which.</summary>
    [XenField("cpu")] public uint Cpu;
    /// <summary>XEN_SYSCTL_CPU_HOTPLUG_*.</summary>
    [XenField("op")] public uint Command;
}

/// <summary>XEN_SYSCTL_pm_op, as far as it is looked at.</summary>
[XenStruct("struct xen_sysctl_pm_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 128)]
public struct SysctlPower
{
    /// <summary>What.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>Which CPU; for the idle states, which limit.</summary>
    [FieldOffset(4), XenField("cpuid")] public uint Cpu;
    /// <summary>In or out.</summary>
    [FieldOffset(8), XenField("u.get_max_cstate")] public uint Value;
}

/// <summary>XEN_SYSCTL_page_offline_op.</summary>
[XenStruct("struct xen_sysctl_page_offline_op", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlPageOffline
{
    /// <summary>sysctl_page_offline and its like.</summary>
    [XenField("cmd")] public uint Command;
    /// <summary>The first frame.</summary>
    [XenField("start")] public uint Start;
    /// <summary>The last.</summary>
    [XenField("end")] public uint End;
    /// <summary>Linear address of a word a frame.</summary>
    [XenField("status")] public ulong Status;
}

/// <summary>XEN_SYSCTL_page_offline_op. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_sysctl_page_offline_op", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct SysctlPageOffline32
{
    /// <summary>sysctl_page_offline and its like.</summary>
    [XenField("cmd")] public uint Command;
    /// <summary>The first frame.</summary>
    [XenField("start")] public uint Start;
    /// <summary>The last.</summary>
    [XenField("end")] public uint End;
    /// <summary>Linear address of a word a frame.</summary>
    [XenField("status")] public uint Status;
}

/// <summary>One element of XEN_SYSCTL_cputopoinfo.</summary>
[XenStruct("struct xen_sysctl_cputopo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuPlace
{
    /// <summary>Its core.</summary>
    [XenField("core")] public uint Core;
    /// <summary>Its socket.</summary>
    [XenField("socket")] public uint Socket;
    /// <summary>Its NUMA node.</summary>
    [XenField("node")] public uint Node;
}

/// <summary>XEN_SYSCTL_cputopoinfo.</summary>
[XenStruct("struct xen_sysctl_cputopoinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuTopology
{
    /// <summary>Room, in elements; out: elements there are or written.</summary>
    [XenField("num_cpus")] public uint Count;
    /// <summary>Linear address of xen_sysctl_cputopo; 0: only the count is asked for.</summary>
    [XenField("cputopo")] public ulong Buffer;
}

/// <summary>One element of XEN_SYSCTL_numainfo.</summary>
[XenStruct("struct xen_sysctl_meminfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlNodeMemory
{
    /// <summary>Bytes of the node.</summary>
    [XenField("memsize")] public ulong Size;
    /// <summary>Bytes of it that are free.</summary>
    [XenField("memfree")] public ulong Free;
}

/// <summary>XEN_SYSCTL_numainfo.</summary>
[XenStruct("struct xen_sysctl_numainfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlNodes
{
    /// <summary>Room, in nodes; out: nodes there are or written.</summary>
    [XenField("num_nodes")] public uint Count;
    /// <summary>Linear address of xen_sysctl_meminfo.</summary>
    [XenField("meminfo")] public ulong Memory;
    /// <summary>Linear address of a square of words.</summary>
    [XenField("distance")] public ulong Distances;
}

/// <summary>XEN_SYSCTL_cpupool_op.</summary>
[XenStruct("struct xen_sysctl_cpupool_op", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuPool
{
    /// <summary>XEN_SYSCTL_CPUPOOL_OP_*.</summary>
    [XenField("op")] public uint Command;
    /// <summary>Which pool.</summary>
    [XenField("cpupool_id")] public uint Pool;
    /// <summary>XEN_SCHEDULER_*.</summary>
    [XenField("sched_id")] public uint Scheduler;
    /// <summary>Whom to move.</summary>
    [XenField("domid")] public uint Domain;
    /// <summary>Which CPU.</summary>
    [XenField("cpu")] public uint Cpu;
    /// <summary>Out: domains in it.</summary>
    [XenField("n_dom")] public uint DomainCount;
    /// <summary>Linear address of a bitmap.</summary>
    [XenField("cpumap.bitmap")] public ulong Map;
    /// <summary>Its bits.</summary>
    [XenField("cpumap.nr_bits")] public uint MapBits;
}

/// <summary>XEN_SYSCTL_scheduler_op, of the credit2 scheduler.</summary>
[XenStruct("struct xen_sysctl_scheduler_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct SysctlScheduler
{
    /// <summary>Whose scheduler.</summary>
    [FieldOffset(0), XenField("cpupool_id")] public uint Pool;
    /// <summary>XEN_SCHEDULER_*.</summary>
    [FieldOffset(4), XenField("sched_id")] public uint Scheduler;
    /// <summary>XEN_SYSCTL_SCHEDOP_*.</summary>
    [FieldOffset(8), XenField("cmd")] public uint Command;
    /// <summary>Microseconds that a vCPU runs before another may displace it.</summary>
    [FieldOffset(16), XenField("u.sched_credit2.ratelimit_us")] public uint RateLimit;
}

/// <summary>XEN_SYSCTL_pcitopoinfo.</summary>
[XenStruct("struct xen_sysctl_pcitopoinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlPciTopology
{
    /// <summary>Devices; out: those looked at.</summary>
    [XenField("num_devs")] public uint Count;
    /// <summary>Linear address of physdev_pci_device.</summary>
    [XenField("devs")] public ulong Devices;
    /// <summary>Linear address of a word a device.</summary>
    [XenField("nodes")] public ulong Nodes;
}

/// <summary>XEN_SYSCTL_psr_alloc, as far as it is looked at.</summary>
[XenStruct("struct xen_sysctl_psr_alloc", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 20)]
public struct SysctlResourceAllocation
{
    /// <summary>XEN_SYSCTL_PSR_*.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>Which socket.</summary>
    [FieldOffset(4), XenField("target")] public uint Target;
}

/// <summary>XEN_SYSCTL_get_cpu_levelling_caps.</summary>
[XenStruct("struct xen_sysctl_cpu_levelling_caps", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlLevelling
{
    /// <summary>XEN_SYSCTL_CPU_LEVELCAP_*.</summary>
    [XenField("caps")] public uint Capabilities;
}

/// <summary>XEN_SYSCTL_get_cpu_featureset.</summary>
[XenStruct("struct xen_sysctl_cpu_featureset", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlFeatureSet
{
    /// <summary>XEN_SYSCTL_cpu_featureset_*.</summary>
    [XenField("index")] public uint Index;
    /// <summary>Room, in words; out: words written.</summary>
    [XenField("nr_features")] public uint Count;
    /// <summary>Linear address of words; 0: only the count is asked for.</summary>
    [XenField("features")] public ulong Buffer;
}

/// <summary>XEN_SYSCTL_get_cpu_policy.</summary>
[XenStruct("struct xen_sysctl_cpu_policy", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SysctlCpuPolicy
{
    /// <summary>XEN_SYSCTL_cpu_policy_*.</summary>
    [XenField("index")] public uint Index;
    /// <summary>Room, in leaves; out: leaves written, or at most.</summary>
    [XenField("nr_leaves")] public uint LeafCount;
    /// <summary>The same for MSRs.</summary>
    [XenField("nr_msrs")] public uint MsrCount;
    /// <summary>Zero.</summary>
    [XenField("_rsvd")] public uint Reserved;
    /// <summary>Linear address of xen_cpuid_leaf; 0: only the count is asked for.</summary>
    [XenField("leaves")] public ulong Leaves;
    /// <summary>Linear address of xen_msr_entry; 0: only the count is asked for.</summary>
    [XenField("msrs")] public ulong Msrs;
}

/// <summary>A leaf of CPUID.</summary>
[XenStruct("struct xen_cpuid_leaf", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct XenCpuidLeaf
{
    /// <summary>EAX.</summary>
    [XenField("leaf")] public uint Leaf;
    /// <summary>ECX; XEN_CPUID_NO_SUBLEAF where it does not matter.</summary>
    [XenField("subleaf")] public uint Subleaf;
    /// <summary>Answer.</summary>
    [XenField("a")] public uint Eax;
    /// <summary>Answer.</summary>
    [XenField("b")] public uint Ebx;
    /// <summary>Answer.</summary>
    [XenField("c")] public uint Ecx;
    /// <summary>Answer.</summary>
    [XenField("d")] public uint Edx;
}

/// <summary>A model-specific register.</summary>
[XenStruct("struct xen_msr_entry", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct XenMsrEntry
{
    /// <summary>Which.</summary>
    [XenField("idx")] public uint Index;
    /// <summary>Zero.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>What it holds.</summary>
    [XenField("val")] public ulong Value;
}

/// <summary>The argument of every sysctl: a head, and a union of 128 bytes.</summary>
[XenStruct("struct xen_sysctl", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 136)]
public struct Sysctl
{
    /// <summary>XEN_SYSCTL_*.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>XEN_SYSCTL_INTERFACE_VERSION.</summary>
    [FieldOffset(4), XenField("interface_version")] public uint InterfaceVersion;
    /// <summary>readconsole.</summary>
    [FieldOffset(8), XenField("u.readconsole")] public SysctlReadConsole ReadConsole;
    /// <summary>tbuf_op.</summary>
    [FieldOffset(8), XenField("u.tbuf_op")] public SysctlTraceBuffer TraceBuffer;
    /// <summary>physinfo.</summary>
    [FieldOffset(8), XenField("u.physinfo")] public SysctlPhysicalInformation PhysicalInformation;
    /// <summary>sched_id.</summary>
    [FieldOffset(8), XenField("u.sched_id")] public SysctlSchedulerId SchedulerId;
    /// <summary>getdomaininfolist.</summary>
    [FieldOffset(8), XenField("u.getdomaininfolist")] public SysctlDomainList DomainList;
    /// <summary>debug_keys.</summary>
    [FieldOffset(8), XenField("u.debug_keys")] public SysctlDebugKeys DebugKeys;
    /// <summary>getcpuinfo.</summary>
    [FieldOffset(8), XenField("u.getcpuinfo")] public SysctlCpuList CpuList;
    /// <summary>availheap.</summary>
    [FieldOffset(8), XenField("u.availheap")] public SysctlAvailableHeap AvailableHeap;
    /// <summary>get_pmstat.</summary>
    [FieldOffset(8), XenField("u.get_pmstat")] public SysctlPowerStatistics PowerStatistics;
    /// <summary>cpu_hotplug.</summary>
    [FieldOffset(8), XenField("u.cpu_hotplug")] public SysctlCpuHotplug CpuHotplug;
    /// <summary>pm_op.</summary>
    [FieldOffset(8), XenField("u.pm_op")] public SysctlPower Power;
    /// <summary>cputopoinfo.</summary>
    [FieldOffset(8), XenField("u.cputopoinfo")] public SysctlCpuTopology CpuTopology;
    /// <summary>numainfo.</summary>
    [FieldOffset(8), XenField("u.numainfo")] public SysctlNodes Nodes;
    /// <summary>cpupool_op.</summary>
    [FieldOffset(8), XenField("u.cpupool_op")] public SysctlCpuPool CpuPool;
    /// <summary>scheduler_op.</summary>
    [FieldOffset(8), XenField("u.scheduler_op")] public SysctlScheduler Scheduler;
    /// <summary>pcitopoinfo.</summary>
    [FieldOffset(8), XenField("u.pcitopoinfo")] public SysctlPciTopology PciTopology;
    /// <summary>psr_alloc.</summary>
    [FieldOffset(8), XenField("u.psr_alloc")] public SysctlResourceAllocation ResourceAllocation;
    /// <summary>cpu_levelling_caps.</summary>
    [FieldOffset(8), XenField("u.cpu_levelling_caps")] public SysctlLevelling Levelling;
    /// <summary>cpu_featureset.</summary>
    [FieldOffset(8), XenField("u.cpu_featureset")] public SysctlFeatureSet FeatureSet;
    /// <summary>cpu_policy.</summary>
    [FieldOffset(8), XenField("u.cpu_policy")] public SysctlCpuPolicy CpuPolicy;
}
