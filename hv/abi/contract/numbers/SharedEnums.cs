namespace Xenolith.Abi.Contract;

/// <summary>Why a domain stops: SHUTDOWN_* (public/sched.h).</summary>
public enum ShutdownReason : uint
{
    [XenConstant("SHUTDOWN_poweroff")] Poweroff = 0,
    [XenConstant("SHUTDOWN_reboot")] Reboot = 1,
    [XenConstant("SHUTDOWN_suspend")] Suspend = 2,
    [XenConstant("SHUTDOWN_crash")] Crash = 3,
    [XenConstant("SHUTDOWN_watchdog")] Watchdog = 4,
    [XenConstant("SHUTDOWN_soft_reset")] SoftReset = 5,
}

/// <summary>What EVTCHNOP_status reports: EVTCHNSTAT_* (public/event_channel.h).</summary>
public enum EventChannelState : uint
{
    [XenConstant("EVTCHNSTAT_closed")] Closed = 0,
    [XenConstant("EVTCHNSTAT_unbound")] Unbound = 1,
    [XenConstant("EVTCHNSTAT_interdomain")] Interdomain = 2,
    [XenConstant("EVTCHNSTAT_pirq")] Pirq = 3,
    [XenConstant("EVTCHNSTAT_virq")] Virq = 4,
    [XenConstant("EVTCHNSTAT_ipi")] Ipi = 5,
}

/// <summary>Per-operation status of grant_table_op: GNTST_* (public/grant_table.h).</summary>
public enum GrantStatus : short
{
    [XenConstant("GNTST_no_space")] NoSpace = -13,
    [XenConstant("GNTST_eagain")] Eagain = -12,
    [XenConstant("GNTST_address_too_big")] AddressTooBig = -11,
    [XenConstant("GNTST_bad_copy_arg")] BadCopyArg = -10,
    [XenConstant("GNTST_bad_page")] BadPage = -9,
    [XenConstant("GNTST_permission_denied")] PermissionDenied = -8,
    [XenConstant("GNTST_no_device_space")] NoDeviceSpace = -7,
    [XenConstant("GNTST_bad_dev_addr")] BadDevAddr = -6,
    [XenConstant("GNTST_bad_virt_addr")] BadVirtAddr = -5,
    [XenConstant("GNTST_bad_handle")] BadHandle = -4,
    [XenConstant("GNTST_bad_gntref")] BadGntref = -3,
    [XenConstant("GNTST_bad_domain")] BadDomain = -2,
    [XenConstant("GNTST_general_error")] GeneralError = -1,
    [XenConstant("GNTST_okay")] Okay = 0,
}

/// <summary>What XENMEM_add_to_physmap maps: XENMAPSPACE_* (public/memory.h).</summary>
public enum MapSpace : uint
{
    [XenConstant("XENMAPSPACE_shared_info")] SharedInfo = 0,
    [XenConstant("XENMAPSPACE_grant_table")] GrantTable = 1,
    [XenConstant("XENMAPSPACE_gmfn")] Gmfn = 2,
    [XenConstant("XENMAPSPACE_gmfn_range")] GmfnRange = 3,
    [XenConstant("XENMAPSPACE_gmfn_foreign")] GmfnForeign = 4,
    [XenConstant("XENMAPSPACE_dev_mmio")] DevMmio = 5,
}

/// <summary>What XENMEM_acquire_resource maps: XENMEM_resource_* (public/memory.h).</summary>
public enum ResourceType : ushort
{
    [XenConstant("XENMEM_resource_ioreq_server")] IoreqServer = 0,
    [XenConstant("XENMEM_resource_grant_table")] GrantTable = 1,
    [XenConstant("XENMEM_resource_vmtrace_buf")] VmtraceBuffer = 2,
}

/// <summary>What a vCPU does: RUNSTATE_* (public/vcpu.h).</summary>
public enum RunState : int
{
    [XenConstant("RUNSTATE_running")] Running = 0,
    [XenConstant("RUNSTATE_runnable")] Runnable = 1,
    [XenConstant("RUNSTATE_blocked")] Blocked = 2,
    [XenConstant("RUNSTATE_offline")] Offline = 3,
}

/// <summary>Types of hvm_memmap_table_entry and of the E820 map: XEN_HVM_MEMMAP_TYPE_* (public/arch-x86/hvm/start_info.h).</summary>
public enum MemmapType : uint
{
    [XenConstant("XEN_HVM_MEMMAP_TYPE_RAM")] Ram = 1,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_RESERVED")] Reserved = 2,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_ACPI")] Acpi = 3,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_NVS")] Nvs = 4,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_UNUSABLE")] Unusable = 5,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_DISABLED")] Disabled = 6,
    [XenConstant("XEN_HVM_MEMMAP_TYPE_PMEM")] Pmem = 7,
}

/// <summary>What HVMOP_get_mem_type answers: HVMMEM_* (public/hvm/hvm_op.h).</summary>
public enum HvmMemoryType : ushort
{
    [XenConstant("HVMMEM_ram_rw")] RamRw = 0,
    [XenConstant("HVMMEM_ram_ro")] RamRo = 1,
    [XenConstant("HVMMEM_mmio_dm")] MmioDm = 2,
    [XenConstant("HVMMEM_unused")] Unused = 3,
    [XenConstant("HVMMEM_ioreq_server")] IoreqServer = 4,
}

/// <summary>Types of ELF notes named "Xen": XEN_ELFNOTE_* (public/elfnote.h).</summary>
public enum ElfNote : uint
{
    [XenConstant("XEN_ELFNOTE_INFO")] Info = 0,
    [XenConstant("XEN_ELFNOTE_ENTRY")] Entry = 1,
    [XenConstant("XEN_ELFNOTE_HYPERCALL_PAGE")] HypercallPage = 2,
    [XenConstant("XEN_ELFNOTE_VIRT_BASE")] VirtBase = 3,
    [XenConstant("XEN_ELFNOTE_PADDR_OFFSET")] PaddrOffset = 4,
    [XenConstant("XEN_ELFNOTE_XEN_VERSION")] XenVersion = 5,
    [XenConstant("XEN_ELFNOTE_GUEST_OS")] GuestOs = 6,
    [XenConstant("XEN_ELFNOTE_GUEST_VERSION")] GuestVersion = 7,
    [XenConstant("XEN_ELFNOTE_LOADER")] Loader = 8,
    [XenConstant("XEN_ELFNOTE_PAE_MODE")] PaeMode = 9,
    [XenConstant("XEN_ELFNOTE_FEATURES")] Features = 10,
    [XenConstant("XEN_ELFNOTE_BSD_SYMTAB")] BsdSymtab = 11,
    [XenConstant("XEN_ELFNOTE_HV_START_LOW")] HvStartLow = 12,
    [XenConstant("XEN_ELFNOTE_L1_MFN_VALID")] L1MfnValid = 13,
    [XenConstant("XEN_ELFNOTE_SUSPEND_CANCEL")] SuspendCancel = 14,
    [XenConstant("XEN_ELFNOTE_INIT_P2M")] InitP2m = 15,
    [XenConstant("XEN_ELFNOTE_MOD_START_PFN")] ModStartPfn = 16,
    [XenConstant("XEN_ELFNOTE_SUPPORTED_FEATURES")] SupportedFeatures = 17,
    [XenConstant("XEN_ELFNOTE_PHYS32_ENTRY")] Phys32Entry = 18,
}
