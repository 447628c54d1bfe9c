using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>The x86 part of vcpu_info.</summary>
[XenStruct("struct arch_vcpu_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct ArchVcpuInfo
{
    /// <summary>Paravirtual guests.</summary>
    [XenField("cr2")] public ulong Cr2;
    /// <summary>Not used.</summary>
    [XenField("pad")] public ulong Pad;
}

/// <summary>The x86 part of vcpu_info. As a 32-bit caller lays it out.</summary>
[XenStruct("struct arch_vcpu_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct ArchVcpuInfo32
{
    /// <summary>Paravirtual guests.</summary>
    [XenField("cr2")] public uint Cr2;
    /// <summary>Not used.</summary>
    [XenField("pad")] public UInts5 Pad;
}

/// <summary>System time as a linear function of the TSC.</summary>
[XenStruct("struct vcpu_time_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuTimeInfo
{
    /// <summary>Odd while it is being written.</summary>
    [XenField("version")] public uint Version;
    /// <summary>Zero.</summary>
    [XenField("pad0")] public uint Pad0;
    /// <summary>TSC at SystemTime.</summary>
    [XenField("tsc_timestamp")] public ulong TscTimestamp;
    /// <summary>Nanoseconds.</summary>
    [XenField("system_time")] public ulong SystemTime;
    /// <summary>32.32 fixed point.</summary>
    [XenField("tsc_to_system_mul")] public uint Multiplier;
    /// <summary>Left shift of the TSC difference; negative: right.</summary>
    [XenField("tsc_shift")] public sbyte Shift;
    /// <summary>XEN_PVCLOCK_*.</summary>
    [XenField("flags")] public byte Flags;
    /// <summary>Zero.</summary>
    [XenField("pad1")] public Bytes2 Pad1;
}

/// <summary>What a vCPU shares with the hypervisor: 64 bytes in both layouts.</summary>
[XenStruct("struct vcpu_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuInfo
{
    /// <summary>Events wait.</summary>
    [XenField("evtchn_upcall_pending")] public byte UpcallPending;
    /// <summary>Paravirtual guests.</summary>
    [XenField("evtchn_upcall_mask")] public byte UpcallMask;
    /// <summary>One bit a word of pending events.</summary>
    [XenField("evtchn_pending_sel")] public ulong PendingSelector;
    /// <summary>x86 part.</summary>
    [XenField("arch")] public ArchVcpuInfo Arch;
    /// <summary>System time.</summary>
    [XenField("time")] public VcpuTimeInfo Time;
}

/// <summary>What a vCPU shares with the hypervisor: 64 bytes in both layouts. As a 32-bit caller lays it out.</summary>
[XenStruct("struct vcpu_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct VcpuInfo32
{
    /// <summary>Events wait.</summary>
    [XenField("evtchn_upcall_pending")] public byte UpcallPending;
    /// <summary>Paravirtual guests.</summary>
    [XenField("evtchn_upcall_mask")] public byte UpcallMask;
    /// <summary>One bit a word of pending events.</summary>
    [XenField("evtchn_pending_sel")] public uint PendingSelector;
    /// <summary>x86 part.</summary>
    [XenField("arch")] public ArchVcpuInfo32 Arch;
    /// <summary>System time.</summary>
    [XenField("time")] public VcpuTimeInfo Time;
}

/// <summary>The x86 part of shared_info.</summary>
[XenStruct("struct arch_shared_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct ArchSharedInfo
{
    /// <summary>Toolstack.</summary>
    [XenField("max_pfn")] public ulong MaximumPfn;
    /// <summary>Toolstack.</summary>
    [XenField("pfn_to_mfn_frame_list_list")] public ulong FrameListList;
    /// <summary>Bits of NMI reasons.</summary>
    [XenField("nmi_reason")] public ulong NmiReason;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_cr3")] public ulong P2mCr3;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_vaddr")] public ulong P2mAddress;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_generation")] public ulong P2mGeneration;
}

/// <summary>The x86 part of shared_info. As a 32-bit caller lays it out.</summary>
[XenStruct("struct arch_shared_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential)]
public struct ArchSharedInfo32
{
    /// <summary>Toolstack.</summary>
    [XenField("max_pfn")] public uint MaximumPfn;
    /// <summary>Toolstack.</summary>
    [XenField("pfn_to_mfn_frame_list_list")] public uint FrameListList;
    /// <summary>Bits of NMI reasons.</summary>
    [XenField("nmi_reason")] public uint NmiReason;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_cr3")] public uint P2mCr3;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_vaddr")] public uint P2mAddress;
    /// <summary>Toolstack.</summary>
    [XenField("p2m_generation")] public uint P2mGeneration;
    /// <summary>Seconds, high half.</summary>
    [XenField("wc_sec_hi")] public uint WallClockSecondsHigh;
}

/// <summary>The page that a domain shares with the hypervisor.</summary>
[XenStruct("struct shared_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct SharedInfo
{
    /// <summary>The first 32 vCPUs' vcpu_info.</summary>
    [XenField("vcpu_info")] public VcpuInfos VcpuInfo;
    /// <summary>One bit a port.</summary>
    [XenField("evtchn_pending")] public ULongs64 EventPending;
    /// <summary>One bit a port.</summary>
    [XenField("evtchn_mask")] public ULongs64 EventMask;
    /// <summary>Odd while it is being written.</summary>
    [XenField("wc_version")] public uint WallClockVersion;
    /// <summary>Seconds, low half, at system time 0.</summary>
    [XenField("wc_sec")] public uint WallClockSeconds;
    /// <summary>Nanoseconds.</summary>
    [XenField("wc_nsec")] public uint WallClockNanoseconds;
    /// <summary>Seconds, high half.</summary>
    [XenField("wc_sec_hi")] public uint WallClockSecondsHigh;
    /// <summary>x86 part.</summary>
    [XenField("arch")] public ArchSharedInfo Arch;
}

/// <summary>The page that a domain shares with the hypervisor. As a 32-bit caller lays it out.</summary>
[XenStruct("struct shared_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct SharedInfo32
{
    /// <summary>The first 32 vCPUs' vcpu_info.</summary>
    [XenField("vcpu_info")] public VcpuInfos32 VcpuInfo;
    /// <summary>One bit a port.</summary>
    [XenField("evtchn_pending")] public UInts32 EventPending;
    /// <summary>One bit a port.</summary>
    [XenField("evtchn_mask")] public UInts32 EventMask;
    /// <summary>Odd while it is being written.</summary>
    [XenField("wc_version")] public uint WallClockVersion;
    /// <summary>Seconds, low half, at system time 0.</summary>
    [XenField("wc_sec")] public uint WallClockSeconds;
    /// <summary>Nanoseconds.</summary>
    [XenField("wc_nsec")] public uint WallClockNanoseconds;
    /// <summary>x86 part.</summary>
    [XenField("arch")] public ArchSharedInfo32 Arch;
}
