namespace Xenolith.Abi.Contract;

/// <summary>dm_op: XEN_DMOP_* (public/hvm/dm_op.h).</summary>
public enum DmOp : uint
{
    [XenConstant("XEN_DMOP_create_ioreq_server")] CreateIoreqServer = 1,
    [XenConstant("XEN_DMOP_get_ioreq_server_info")] GetIoreqServerInfo = 2,
    [XenConstant("XEN_DMOP_map_io_range_to_ioreq_server")] MapIoRangeToIoreqServer = 3,
    [XenConstant("XEN_DMOP_unmap_io_range_from_ioreq_server")] UnmapIoRangeFromIoreqServer = 4,
    [XenConstant("XEN_DMOP_set_ioreq_server_state")] SetIoreqServerState = 5,
    [XenConstant("XEN_DMOP_destroy_ioreq_server")] DestroyIoreqServer = 6,
    [XenConstant("XEN_DMOP_track_dirty_vram")] TrackDirtyVram = 7,
    [XenConstant("XEN_DMOP_set_pci_intx_level")] SetPciIntxLevel = 8,
    [XenConstant("XEN_DMOP_set_isa_irq_level")] SetIsaIrqLevel = 9,
    [XenConstant("XEN_DMOP_set_pci_link_route")] SetPciLinkRoute = 10,
    [XenConstant("XEN_DMOP_modified_memory")] ModifiedMemory = 11,
    [XenConstant("XEN_DMOP_set_mem_type")] SetMemType = 12,
    [XenConstant("XEN_DMOP_inject_event")] InjectEvent = 13,
    [XenConstant("XEN_DMOP_inject_msi")] InjectMsi = 14,
    [XenConstant("XEN_DMOP_map_mem_type_to_ioreq_server")] MapMemTypeToIoreqServer = 15,
    [XenConstant("XEN_DMOP_remote_shutdown")] RemoteShutdown = 16,
    [XenConstant("XEN_DMOP_relocate_memory")] RelocateMemory = 17,
    [XenConstant("XEN_DMOP_pin_memory_cacheattr")] PinMemoryCacheattr = 18,
    [XenConstant("XEN_DMOP_set_irq_level")] SetIrqLevel = 19,
    [XenConstant("XEN_DMOP_nr_vcpus")] NrVcpus = 20,
}
