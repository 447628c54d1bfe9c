namespace Xenolith.Abi.Contract;

/// <summary>memory_op: XENMEM_* (public/memory.h).</summary>
public enum MemoryOp : uint
{
    [XenConstant("XENMEM_increase_reservation")] IncreaseReservation = 0,
    [XenConstant("XENMEM_decrease_reservation")] DecreaseReservation = 1,
    [XenConstant("XENMEM_maximum_ram_page")] MaximumRamPage = 2,
    [XenConstant("XENMEM_current_reservation")] CurrentReservation = 3,
    [XenConstant("XENMEM_maximum_reservation")] MaximumReservation = 4,
    [XenConstant("XENMEM_machphys_mfn_list")] MachphysMfnList = 5,
    [XenConstant("XENMEM_populate_physmap")] PopulatePhysmap = 6,
    [XenConstant("XENMEM_add_to_physmap")] AddToPhysmap = 7,
    [XenConstant("XENMEM_memory_map")] MemoryMap = 9,
    [XenConstant("XENMEM_machine_memory_map")] MachineMemoryMap = 10,
    [XenConstant("XENMEM_exchange")] Exchange = 11,
    [XenConstant("XENMEM_machphys_mapping")] MachphysMapping = 12,
    [XenConstant("XENMEM_set_memory_map")] SetMemoryMap = 13,
    [XenConstant("XENMEM_maximum_gpfn")] MaximumGpfn = 14,
    [XenConstant("XENMEM_remove_from_physmap")] RemoveFromPhysmap = 15,
    [XenConstant("XENMEM_set_pod_target")] SetPodTarget = 16,
    [XenConstant("XENMEM_get_pod_target")] GetPodTarget = 17,
    [XenConstant("XENMEM_get_sharing_freed_pages")] GetSharingFreedPages = 18,
    [XenConstant("XENMEM_get_sharing_shared_pages")] GetSharingSharedPages = 19,
    [XenConstant("XENMEM_paging_op")] PagingOp = 20,
    [XenConstant("XENMEM_access_op")] AccessOp = 21,
    [XenConstant("XENMEM_sharing_op")] SharingOp = 22,
    [XenConstant("XENMEM_add_to_physmap_batch")] AddToPhysmapBatch = 23,
    [XenConstant("XENMEM_claim_pages")] ClaimPages = 24,
    [XenConstant("XENMEM_machphys_compat_mfn_list")] MachphysCompatMfnList = 25,
    [XenConstant("XENMEM_get_vnumainfo")] GetVnumainfo = 26,
    [XenConstant("XENMEM_reserved_device_memory_map")] ReservedDeviceMemoryMap = 27,
    [XenConstant("XENMEM_acquire_resource")] AcquireResource = 28,
}
