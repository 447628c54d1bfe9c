using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>A paravirtual guest's start page.</summary>
[XenStruct("struct start_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 1168)]
public struct StartInfo
{
    /// <summary>"xen-&lt;version>-&lt;platform>".</summary>
    [FieldOffset(0), XenField("magic")] public Bytes32 Magic;
    /// <summary>Pages.</summary>
    [FieldOffset(32), XenField("nr_pages")] public ulong PageCount;
    /// <summary>Machine address.</summary>
    [FieldOffset(40), XenField("shared_info")] public ulong SharedInfo;
    /// <summary>SIF_*.</summary>
    [FieldOffset(48), XenField("flags")] public uint Flags;
    /// <summary>Frame of the xenstore ring.</summary>
    [FieldOffset(56), XenField("store_mfn")] public ulong StoreFrame;
    /// <summary>Its port.</summary>
    [FieldOffset(64), XenField("store_evtchn")] public uint StorePort;
    /// <summary>Frame of the console ring.</summary>
    [FieldOffset(72), XenField("console.domU.mfn")] public ulong ConsoleFrame;
    /// <summary>Its port.</summary>
    [FieldOffset(80), XenField("console.domU.evtchn")] public uint ConsolePort;
    /// <summary>First domain: offset of the video information.</summary>
    [FieldOffset(72), XenField("console.dom0.info_off")] public uint ConsoleInfoOffset;
    /// <summary>Its size.</summary>
    [FieldOffset(76), XenField("console.dom0.info_size")] public uint ConsoleInfoSize;
    /// <summary>Linear address.</summary>
    [FieldOffset(88), XenField("pt_base")] public ulong PageTableBase;
    /// <summary>Frames.</summary>
    [FieldOffset(96), XenField("nr_pt_frames")] public ulong PageTableFrames;
    /// <summary>Linear address.</summary>
    [FieldOffset(104), XenField("mfn_list")] public ulong FrameList;
    /// <summary>Linear address.</summary>
    [FieldOffset(112), XenField("mod_start")] public ulong ModuleStart;
    /// <summary>Bytes.</summary>
    [FieldOffset(120), XenField("mod_len")] public ulong ModuleLength;
    /// <summary>Zero-terminated.</summary>
    [FieldOffset(128), XenField("cmd_line")] public Bytes1024 CommandLine;
    /// <summary>Frame.</summary>
    [FieldOffset(1152), XenField("first_p2m_pfn")] public ulong FirstP2mFrame;
    /// <summary>Frames.</summary>
    [FieldOffset(1160), XenField("nr_p2m_frames")] public ulong P2mFrames;
}

/// <summary>A paravirtual guest's start page. As a 32-bit caller lays it out.</summary>
[XenStruct("struct start_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Explicit, Size = 1112)]
public struct StartInfo32
{
    /// <summary>"xen-&lt;version>-&lt;platform>".</summary>
    [FieldOffset(0), XenField("magic")] public Bytes32 Magic;
    /// <summary>Pages.</summary>
    [FieldOffset(32), XenField("nr_pages")] public uint PageCount;
    /// <summary>Machine address.</summary>
    [FieldOffset(36), XenField("shared_info")] public uint SharedInfo;
    /// <summary>SIF_*.</summary>
    [FieldOffset(40), XenField("flags")] public uint Flags;
    /// <summary>Frame of the xenstore ring.</summary>
    [FieldOffset(44), XenField("store_mfn")] public uint StoreFrame;
    /// <summary>Its port.</summary>
    [FieldOffset(48), XenField("store_evtchn")] public uint StorePort;
    /// <summary>Frame of the console ring.</summary>
    [FieldOffset(52), XenField("console.domU.mfn")] public uint ConsoleFrame;
    /// <summary>Its port.</summary>
    [FieldOffset(56), XenField("console.domU.evtchn")] public uint ConsolePort;
    /// <summary>First domain: offset of the video information.</summary>
    [FieldOffset(52), XenField("console.dom0.info_off")] public uint ConsoleInfoOffset;
    /// <summary>Its size.</summary>
    [FieldOffset(56), XenField("console.dom0.info_size")] public uint ConsoleInfoSize;
    /// <summary>Linear address.</summary>
    [FieldOffset(60), XenField("pt_base")] public uint PageTableBase;
    /// <summary>Frames.</summary>
    [FieldOffset(64), XenField("nr_pt_frames")] public uint PageTableFrames;
    /// <summary>Linear address.</summary>
    [FieldOffset(68), XenField("mfn_list")] public uint FrameList;
    /// <summary>Linear address.</summary>
    [FieldOffset(72), XenField("mod_start")] public uint ModuleStart;
    /// <summary>Bytes.</summary>
    [FieldOffset(76), XenField("mod_len")] public uint ModuleLength;
    /// <summary>Zero-terminated.</summary>
    [FieldOffset(80), XenField("cmd_line")] public Bytes1024 CommandLine;
    /// <summary>Frame.</summary>
    [FieldOffset(1104), XenField("first_p2m_pfn")] public uint FirstP2mFrame;
    /// <summary>Frames.</summary>
    [FieldOffset(1108), XenField("nr_p2m_frames")] public uint P2mFrames;
}
