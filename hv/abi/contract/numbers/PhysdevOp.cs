namespace Xenolith.Abi.Contract;

/// <summary>physdev_op: PHYSDEVOP_* (public/physdev.h).</summary>
public enum PhysdevOp : uint
{
    [XenConstant("PHYSDEVOP_irq_status_query")] IrqStatusQuery = 5,
    [XenConstant("PHYSDEVOP_set_iopl")] SetIopl = 6,
    [XenConstant("PHYSDEVOP_set_iobitmap")] SetIobitmap = 7,
    [XenConstant("PHYSDEVOP_apic_read")] ApicRead = 8,
    [XenConstant("PHYSDEVOP_apic_write")] ApicWrite = 9,
    [XenConstant("PHYSDEVOP_alloc_irq_vector")] AllocIrqVector = 10,
    [XenConstant("PHYSDEVOP_free_irq_vector")] FreeIrqVector = 11,
    [XenConstant("PHYSDEVOP_eoi")] Eoi = 12,
    [XenConstant("PHYSDEVOP_map_pirq")] MapPirq = 13,
    [XenConstant("PHYSDEVOP_unmap_pirq")] UnmapPirq = 14,
    [XenConstant("PHYSDEVOP_manage_pci_add")] ManagePciAdd = 15,
    [XenConstant("PHYSDEVOP_manage_pci_remove")] ManagePciRemove = 16,
    [XenConstant("PHYSDEVOP_pirq_eoi_gmfn_v1")] PirqEoiGmfnV1 = 17,
    [XenConstant("PHYSDEVOP_restore_msi")] RestoreMsi = 19,
    [XenConstant("PHYSDEVOP_manage_pci_add_ext")] ManagePciAddExt = 20,
    [XenConstant("PHYSDEVOP_setup_gsi")] SetupGsi = 21,
    [XenConstant("PHYSDEVOP_get_free_pirq")] GetFreePirq = 23,
    [XenConstant("PHYSDEVOP_pci_mmcfg_reserved")] PciMmcfgReserved = 24,
    [XenConstant("PHYSDEVOP_pci_device_add")] PciDeviceAdd = 25,
    [XenConstant("PHYSDEVOP_pci_device_remove")] PciDeviceRemove = 26,
    [XenConstant("PHYSDEVOP_restore_msi_ext")] RestoreMsiExt = 27,
    [XenConstant("PHYSDEVOP_pirq_eoi_gmfn_v2")] PirqEoiGmfnV2 = 28,
    [XenConstant("PHYSDEVOP_dbgp_op")] DbgpOp = 29,
    [XenConstant("PHYSDEVOP_prepare_msix")] PrepareMsix = 30,
    [XenConstant("PHYSDEVOP_release_msix")] ReleaseMsix = 31,
}

/// <summary>Flags of physdev_op's arguments (public/physdev.h).</summary>
public static class PhysdevFlags
{
    /// <summary>Of pci_mmcfg_reserved: the firmware has the region reserved.</summary>
    [XenConstant("XEN_PCI_MMCFG_RESERVED")] public const uint MmcfgReserved = 1;
}
