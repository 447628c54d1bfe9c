using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_DOMCTL_get_ext_vcpucontext, XEN_DOMCTL_set_ext_vcpucontext.</summary>
[XenStruct("struct xen_domctl_ext_vcpucontext", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct DomctlExtendedContext
{
    /// <summary>The vCPU.</summary>
    [FieldOffset(0), XenField("vcpu")] public uint Vcpu;
    /// <summary>Bytes of this structure that count.</summary>
    [FieldOffset(4), XenField("size")] public uint Size;
    /// <summary>For paravirtual guests: where SYSCALL goes.</summary>
    [FieldOffset(8), XenField("syscall32_callback_eip")] public ulong SyscallAddress;
    /// <summary>For paravirtual guests: where SYSENTER goes.</summary>
    [FieldOffset(16), XenField("sysenter_callback_eip")] public ulong SysenterAddress;
    /// <summary>For paravirtual guests.</summary>
    [FieldOffset(24), XenField("syscall32_callback_cs")] public ushort SyscallSelector;
    /// <summary>For paravirtual guests.</summary>
    [FieldOffset(26), XenField("sysenter_callback_cs")] public ushort SysenterSelector;
    /// <summary>For paravirtual guests.</summary>
    [FieldOffset(28), XenField("syscall32_disables_events")] public byte SyscallDisablesEvents;
    /// <summary>For paravirtual guests.</summary>
    [FieldOffset(29), XenField("sysenter_disables_events")] public byte SysenterDisablesEvents;
    /// <summary>Machine-check banks.</summary>
    [FieldOffset(32), XenField("vmce")] public HvmVmceVcpu MachineCheck;
}

/// <summary>XEN_DOMCTL_getvcpuextstate, XEN_DOMCTL_setvcpuextstate.</summary>
[XenStruct("struct xen_domctl_vcpuextstate", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct DomctlExtendedState
{
    /// <summary>The vCPU.</summary>
    [FieldOffset(0), XenField("vcpu")] public uint Vcpu;
    /// <summary>Of a get: the features of XCR0 that the caller knows; 0 with a size of 0 asks for both.</summary>
    [FieldOffset(8), XenField("xfeature_mask")] public ulong FeatureMask;
    /// <summary>Bytes of the buffer; out: bytes filled.</summary>
    [FieldOffset(16), XenField("size")] public ulong Size;
    /// <summary>Linear address of XCR0, what XCR0 ever held, and an XSAVE image.</summary>
    [FieldOffset(24), XenField("buffer")] public ulong Buffer;
}

/// <summary>XEN_DOMCTL_get_vcpu_msrs, XEN_DOMCTL_set_vcpu_msrs.</summary>
[XenStruct("struct xen_domctl_vcpu_msrs", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlVcpuMsrs
{
    /// <summary>The vCPU.</summary>
    [XenField("vcpu")] public uint Vcpu;
    /// <summary>Registers in the list, or room for them.</summary>
    [XenField("msr_count")] public uint Count;
    /// <summary>Linear address of xen_domctl_vcpu_msr.</summary>
    [XenField("msrs")] public ulong Msrs;
}

/// <summary>XEN_DOMCTL_setdebugging.</summary>
[XenStruct("struct xen_domctl_setdebugging", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlDebugging
{
    /// <summary>Not 0: a debugger looks at the domain.</summary>
    [XenField("enable")] public byte IsEnabled;
}

/// <summary>XEN_DOMCTL_subscribe.</summary>
[XenStruct("struct xen_domctl_subscribe", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlSubscription
{
    /// <summary>The domain's port on which it tells that it suspends; 0: none.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>XEN_DOMCTL_getpageframeinfo3.</summary>
[XenStruct("struct xen_domctl_getpageframeinfo3", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlPageTypes
{
    /// <summary>Elements of the list.</summary>
    [XenField("num")] public ulong Count;
    /// <summary>Linear address of xen_pfn_t; in: guest frames; out: what they are.</summary>
    [XenField("array")] public ulong Frames;
}

/// <summary>XEN_DOMCTL_set_broken_page_p2m.</summary>
[XenStruct("struct xen_domctl_set_broken_page_p2m", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlBrokenPage
{
    /// <summary>The guest frame.</summary>
    [XenField("pfn")] public ulong Gfn;
}

/// <summary>XEN_DOMCTL_psr_alloc.</summary>
[XenStruct("struct xen_domctl_psr_alloc", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct DomctlCacheAllocation
{
    /// <summary>What is set or asked for.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>Of which processor package.</summary>
    [FieldOffset(4), XenField("target")] public uint Target;
    /// <summary>The value.</summary>
    [FieldOffset(8), XenField("data")] public ulong Data;
}

/// <summary>XEN_DOMCTL_setvnumainfo.</summary>
[XenStruct("struct xen_domctl_vnuma", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlVirtualNodes
{
    /// <summary>Virtual nodes.</summary>
    [XenField("nr_vnodes")] public uint NodeCount;
    /// <summary>Ranges of memory.</summary>
    [XenField("nr_vmemranges")] public uint RangeCount;
    /// <summary>The domain's vCPUs.</summary>
    [XenField("nr_vcpus")] public uint VcpuCount;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>Linear address of unsigned int[nodes * nodes].</summary>
    [XenField("vdistance")] public ulong Distances;
    /// <summary>Linear address of unsigned int[vCPUs].</summary>
    [XenField("vcpu_to_vnode")] public ulong VcpuToNode;
    /// <summary>Linear address of unsigned int[nodes]: the machine's nodes.</summary>
    [XenField("vnode_to_pnode")] public ulong NodeToMachineNode;
    /// <summary>Linear address of struct xen_vmemrange[ranges].</summary>
    [XenField("vmemrange")] public ulong Ranges;
}

/// <summary>A range of memory of a virtual node.</summary>
[XenStruct("struct xen_vmemrange", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VirtualMemoryRange
{
    /// <summary>Guest-physical address.</summary>
    [XenField("start")] public ulong Start;
    /// <summary>Guest-physical address behind the last.</summary>
    [XenField("end")] public ulong End;
    /// <summary>Zero.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>The virtual node.</summary>
    [XenField("nid")] public uint Node;
}
