using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>PHYSDEVOP_eoi.</summary>
[XenStruct("struct physdev_eoi", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevEoi
{
    /// <summary>The interrupt.</summary>
    [XenField("irq")] public uint Irq;
}

/// <summary>PHYSDEVOP_irq_status_query.</summary>
[XenStruct("struct physdev_irq_status_query", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevIrqStatusQuery
{
    /// <summary>The interrupt.</summary>
    [XenField("irq")] public uint Irq;
    /// <summary>Out: XENIRQSTAT_*.</summary>
    [XenField("flags")] public uint Flags;
}

/// <summary>PHYSDEVOP_map_pirq.</summary>
[XenStruct("struct physdev_map_pirq", XenLayout.Wide)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevMapPirq
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>MAP_PIRQ_TYPE_*.</summary>
    [XenField("type")] public int Type;
    /// <summary>GSI.</summary>
    [XenField("index")] public int Index;
    /// <summary>In and out.</summary>
    [XenField("pirq")] public int Pirq;
    /// <summary>PCI.</summary>
    [XenField("bus")] public int Bus;
    /// <summary>PCI.</summary>
    [XenField("devfn")] public int DeviceFunction;
    /// <summary>MSI-X.</summary>
    [XenField("entry_nr")] public int EntryNumber;
    /// <summary>MSI-X.</summary>
    [XenField("table_base")] public ulong TableBase;
}

/// <summary>PHYSDEVOP_map_pirq. As a 32-bit caller lays it out.</summary>
[XenStruct("struct physdev_map_pirq", XenLayout.Narrow)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct PhysdevMapPirq32
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>MAP_PIRQ_TYPE_*.</summary>
    [XenField("type")] public int Type;
    /// <summary>GSI.</summary>
    [XenField("index")] public int Index;
    /// <summary>In and out.</summary>
    [XenField("pirq")] public int Pirq;
    /// <summary>PCI.</summary>
    [XenField("bus")] public int Bus;
    /// <summary>PCI.</summary>
    [XenField("devfn")] public int DeviceFunction;
    /// <summary>MSI-X.</summary>
    [XenField("entry_nr")] public int EntryNumber;
    /// <summary>MSI-X.</summary>
    [XenField("table_base")] public ulong TableBase;
}

/// <summary>PHYSDEVOP_unmap_pirq.</summary>
[XenStruct("struct physdev_unmap_pirq", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevUnmapPirq
{
    /// <summary>Whose.</summary>
    [XenField("domid")] public ushort Domain;
    /// <summary>The interrupt.</summary>
    [XenField("pirq")] public int Pirq;
}

/// <summary>PHYSDEVOP_setup_gsi.</summary>
[XenStruct("struct physdev_setup_gsi", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevSetupGsi
{
    /// <summary>GSI.</summary>
    [XenField("gsi")] public int Gsi;
    /// <summary>0 edge, 1 level.</summary>
    [XenField("triggering")] public byte Triggering;
    /// <summary>0 high, 1 low.</summary>
    [XenField("polarity")] public byte Polarity;
}

/// <summary>PHYSDEVOP_get_free_pirq.</summary>
[XenStruct("struct physdev_get_free_pirq", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevGetFreePirq
{
    /// <summary>MAP_PIRQ_TYPE_*.</summary>
    [XenField("type")] public int Type;
    /// <summary>Out.</summary>
    [XenField("pirq")] public uint Pirq;
}

/// <summary>PHYSDEVOP_pci_mmcfg_reserved.</summary>
[XenStruct("struct physdev_pci_mmcfg_reserved", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevPciMmcfgReserved
{
    /// <summary>Physical address.</summary>
    [XenField("address")] public ulong Address;
    /// <summary>PCI segment.</summary>
    [XenField("segment")] public ushort Segment;
    /// <summary>First bus.</summary>
    [XenField("start_bus")] public byte StartBus;
    /// <summary>Last bus.</summary>
    [XenField("end_bus")] public byte EndBus;
    /// <summary>XEN_PCI_MMCFG_RESERVED.</summary>
    [XenField("flags")] public uint Flags;
}

/// <summary>PHYSDEVOP_pci_device_add; optional words follow.</summary>
[XenStruct("struct physdev_pci_device_add", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevPciDeviceAdd
{
    /// <summary>PCI segment.</summary>
    [XenField("seg")] public ushort Segment;
    /// <summary>Bus.</summary>
    [XenField("bus")] public byte Bus;
    /// <summary>Device and function.</summary>
    [XenField("devfn")] public byte DeviceFunction;
    /// <summary>XEN_PCI_DEV_*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Bus.</summary>
    [XenField("physfn.bus")] public byte PhysicalFunctionBus;
    /// <summary>Device and function.</summary>
    [XenField("physfn.devfn")] public byte PhysicalFunctionDeviceFunction;
}

/// <summary>PHYSDEVOP_pci_device_remove and others.</summary>
[XenStruct("struct physdev_pci_device", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevPciDevice
{
    /// <summary>PCI segment.</summary>
    [XenField("seg")] public ushort Segment;
    /// <summary>Bus.</summary>
    [XenField("bus")] public byte Bus;
    /// <summary>Device and function.</summary>
    [XenField("devfn")] public byte DeviceFunction;
}

/// <summary>PHYSDEVOP_dbgp_op.</summary>
[XenStruct("struct physdev_dbgp_op", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct PhysdevDbgpOp
{
    /// <summary>PHYSDEVOP_DBGP_*.</summary>
    [XenField("op")] public byte Operation;
    /// <summary>PHYSDEVOP_DBGP_BUS_*.</summary>
    [XenField("bus")] public byte Bus;
    /// <summary>PCI segment.</summary>
    [XenField("u.pci.seg")] public ushort Segment;
    /// <summary>Bus.</summary>
    [XenField("u.pci.bus")] public byte PciBus;
    /// <summary>Device and function.</summary>
    [XenField("u.pci.devfn")] public byte DeviceFunction;
}
