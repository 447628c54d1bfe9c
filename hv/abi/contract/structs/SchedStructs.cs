using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>SCHEDOP_shutdown, shutdown_code.</summary>
[XenStruct("struct sched_shutdown", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SchedShutdown
{
    /// <summary>SHUTDOWN_*.</summary>
    [XenField("reason")] public uint Reason;
}

/// <summary>SCHEDOP_poll.</summary>
[XenStruct("struct sched_poll", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct SchedPoll
{
    /// <summary>Guest address of evtchn_port_t[].</summary>
    [XenField("ports")] public ulong Ports;
    /// <summary>At most 128.</summary>
    [XenField("nr_ports")] public uint PortCount;
    /// <summary>Absolute, nanoseconds; 0: none.</summary>
    [XenField("timeout")] public ulong Timeout;
}

/// <summary>SCHEDOP_poll. As a 32-bit caller lays it out.</summary>
[XenStruct("struct sched_poll", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct SchedPoll32
{
    /// <summary>Guest address of evtchn_port_t[].</summary>
    [XenField("ports")] public uint Ports;
    /// <summary>At most 128.</summary>
    [XenField("nr_ports")] public uint PortCount;
    /// <summary>Absolute, nanoseconds; 0: none.</summary>
    [XenField("timeout")] public ulong Timeout;
}

/// <summary>SCHEDOP_remote_shutdown.</summary>
[XenStruct("struct sched_remote_shutdown", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SchedRemoteShutdown
{
    /// <summary>Whom.</summary>
    [XenField("domain_id")] public ushort Domain;
    /// <summary>SHUTDOWN_*.</summary>
    [XenField("reason")] public uint Reason;
}

/// <summary>SCHEDOP_watchdog.</summary>
[XenStruct("struct sched_watchdog", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SchedWatchdog
{
    /// <summary>0: a new one; else 1 or 2.</summary>
    [XenField("id")] public uint Id;
    /// <summary>Seconds from now; 0 stops it.</summary>
    [XenField("timeout")] public uint Timeout;
}

/// <summary>SCHEDOP_pin_override.</summary>
[XenStruct("struct sched_pin_override", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct SchedPinOverride
{
    /// <summary>Physical CPU; negative ends it.</summary>
    [XenField("pcpu")] public int Cpu;
}
