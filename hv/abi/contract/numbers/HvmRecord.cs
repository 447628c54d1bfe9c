namespace Xenolith.Abi.Contract;

/// <summary>Records of an HVM context (public/arch-x86/hvm/save.h).</summary>
public enum HvmRecord : ushort
{
    [XenUnstated("HVM_SAVE_CODE(END), an array without elements")] End = 0,
    [XenConstant("HVM_SAVE_CODE(HEADER)")] Header = 1,
    [XenConstant("HVM_SAVE_CODE(CPU)")] Cpu = 2,
    [XenConstant("HVM_SAVE_CODE(PIC)")] Pic = 3,
    [XenConstant("HVM_SAVE_CODE(IOAPIC)")] IoApic = 4,
    [XenConstant("HVM_SAVE_CODE(LAPIC)")] LocalApic = 5,
    [XenConstant("HVM_SAVE_CODE(LAPIC_REGS)")] LocalApicRegisters = 6,
    [XenConstant("HVM_SAVE_CODE(PCI_IRQ)")] PciInterrupts = 7,
    [XenConstant("HVM_SAVE_CODE(ISA_IRQ)")] IsaInterrupts = 8,
    [XenConstant("HVM_SAVE_CODE(PCI_LINK)")] PciLink = 9,
    [XenConstant("HVM_SAVE_CODE(PIT)")] Pit = 10,
    [XenConstant("HVM_SAVE_CODE(RTC)")] Rtc = 11,
    [XenConstant("HVM_SAVE_CODE(HPET)")] Hpet = 12,
    [XenConstant("HVM_SAVE_CODE(PMTIMER)")] PowerManagementTimer = 13,
    [XenConstant("HVM_SAVE_CODE(MTRR)")] Mtrr = 14,
    [XenConstant("HVM_SAVE_CODE(VIRIDIAN_DOMAIN)")] ViridianDomain = 15,
    [XenConstant("CPU_XSAVE_CODE")] CpuXsave = 16,
    [XenConstant("HVM_SAVE_CODE(VIRIDIAN_VCPU)")] ViridianVcpu = 17,
    [XenConstant("HVM_SAVE_CODE(VMCE_VCPU)")] MachineCheck = 18,
    [XenConstant("HVM_SAVE_CODE(TSC_ADJUST)")] TscAdjust = 19,
    [XenConstant("CPU_MSR_CODE")] CpuMsrs = 20,
    /// <summary>Ours: which calls the domain is shown, when that is not the default.</summary>
    [XenUnstated("ours; docs/exposure.md", Name = "XENOLITH_HVM_SAVE_CODE_exposure")] Exposure = 0x4D01,
    /// <summary>Ours: how a vCPU makes its calls, when that is not as a fresh one does.</summary>
    [XenUnstated("ours; docs/hypercall-tlb.md", Name = "XENOLITH_HVM_SAVE_CODE_hctlb")] HypercallTlb = 0x4D02,
    /// <summary>Ours: a view, whose number is the instance.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_HVM_SAVE_CODE_view")] View = 0x4D03,
    /// <summary>Ours: the view that a vCPU is in, of a domain that has views.</summary>
    [XenUnstated("ours; docs/altp2m.md", Name = "XENOLITH_HVM_SAVE_CODE_vcpu_view")] VcpuView = 0x4D04,
}

/// <summary>Numbers of an HVM context.</summary>
public static class HvmContextConstants
{
    /// <summary>What the header record begins with.</summary>
    [XenConstant("HVM_FILE_MAGIC")] public const uint Magic = 0x5438_1286;
    /// <summary>The format's version.</summary>
    [XenConstant("HVM_FILE_VERSION")] public const uint Version = 1;
    /// <summary>The highest type of 4.17.</summary>
    [XenConstant("HVM_SAVE_CODE_MAX")] public const ushort LastCode = 20;
    /// <summary>hvm_hw_cpu.flags: the FXSAVE image holds something.</summary>
    [XenConstant("XEN_X86_FPU_INITIALISED")] public const uint FloatingPointInitialised = 1;
    /// <summary>The length of hvm_msr before its registers.</summary>
    [XenConstant("offsetof(struct hvm_msr, msr)")] public const uint MsrListOffset = 8;
}
