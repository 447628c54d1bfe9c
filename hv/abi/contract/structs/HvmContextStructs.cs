using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>What stands before each record of an HVM context.</summary>
[XenStruct("struct hvm_save_descriptor", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmSaveDescriptor
{
    /// <summary>HVM_SAVE_CODE.</summary>
    [XenField("typecode")] public ushort TypeCode;
    /// <summary>The vCPU, or 0.</summary>
    [XenField("instance")] public ushort Instance;
    /// <summary>Bytes of the record behind this.</summary>
    [XenField("length")] public uint Length;
}

/// <summary>The first record.</summary>
[XenStruct("struct hvm_save_header", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmSaveHeader
{
    /// <summary>HVM_FILE_MAGIC.</summary>
    [XenField("magic")] public uint Magic;
    /// <summary>HVM_FILE_VERSION.</summary>
    [XenField("version")] public uint Version;
    /// <summary>The hypervisor's, or all ones.</summary>
    [XenField("changeset")] public ulong Changeset;
    /// <summary>EAX of the machine's CPUID leaf 1.</summary>
    [XenField("cpuid")] public uint Cpuid;
    /// <summary>The guest's TSC, kHz.</summary>
    [XenField("gtsc_khz")] public uint TscKilohertz;
}

/// <summary>Record 2: the registers of a vCPU.</summary>
[XenStruct("struct hvm_hw_cpu", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmHwCpu
{
    /// <summary>An FXSAVE image.</summary>
    [XenField("fpu_regs")] public Bytes512 FloatingPoint;
    /// <summary>RAX.</summary>
    [XenField("rax")] public ulong Rax;
    /// <summary>RBX.</summary>
    [XenField("rbx")] public ulong Rbx;
    /// <summary>RCX.</summary>
    [XenField("rcx")] public ulong Rcx;
    /// <summary>RDX.</summary>
    [XenField("rdx")] public ulong Rdx;
    /// <summary>RBP.</summary>
    [XenField("rbp")] public ulong Rbp;
    /// <summary>RSI.</summary>
    [XenField("rsi")] public ulong Rsi;
    /// <summary>RDI.</summary>
    [XenField("rdi")] public ulong Rdi;
    /// <summary>RSP.</summary>
    [XenField("rsp")] public ulong Rsp;
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
    /// <summary>RIP.</summary>
    [XenField("rip")] public ulong Rip;
    /// <summary>RFLAGS.</summary>
    [XenField("rflags")] public ulong Rflags;
    /// <summary>CR0.</summary>
    [XenField("cr0")] public ulong Cr0;
    /// <summary>CR2.</summary>
    [XenField("cr2")] public ulong Cr2;
    /// <summary>CR3.</summary>
    [XenField("cr3")] public ulong Cr3;
    /// <summary>CR4.</summary>
    [XenField("cr4")] public ulong Cr4;
    /// <summary>DR0.</summary>
    [XenField("dr0")] public ulong Dr0;
    /// <summary>DR1.</summary>
    [XenField("dr1")] public ulong Dr1;
    /// <summary>DR2.</summary>
    [XenField("dr2")] public ulong Dr2;
    /// <summary>DR3.</summary>
    [XenField("dr3")] public ulong Dr3;
    /// <summary>DR6.</summary>
    [XenField("dr6")] public ulong Dr6;
    /// <summary>DR7.</summary>
    [XenField("dr7")] public ulong Dr7;
    /// <summary>Selector of CS.</summary>
    [XenField("cs_sel")] public uint CsSelector;
    /// <summary>Selector of DS.</summary>
    [XenField("ds_sel")] public uint DsSelector;
    /// <summary>Selector of ES.</summary>
    [XenField("es_sel")] public uint EsSelector;
    /// <summary>Selector of FS.</summary>
    [XenField("fs_sel")] public uint FsSelector;
    /// <summary>Selector of GS.</summary>
    [XenField("gs_sel")] public uint GsSelector;
    /// <summary>Selector of SS.</summary>
    [XenField("ss_sel")] public uint SsSelector;
    /// <summary>Selector of TR.</summary>
    [XenField("tr_sel")] public uint TrSelector;
    /// <summary>Selector of LDTR.</summary>
    [XenField("ldtr_sel")] public uint LdtrSelector;
    /// <summary>Limit of CS, bytes.</summary>
    [XenField("cs_limit")] public uint CsLimit;
    /// <summary>Limit of DS, bytes.</summary>
    [XenField("ds_limit")] public uint DsLimit;
    /// <summary>Limit of ES, bytes.</summary>
    [XenField("es_limit")] public uint EsLimit;
    /// <summary>Limit of FS, bytes.</summary>
    [XenField("fs_limit")] public uint FsLimit;
    /// <summary>Limit of GS, bytes.</summary>
    [XenField("gs_limit")] public uint GsLimit;
    /// <summary>Limit of SS, bytes.</summary>
    [XenField("ss_limit")] public uint SsLimit;
    /// <summary>Limit of TR, bytes.</summary>
    [XenField("tr_limit")] public uint TrLimit;
    /// <summary>Limit of LDTR, bytes.</summary>
    [XenField("ldtr_limit")] public uint LdtrLimit;
    /// <summary>Limit of IDTR, bytes.</summary>
    [XenField("idtr_limit")] public uint IdtrLimit;
    /// <summary>Limit of GDTR, bytes.</summary>
    [XenField("gdtr_limit")] public uint GdtrLimit;
    /// <summary>Base of CS.</summary>
    [XenField("cs_base")] public ulong CsBase;
    /// <summary>Base of DS.</summary>
    [XenField("ds_base")] public ulong DsBase;
    /// <summary>Base of ES.</summary>
    [XenField("es_base")] public ulong EsBase;
    /// <summary>Base of FS.</summary>
    [XenField("fs_base")] public ulong FsBase;
    /// <summary>Base of GS.</summary>
    [XenField("gs_base")] public ulong GsBase;
    /// <summary>Base of SS.</summary>
    [XenField("ss_base")] public ulong SsBase;
    /// <summary>Base of TR.</summary>
    [XenField("tr_base")] public ulong TrBase;
    /// <summary>Base of LDTR.</summary>
    [XenField("ldtr_base")] public ulong LdtrBase;
    /// <summary>Base of IDTR.</summary>
    [XenField("idtr_base")] public ulong IdtrBase;
    /// <summary>Base of GDTR.</summary>
    [XenField("gdtr_base")] public ulong GdtrBase;
    /// <summary>Attributes of CS, as in a VMCB.</summary>
    [XenField("cs_arbytes")] public uint CsAttributes;
    /// <summary>Attributes of DS, as in a VMCB.</summary>
    [XenField("ds_arbytes")] public uint DsAttributes;
    /// <summary>Attributes of ES, as in a VMCB.</summary>
    [XenField("es_arbytes")] public uint EsAttributes;
    /// <summary>Attributes of FS, as in a VMCB.</summary>
    [XenField("fs_arbytes")] public uint FsAttributes;
    /// <summary>Attributes of GS, as in a VMCB.</summary>
    [XenField("gs_arbytes")] public uint GsAttributes;
    /// <summary>Attributes of SS, as in a VMCB.</summary>
    [XenField("ss_arbytes")] public uint SsAttributes;
    /// <summary>Attributes of TR, as in a VMCB.</summary>
    [XenField("tr_arbytes")] public uint TrAttributes;
    /// <summary>Attributes of LDTR, as in a VMCB.</summary>
    [XenField("ldtr_arbytes")] public uint LdtrAttributes;
    /// <summary>IA32_SYSENTER_CS.</summary>
    [XenField("sysenter_cs")] public ulong SysenterCs;
    /// <summary>IA32_SYSENTER_ESP.</summary>
    [XenField("sysenter_esp")] public ulong SysenterEsp;
    /// <summary>IA32_SYSENTER_EIP.</summary>
    [XenField("sysenter_eip")] public ulong SysenterEip;
    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    [XenField("shadow_gs")] public ulong KernelGsBase;
    /// <summary>Not used.</summary>
    [XenField("msr_flags")] public ulong MsrFlags;
    /// <summary>IA32_LSTAR.</summary>
    [XenField("msr_lstar")] public ulong LongStar;
    /// <summary>IA32_STAR.</summary>
    [XenField("msr_star")] public ulong Star;
    /// <summary>IA32_CSTAR.</summary>
    [XenField("msr_cstar")] public ulong CompatStar;
    /// <summary>IA32_FMASK.</summary>
    [XenField("msr_syscall_mask")] public ulong SyscallMask;
    /// <summary>EFER.</summary>
    [XenField("msr_efer")] public ulong Efer;
    /// <summary>IA32_TSC_AUX.</summary>
    [XenField("msr_tsc_aux")] public ulong TscAux;
    /// <summary>The guest's TSC.</summary>
    [XenField("tsc")] public ulong Tsc;
    /// <summary>An event whose delivery was interrupted, as in a VMCS: vector, type, error code valid, valid.</summary>
    [XenField("pending_event")] public uint PendingEvent;
    /// <summary>Its error code.</summary>
    [XenField("error_code")] public uint ErrorCode;
    /// <summary>XEN_X86_FPU_INITIALISED.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Not used.</summary>
    [XenField("pad0")] public uint Padding;
}

/// <summary>Record 5: what of a local APIC is in no register.</summary>
[XenStruct("struct hvm_hw_lapic", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmHwLapic
{
    /// <summary>IA32_APIC_BASE.</summary>
    [XenField("apic_base_msr")] public ulong BaseMsr;
    /// <summary>Bit 0: by IA32_APIC_BASE; bit 1: by the spurious-vector register; bit 2: waits for a start-up interrupt.</summary>
    [XenField("disabled")] public uint Disabled;
    /// <summary>1 to 128.</summary>
    [XenField("timer_divisor")] public uint TimerDivisor;
    /// <summary>IA32_TSC_DEADLINE.</summary>
    [XenField("tdt_msr")] public ulong TscDeadline;
}

/// <summary>Record 6: the first KiB of the local APIC's page.</summary>
[XenStruct("struct hvm_hw_lapic_regs", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmHwLapicRegisters
{
    /// <summary>A register each 16 bytes.</summary>
    [XenField("data")] public Bytes1024 Data;
}

/// <summary>Record 14: memory types.</summary>
[XenStruct("struct hvm_hw_mtrr", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmHwMtrr
{
    /// <summary>IA32_PAT.</summary>
    [XenField("msr_pat_cr")] public ulong Pat;
    /// <summary>Base and mask of each variable range.</summary>
    [XenField("msr_mtrr_var")] public ULongs16 Variable;
    /// <summary>Fixed ranges, lowest first.</summary>
    [XenField("msr_mtrr_fixed")] public ULongs11 Fixed;
    /// <summary>IA32_MTRRCAP.</summary>
    [XenField("msr_mtrr_cap")] public ulong Capabilities;
    /// <summary>IA32_MTRR_DEF_TYPE.</summary>
    [XenField("msr_mtrr_def_type")] public ulong DefaultType;
}

/// <summary>Record 18: machine checks.</summary>
[XenStruct("struct hvm_vmce_vcpu", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmVmceVcpu
{
    /// <summary>IA32_MCG_CAP.</summary>
    [XenField("caps")] public ulong Capabilities;
    /// <summary>IA32_MC0_CTL2.</summary>
    [XenField("mci_ctl2_bank0")] public ulong Control2Bank0;
    /// <summary>IA32_MC1_CTL2.</summary>
    [XenField("mci_ctl2_bank1")] public ulong Control2Bank1;
    /// <summary>IA32_MCG_EXT_CTL.</summary>
    [XenField("mcg_ext_ctl")] public ulong ExtendedControl;
}

/// <summary>Record 19.</summary>
[XenStruct("struct hvm_tsc_adjust", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmTscAdjust
{
    /// <summary>IA32_TSC_ADJUST.</summary>
    [XenField("tsc_adjust")] public ulong Value;
}

/// <summary>One register of record 20.</summary>
[XenStruct("struct hvm_one_msr", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct HvmOneMsr
{
    /// <summary>Which.</summary>
    [XenField("index")] public uint Index;
    /// <summary>Zero.</summary>
    [XenField("_rsvd")] public uint Reserved;
    /// <summary>What it holds.</summary>
    [XenField("val")] public ulong Value;
}
