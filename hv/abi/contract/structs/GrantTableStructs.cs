using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>A grant entry, version 1.</summary>
[XenStruct("struct grant_entry_v1", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GrantEntryV1
{
    /// <summary>GTF_*.</summary>
    [XenField("flags")] public ushort Flags;
    /// <summary>Who may use it.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>Guest frame.</summary>
    [XenField("frame")] public uint Frame;
}

/// <summary>What every version 2 entry starts with.</summary>
[XenStruct("struct grant_entry_header", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GrantEntryHeader
{
    /// <summary>GTF_*.</summary>
    [XenField("flags")] public ushort Flags;
    /// <summary>Who may use it.</summary>
    [XenField("domid")] public ushort Domain;
}

/// <summary>A grant entry, version 2.</summary>
[XenStruct("union grant_entry_v2", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct GrantEntryV2
{
    /// <summary>GTF_*.</summary>
    [FieldOffset(0), XenField("hdr.flags")] public ushort Flags;
    /// <summary>Who may use it.</summary>
    [FieldOffset(2), XenField("hdr.domid")] public ushort Domain;
    /// <summary>Zero.</summary>
    [FieldOffset(4), XenField("full_page.pad0")] public uint FullPagePad;
    /// <summary>Guest frame.</summary>
    [FieldOffset(8), XenField("full_page.frame")] public ulong FullPageFrame;
    /// <summary>First byte.</summary>
    [FieldOffset(4), XenField("sub_page.page_off")] public ushort SubPageOffset;
    /// <summary>Bytes.</summary>
    [FieldOffset(6), XenField("sub_page.length")] public ushort SubPageLength;
    /// <summary>Guest frame.</summary>
    [FieldOffset(8), XenField("sub_page.frame")] public ulong SubPageFrame;
    /// <summary>Whose entry.</summary>
    [FieldOffset(4), XenField("transitive.trans_domid")] public ushort TransitiveDomain;
    /// <summary>Zero.</summary>
    [FieldOffset(6), XenField("transitive.pad0")] public ushort TransitivePad;
    /// <summary>Which entry.</summary>
    [FieldOffset(8), XenField("transitive.gref")] public uint TransitiveReference;
}

/// <summary>GNTTABOP_map_grant_ref.</summary>
[XenStruct("struct gnttab_map_grant_ref", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabMapGrantRef
{
    /// <summary>Where to map it.</summary>
    [XenField("host_addr")] public ulong HostAddress;
    /// <summary>GNTMAP_*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Which grant.</summary>
    [XenField("ref")] public uint Reference;
    /// <summary>Whose grant.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
    /// <summary>Out: names the mapping.</summary>
    [XenField("handle")] public uint Handle;
    /// <summary>Out.</summary>
    [XenField("dev_bus_addr")] public ulong DeviceBusAddress;
}

/// <summary>GNTTABOP_unmap_grant_ref.</summary>
[XenStruct("struct gnttab_unmap_grant_ref", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabUnmapGrantRef
{
    /// <summary>Where it is mapped.</summary>
    [XenField("host_addr")] public ulong HostAddress;
    /// <summary>Bus address, or 0.</summary>
    [XenField("dev_bus_addr")] public ulong DeviceBusAddress;
    /// <summary>The mapping.</summary>
    [XenField("handle")] public uint Handle;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_setup_table.</summary>
[XenStruct("struct gnttab_setup_table", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabSetupTable
{
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Frames wanted.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [XenField("frame_list")] public ulong FrameList;
}

/// <summary>GNTTABOP_setup_table. As a 32-bit caller lays it out.</summary>
[XenStruct("struct gnttab_setup_table", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabSetupTable32
{
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Frames wanted.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
    /// <summary>Guest address of xen_pfn_t[].</summary>
    [XenField("frame_list")] public uint FrameList;
}

/// <summary>GNTTABOP_dump_table.</summary>
[XenStruct("struct gnttab_dump_table", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabDumpTable
{
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_transfer.</summary>
[XenStruct("struct gnttab_transfer", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabTransfer
{
    /// <summary>What is given.</summary>
    [XenField("mfn")] public ulong Frame;
    /// <summary>To whom.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>The taker's entry.</summary>
    [XenField("ref")] public uint Reference;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_transfer. As a 32-bit caller lays it out.</summary>
[XenStruct("struct gnttab_transfer", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabTransfer32
{
    /// <summary>What is given.</summary>
    [XenField("mfn")] public uint Frame;
    /// <summary>To whom.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>The taker's entry.</summary>
    [XenField("ref")] public uint Reference;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_copy.</summary>
[XenStruct("struct gnttab_copy", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 40)]
public struct GnttabCopy
{
    /// <summary>A grant reference.</summary>
    [FieldOffset(0), XenField("source.u.ref")] public uint SourceReference;
    /// <summary>Or a guest frame.</summary>
    [FieldOffset(0), XenField("source.u.gmfn")] public ulong SourceGmfn;
    /// <summary>Whose.</summary>
    [FieldOffset(8), XenField("source.domid")] public ushort SourceDomain;
    /// <summary>First byte.</summary>
    [FieldOffset(10), XenField("source.offset")] public ushort SourceOffset;
    /// <summary>A grant reference.</summary>
    [FieldOffset(16), XenField("dest.u.ref")] public uint DestinationReference;
    /// <summary>Or a guest frame.</summary>
    [FieldOffset(16), XenField("dest.u.gmfn")] public ulong DestinationGmfn;
    /// <summary>Whose.</summary>
    [FieldOffset(24), XenField("dest.domid")] public ushort DestinationDomain;
    /// <summary>First byte.</summary>
    [FieldOffset(26), XenField("dest.offset")] public ushort DestinationOffset;
    /// <summary>Bytes.</summary>
    [FieldOffset(32), XenField("len")] public ushort Length;
    /// <summary>GNTCOPY_*.</summary>
    [FieldOffset(34), XenField("flags")] public ushort Flags;
    /// <summary>Out: GNTST_*.</summary>
    [FieldOffset(36), XenField("status")] public short Status;
}

/// <summary>GNTTABOP_copy. As a 32-bit caller lays it out.</summary>
[XenStruct("struct gnttab_copy", XenLayout.Narrow)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct GnttabCopy32
{
    /// <summary>A grant reference.</summary>
    [FieldOffset(0), XenField("source.u.ref")] public uint SourceReference;
    /// <summary>Or a guest frame.</summary>
    [FieldOffset(0), XenField("source.u.gmfn")] public uint SourceGmfn;
    /// <summary>Whose.</summary>
    [FieldOffset(4), XenField("source.domid")] public ushort SourceDomain;
    /// <summary>First byte.</summary>
    [FieldOffset(6), XenField("source.offset")] public ushort SourceOffset;
    /// <summary>A grant reference.</summary>
    [FieldOffset(8), XenField("dest.u.ref")] public uint DestinationReference;
    /// <summary>Or a guest frame.</summary>
    [FieldOffset(8), XenField("dest.u.gmfn")] public uint DestinationGmfn;
    /// <summary>Whose.</summary>
    [FieldOffset(12), XenField("dest.domid")] public ushort DestinationDomain;
    /// <summary>First byte.</summary>
    [FieldOffset(14), XenField("dest.offset")] public ushort DestinationOffset;
    /// <summary>Bytes.</summary>
    [FieldOffset(16), XenField("len")] public ushort Length;
    /// <summary>GNTCOPY_*.</summary>
    [FieldOffset(18), XenField("flags")] public ushort Flags;
    /// <summary>Out: GNTST_*.</summary>
    [FieldOffset(20), XenField("status")] public short Status;
}

/// <summary>GNTTABOP_query_size.</summary>
[XenStruct("struct gnttab_query_size", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabQuerySize
{
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Out: frames now.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Out: frames at most.</summary>
    [XenField("max_nr_frames")] public uint MaximumFrameCount;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_unmap_and_replace.</summary>
[XenStruct("struct gnttab_unmap_and_replace", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabUnmapAndReplace
{
    /// <summary>Where it is mapped.</summary>
    [XenField("host_addr")] public ulong HostAddress;
    /// <summary>What takes its place.</summary>
    [XenField("new_addr")] public ulong NewAddress;
    /// <summary>The mapping.</summary>
    [XenField("handle")] public uint Handle;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_set_version.</summary>
[XenStruct("struct gnttab_set_version", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabSetVersion
{
    /// <summary>In and out: 1 or 2.</summary>
    [XenField("version")] public uint Version;
}

/// <summary>GNTTABOP_get_status_frames.</summary>
[XenStruct("struct gnttab_get_status_frames", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabGetStatusFrames
{
    /// <summary>Frames wanted.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
    /// <summary>Guest address of uint64_t[].</summary>
    [XenField("frame_list")] public ulong FrameList;
}

/// <summary>GNTTABOP_get_status_frames. As a 32-bit caller lays it out.</summary>
[XenStruct("struct gnttab_get_status_frames", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabGetStatusFrames32
{
    /// <summary>Frames wanted.</summary>
    [XenField("nr_frames")] public uint FrameCount;
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
    /// <summary>Guest address of uint64_t[].</summary>
    [XenField("frame_list")] public uint FrameList;
}

/// <summary>GNTTABOP_get_version.</summary>
[XenStruct("struct gnttab_get_version", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabGetVersion
{
    /// <summary>Whose table.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Not used.</summary>
    [XenField("pad")] public ushort Pad;
    /// <summary>Out: 1 or 2.</summary>
    [XenField("version")] public uint Version;
}

/// <summary>GNTTABOP_swap_grant_ref.</summary>
[XenStruct("struct gnttab_swap_grant_ref", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct GnttabSwapGrantRef
{
    /// <summary>One entry.</summary>
    [XenField("ref_a")] public uint ReferenceA;
    /// <summary>The other.</summary>
    [XenField("ref_b")] public uint ReferenceB;
    /// <summary>Out: GNTST_*.</summary>
    [XenField("status")] public short Status;
}

/// <summary>GNTTABOP_cache_flush.</summary>
[XenStruct("struct gnttab_cache_flush", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct GnttabCacheFlush
{
    /// <summary>An address,</summary>
    [FieldOffset(0), XenField("a.dev_bus_addr")] public ulong DeviceBusAddress;
    /// <summary>or a grant reference.</summary>
    [FieldOffset(0), XenField("a.ref")] public uint Reference;
    /// <summary>First byte.</summary>
    [FieldOffset(8), XenField("offset")] public ushort Offset;
    /// <summary>Bytes.</summary>
    [FieldOffset(10), XenField("length")] public ushort Length;
    /// <summary>GNTTAB_CACHE_*.</summary>
    [FieldOffset(12), XenField("op")] public uint Operation;
}
