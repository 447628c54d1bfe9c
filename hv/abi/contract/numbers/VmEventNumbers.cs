using System;

namespace Xenolith.Abi.Contract;

/// <summary>Why an event was sent: VM_EVENT_REASON_* (public/vm_event.h).</summary>
public enum VmEventReason : uint
{
    [XenConstant("VM_EVENT_REASON_UNKNOWN")] Unknown = 0,
    [XenConstant("VM_EVENT_REASON_MEM_ACCESS")] MemoryAccess = 1,
    [XenConstant("VM_EVENT_REASON_MEM_SHARING")] MemorySharing = 2,
    [XenConstant("VM_EVENT_REASON_MEM_PAGING")] MemoryPaging = 3,
    [XenConstant("VM_EVENT_REASON_WRITE_CTRLREG")] WriteControlRegister = 4,
    [XenConstant("VM_EVENT_REASON_MOV_TO_MSR")] WriteMsr = 5,
    [XenConstant("VM_EVENT_REASON_SOFTWARE_BREAKPOINT")] SoftwareBreakpoint = 6,
    [XenConstant("VM_EVENT_REASON_SINGLESTEP")] SingleStep = 7,
    [XenConstant("VM_EVENT_REASON_GUEST_REQUEST")] GuestRequest = 8,
    [XenConstant("VM_EVENT_REASON_DEBUG_EXCEPTION")] DebugException = 9,
    [XenConstant("VM_EVENT_REASON_CPUID")] Cpuid = 10,
    [XenConstant("VM_EVENT_REASON_PRIVILEGED_CALL")] PrivilegedCall = 11,
    [XenConstant("VM_EVENT_REASON_INTERRUPT")] Interrupt = 12,
    [XenConstant("VM_EVENT_REASON_DESCRIPTOR_ACCESS")] DescriptorAccess = 13,
    [XenConstant("VM_EVENT_REASON_EMUL_UNIMPLEMENTED")] EmulationUnimplemented = 14,
    [XenConstant("VM_EVENT_REASON_VMEXIT")] Exit = 15,
    /// <summary>Ours: remaps of the domain's views have lost the frames that they show.</summary>
    [XenUnstated("ours; docs/monitor.md", Name = "XENOLITH_VM_EVENT_REASON_lost_remap")] LostRemap = 0x4D00,
}

/// <summary>What an event is about, and what its answer asks for: VM_EVENT_FLAG_* (public/vm_event.h).</summary>
[Flags]
public enum VmEventFlags : uint
{
    /// <summary>The vCPU waits for the answer; in an answer: it goes on.</summary>
    [XenConstant("VM_EVENT_FLAG_VCPU_PAUSED")] VcpuPaused = 1 << 0,
    [XenConstant("VM_EVENT_FLAG_FOREIGN")] Foreign = 1 << 1,
    [XenConstant("VM_EVENT_FLAG_EMULATE")] Emulate = 1 << 2,
    [XenConstant("VM_EVENT_FLAG_EMULATE_NOWRITE")] EmulateNoWrite = 1 << 3,
    [XenConstant("VM_EVENT_FLAG_TOGGLE_SINGLESTEP")] ToggleSingleStep = 1 << 4,
    [XenConstant("VM_EVENT_FLAG_SET_EMUL_READ_DATA")] SetEmulateReadData = 1 << 5,
    [XenConstant("VM_EVENT_FLAG_DENY")] Deny = 1 << 6,
    [XenConstant("VM_EVENT_FLAG_ALTERNATE_P2M")] AlternateP2m = 1 << 7,
    [XenConstant("VM_EVENT_FLAG_SET_REGISTERS")] SetRegisters = 1 << 8,
    [XenConstant("VM_EVENT_FLAG_SET_EMUL_INSN_DATA")] SetEmulateInstructionData = 1 << 9,
    [XenConstant("VM_EVENT_FLAG_GET_NEXT_INTERRUPT")] GetNextInterrupt = 1 << 10,
    [XenConstant("VM_EVENT_FLAG_FAST_SINGLESTEP")] FastSingleStep = 1 << 11,
    [XenConstant("VM_EVENT_FLAG_NESTED_P2M")] NestedP2m = 1 << 12,
    [XenConstant("VM_EVENT_FLAG_RESET_VMTRACE")] ResetTrace = 1 << 13,
    [XenConstant("VM_EVENT_FLAG_RESET_FORK_STATE")] ResetForkState = 1 << 14,
    [XenConstant("VM_EVENT_FLAG_RESET_FORK_MEMORY")] ResetForkMemory = 1 << 15,
}

/// <summary>What an access was: MEM_ACCESS_* (public/vm_event.h).</summary>
[Flags]
public enum VmEventAccess : uint
{
    [XenConstant("MEM_ACCESS_R")] Read = 1 << 0,
    [XenConstant("MEM_ACCESS_W")] Write = 1 << 1,
    [XenConstant("MEM_ACCESS_X")] Execute = 1 << 2,
    /// <summary>The linear address is told.</summary>
    [XenConstant("MEM_ACCESS_GLA_VALID")] LinearValid = 1 << 3,
    /// <summary>The access was to the linear address itself.</summary>
    [XenConstant("MEM_ACCESS_FAULT_WITH_GLA")] FaultWithLinear = 1 << 4,
    /// <summary>The access was the CPU's own walk of the guest's page tables.</summary>
    [XenConstant("MEM_ACCESS_FAULT_IN_GPT")] FaultInPageTables = 1 << 5,
}

/// <summary>VM_EVENT_DESC_* (public/vm_event.h).</summary>
public enum VmEventDescriptor : byte
{
    [XenConstant("VM_EVENT_DESC_IDTR")] Idtr = 1,
    [XenConstant("VM_EVENT_DESC_GDTR")] Gdtr = 2,
    [XenConstant("VM_EVENT_DESC_LDTR")] Ldtr = 3,
    [XenConstant("VM_EVENT_DESC_TR")] Tr = 4,
}

/// <summary>Control registers as events number them: VM_EVENT_X86_* (public/vm_event.h).</summary>
public enum VmEventControl : uint
{
    [XenConstant("VM_EVENT_X86_CR0")] Cr0 = 0,
    [XenConstant("VM_EVENT_X86_CR3")] Cr3 = 1,
    [XenConstant("VM_EVENT_X86_CR4")] Cr4 = 2,
    [XenConstant("VM_EVENT_X86_XCR0")] Xcr0 = 3,
}

/// <summary>XEN_VM_EVENT_* (public/domctl.h).</summary>
public enum VmEventOp : uint
{
    [XenConstant("XEN_VM_EVENT_ENABLE")] Enable = 0,
    [XenConstant("XEN_VM_EVENT_DISABLE")] Disable = 1,
    [XenConstant("XEN_VM_EVENT_RESUME")] Resume = 2,
    [XenConstant("XEN_VM_EVENT_GET_VERSION")] GetVersion = 3,
}

/// <summary>Which ring: XEN_DOMCTL_VM_EVENT_OP_* (public/domctl.h).</summary>
public enum VmEventMode : uint
{
    [XenConstant("XEN_DOMCTL_VM_EVENT_OP_PAGING")] Paging = 1,
    [XenConstant("XEN_DOMCTL_VM_EVENT_OP_MONITOR")] Monitor = 2,
    [XenConstant("XEN_DOMCTL_VM_EVENT_OP_SHARING")] Sharing = 3,
}

/// <summary>XEN_DOMCTL_MONITOR_OP_* (public/domctl.h).</summary>
public enum MonitorOp : uint
{
    [XenConstant("XEN_DOMCTL_MONITOR_OP_ENABLE")] Enable = 0,
    [XenConstant("XEN_DOMCTL_MONITOR_OP_DISABLE")] Disable = 1,
    [XenConstant("XEN_DOMCTL_MONITOR_OP_GET_CAPABILITIES")] GetCapabilities = 2,
    [XenConstant("XEN_DOMCTL_MONITOR_OP_EMULATE_EACH_REP")] EmulateEachRepeat = 3,
    [XenConstant("XEN_DOMCTL_MONITOR_OP_CONTROL_REGISTERS")] ControlRegisters = 4,
    /// <summary>Ours: numbers events in their padding, if the event field is not 0.</summary>
    [XenUnstated("ours; docs/monitor.md", Name = "XENOLITH_MONITOR_OP_number_events")] NumberEvents = 0x584E_0001,
    /// <summary>Ours: tells of remaps that are lost, if the event field is not 0.</summary>
    [XenUnstated("ours; docs/monitor.md", Name = "XENOLITH_MONITOR_OP_tell_lost_remaps")] TellLostRemaps = 0x584E_0002,
}

/// <summary>XEN_DOMCTL_MONITOR_EVENT_* (public/domctl.h).</summary>
public enum MonitorEvent : uint
{
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_WRITE_CTRLREG")] WriteControlRegister = 0,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_MOV_TO_MSR")] WriteMsr = 1,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_SINGLESTEP")] SingleStep = 2,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_SOFTWARE_BREAKPOINT")] SoftwareBreakpoint = 3,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_GUEST_REQUEST")] GuestRequest = 4,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_DEBUG_EXCEPTION")] DebugException = 5,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_CPUID")] Cpuid = 6,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_PRIVILEGED_CALL")] PrivilegedCall = 7,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_INTERRUPT")] Interrupt = 8,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_DESC_ACCESS")] DescriptorAccess = 9,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_EMUL_UNIMPLEMENTED")] EmulationUnimplemented = 10,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_INGUEST_PAGEFAULT")] GuestPageFault = 11,
    [XenConstant("XEN_DOMCTL_MONITOR_EVENT_VMEXIT")] Exit = 12,
}

/// <summary>XEN_DOMCTL_DEBUG_OP_* (public/domctl.h).</summary>
public enum DebugOp : uint
{
    [XenConstant("XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_OFF")] SingleStepOff = 0,
    [XenConstant("XEN_DOMCTL_DEBUG_OP_SINGLE_STEP_ON")] SingleStepOn = 1,
}

/// <summary>XENMEM_access_op_* (public/memory.h).</summary>
public enum MemoryAccessOp : byte
{
    [XenConstant("XENMEM_access_op_set_access")] Set = 0,
    [XenConstant("XENMEM_access_op_get_access")] Get = 1,
    [XenConstant("XENMEM_access_op_set_access_multi")] SetMulti = 4,
}
