using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XENMEM_increase_reservation, decrease_reservation, populate_physmap.</summary>
[XenStruct("struct xen_memory_reservation", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryReservation
{
    /// <summary>Guest address of the frame numbers.</summary>
    [XenField("extent_start")] public ulong ExtentStart;
    /// <summary>How many.</summary>
    [XenField("nr_extents")] public ulong ExtentCount;
    /// <summary>log2 of each extent's frames.</summary>
    [XenField("extent_order")] public uint ExtentOrder;
    /// <summary>XENMEMF_*.</summary>
    [XenField("mem_flags")] public uint Flags;
    /// <summary>Whose memory.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>XENMEM_increase_reservation, decrease_reservation, populate_physmap. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_memory_reservation", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryReservation32
{
    /// <summary>Guest address of the frame numbers.</summary>
    [XenField("extent_start")] public uint ExtentStart;
    /// <summary>How many.</summary>
    [XenField("nr_extents")] public uint ExtentCount;
    /// <summary>log2 of each extent's frames.</summary>
    [XenField("extent_order")] public uint ExtentOrder;
    /// <summary>XENMEMF_*.</summary>
    [XenField("mem_flags")] public uint Flags;
    /// <summary>Whose memory.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>XENMEM_exchange.</summary>
[XenStruct("struct xen_memory_exchange", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryExchange
{
    /// <summary>What is given.</summary>
    [XenField("in")] public MemoryReservation In;
    /// <summary>What is got.</summary>
    [XenField("out")] public MemoryReservation Out;
    /// <summary>In and out: progress.</summary>
    [XenField("nr_exchanged")] public ulong ExchangedCount;
}

/// <summary>XENMEM_exchange. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_memory_exchange", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct MemoryExchange32
{
    /// <summary>What is given.</summary>
    [XenField("in")] public MemoryReservation32 In;
    /// <summary>What is got.</summary>
    [XenField("out")] public MemoryReservation32 Out;
    /// <summary>In and out: progress.</summary>
    [XenField("nr_exchanged")] public uint ExchangedCount;
}

/// <summary>XENMEM_current_reservation, maximum_reservation, maximum_gpfn.</summary>
[XenStruct("struct xen_memory_domain", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryDomain
{
    /// <summary>Whose memory.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>XENMEM_machphys_mfn_list.</summary>
[XenStruct("struct xen_machphys_mfn_list", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MachphysMfnList
{
    /// <summary>Room in the list.</summary>
    [XenField("max_extents")] public uint MaximumExtents;
    /// <summary>Guest address of the list.</summary>
    [XenField("extent_start")] public ulong ExtentStart;
    /// <summary>Out: entries written.</summary>
    [XenField("nr_extents")] public uint ExtentCount;
}

/// <summary>XENMEM_machphys_mfn_list. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_machphys_mfn_list", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MachphysMfnList32
{
    /// <summary>Room in the list.</summary>
    [XenField("max_extents")] public uint MaximumExtents;
    /// <summary>Guest address of the list.</summary>
    [XenField("extent_start")] public uint ExtentStart;
    /// <summary>Out: entries written.</summary>
    [XenField("nr_extents")] public uint ExtentCount;
}

/// <summary>XENMEM_machphys_mapping.</summary>
[XenStruct("struct xen_machphys_mapping", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MachphysMapping
{
    /// <summary>Linear address.</summary>
    [XenField("v_start")] public ulong Start;
    /// <summary>Linear address.</summary>
    [XenField("v_end")] public ulong End;
    /// <summary>Highest frame.</summary>
    [XenField("max_mfn")] public ulong MaximumMfn;
}

/// <summary>XENMEM_machphys_mapping. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_machphys_mapping", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MachphysMapping32
{
    /// <summary>Linear address.</summary>
    [XenField("v_start")] public uint Start;
    /// <summary>Linear address.</summary>
    [XenField("v_end")] public uint End;
    /// <summary>Highest frame.</summary>
    [XenField("max_mfn")] public uint MaximumMfn;
}

/// <summary>XENMEM_add_to_physmap.</summary>
[XenStruct("struct xen_add_to_physmap", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct AddToPhysmap
{
    /// <summary>Whose map.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Pages, for XENMAPSPACE_gmfn_range.</summary>
    [XenField("size")] public ushort Size;
    /// <summary>XENMAPSPACE_*.</summary>
    [XenField("space")] public uint Space;
    /// <summary>Index in that space.</summary>
    [XenField("idx")] public ulong Index;
    /// <summary>Guest frame to map it at.</summary>
    [XenField("gpfn")] public ulong Gpfn;
}

/// <summary>XENMEM_add_to_physmap. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_add_to_physmap", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct AddToPhysmap32
{
    /// <summary>Whose map.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Pages, for XENMAPSPACE_gmfn_range.</summary>
    [XenField("size")] public ushort Size;
    /// <summary>XENMAPSPACE_*.</summary>
    [XenField("space")] public uint Space;
    /// <summary>Index in that space.</summary>
    [XenField("idx")] public uint Index;
    /// <summary>Guest frame to map it at.</summary>
    [XenField("gpfn")] public uint Gpfn;
}

/// <summary>XENMEM_add_to_physmap_batch.</summary>
[XenStruct("struct xen_add_to_physmap_batch", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct AddToPhysmapBatch
{
    /// <summary>Whose map.</summary>
    [FieldOffset(0), XenField("domid")] public ushort Domain;
    /// <summary>XENMAPSPACE_*.</summary>
    [FieldOffset(2), XenField("space")] public ushort Space;
    /// <summary>Entries.</summary>
    [FieldOffset(4), XenField("size")] public ushort Size;
    /// <summary>XENMAPSPACE_gmfn_foreign: whose frames; else 0.</summary>
    [FieldOffset(6), XenField("u.foreign_domid")] public ushort ForeignDomain;
    /// <summary>0 in other spaces.</summary>
    [FieldOffset(6), XenField("u.res0")] public ushort Reserved;
    /// <summary>Guest address of xen_ulong_t[].</summary>
    [FieldOffset(8), XenField("idxs")] public ulong Indices;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [FieldOffset(16), XenField("gpfns")] public ulong Gpfns;
    /// <summary>Guest address of int[].</summary>
    [FieldOffset(24), XenField("errs")] public ulong Errors;
}

/// <summary>XENMEM_add_to_physmap_batch. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_add_to_physmap_batch", XenLayout.Narrow)]
[StructLayout(LayoutKind.Explicit, Size = 20)]
public struct AddToPhysmapBatch32
{
    /// <summary>Whose map.</summary>
    [FieldOffset(0), XenField("domid")] public ushort Domain;
    /// <summary>XENMAPSPACE_*.</summary>
    [FieldOffset(2), XenField("space")] public ushort Space;
    /// <summary>Entries.</summary>
    [FieldOffset(4), XenField("size")] public ushort Size;
    /// <summary>XENMAPSPACE_gmfn_foreign: whose frames; else 0.</summary>
    [FieldOffset(6), XenField("u.foreign_domid")] public ushort ForeignDomain;
    /// <summary>0 in other spaces.</summary>
    [FieldOffset(6), XenField("u.res0")] public ushort Reserved;
    /// <summary>Guest address of xen_ulong_t[].</summary>
    [FieldOffset(8), XenField("idxs")] public uint Indices;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [FieldOffset(12), XenField("gpfns")] public uint Gpfns;
    /// <summary>Guest address of int[].</summary>
    [FieldOffset(16), XenField("errs")] public uint Errors;
}

/// <summary>XENMEM_remove_from_physmap.</summary>
[XenStruct("struct xen_remove_from_physmap", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct RemoveFromPhysmap
{
    /// <summary>Whose map.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Guest frame to empty.</summary>
    [XenField("gpfn")] public ulong Gpfn;
}

/// <summary>XENMEM_remove_from_physmap. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_remove_from_physmap", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct RemoveFromPhysmap32
{
    /// <summary>Whose map.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Guest frame to empty.</summary>
    [XenField("gpfn")] public uint Gpfn;
}

/// <summary>XENMEM_memory_map.</summary>
[XenStruct("struct xen_memory_map", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryMap
{
    /// <summary>In: room; out: entries.</summary>
    [XenField("nr_entries")] public uint EntryCount;
    /// <summary>Guest address of E820 entries.</summary>
    [XenField("buffer")] public ulong Buffer;
}

/// <summary>XENMEM_memory_map. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_memory_map", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryMap32
{
    /// <summary>In: room; out: entries.</summary>
    [XenField("nr_entries")] public uint EntryCount;
    /// <summary>Guest address of E820 entries.</summary>
    [XenField("buffer")] public uint Buffer;
}

/// <summary>XENMEM_set_memory_map.</summary>
[XenStruct("struct xen_foreign_memory_map", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct ForeignMemoryMap
{
    /// <summary>Whose map.</summary>
    [FieldOffset(0), XenField("domid")] public ushort Domain;
    /// <summary>Entries.</summary>
    [FieldOffset(8), XenField("map.nr_entries")] public uint EntryCount;
    /// <summary>Guest address of E820 entries.</summary>
    [FieldOffset(16), XenField("map.buffer")] public ulong Buffer;
}

/// <summary>XENMEM_set_memory_map. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_foreign_memory_map", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct ForeignMemoryMap32
{
    /// <summary>Whose map.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Entries.</summary>
    [XenField("map.nr_entries")] public uint EntryCount;
    /// <summary>Guest address of E820 entries.</summary>
    [XenField("map.buffer")] public uint Buffer;
}

/// <summary>XENMEM_set_pod_target, get_pod_target.</summary>
[XenStruct("struct xen_pod_target", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct PodTarget
{
    /// <summary>In.</summary>
    [XenField("target_pages")] public ulong TargetPages;
    /// <summary>Out.</summary>
    [XenField("tot_pages")] public ulong TotalPages;
    /// <summary>Out.</summary>
    [XenField("pod_cache_pages")] public ulong CachePages;
    /// <summary>Out.</summary>
    [XenField("pod_entries")] public ulong Entries;
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>XENMEM_set_pod_target, get_pod_target. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_pod_target", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct PodTarget32
{
    /// <summary>In.</summary>
    [XenField("target_pages")] public ulong TargetPages;
    /// <summary>Out.</summary>
    [XenField("tot_pages")] public ulong TotalPages;
    /// <summary>Out.</summary>
    [XenField("pod_cache_pages")] public ulong CachePages;
    /// <summary>Out.</summary>
    [XenField("pod_entries")] public ulong Entries;
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>XENMEM_acquire_resource.</summary>
[XenStruct("struct xen_mem_acquire_resource", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MemAcquireResource
{
    /// <summary>Whose resource.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>XENMEM_resource_*.</summary>
    [XenField("type")] public ushort Type;
    /// <summary>Which.</summary>
    [XenField("id")] public uint Id;
    /// <summary>In: wanted, 0 asks for the size; out.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>First frame.</summary>
    [XenField("frame")] public ulong Frame;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [XenField("frame_list")] public ulong FrameList;
}

/// <summary>XENMEM_acquire_resource. As a 32-bit caller lays it out.</summary>
[XenStruct("struct xen_mem_acquire_resource", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct MemAcquireResource32
{
    /// <summary>Whose resource.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>XENMEM_resource_*.</summary>
    [XenField("type")] public ushort Type;
    /// <summary>Which.</summary>
    [XenField("id")] public uint Id;
    /// <summary>In: wanted, 0 asks for the size; out.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Zero.</summary>
    [XenField("pad")] public uint Pad;
    /// <summary>First frame.</summary>
    [XenField("frame")] public ulong Frame;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [XenField("frame_list")] public uint FrameList;
}

/// <summary>XENMEM_get_vnumainfo.</summary>
[XenStruct("struct xen_vnuma_topology_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VnumaTopologyInfo
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Zero.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>In: room; out.</summary>
    [XenField("nr_vnodes")] public uint NodeCount;
    /// <summary>In: room; out.</summary>
    [XenField("nr_vcpus")] public uint VcpuCount;
    /// <summary>In: room; out.</summary>
    [XenField("nr_vmemranges")] public uint RangeCount;
    /// <summary>Guest address.</summary>
    [XenField("vdistance.pad")] public ulong Distances;
    /// <summary>Guest address.</summary>
    [XenField("vcpu_to_vnode.pad")] public ulong VcpuToNode;
    /// <summary>Guest address.</summary>
    [XenField("vmemrange.pad")] public ulong Ranges;
}

/// <summary>XENMEM_access_op.</summary>
[XenStruct("struct xen_mem_access_op", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryAccessArgument
{
    /// <summary>XENMEM_access_op_*.</summary>
    [XenField("op")] public byte Operation;
    /// <summary>XENMEM_access_*.</summary>
    [XenField("access")] public byte Access;
    /// <summary>Whose memory.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Frames, or elements of the lists.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>The first frame; ~0: what entries get that are made from now on.</summary>
    [XenField("pfn")] public ulong Gfn;
    /// <summary>Linear address of uint64_t[].</summary>
    [XenField("pfn_list")] public ulong Gfns;
    /// <summary>Linear address of uint8_t[].</summary>
    [XenField("access_list")] public ulong Accesses;
}

/// <summary>XENMEM_access_op.</summary>
[XenStruct("struct xen_mem_access_op", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct MemoryAccessArgument32
{
    /// <summary>XENMEM_access_op_*.</summary>
    [XenField("op")] public byte Operation;
    /// <summary>XENMEM_access_*.</summary>
    [XenField("access")] public byte Access;
    /// <summary>Whose memory.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Frames, or elements of the lists.</summary>
    [XenField("nr")] public uint Count;
    /// <summary>The first frame; ~0: what entries get that are made from now on.</summary>
    [XenField("pfn")] public ulong Gfn;
    /// <summary>Linear address of uint64_t[].</summary>
    [XenField("pfn_list")] public uint Gfns;
    /// <summary>Linear address of uint8_t[].</summary>
    [XenField("access_list")] public uint Accesses;
}
