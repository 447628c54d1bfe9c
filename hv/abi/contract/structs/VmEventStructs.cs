using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>An event, and the answer to it: an entry of a monitor's ring (public/vm_event.h).</summary>
[XenStruct("vm_event_request_t", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 400)]
public struct VmEventRequest
{
    /// <summary><see cref="InterfaceVersions.VmEvent"/>.</summary>
    [FieldOffset(0), XenField("version")] public uint Version;
    /// <summary>VM_EVENT_FLAG_*.</summary>
    [FieldOffset(4), XenField("flags")] public VmEventFlags Flags;
    /// <summary>VM_EVENT_REASON_*.</summary>
    [FieldOffset(8), XenField("reason")] public VmEventReason Reason;
    /// <summary>Which vCPU of the target.</summary>
    [FieldOffset(12), XenField("vcpu_id")] public uint Vcpu;
    /// <summary>With <see cref="VmEventFlags.AlternateP2m"/>: the view that the vCPU runs in, or in a response is to.</summary>
    [FieldOffset(16), XenField("altp2m_idx")] public ushort View;
    /// <summary>Xen's padding. Ours, on demand: the event's number modulo 2^48, its low 16 bits.</summary>
    [FieldOffset(18), XenField("_pad[0]")] public ushort Number0;
    /// <summary>The middle 16 bits.</summary>
    [FieldOffset(20), XenField("_pad[1]")] public ushort Number1;
    /// <summary>The high 16 bits.</summary>
    [FieldOffset(22), XenField("_pad[2]")] public ushort Number2;
    /// <summary>An access that the rights of memory forbid.</summary>
    [FieldOffset(24), XenField("u.mem_access")] public VmEventMemoryAccess MemoryAccess;
    /// <summary>A write to a control register.</summary>
    [FieldOffset(24), XenField("u.write_ctrlreg")] public VmEventControlRegister ControlRegister;
    /// <summary>A write to an MSR.</summary>
    [FieldOffset(24), XenField("u.mov_to_msr")] public VmEventMsr Msr;
    /// <summary>An access to a descriptor-table register.</summary>
    [FieldOffset(24), XenField("u.desc_access")] public VmEventDescriptorAccess DescriptorAccess;
    /// <summary>An instruction was executed.</summary>
    [FieldOffset(24), XenField("u.singlestep")] public VmEventSingleStep SingleStep;
    /// <summary>Of a response with <see cref="VmEventFlags.FastSingleStep"/>.</summary>
    [FieldOffset(24), XenField("u.fast_singlestep")] public VmEventFastSingleStep FastSingleStep;
    /// <summary>A breakpoint, or a debug exception.</summary>
    [FieldOffset(24), XenField("u.software_breakpoint")] public VmEventDebug Debug;
    /// <summary>CPUID.</summary>
    [FieldOffset(24), XenField("u.cpuid")] public VmEventCpuid Cpuid;
    /// <summary>An exit.</summary>
    [FieldOffset(24), XenField("u.vmexit")] public VmEventExit Exit;
    /// <summary>What is to be delivered.</summary>
    [FieldOffset(24), XenField("u.interrupt.x86")] public VmEventInterrupt Interrupt;
    /// <summary>Ours: remaps that are lost.</summary>
    [FieldOffset(24), XenField("u.mem_access.gfn")] public VmEventLostRemaps LostRemaps;
    /// <summary>The registers, or in a response what they are to be.</summary>
    [FieldOffset(56), XenField("data.regs.x86")] public VmEventRegisters Registers;
    /// <summary>Of a response with <see cref="VmEventFlags.SetEmulateReadData"/>.</summary>
    [FieldOffset(56), XenField("data.emul.read")] public VmEventReadData ReadData;
    /// <summary>Of a response with <see cref="VmEventFlags.SetEmulateInstructionData"/>: the bytes to execute.</summary>
    [FieldOffset(56), XenField("data.emul.insn")] public Bytes16 InstructionData;
}

/// <summary>VM_EVENT_REASON_MEM_ACCESS.</summary>
[XenStruct("struct vm_event_mem_access", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventMemoryAccess
{
    /// <summary>The frame, as the vCPU's view names it.</summary>
    [XenField("gfn")] public ulong Gfn;
    /// <summary>Bytes from the start of the frame.</summary>
    [XenField("offset")] public ulong Offset;
    /// <summary>The linear address, with <see cref="VmEventAccess.LinearValid"/>.</summary>
    [XenField("gla")] public ulong Linear;
    /// <summary>MEM_ACCESS_*.</summary>
    [XenField("flags")] public VmEventAccess Access;
    /// <summary>Zero.</summary>
    [XenField("_pad")] public uint Pad;
}

/// <summary>XENOLITH_VM_EVENT_REASON_lost_remap.</summary>
[XenLayoutFrom("ours; docs/monitor.md", 8, Name = "struct xenolith_vm_event_lost_remaps")]
[StructLayout(LayoutKind.Sequential, Size = 8)]
public struct VmEventLostRemaps
{
    /// <summary>How often a remap has lost the frame that it shows, since the domain began.</summary>
    [XenField("count")] public ulong Count;
}

/// <summary>VM_EVENT_REASON_WRITE_CTRLREG.</summary>
[XenStruct("struct vm_event_write_ctrlreg", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventControlRegister
{
    /// <summary>VM_EVENT_X86_*.</summary>
    [XenField("index")] public uint Index;
    /// <summary>Zero.</summary>
    [XenField("_pad")] public uint Pad;
    /// <summary>What is written.</summary>
    [XenField("new_value")] public ulong NewValue;
    /// <summary>What it holds.</summary>
    [XenField("old_value")] public ulong OldValue;
}

/// <summary>VM_EVENT_REASON_MOV_TO_MSR.</summary>
[XenStruct("struct vm_event_mov_to_msr", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventMsr
{
    /// <summary>Which.</summary>
    [XenField("msr")] public ulong Index;
    /// <summary>What is written.</summary>
    [XenField("new_value")] public ulong NewValue;
    /// <summary>What it holds.</summary>
    [XenField("old_value")] public ulong OldValue;
}

/// <summary>VM_EVENT_REASON_DESCRIPTOR_ACCESS.</summary>
[XenStruct("struct vm_event_desc_access", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct VmEventDescriptorAccess
{
    /// <summary>VMX: the instruction-information field; elsewhere 0.</summary>
    [FieldOffset(0), XenField("arch.vmx.instr_info")] public uint InstructionInformation;
    /// <summary>VMX: the exit qualification; elsewhere 0.</summary>
    [FieldOffset(8), XenField("arch.vmx.exit_qualification")] public ulong Qualification;
    /// <summary>VM_EVENT_DESC_*.</summary>
    [FieldOffset(16), XenField("descriptor")] public VmEventDescriptor Descriptor;
    /// <summary>1: the register is loaded; 0: stored.</summary>
    [FieldOffset(17), XenField("is_write")] public byte IsWrite;
}

/// <summary>VM_EVENT_REASON_SINGLESTEP.</summary>
[XenStruct("struct vm_event_singlestep", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventSingleStep
{
    /// <summary>The frame of the next instruction; ~0: it is in none.</summary>
    [XenField("gfn")] public ulong Gfn;
}

/// <summary>Of a response.</summary>
[XenStruct("struct vm_event_fast_singlestep", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventFastSingleStep
{
    /// <summary>The view that the vCPU goes back to after one instruction.</summary>
    [XenField("p2midx")] public ushort View;
}

/// <summary>VM_EVENT_REASON_SOFTWARE_BREAKPOINT, VM_EVENT_REASON_DEBUG_EXCEPTION.</summary>
[XenStruct("struct vm_event_debug", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct VmEventDebug
{
    /// <summary>The frame of the instruction; ~0: it is in none.</summary>
    [FieldOffset(0), XenField("gfn")] public ulong Gfn;
    /// <summary>What DR6 is to say, as VMX's pending debug exceptions do.</summary>
    [FieldOffset(8), XenField("pending_dbg")] public ulong Pending;
    /// <summary>Bytes.</summary>
    [FieldOffset(16), XenField("insn_length")] public uint InstructionLength;
    /// <summary>HVMOP_TRAP_*.</summary>
    [FieldOffset(20), XenField("type")] public byte Type;
}

/// <summary>VM_EVENT_REASON_CPUID. The registers hold the result already; RIP is still at the instruction.</summary>
[XenStruct("struct vm_event_cpuid", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventCpuid
{
    /// <summary>Bytes.</summary>
    [XenField("insn_length")] public uint InstructionLength;
    /// <summary>EAX before.</summary>
    [XenField("leaf")] public uint Leaf;
    /// <summary>ECX before.</summary>
    [XenField("subleaf")] public uint Subleaf;
    /// <summary>Zero.</summary>
    [XenField("_pad")] public uint Pad;
}

/// <summary>VM_EVENT_REASON_VMEXIT.</summary>
[XenStruct("struct vm_event_vmexit", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventExit
{
    /// <summary>VMX: the basic exit reason; SVM: EXITCODE, which Xen never tells.</summary>
    [XenField("arch.vmx.reason")] public ulong Reason;
    /// <summary>VMX: the exit qualification; SVM: EXITINFO1.</summary>
    [XenField("arch.vmx.qualification")] public ulong Qualification;
}

/// <summary>VM_EVENT_REASON_INTERRUPT.</summary>
[XenStruct("struct vm_event_interrupt_x86", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventInterrupt
{
    /// <summary>0 to 255.</summary>
    [XenField("vector")] public uint Vector;
    /// <summary>HVMOP_TRAP_*.</summary>
    [XenField("type")] public uint Type;
    /// <summary>~0: none.</summary>
    [XenField("error_code")] public uint ErrorCode;
    /// <summary>Zero.</summary>
    [XenField("_pad")] public uint Pad;
    /// <summary>CR2.</summary>
    [XenField("cr2")] public ulong Cr2;
}

/// <summary>Registers of a vCPU, in every event.</summary>
[XenStruct("struct vm_event_regs_x86", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventRegisters
{
    /// <summary>RAX.</summary>
    [XenField("rax")] public ulong Rax;
    /// <summary>RCX.</summary>
    [XenField("rcx")] public ulong Rcx;
    /// <summary>RDX.</summary>
    [XenField("rdx")] public ulong Rdx;
    /// <summary>RBX.</summary>
    [XenField("rbx")] public ulong Rbx;
    /// <summary>RSP.</summary>
    [XenField("rsp")] public ulong Rsp;
    /// <summary>RBP.</summary>
    [XenField("rbp")] public ulong Rbp;
    /// <summary>RSI.</summary>
    [XenField("rsi")] public ulong Rsi;
    /// <summary>RDI.</summary>
    [XenField("rdi")] public ulong Rdi;
    /// <summary>R8.</summary>
    [XenField("r8")] public ulong R8;
    /// <summary>R9.</summary>
    [XenField("r9")] public ulong R9;
    /// <summary>R10.</summary>
    [XenField("r10")] public ulong R10;
    /// <summary>R11.</summary>
    [XenField("r11")] public ulong R11;
    /// <summary>R12.</summary>
    [XenField("r12")] public ulong R12;
    /// <summary>R13.</summary>
    [XenField("r13")] public ulong R13;
    /// <summary>R14.</summary>
    [XenField("r14")] public ulong R14;
    /// <summary>R15.</summary>
    [XenField("r15")] public ulong R15;
    /// <summary>RFLAGS.</summary>
    [XenField("rflags")] public ulong Rflags;
    /// <summary>DR6.</summary>
    [XenField("dr6")] public ulong Dr6;
    /// <summary>DR7.</summary>
    [XenField("dr7")] public ulong Dr7;
    /// <summary>RIP.</summary>
    [XenField("rip")] public ulong Rip;
    /// <summary>CR0.</summary>
    [XenField("cr0")] public ulong Cr0;
    /// <summary>CR2.</summary>
    [XenField("cr2")] public ulong Cr2;
    /// <summary>CR3.</summary>
    [XenField("cr3")] public ulong Cr3;
    /// <summary>CR4.</summary>
    [XenField("cr4")] public ulong Cr4;
    /// <summary>MSR.</summary>
    [XenField("sysenter_cs")] public ulong SysenterCs;
    /// <summary>MSR.</summary>
    [XenField("sysenter_esp")] public ulong SysenterEsp;
    /// <summary>MSR.</summary>
    [XenField("sysenter_eip")] public ulong SysenterEip;
    /// <summary>MSR.</summary>
    [XenField("msr_efer")] public ulong Efer;
    /// <summary>MSR.</summary>
    [XenField("msr_star")] public ulong Star;
    /// <summary>MSR.</summary>
    [XenField("msr_lstar")] public ulong LongStar;
    /// <summary>Linear address.</summary>
    [XenField("gdtr_base")] public ulong GdtrBase;
    /// <summary>0: there are no nested guests.</summary>
    [XenField("npt_base")] public ulong NestedRoot;
    /// <summary>~0: there is no trace.</summary>
    [XenField("vmtrace_pos")] public ulong TracePosition;
    /// <summary>The low half of the base.</summary>
    [XenField("cs_base")] public uint CsBase;
    /// <summary>The low half of the base.</summary>
    [XenField("ss_base")] public uint SsBase;
    /// <summary>The low half of the base.</summary>
    [XenField("ds_base")] public uint DsBase;
    /// <summary>The low half of the base.</summary>
    [XenField("es_base")] public uint EsBase;
    /// <summary>Base.</summary>
    [XenField("fs_base")] public ulong FsBase;
    /// <summary>Base.</summary>
    [XenField("gs_base")] public ulong GsBase;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("cs")] public uint CsSegment;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("ss")] public uint SsSegment;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("ds")] public uint DsSegment;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("es")] public uint EsSegment;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("fs")] public uint FsSegment;
    /// <summary>Limit in the low 20 bits, in pages where the attributes say so; attributes above.</summary>
    [XenField("gs")] public uint GsSegment;
    /// <summary>KERNEL_GS_BASE.</summary>
    [XenField("shadow_gs")] public ulong ShadowGs;
    /// <summary>Bytes less one.</summary>
    [XenField("gdtr_limit")] public ushort GdtrLimit;
    /// <summary>Selector.</summary>
    [XenField("cs_sel")] public ushort CsSelector;
    /// <summary>Selector.</summary>
    [XenField("ss_sel")] public ushort SsSelector;
    /// <summary>Selector.</summary>
    [XenField("ds_sel")] public ushort DsSelector;
    /// <summary>Selector.</summary>
    [XenField("es_sel")] public ushort EsSelector;
    /// <summary>Selector.</summary>
    [XenField("fs_sel")] public ushort FsSelector;
    /// <summary>Selector.</summary>
    [XenField("gs_sel")] public ushort GsSelector;
    /// <summary>Zero.</summary>
    [XenField("_pad")] public ushort Pad;
}

/// <summary>What the emulated instruction is to read.</summary>
[XenStruct("struct vm_event_emul_read_data", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventReadData
{
    /// <summary>Bytes that count.</summary>
    [XenField("size")] public uint Size;
    /// <summary>What the instruction reads.</summary>
    [XenField("data")] public Bytes340 Data;
}

/// <summary>A monitor's ring as a page holds it (public/io/ring.h): the hypervisor makes the requests, the listener the responses, at the same places.</summary>
[XenStruct("struct vm_event_sring", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct VmEventRing
{
    /// <summary>Free-running index of the next event.</summary>
    [XenField("req_prod")] public uint RequestProducer;
    /// <summary>The event before which the listener wants none.</summary>
    [XenField("req_event")] public uint RequestEvent;
    /// <summary>Free-running index of the next answer.</summary>
    [XenField("rsp_prod")] public uint ResponseProducer;
    /// <summary>The answer before which the hypervisor wants none.</summary>
    [XenField("rsp_event")] public uint ResponseEvent;
    /// <summary>Not of this protocol.</summary>
    [XenField("pvt")] public uint Private;
    /// <summary>Up to the entries.</summary>
    [XenField("__pad")] public Bytes44 Padding;
    /// <summary>The first entry.</summary>
    [XenField("ring")] public VmEventRequest First;
}
