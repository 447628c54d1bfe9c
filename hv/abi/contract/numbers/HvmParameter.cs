namespace Xenolith.Abi.Contract;

/// <summary>Indices of HVM parameters: HVM_PARAM_* (public/hvm/params.h).</summary>
public enum HvmParameter : uint
{
    [XenConstant("HVM_PARAM_CALLBACK_IRQ")] CallbackIrq = 0,
    [XenConstant("HVM_PARAM_STORE_PFN")] StorePfn = 1,
    [XenConstant("HVM_PARAM_STORE_EVTCHN")] StoreEvtchn = 2,
    [XenConstant("HVM_PARAM_PAE_ENABLED")] PaeEnabled = 4,
    [XenConstant("HVM_PARAM_IOREQ_PFN")] IoreqPfn = 5,
    [XenConstant("HVM_PARAM_BUFIOREQ_PFN")] BufioreqPfn = 6,
    [XenConstant("HVM_PARAM_VIRIDIAN")] Viridian = 9,
    [XenConstant("HVM_PARAM_TIMER_MODE")] TimerMode = 10,
    [XenConstant("HVM_PARAM_HPET_ENABLED")] HpetEnabled = 11,
    [XenConstant("HVM_PARAM_IDENT_PT")] IdentPt = 12,
    [XenConstant("HVM_PARAM_DM_DOMAIN")] DmDomain = 13,
    [XenConstant("HVM_PARAM_ACPI_S_STATE")] AcpiSState = 14,
    [XenConstant("HVM_PARAM_VM86_TSS")] Vm86Tss = 15,
    [XenConstant("HVM_PARAM_VPT_ALIGN")] VptAlign = 16,
    [XenConstant("HVM_PARAM_CONSOLE_PFN")] ConsolePfn = 17,
    [XenConstant("HVM_PARAM_CONSOLE_EVTCHN")] ConsoleEvtchn = 18,
    [XenConstant("HVM_PARAM_ACPI_IOPORTS_LOCATION")] AcpiIoportsLocation = 19,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_CR0")] MemoryEventCr0 = 20,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_CR3")] MemoryEventCr3 = 21,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_CR4")] MemoryEventCr4 = 22,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_INT3")] MemoryEventInt3 = 23,
    [XenConstant("HVM_PARAM_NESTEDHVM")] Nestedhvm = 24,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_SINGLE_STEP")] MemoryEventSingleStep = 25,
    [XenConstant("HVM_PARAM_BUFIOREQ_EVTCHN")] BufioreqEvtchn = 26,
    [XenConstant("HVM_PARAM_PAGING_RING_PFN")] PagingRingPfn = 27,
    [XenConstant("HVM_PARAM_MONITOR_RING_PFN")] MonitorRingPfn = 28,
    [XenConstant("HVM_PARAM_SHARING_RING_PFN")] SharingRingPfn = 29,
    [XenConstant("HVM_PARAM_MEMORY_EVENT_MSR")] MemoryEventMsr = 30,
    [XenConstant("HVM_PARAM_TRIPLE_FAULT_REASON")] TripleFaultReason = 31,
    [XenConstant("HVM_PARAM_IOREQ_SERVER_PFN")] IoreqServerPfn = 32,
    [XenConstant("HVM_PARAM_NR_IOREQ_SERVER_PAGES")] NrIoreqServerPages = 33,
    [XenConstant("HVM_PARAM_VM_GENERATION_ID_ADDR")] VmGenerationIdAddr = 34,
    [XenConstant("HVM_PARAM_ALTP2M")] Altp2m = 35,
    [XenConstant("HVM_PARAM_X87_FIP_WIDTH")] X87FipWidth = 36,
    [XenConstant("HVM_PARAM_VM86_TSS_SIZED")] Vm86TssSized = 37,
    [XenConstant("HVM_PARAM_MCA_CAP")] McaCap = 38,
}

/// <summary>Delivery types in bits 56 to 63 of HVM_PARAM_CALLBACK_IRQ (public/hvm/params.h).</summary>
public enum CallbackVia : uint
{
    [XenConstant("HVM_PARAM_CALLBACK_TYPE_GSI")] Gsi = 0,
    [XenConstant("HVM_PARAM_CALLBACK_TYPE_PCI_INTX")] PciIntx = 1,
    [XenConstant("HVM_PARAM_CALLBACK_TYPE_VECTOR")] Vector = 2,
}

/// <summary>Values of HVM_PARAM_ALTP2M.</summary>
public enum Altp2mMode : uint
{
    [XenConstant("XEN_ALTP2M_disabled")] Disabled = 0,
    [XenConstant("XEN_ALTP2M_mixed")] Mixed = 1,
    [XenConstant("XEN_ALTP2M_external")] External = 2,
    [XenConstant("XEN_ALTP2M_limited")] Limited = 3,
}

/// <summary>Values of HVM_PARAM_TIMER_MODE.</summary>
public enum TimerMode : uint
{
    [XenConstant("HVMPTM_delay_for_missed_ticks")] DelayForMissedTicks = 0,
    [XenConstant("HVMPTM_no_delay_for_missed_ticks")] NoDelayForMissedTicks = 1,
    [XenConstant("HVMPTM_no_missed_ticks_pending")] NoMissedTicksPending = 2,
    [XenConstant("HVMPTM_one_missed_tick_pending")] OneMissedTickPending = 3,
}

/// <summary>Bounds of the HVM parameters (public/hvm/params.h).</summary>
public static class HvmParameters
{
    /// <summary>One past the highest index.</summary>
    [XenConstant("HVM_NR_PARAMS")] public const uint Count = 0x27;
}
