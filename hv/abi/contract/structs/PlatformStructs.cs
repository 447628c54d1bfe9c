using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>
/// The argument of every platform_op: a head, and a union, of which what is looked at or answered stands here. What 32-bit callers lay out otherwise
/// are pointers, whose upper halves do not count, and what lies behind them.
/// </summary>
[XenStruct("struct xen_platform_op", XenLayout.Wide)]
[StructLayout(LayoutKind.Explicit, Size = 136)]
public struct PlatformArgument
{
    /// <summary>XENPF_*.</summary>
    [FieldOffset(0), XenField("cmd")] public uint Command;
    /// <summary>XENPF_INTERFACE_VERSION.</summary>
    [FieldOffset(4), XenField("interface_version")] public uint InterfaceVersion;
    /// <summary>settime64: since 1970.</summary>
    [FieldOffset(8), XenField("u.settime64.secs")] public ulong TimeSeconds;
    /// <summary>settime64.</summary>
    [FieldOffset(16), XenField("u.settime64.nsecs")] public uint TimeNanoseconds;
    /// <summary>settime64: zero.</summary>
    [FieldOffset(20), XenField("u.settime64.mbz")] public uint TimeReserved;
    /// <summary>settime64: the system time of that moment, nanoseconds.</summary>
    [FieldOffset(24), XenField("u.settime64.system_time")] public ulong TimeSystem;
    /// <summary>settime32: since 1970.</summary>
    [FieldOffset(8), XenField("u.settime32.secs")] public uint Time32Seconds;
    /// <summary>settime32.</summary>
    [FieldOffset(12), XenField("u.settime32.nsecs")] public uint Time32Nanoseconds;
    /// <summary>settime32: the system time of that moment, nanoseconds.</summary>
    [FieldOffset(16), XenField("u.settime32.system_time")] public ulong Time32System;
    /// <summary>firmware_info: XEN_FW_*.</summary>
    [FieldOffset(8), XenField("u.firmware_info.type")] public uint FirmwareKind;
    /// <summary>firmware_info.</summary>
    [FieldOffset(12), XenField("u.firmware_info.index")] public uint FirmwareIndex;
    /// <summary>firmware_info: out.</summary>
    [FieldOffset(16), XenField("u.firmware_info.u.kbd_shift_flags")] public byte FirmwareKeyboardFlags;
    /// <summary>enter_acpi_sleep: Sn.</summary>
    [FieldOffset(12), XenField("u.enter_acpi_sleep.sleep_state")] public uint SleepState;
    /// <summary>enter_acpi_sleep: XENPF_ACPI_SLEEP_*.</summary>
    [FieldOffset(16), XenField("u.enter_acpi_sleep.flags")] public uint SleepFlags;
    /// <summary>platform_quirk: QUIRK_*.</summary>
    [FieldOffset(8), XenField("u.platform_quirk.quirk_id")] public uint Quirk;
    /// <summary>set_processor_pminfo: XEN_PM_*.</summary>
    [FieldOffset(12), XenField("u.set_pminfo.type")] public uint PowerKind;
    /// <summary>get_cpuinfo, get_cpu_version, cpu_online, cpu_offline: which.</summary>
    [FieldOffset(8), XenField("u.pcpu_info.xen_cpuid")] public uint Cpu;
    /// <summary>get_cpuinfo, get_cpu_version: out.</summary>
    [FieldOffset(12), XenField("u.pcpu_info.max_present")] public uint MaximumCpu;
    /// <summary>get_cpuinfo: out: XEN_PCPU_FLAGS_*.</summary>
    [FieldOffset(16), XenField("u.pcpu_info.flags")] public uint CpuFlags;
    /// <summary>get_cpuinfo: out.</summary>
    [FieldOffset(20), XenField("u.pcpu_info.apic_id")] public uint CpuApicId;
    /// <summary>get_cpuinfo: out.</summary>
    [FieldOffset(24), XenField("u.pcpu_info.acpi_id")] public uint CpuAcpiId;
    /// <summary>get_cpu_version: out.</summary>
    [FieldOffset(16), XenField("u.pcpu_version.vendor_id")] public Bytes12 CpuVendor;
    /// <summary>get_cpu_version: out.</summary>
    [FieldOffset(28), XenField("u.pcpu_version.family")] public uint CpuFamily;
    /// <summary>get_cpu_version: out.</summary>
    [FieldOffset(32), XenField("u.pcpu_version.model")] public uint CpuModel;
    /// <summary>get_cpu_version: out.</summary>
    [FieldOffset(36), XenField("u.pcpu_version.stepping")] public uint CpuStepping;
    /// <summary>core_parking: XEN_CORE_PARKING_*.</summary>
    [FieldOffset(8), XenField("u.core_parking.type")] public uint ParkingKind;
    /// <summary>core_parking: how many.</summary>
    [FieldOffset(12), XenField("u.core_parking.idle_nums")] public uint ParkedCpus;
    /// <summary>resource_op: entries.</summary>
    [FieldOffset(8), XenField("u.resource_op.nr_entries")] public uint ResourceCount;
    /// <summary>resource_op: on which CPU.</summary>
    [FieldOffset(12), XenField("u.resource_op.cpu")] public uint ResourceCpu;
    /// <summary>resource_op: linear address of xenpf_resource_entry.</summary>
    [FieldOffset(16), XenField("u.resource_op.entries")] public ulong ResourceEntries;
    /// <summary>get_symbol: room; out: length of the name.</summary>
    [FieldOffset(8), XenField("u.symdata.namelen")] public uint SymbolNameLength;
    /// <summary>get_symbol: which; out: the next.</summary>
    [FieldOffset(12), XenField("u.symdata.symnum")] public uint Symbol;
    /// <summary>microcode_update: linear address.</summary>
    [FieldOffset(8), XenField("u.microcode.data")] public ulong Microcode;
    /// <summary>microcode_update: bytes.</summary>
    [FieldOffset(16), XenField("u.microcode.length")] public uint MicrocodeLength;
}

/// <summary>One access of XENPF_resource_op.</summary>
[XenStruct("struct xenpf_resource_entry", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PlatformResource
{
    /// <summary>XEN_RESOURCE_OP_*; out: a negative error.</summary>
    [XenField("u.ret")] public int Command;
    /// <summary>Zero.</summary>
    [XenField("rsvd")] public uint Reserved;
    /// <summary>Which register.</summary>
    [XenField("idx")] public ulong Index;
    /// <summary>In or out.</summary>
    [XenField("val")] public ulong Value;
}
