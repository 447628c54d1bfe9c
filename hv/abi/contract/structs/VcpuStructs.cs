using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>What a vCPU did: VCPUOP_get_runstate_info and the registered area.</summary>
[XenStruct("struct vcpu_runstate_info", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuRunstateInfo
{
    /// <summary>RUNSTATE_*.</summary>
    [XenField("state")] public int State;
    /// <summary>When it entered the state, nanoseconds; bit 63: being written.</summary>
    [XenField("state_entry_time")] public ulong EntryTime;
    /// <summary>Nanoseconds in each state.</summary>
    [XenField("time")] public ULongs4 Time;
}

/// <summary>What a vCPU did: VCPUOP_get_runstate_info and the registered area. As a 32-bit caller lays it out.</summary>
[XenStruct("struct vcpu_runstate_info", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct VcpuRunstateInfo32
{
    /// <summary>RUNSTATE_*.</summary>
    [XenField("state")] public int State;
    /// <summary>When it entered the state, nanoseconds; bit 63: being written.</summary>
    [XenField("state_entry_time")] public ulong EntryTime;
    /// <summary>Nanoseconds in each state.</summary>
    [XenField("time")] public ULongs4 Time;
}

/// <summary>VCPUOP_register_runstate_memory_area.</summary>
[XenStruct("struct vcpu_register_runstate_memory_area", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuRegisterRunstateMemoryArea
{
    /// <summary>Linear address of a vcpu_runstate_info.</summary>
    [XenField("addr.p")] public ulong Address;
}

/// <summary>VCPUOP_set_periodic_timer.</summary>
[XenStruct("struct vcpu_set_periodic_timer", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuSetPeriodicTimer
{
    /// <summary>Nanoseconds.</summary>
    [XenField("period_ns")] public ulong Period;
}

/// <summary>VCPUOP_set_singleshot_timer.</summary>
[XenStruct("struct vcpu_set_singleshot_timer", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuSetSingleshotTimer
{
    /// <summary>Absolute, nanoseconds of system time.</summary>
    [XenField("timeout_abs_ns")] public ulong Deadline;
    /// <summary>VCPU_SSHOTTMR_*.</summary>
    [XenField("flags")] public uint Flags;
}

/// <summary>VCPUOP_set_singleshot_timer. As a 32-bit caller lays it out.</summary>
[XenStruct("struct vcpu_set_singleshot_timer", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct VcpuSetSingleshotTimer32
{
    /// <summary>Absolute, nanoseconds of system time.</summary>
    [XenField("timeout_abs_ns")] public ulong Deadline;
    /// <summary>VCPU_SSHOTTMR_*.</summary>
    [XenField("flags")] public uint Flags;
}

/// <summary>VCPUOP_register_vcpu_info.</summary>
[XenStruct("struct vcpu_register_vcpu_info", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuRegisterVcpuInfo
{
    /// <summary>Guest frame.</summary>
    [XenField("mfn")] public ulong Frame;
    /// <summary>Byte offset in it.</summary>
    [XenField("offset")] public uint Offset;
    /// <summary>Not used.</summary>
    [XenField("rsvd")] public uint Reserved;
}

/// <summary>VCPUOP_get_physid.</summary>
[XenStruct("struct vcpu_get_physid", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuGetPhysid
{
    /// <summary>Out: APIC id, ACPI id &lt;&lt; 32.</summary>
    [XenField("phys_id")] public ulong PhysicalId;
}

/// <summary>VCPUOP_register_vcpu_time_memory_area.</summary>
[XenStruct("struct vcpu_register_time_memory_area", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VcpuRegisterTimeMemoryArea
{
    /// <summary>Linear address of a vcpu_time_info.</summary>
    [XenField("addr.p")] public ulong Address;
}
