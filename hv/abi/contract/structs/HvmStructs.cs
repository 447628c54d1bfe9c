using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>HVMOP_set_param, get_param.</summary>
[XenStruct("struct xen_hvm_param", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmParam
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Not used.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>HVM_PARAM_*.</summary>
    [XenField("index")] public uint Index;
    /// <summary>In or out.</summary>
    [XenField("value")] public ulong Value;
}

/// <summary>HVMOP_pagetable_dying.</summary>
[XenStruct("struct xen_hvm_pagetable_dying", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmPagetableDying
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Not used.</summary>
    [XenField("pad")] public Words3 Pad;
    /// <summary>Guest-physical address of the top table.</summary>
    [XenField("gpa")] public ulong Address;
}

/// <summary>HVMOP_get_time.</summary>
[XenStruct("struct xen_hvm_get_time", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmGetTime
{
    /// <summary>Out: nanoseconds.</summary>
    [XenField("now")] public ulong Now;
}

/// <summary>HVMOP_xentrace.</summary>
[XenStruct("struct xen_hvm_xentrace", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmXentrace
{
    /// <summary>Event.</summary>
    [XenField("event")] public ushort Event;
    /// <summary>Bytes used.</summary>
    [XenField("extra_bytes")] public ushort ExtraBytes;
    /// <summary>Data.</summary>
    [XenField("extra")] public Bytes28 Extra;
}

/// <summary>HVMOP_get_mem_type.</summary>
[XenStruct("struct xen_hvm_get_mem_type", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmGetMemType
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Out: HVMMEM_*.</summary>
    [XenField("mem_type")] public ushort MemoryType;
    /// <summary>Not used.</summary>
    [XenField("pad")] public Words2 Pad;
    /// <summary>Guest frame.</summary>
    [XenField("pfn")] public ulong Pfn;
}

/// <summary>HVMOP_set_evtchn_upcall_vector.</summary>
[XenStruct("struct xen_hvm_evtchn_upcall_vector", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmEvtchnUpcallVector
{
    /// <summary>The vCPU.</summary>
    [XenField("vcpu")] public uint Vcpu;
    /// <summary>16 to 255.</summary>
    [XenField("vector")] public byte Vector;
}
