using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>The argument of every domctl (public/domctl.h), the same for callers of both widths: a head, and a union of 128 bytes.</summary>
[XenStruct("struct xen_domctl", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 144)]
public struct Domctl
{
    /// <summary>XEN_DOMCTL_*.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>XEN_DOMCTL_INTERFACE_VERSION.</summary>
    [FieldOffset(4), XenField("interface_version")] public uint InterfaceVersion;
    /// <summary>Which domain; createdomain and getdomaininfo write it back.</summary>
    [FieldOffset(8), XenField("domain")] public ushort Domain;
    /// <summary>createdomain.</summary>
    [FieldOffset(16), XenField("u.createdomain")] public DomctlCreateDomain CreateDomain;
    /// <summary>getdomaininfo.</summary>
    [FieldOffset(16), XenField("u.getdomaininfo")] public DomainInformation DomainInformation;
    /// <summary>max_mem.</summary>
    [FieldOffset(16), XenField("u.max_mem")] public DomctlMaximumMemory MaximumMemory;
    /// <summary>max_vcpus.</summary>
    [FieldOffset(16), XenField("u.max_vcpus")] public DomctlMaximumVcpus MaximumVcpus;
    /// <summary>getvcpuinfo.</summary>
    [FieldOffset(16), XenField("u.getvcpuinfo")] public DomctlVcpuInformation VcpuInformation;
    /// <summary>getvcpucontext, setvcpucontext.</summary>
    [FieldOffset(16), XenField("u.vcpucontext")] public DomctlVcpuContext VcpuContext;
    /// <summary>getvcpuaffinity, setvcpuaffinity.</summary>
    [FieldOffset(16), XenField("u.vcpuaffinity")] public DomctlVcpuAffinity VcpuAffinity;
    /// <summary>getnodeaffinity, setnodeaffinity.</summary>
    [FieldOffset(16), XenField("u.nodeaffinity")] public DomctlNodeAffinity NodeAffinity;
    /// <summary>scheduler_op.</summary>
    [FieldOffset(16), XenField("u.scheduler_op")] public DomctlScheduler Scheduler;
    /// <summary>setdomainhandle.</summary>
    [FieldOffset(16), XenField("u.setdomainhandle")] public DomctlHandle Handle;
    /// <summary>shadow_op.</summary>
    [FieldOffset(16), XenField("u.shadow_op")] public DomctlShadow Shadow;
    /// <summary>irq_permission.</summary>
    [FieldOffset(16), XenField("u.irq_permission")] public DomctlIrqPermission IrqPermission;
    /// <summary>iomem_permission.</summary>
    [FieldOffset(16), XenField("u.iomem_permission")] public DomctlMemoryPermission MemoryPermission;
    /// <summary>ioport_permission.</summary>
    [FieldOffset(16), XenField("u.ioport_permission")] public DomctlPortPermission PortPermission;
    /// <summary>assign_device, test_assign_device, deassign_device.</summary>
    [FieldOffset(16), XenField("u.assign_device")] public DomctlAssignDevice AssignDevice;
    /// <summary>get_device_group.</summary>
    [FieldOffset(16), XenField("u.get_device_group")] public DomctlDeviceGroup DeviceGroup;
    /// <summary>bind_pt_irq, unbind_pt_irq.</summary>
    [FieldOffset(16), XenField("u.bind_pt_irq")] public DomctlBindInterrupt BindInterrupt;
    /// <summary>memory_mapping.</summary>
    [FieldOffset(16), XenField("u.memory_mapping")] public DomctlMemoryMapping MemoryMapping;
    /// <summary>ioport_mapping.</summary>
    [FieldOffset(16), XenField("u.ioport_mapping")] public DomctlPortMapping PortMapping;
    /// <summary>hypercall_init.</summary>
    [FieldOffset(16), XenField("u.hypercall_init")] public DomctlHypercallPage HypercallPage;
    /// <summary>settimeoffset.</summary>
    [FieldOffset(16), XenField("u.settimeoffset")] public DomctlTimeOffset TimeOffset;
    /// <summary>get_address_size, set_address_size.</summary>
    [FieldOffset(16), XenField("u.address_size")] public DomctlAddressSize AddressSize;
    /// <summary>sendtrigger.</summary>
    [FieldOffset(16), XenField("u.sendtrigger")] public DomctlTrigger Trigger;
    /// <summary>set_target.</summary>
    [FieldOffset(16), XenField("u.set_target")] public DomctlTarget Target;
    /// <summary>gettscinfo, settscinfo.</summary>
    [FieldOffset(16), XenField("u.tsc_info")] public DomctlTscInformation TscInformation;
    /// <summary>set_virq_handler.</summary>
    [FieldOffset(16), XenField("u.set_virq_handler")] public DomctlVirqHandler VirqHandler;
    /// <summary>get_paging_mempool_size, set_paging_mempool_size.</summary>
    [FieldOffset(16), XenField("u.paging_mempool")] public DomctlPagingPool PagingPool;
    /// <summary>gethvmcontext, sethvmcontext.</summary>
    [FieldOffset(16), XenField("u.hvmcontext")] public DomctlHvmContext HvmContext;
    /// <summary>gethvmcontext_partial.</summary>
    [FieldOffset(16), XenField("u.hvmcontext_partial")] public DomctlHvmContextPartial HvmContextPartial;
    /// <summary>get_cpu_policy, set_cpu_policy.</summary>
    [FieldOffset(16), XenField("u.cpu_policy")] public DomctlCpuPolicy CpuPolicy;
    /// <summary>get_ext_vcpucontext, set_ext_vcpucontext.</summary>
    [FieldOffset(16), XenField("u.ext_vcpucontext")] public DomctlExtendedContext ExtendedContext;
    /// <summary>getvcpuextstate, setvcpuextstate.</summary>
    [FieldOffset(16), XenField("u.vcpuextstate")] public DomctlExtendedState ExtendedState;
    /// <summary>get_vcpu_msrs, set_vcpu_msrs.</summary>
    [FieldOffset(16), XenField("u.vcpu_msrs")] public DomctlVcpuMsrs VcpuMsrs;
    /// <summary>setdebugging.</summary>
    [FieldOffset(16), XenField("u.setdebugging")] public DomctlDebugging Debugging;
    /// <summary>subscribe.</summary>
    [FieldOffset(16), XenField("u.subscribe")] public DomctlSubscription Subscription;
    /// <summary>getpageframeinfo3.</summary>
    [FieldOffset(16), XenField("u.getpageframeinfo3")] public DomctlPageTypes PageTypes;
    /// <summary>set_broken_page_p2m.</summary>
    [FieldOffset(16), XenField("u.set_broken_page_p2m")] public DomctlBrokenPage BrokenPage;
    /// <summary>psr_alloc.</summary>
    [FieldOffset(16), XenField("u.psr_alloc")] public DomctlCacheAllocation CacheAllocation;
    /// <summary>setvnumainfo.</summary>
    [FieldOffset(16), XenField("u.vnuma")] public DomctlVirtualNodes VirtualNodes;
    /// <summary>vm_event_op.</summary>
    [FieldOffset(16), XenField("u.vm_event_op")] public DomctlVmEvent VmEvent;
    /// <summary>monitor_op.</summary>
    [FieldOffset(16), XenField("u.monitor_op")] public DomctlMonitor Monitor;
    /// <summary>debug_op.</summary>
    [FieldOffset(16), XenField("u.debug_op")] public DomctlDebug Debug;
    /// <summary>set_access_required.</summary>
    [FieldOffset(16), XenField("u.access_required")] public DomctlAccessRequired AccessRequired;
    /// <summary>Ours: which calls the domain is shown.</summary>
    [FieldOffset(16), XenField("u.pad")] public DomctlExposure Exposure;
    /// <summary>Ours: how the domain's views are to be.</summary>
    [FieldOffset(16), XenField("u.pad")] public DomctlAltp2m Altp2m;
}

/// <summary>Which devices a domain gets emulated, and how.</summary>
[XenStruct("struct xen_arch_domainconfig", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomainEmulation
{
    /// <summary>XEN_X86_EMU_*.</summary>
    [XenField("emulation_flags")] public uint Flags;
    /// <summary>XEN_X86_MSR_RELAXED.</summary>
    [XenField("misc_flags")] public uint Miscellaneous;
}

/// <summary>XEN_DOMCTL_createdomain.</summary>
[XenStruct("struct xen_domctl_createdomain", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlCreateDomain
{
    /// <summary>For FLASK.</summary>
    [XenField("ssidref")] public uint SecurityLabel;
    /// <summary>The toolstack's name for the domain, a UUID.</summary>
    [XenField("handle")] public Bytes16 Handle;
    /// <summary>XEN_DOMCTL_CDF_*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>XEN_DOMCTL_IOMMU_*.</summary>
    [XenField("iommu_opts")] public uint IommuOptions;
    /// <summary>How many vCPUs max_vcpus makes.</summary>
    [XenField("max_vcpus")] public uint MaximumVcpus;
    /// <summary>The highest event channel port.</summary>
    [XenField("max_evtchn_port")] public uint MaximumPort;
    /// <summary>The most frames of the grant table; below 0: Xen's default.</summary>
    [XenField("max_grant_frames")] public int MaximumGrantFrames;
    /// <summary>The most frames of records of what the domain maps of others; below 0: Xen's default.</summary>
    [XenField("max_maptrack_frames")] public int MaximumMaptrackFrames;
    /// <summary>Bits 0 to 3: the highest version of the grant table.</summary>
    [XenField("grant_opts")] public uint GrantOptions;
    /// <summary>Bytes of a trace buffer for each vCPU; 0: none.</summary>
    [XenField("vmtrace_size")] public uint TraceSize;
    /// <summary>The pool of CPUs.</summary>
    [XenField("cpupool_id")] public uint CpuPool;
    /// <summary>Devices.</summary>
    [XenField("arch")] public DomainEmulation Emulation;
}

/// <summary>XEN_DOMCTL_getdomaininfo, and an element of XEN_SYSCTL_getdomaininfolist.</summary>
[XenStruct("struct xen_domctl_getdomaininfo", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 112)]
public struct DomainInformation
{
    /// <summary>The domain.</summary>
    [FieldOffset(0), XenField("domain")] public ushort Domain;
    /// <summary>XEN_DOMINF_*, and in the upper half why it shut down.</summary>
    [FieldOffset(4), XenField("flags")] public uint Flags;
    /// <summary>Frames of memory.</summary>
    [FieldOffset(8), XenField("tot_pages")] public ulong TotalPages;
    /// <summary>The most that it may have.</summary>
    [FieldOffset(16), XenField("max_pages")] public ulong MaximumPages;
    /// <summary>Frames claimed for it and not yet given.</summary>
    [FieldOffset(24), XenField("outstanding_pages")] public ulong OutstandingPages;
    /// <summary>Frames that it shares.</summary>
    [FieldOffset(32), XenField("shr_pages")] public ulong SharedPages;
    /// <summary>Frames that are paged out.</summary>
    [FieldOffset(40), XenField("paged_pages")] public ulong PagedPages;
    /// <summary>The guest frame of shared_info.</summary>
    [FieldOffset(48), XenField("shared_info_frame")] public ulong SharedInfoFrame;
    /// <summary>Nanoseconds that its vCPUs have run.</summary>
    [FieldOffset(56), XenField("cpu_time")] public ulong CpuTime;
    /// <summary>vCPUs that are up.</summary>
    [FieldOffset(64), XenField("nr_online_vcpus")] public uint OnlineVcpus;
    /// <summary>The highest number of a vCPU; all ones when there is none.</summary>
    [FieldOffset(68), XenField("max_vcpu_id")] public uint MaximumVcpuId;
    /// <summary>For FLASK.</summary>
    [FieldOffset(72), XenField("ssidref")] public uint SecurityLabel;
    /// <summary>The toolstack's name for it.</summary>
    [FieldOffset(76), XenField("handle")] public Bytes16 Handle;
    /// <summary>The pool of CPUs.</summary>
    [FieldOffset(92), XenField("cpupool")] public uint CpuPool;
    /// <summary>Bits of a guest-physical address.</summary>
    [FieldOffset(96), XenField("gpaddr_bits")] public byte AddressBits;
    /// <summary>As in createdomain.</summary>
    [FieldOffset(104), XenField("arch_config")] public DomainEmulation Emulation;
}

/// <summary>XEN_DOMCTL_max_mem.</summary>
[XenStruct("struct xen_domctl_max_mem", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlMaximumMemory
{
    /// <summary>The most memory that the domain may have, in KiB.</summary>
    [XenField("max_memkb")] public ulong Kibibytes;
}

/// <summary>XEN_DOMCTL_max_vcpus.</summary>
[XenStruct("struct xen_domctl_max_vcpus", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlMaximumVcpus
{
    /// <summary>As many as createdomain was told.</summary>
    [XenField("max")] public uint Count;
}

/// <summary>XEN_DOMCTL_getvcpuinfo.</summary>
[XenStruct("struct xen_domctl_getvcpuinfo", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlVcpuInformation
{
    /// <summary>Which one.</summary>
    [FieldOffset(0), XenField("vcpu")] public uint Vcpu;
    /// <summary>Out: it is up.</summary>
    [FieldOffset(4), XenField("online")] public byte IsOnline;
    /// <summary>Out: it waits for an event.</summary>
    [FieldOffset(5), XenField("blocked")] public byte IsBlocked;
    /// <summary>Out: it is on a CPU.</summary>
    [FieldOffset(6), XenField("running")] public byte IsRunning;
    /// <summary>Out: nanoseconds that it has run.</summary>
    [FieldOffset(8), XenField("cpu_time")] public ulong CpuTime;
    /// <summary>Out: the CPU that it is on, or was last.</summary>
    [FieldOffset(16), XenField("cpu")] public uint Cpu;
}

/// <summary>XEN_DOMCTL_getvcpucontext, setvcpucontext.</summary>
[XenStruct("struct xen_domctl_vcpucontext", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct DomctlVcpuContext
{
    /// <summary>Which one.</summary>
    [FieldOffset(0), XenField("vcpu")] public uint Vcpu;
    /// <summary>Guest address of a vcpu_guest_context_t.</summary>
    [FieldOffset(8), XenField("ctxt")] public ulong Context;
}

/// <summary>A set of CPUs or nodes: a bit each.</summary>
[XenStruct("struct xenctl_bitmap", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct ControlBitmap
{
    /// <summary>Guest address of the bytes.</summary>
    [FieldOffset(0), XenField("bitmap")] public ulong Bytes;
    /// <summary>How many bits the caller has room for.</summary>
    [FieldOffset(8), XenField("nr_bits")] public uint Bits;
}

/// <summary>XEN_DOMCTL_getvcpuaffinity, setvcpuaffinity.</summary>
[XenStruct("struct xen_domctl_vcpuaffinity", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 40)]
public struct DomctlVcpuAffinity
{
    /// <summary>Which one.</summary>
    [FieldOffset(0), XenField("vcpu")] public uint Vcpu;
    /// <summary>XEN_VCPUAFFINITY_*.</summary>
    [FieldOffset(4), XenField("flags")] public uint Flags;
    /// <summary>Where it may run.</summary>
    [FieldOffset(8), XenField("cpumap_hard")] public ControlBitmap Hard;
    /// <summary>Where it had better run.</summary>
    [FieldOffset(24), XenField("cpumap_soft")] public ControlBitmap Soft;
}

/// <summary>XEN_DOMCTL_getnodeaffinity, setnodeaffinity.</summary>
[XenStruct("struct xen_domctl_nodeaffinity", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlNodeAffinity
{
    /// <summary>Nodes.</summary>
    [XenField("nodemap")] public ControlBitmap Nodes;
}

/// <summary>XEN_DOMCTL_scheduler_op, with what the schedulers credit and credit2 take.</summary>
[XenStruct("struct xen_domctl_scheduler_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlScheduler
{
    /// <summary>XEN_SCHEDULER_*.</summary>
    [FieldOffset(0), XenField("sched_id")] public uint Scheduler;
    /// <summary>XEN_DOMCTL_SCHEDOP_*.</summary>
    [FieldOffset(4), XenField("cmd")] public uint Command;
    /// <summary>The domain's weight.</summary>
    [FieldOffset(8), XenField("u.credit2.weight")] public ushort Weight;
    /// <summary>The domain's cap, in per cent of a CPU.</summary>
    [FieldOffset(10), XenField("u.credit2.cap")] public ushort Cap;
}

/// <summary>XEN_DOMCTL_setdomainhandle.</summary>
[XenStruct("struct xen_domctl_setdomainhandle", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHandle
{
    /// <summary>The toolstack's name for the domain.</summary>
    [XenField("handle")] public Bytes16 Handle;
}

/// <summary>XEN_DOMCTL_shadow_op.</summary>
[XenStruct("struct xen_domctl_shadow_op", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 40)]
public struct DomctlShadow
{
    /// <summary>XEN_DOMCTL_SHADOW_OP_*.</summary>
    [FieldOffset(0), XenField("op")] public uint Operation;
    /// <summary>Flags of the operation.</summary>
    [FieldOffset(4), XenField("mode")] public uint Mode;
    /// <summary>Memory for page tables, in MiB.</summary>
    [FieldOffset(8), XenField("mb")] public uint Mebibytes;
    /// <summary>Guest address of a bitmap.</summary>
    [FieldOffset(16), XenField("dirty_bitmap")] public ulong Bitmap;
    /// <summary>Bits of it.</summary>
    [FieldOffset(24), XenField("pages")] public ulong Pages;
    /// <summary>Faults of shadow page tables, of which there are none.</summary>
    [FieldOffset(32), XenField("stats.fault_count")] public uint FaultCount;
    /// <summary>Frames that were marked since the last look that cleared.</summary>
    [FieldOffset(36), XenField("stats.dirty_count")] public uint DirtyCount;
}

/// <summary>XEN_DOMCTL_irq_permission.</summary>
[XenStruct("struct xen_domctl_irq_permission", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct DomctlIrqPermission
{
    /// <summary>The interrupt, as the caller knows it.</summary>
    [FieldOffset(0), XenField("pirq")] public uint Pirq;
    /// <summary>Whether the domain may have it.</summary>
    [FieldOffset(4), XenField("allow_access")] public byte IsAllowed;
}

/// <summary>XEN_DOMCTL_iomem_permission.</summary>
[XenStruct("struct xen_domctl_iomem_permission", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlMemoryPermission
{
    /// <summary>The first machine frame.</summary>
    [FieldOffset(0), XenField("first_mfn")] public ulong First;
    /// <summary>How many.</summary>
    [FieldOffset(8), XenField("nr_mfns")] public ulong Count;
    /// <summary>Whether the domain may have them.</summary>
    [FieldOffset(16), XenField("allow_access")] public byte IsAllowed;
}

/// <summary>XEN_DOMCTL_ioport_permission.</summary>
[XenStruct("struct xen_domctl_ioport_permission", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 12)]
public struct DomctlPortPermission
{
    /// <summary>The first port.</summary>
    [FieldOffset(0), XenField("first_port")] public uint First;
    /// <summary>How many.</summary>
    [FieldOffset(4), XenField("nr_ports")] public uint Count;
    /// <summary>Whether the domain may have them.</summary>
    [FieldOffset(8), XenField("allow_access")] public byte IsAllowed;
}

/// <summary>XEN_DOMCTL_hypercall_init.</summary>
[XenStruct("struct xen_domctl_hypercall_init", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHypercallPage
{
    /// <summary>The guest frame that becomes the hypercall page.</summary>
    [XenField("gmfn")] public ulong Gfn;
}

/// <summary>XEN_DOMCTL_settimeoffset.</summary>
[XenStruct("struct xen_domctl_settimeoffset", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlTimeOffset
{
    /// <summary>What the domain's wall clock is ahead of the machine's, in seconds.</summary>
    [XenField("time_offset_seconds")] public long Seconds;
}

/// <summary>XEN_DOMCTL_get_address_size, set_address_size.</summary>
[XenStruct("struct xen_domctl_address_size", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlAddressSize
{
    /// <summary>Bits.</summary>
    [XenField("size")] public uint Bits;
}

/// <summary>XEN_DOMCTL_sendtrigger.</summary>
[XenStruct("struct xen_domctl_sendtrigger", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlTrigger
{
    /// <summary>XEN_DOMCTL_SENDTRIGGER_*.</summary>
    [XenField("trigger")] public uint Trigger;
    /// <summary>To which vCPU.</summary>
    [XenField("vcpu")] public uint Vcpu;
}

/// <summary>XEN_DOMCTL_set_target.</summary>
[XenStruct("struct xen_domctl_set_target", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlTarget
{
    /// <summary>The domain that the other may act on.</summary>
    [XenField("target")] public ushort Target;
}

/// <summary>XEN_DOMCTL_gettscinfo, settscinfo.</summary>
[XenStruct("struct xen_domctl_tsc_info", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlTscInformation
{
    /// <summary>0 to 2: XEN_CPUID_TSC_MODE_*.</summary>
    [FieldOffset(0), XenField("tsc_mode")] public uint Mode;
    /// <summary>Kilohertz.</summary>
    [FieldOffset(4), XenField("gtsc_khz")] public uint Kilohertz;
    /// <summary>How often the domain came from elsewhere.</summary>
    [FieldOffset(8), XenField("incarnation")] public uint Incarnation;
    /// <summary>Nanoseconds of the guest's time that have gone by.</summary>
    [FieldOffset(16), XenField("elapsed_nsec")] public ulong Elapsed;
}

/// <summary>XEN_DOMCTL_set_virq_handler.</summary>
[XenStruct("struct xen_domctl_set_virq_handler", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlVirqHandler
{
    /// <summary>A VIRQ of the machine.</summary>
    [XenField("virq")] public uint Virq;
}

/// <summary>XEN_DOMCTL_get_paging_mempool_size, set_paging_mempool_size.</summary>
[XenStruct("struct xen_domctl_paging_mempool", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlPagingPool
{
    /// <summary>Bytes for the domain's page tables.</summary>
    [XenField("size")] public ulong Bytes;
}
