using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_DOMCTL_vm_event_op.</summary>
[XenStruct("struct xen_domctl_vm_event_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 12)]
public struct DomctlVmEvent
{
    /// <summary>XEN_VM_EVENT_*.</summary>
    [FieldOffset(0), XenField("op")] public uint Operation;
    /// <summary>XEN_DOMCTL_VM_EVENT_OP_*.</summary>
    [FieldOffset(4), XenField("mode")] public uint Mode;
    /// <summary>Of enable, out: the target's port, for the caller to connect to.</summary>
    [FieldOffset(8), XenField("u.enable.port")] public uint Port;
    /// <summary>Of get_version, out.</summary>
    [FieldOffset(8), XenField("u.version")] public uint Version;
}

/// <summary>XEN_DOMCTL_monitor_op.</summary>
[XenStruct("struct xen_domctl_monitor_op", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlMonitor
{
    /// <summary>XEN_DOMCTL_MONITOR_OP_*.</summary>
    [FieldOffset(0), XenField("op")] public uint Operation;
    /// <summary>XEN_DOMCTL_MONITOR_EVENT_*; of get_capabilities, out: a bit for each of them.</summary>
    [FieldOffset(4), XenField("event")] public uint Event;
    /// <summary>VM_EVENT_X86_*.</summary>
    [FieldOffset(8), XenField("u.mov_to_cr.index")] public byte ControlRegister;
    /// <summary>Not 0: the vCPU waits for an answer.</summary>
    [FieldOffset(9), XenField("u.mov_to_cr.sync")] public byte ControlSync;
    /// <summary>Not 0: only of changes.</summary>
    [FieldOffset(10), XenField("u.mov_to_cr.onchangeonly")] public byte ControlOnChange;
    /// <summary>Zero.</summary>
    [FieldOffset(11), XenField("u.mov_to_cr.pad1")] public byte ControlPad1;
    /// <summary>Zero.</summary>
    [FieldOffset(12), XenField("u.mov_to_cr.pad2")] public uint ControlPad2;
    /// <summary>Bits whose change is of no interest.</summary>
    [FieldOffset(16), XenField("u.mov_to_cr.bitmask")] public ulong ControlMask;
    /// <summary>Which MSR.</summary>
    [FieldOffset(8), XenField("u.mov_to_msr.msr")] public uint Msr;
    /// <summary>Not 0: only of changes.</summary>
    [FieldOffset(12), XenField("u.mov_to_msr.onchangeonly")] public byte MsrOnChange;
    /// <summary>Not 0: the vCPU waits for an answer.</summary>
    [FieldOffset(8), XenField("u.guest_request.sync")] public byte RequestSync;
    /// <summary>Not 0: user mode may ask too.</summary>
    [FieldOffset(9), XenField("u.guest_request.allow_userspace")] public byte RequestFromUser;
    /// <summary>Not 0: the vCPU waits for an answer, and gets the exception from the listener alone.</summary>
    [FieldOffset(8), XenField("u.debug_exception.sync")] public byte DebugSync;
    /// <summary>Not 0: the listener does what the hypervisor would.</summary>
    [FieldOffset(8), XenField("u.vmexit.sync")] public byte ExitSync;
}

/// <summary>XEN_DOMCTL_debug_op.</summary>
[XenStruct("struct xen_domctl_debug_op", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlDebug
{
    /// <summary>XEN_DOMCTL_DEBUG_OP_*.</summary>
    [XenField("op")] public uint Operation;
    /// <summary>Which vCPU.</summary>
    [XenField("vcpu")] public uint Vcpu;
}

/// <summary>XEN_DOMCTL_set_access_required.</summary>
[XenStruct("struct xen_domctl_set_access_required", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlAccessRequired
{
    /// <summary>Not 0: an access that the rights forbid ends the domain when nobody listens.</summary>
    [XenField("access_required")] public byte IsRequired;
}
