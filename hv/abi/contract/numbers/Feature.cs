namespace Xenolith.Abi.Contract;

/// <summary>Bit numbers of feature submap 0: XENFEAT_* (public/features.h).</summary>
public enum Feature : int
{
    [XenConstant("XENFEAT_writable_page_tables")] WritablePageTables = 0,
    [XenConstant("XENFEAT_writable_descriptor_tables")] WritableDescriptorTables = 1,
    [XenConstant("XENFEAT_auto_translated_physmap")] AutoTranslatedPhysmap = 2,
    [XenConstant("XENFEAT_supervisor_mode_kernel")] SupervisorModeKernel = 3,
    [XenConstant("XENFEAT_pae_pgdir_above_4gb")] PaePgdirAbove4gb = 4,
    [XenConstant("XENFEAT_mmu_pt_update_preserve_ad")] MmuPtUpdatePreserveAd = 5,
    [XenConstant("XENFEAT_highmem_assist")] HighmemAssist = 6,
    [XenConstant("XENFEAT_gnttab_map_avail_bits")] GnttabMapAvailBits = 7,
    [XenConstant("XENFEAT_hvm_callback_vector")] HvmCallbackVector = 8,
    [XenConstant("XENFEAT_hvm_safe_pvclock")] HvmSafePvclock = 9,
    [XenConstant("XENFEAT_hvm_pirqs")] HvmPirqs = 10,
    [XenConstant("XENFEAT_dom0")] Dom0 = 11,
    [XenConstant("XENFEAT_memory_op_vnode_supported")] MemoryOpVnodeSupported = 13,
    [XenConstant("XENFEAT_ARM_SMCCC_supported")] ArmSmcccSupported = 14,
    [XenConstant("XENFEAT_linux_rsdp_unrestricted")] LinuxRsdpUnrestricted = 15,
    [XenConstant("XENFEAT_not_direct_mapped")] NotDirectMapped = 16,
    [XenConstant("XENFEAT_direct_mapped")] DirectMapped = 17,
    [XenUnstated("public/features.h of 4.18", Name = "XENFEAT_runstate_phys_area")] RunstatePhysArea = 18,
    [XenUnstated("public/features.h of 4.18", Name = "XENFEAT_vcpu_time_phys_area")] VcpuTimePhysArea = 19,
}
