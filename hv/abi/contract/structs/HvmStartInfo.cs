using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>What EBX points at when a PVH guest starts.</summary>
[XenStruct("struct hvm_start_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmStartInfo
{
    /// <summary>XEN_HVM_START_MAGIC_VALUE.</summary>
    [XenField("magic")] public uint Magic;
    /// <summary>1 has the memory map.</summary>
    [XenField("version")] public uint Version;
    /// <summary>SIF_*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Modules.</summary>
    [XenField("nr_modules")] public uint ModuleCount;
    /// <summary>Guest-physical address.</summary>
    [XenField("modlist_paddr")] public ulong ModuleList;
    /// <summary>Guest-physical address.</summary>
    [XenField("cmdline_paddr")] public ulong CommandLine;
    /// <summary>Guest-physical address.</summary>
    [XenField("rsdp_paddr")] public ulong Rsdp;
    /// <summary>Guest-physical address.</summary>
    [XenField("memmap_paddr")] public ulong MemoryMap;
    /// <summary>Entries.</summary>
    [XenField("memmap_entries")] public uint MemoryMapEntries;
    /// <summary>Zero.</summary>
    [XenField("reserved")] public uint Reserved;
}

/// <summary>A module.</summary>
[XenStruct("struct hvm_modlist_entry", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmModlistEntry
{
    /// <summary>Guest-physical address.</summary>
    [XenField("paddr")] public ulong Address;
    /// <summary>Bytes.</summary>
    [XenField("size")] public ulong Size;
    /// <summary>Guest-physical address.</summary>
    [XenField("cmdline_paddr")] public ulong CommandLine;
    /// <summary>Zero.</summary>
    [XenField("reserved")] public ulong Reserved;
}

/// <summary>A range of the memory map.</summary>
[XenStruct("struct hvm_memmap_table_entry", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmMemmapTableEntry
{
    /// <summary>Guest-physical address.</summary>
    [XenField("addr")] public ulong Address;
    /// <summary>Bytes.</summary>
    [XenField("size")] public ulong Size;
    /// <summary>XEN_HVM_MEMMAP_TYPE_*.</summary>
    [XenField("type")] public uint Type;
    /// <summary>Zero.</summary>
    [XenField("reserved")] public uint Reserved;
}
