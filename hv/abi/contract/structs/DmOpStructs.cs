using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>The first buffer of every dm_op (public/hvm/dm_op.h): a head, and a union of 24 bytes.</summary>
[XenStruct("struct xen_dm_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct DmOpArgument
{
    /// <summary>XEN_DMOP_*.</summary>
    [FieldOffset(0), XenField("op")] public uint Operation;
    /// <summary>Zero.</summary>
    [FieldOffset(4), XenField("pad")] public uint Pad;
    /// <summary>create_ioreq_server.</summary>
    [FieldOffset(8), XenField("u.create_ioreq_server")] public DmOpCreateServer CreateServer;
    /// <summary>get_ioreq_server_info.</summary>
    [FieldOffset(8), XenField("u.get_ioreq_server_info")] public DmOpServerInformation ServerInformation;
    /// <summary>map_io_range_to_ioreq_server, unmap_io_range_from_ioreq_server.</summary>
    [FieldOffset(8), XenField("u.map_io_range_to_ioreq_server")] public DmOpRange Range;
    /// <summary>set_ioreq_server_state.</summary>
    [FieldOffset(8), XenField("u.set_ioreq_server_state")] public DmOpServerState ServerState;
    /// <summary>destroy_ioreq_server.</summary>
    [FieldOffset(8), XenField("u.destroy_ioreq_server")] public DmOpDestroyServer DestroyServer;
    /// <summary>track_dirty_vram.</summary>
    [FieldOffset(8), XenField("u.track_dirty_vram")] public DmOpTrackDirty TrackDirty;
    /// <summary>set_pci_intx_level.</summary>
    [FieldOffset(8), XenField("u.set_pci_intx_level")] public DmOpPciLevel PciLevel;
    /// <summary>set_isa_irq_level.</summary>
    [FieldOffset(8), XenField("u.set_isa_irq_level")] public DmOpIsaLevel IsaLevel;
    /// <summary>set_pci_link_route.</summary>
    [FieldOffset(8), XenField("u.set_pci_link_route")] public DmOpLinkRoute LinkRoute;
    /// <summary>modified_memory.</summary>
    [FieldOffset(8), XenField("u.modified_memory")] public DmOpModifiedMemory ModifiedMemory;
    /// <summary>set_mem_type.</summary>
    [FieldOffset(8), XenField("u.set_mem_type")] public DmOpMemoryType MemoryType;
    /// <summary>inject_event.</summary>
    [FieldOffset(8), XenField("u.inject_event")] public DmOpInjectEvent InjectEvent;
    /// <summary>inject_msi.</summary>
    [FieldOffset(8), XenField("u.inject_msi")] public DmOpInjectMsi InjectMsi;
    /// <summary>map_mem_type_to_ioreq_server.</summary>
    [FieldOffset(8), XenField("u.map_mem_type_to_ioreq_server")] public DmOpMapMemoryType MapMemoryType;
    /// <summary>remote_shutdown.</summary>
    [FieldOffset(8), XenField("u.remote_shutdown")] public DmOpRemoteShutdown RemoteShutdown;
    /// <summary>relocate_memory.</summary>
    [FieldOffset(8), XenField("u.relocate_memory")] public DmOpRelocate Relocate;
    /// <summary>pin_memory_cacheattr.</summary>
    [FieldOffset(8), XenField("u.pin_memory_cacheattr")] public DmOpPinCaching PinCaching;
    /// <summary>set_irq_level.</summary>
    [FieldOffset(8), XenField("u.set_irq_level")] public DmOpIrqLevel IrqLevel;
    /// <summary>nr_vcpus.</summary>
    [FieldOffset(8), XenField("u.nr_vcpus")] public DmOpVcpuCount VcpuCount;
}

/// <summary>One of the buffers of a dm_op.</summary>
[XenStruct("struct xen_dm_op_buf", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpBuffer
{
    /// <summary>Guest address.</summary>
    [XenField("h")] public ulong Address;
    /// <summary>Bytes.</summary>
    [XenField("size")] public ulong Size;
}

/// <summary>One of the buffers of a dm_op. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_dm_op_buf", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpBuffer32
{
    /// <summary>Guest address.</summary>
    [XenField("h")] public uint Address;
    /// <summary>Bytes.</summary>
    [XenField("size")] public uint Size;
}

/// <summary>XEN_DMOP_create_ioreq_server.</summary>
[XenStruct("struct xen_dm_op_create_ioreq_server", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpCreateServer
{
    /// <summary>HVM_IOREQSRV_BUFIOREQ_*.</summary>
    [XenField("handle_bufioreq")] public byte Buffering;
    /// <summary>Zero.</summary>
    [XenField("pad[0]")] public byte Pad0;
    /// <summary>Zero.</summary>
    [XenField("pad[1]")] public byte Pad1;
    /// <summary>Zero.</summary>
    [XenField("pad[2]")] public byte Pad2;
    /// <summary>Out: the server's id.</summary>
    [XenField("id")] public ushort Id;
}

/// <summary>XEN_DMOP_get_ioreq_server_info.</summary>
[XenStruct("struct xen_dm_op_get_ioreq_server_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpServerInformation
{
    /// <summary>Which server.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>XEN_DMOP_no_gfns, or 0.</summary>
    [XenField("flags")] public ushort Flags;
    /// <summary>Out: the port for buffered requests.</summary>
    [XenField("bufioreq_port")] public uint BufferedPort;
    /// <summary>Out: the guest frame of the requests.</summary>
    [XenField("ioreq_gfn")] public ulong RequestGfn;
    /// <summary>Out: the guest frame of the buffered requests.</summary>
    [XenField("bufioreq_gfn")] public ulong BufferedGfn;
}

/// <summary>XEN_DMOP_map_io_range_to_ioreq_server, XEN_DMOP_unmap_io_range_from_ioreq_server.</summary>
[XenStruct("struct xen_dm_op_ioreq_server_range", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpRange
{
    /// <summary>Which server.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>XEN_DMOP_IO_RANGE_*.</summary>
    [XenField("type")] public uint Type;
    /// <summary>The first port, address or PCI function.</summary>
    [XenField("start")] public ulong First;
    /// <summary>The last one.</summary>
    [XenField("end")] public ulong Last;
}

/// <summary>XEN_DMOP_set_ioreq_server_state.</summary>
[XenStruct("struct xen_dm_op_set_ioreq_server_state", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpServerState
{
    /// <summary>Which server.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>0: off.</summary>
    [XenField("enabled")] public byte Enabled;
    /// <summary>Zero.</summary>
    [XenField("pad")] public byte Pad;
}

/// <summary>XEN_DMOP_destroy_ioreq_server.</summary>
[XenStruct("struct xen_dm_op_destroy_ioreq_server", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpDestroyServer
{
    /// <summary>Which server.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
}

/// <summary>XEN_DMOP_track_dirty_vram.</summary>
[XenStruct("struct xen_dm_op_track_dirty_vram", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpTrackDirty
{
    /// <summary>Frames; 0: no more.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>The first guest frame.</summary>
    [XenField("first_pfn")] public ulong First;
}

/// <summary>XEN_DMOP_set_pci_intx_level.</summary>
[XenStruct("struct xen_dm_op_set_pci_intx_level", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpPciLevel
{
    /// <summary>The PCI segment.</summary>
    [XenField("domain")] public ushort Segment;
    /// <summary>The bus.</summary>
    [XenField("bus")] public byte Bus;
    /// <summary>The device on it.</summary>
    [XenField("device")] public byte Device;
    /// <summary>INTA to INTD: 0 to 3.</summary>
    [XenField("intx")] public byte Line;
    /// <summary>1: asserted.</summary>
    [XenField("level")] public byte Level;
}

/// <summary>XEN_DMOP_set_isa_irq_level.</summary>
[XenStruct("struct xen_dm_op_set_isa_irq_level", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpIsaLevel
{
    /// <summary>0 to 15.</summary>
    [XenField("isa_irq")] public byte Irq;
    /// <summary>1: asserted.</summary>
    [XenField("level")] public byte Level;
}

/// <summary>XEN_DMOP_set_pci_link_route.</summary>
[XenStruct("struct xen_dm_op_set_pci_link_route", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpLinkRoute
{
    /// <summary>0 to 3.</summary>
    [XenField("link")] public byte Link;
    /// <summary>1 to 15; 0: nowhere.</summary>
    [XenField("isa_irq")] public byte Irq;
}

/// <summary>XEN_DMOP_modified_memory.</summary>
[XenStruct("struct xen_dm_op_modified_memory", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpModifiedMemory
{
    /// <summary>Extents in the second buffer.</summary>
    [XenField("nr_extents")] public uint ExtentCount;
    /// <summary>Progress; 0 at first.</summary>
    [XenField("opaque")] public uint Progress;
}

/// <summary>What the second buffer of XEN_DMOP_modified_memory holds.</summary>
[XenStruct("struct xen_dm_op_modified_memory_extent", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpExtent
{
    /// <summary>Frames.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>The first guest frame.</summary>
    [XenField("first_pfn")] public ulong First;
}

/// <summary>XEN_DMOP_set_mem_type.</summary>
[XenStruct("struct xen_dm_op_set_mem_type", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpMemoryType
{
    /// <summary>Frames.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>HVMMEM_*.</summary>
    [XenField("mem_type")] public ushort Type;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>The first guest frame.</summary>
    [XenField("first_pfn")] public ulong First;
}

/// <summary>XEN_DMOP_inject_event.</summary>
[XenStruct("struct xen_dm_op_inject_event", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpInjectEvent
{
    /// <summary>Which vCPU.</summary>
    [XenField("vcpuid")] public uint Vcpu;
    /// <summary>The vector.</summary>
    [XenField("vector")] public byte Vector;
    /// <summary>XEN_DMOP_EVENT_*.</summary>
    [XenField("type")] public byte Type;
    /// <summary>Bytes of the instruction that a software event is the doing of.</summary>
    [XenField("insn_len")] public byte InstructionLength;
    /// <summary>Zero.</summary>
    [XenField("pad0")] public byte Pad0;
    /// <summary>All ones: the event has none.</summary>
    [XenField("error_code")] public uint ErrorCode;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public uint Pad1;
    /// <summary>CR2, for a page fault.</summary>
    [XenField("cr2")] public ulong Cr2;
}

/// <summary>XEN_DMOP_inject_msi.</summary>
[XenStruct("struct xen_dm_op_inject_msi", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpInjectMsi
{
    /// <summary>What the device would write.</summary>
    [XenField("data")] public uint Data;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>Where to.</summary>
    [XenField("addr")] public ulong Address;
}

/// <summary>XEN_DMOP_map_mem_type_to_ioreq_server.</summary>
[XenStruct("struct xen_dm_op_map_mem_type_to_ioreq_server", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpMapMemoryType
{
    /// <summary>Which server.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>HVMMEM_ioreq_server.</summary>
    [XenField("type")] public ushort Type;
    /// <summary>XEN_DMOP_IOREQ_MEM_ACCESS_*; 0: no more.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Progress; 0 at first.</summary>
    [XenField("opaque")] public ulong Progress;
}

/// <summary>XEN_DMOP_remote_shutdown.</summary>
[XenStruct("struct xen_dm_op_remote_shutdown", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpRemoteShutdown
{
    /// <summary>SHUTDOWN_*.</summary>
    [XenField("reason")] public uint Reason;
}

/// <summary>XEN_DMOP_relocate_memory.</summary>
[XenStruct("struct xen_dm_op_relocate_memory", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpRelocate
{
    /// <summary>Frames.</summary>
    [XenField("size")] public uint Count;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>The first guest frame.</summary>
    [XenField("src_gfn")] public ulong Source;
    /// <summary>Where it goes.</summary>
    [XenField("dst_gfn")] public ulong Destination;
}

/// <summary>XEN_DMOP_pin_memory_cacheattr.</summary>
[XenStruct("struct xen_dm_op_pin_memory_cacheattr", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpPinCaching
{
    /// <summary>The first guest frame.</summary>
    [XenField("start")] public ulong First;
    /// <summary>The last one.</summary>
    [XenField("end")] public ulong Last;
    /// <summary>XEN_DMOP_MEM_CACHEATTR_*, or XEN_DMOP_DELETE_MEM_CACHEATTR.</summary>
    [XenField("type")] public uint Type;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
}

/// <summary>XEN_DMOP_set_irq_level.</summary>
[XenStruct("struct xen_dm_op_set_irq_level", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpIrqLevel
{
    /// <summary>Which.</summary>
    [XenField("irq")] public uint Irq;
    /// <summary>1: asserted.</summary>
    [XenField("level")] public byte Level;
    /// <summary>Zero.</summary>
    [XenField("pad[0]")] public byte Pad0;
    /// <summary>Zero.</summary>
    [XenField("pad[1]")] public byte Pad1;
    /// <summary>Zero.</summary>
    [XenField("pad[2]")] public byte Pad2;
}

/// <summary>XEN_DMOP_nr_vcpus.</summary>
[XenStruct("struct xen_dm_op_nr_vcpus", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DmOpVcpuCount
{
    /// <summary>Out: vCPUs.</summary>
    [XenField("vcpus")] public uint Count;
}
