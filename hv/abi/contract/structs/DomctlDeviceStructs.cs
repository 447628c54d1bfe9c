using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_DOMCTL_assign_device, test_assign_device and deassign_device, of a PCI device.</summary>
[XenStruct("struct xen_domctl_assign_device", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlAssignDevice
{
    /// <summary>XEN_DOMCTL_DEV_*.</summary>
    [FieldOffset(0), XenField("dev")] public uint Kind;
    /// <summary>XEN_DOMCTL_DEV_RDM_RELAXED, or 0.</summary>
    [FieldOffset(4), XenField("flags")] public uint Flags;
    /// <summary>Segment, bus, device and function.</summary>
    [FieldOffset(8), XenField("u.pci.machine_sbdf")] public uint Function;
}

/// <summary>XEN_DOMCTL_get_device_group.</summary>
[XenStruct("struct xen_domctl_get_device_group", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlDeviceGroup
{
    /// <summary>Segment, bus, device and function.</summary>
    [FieldOffset(0), XenField("machine_sbdf")] public uint Function;
    /// <summary>Room in the list.</summary>
    [FieldOffset(4), XenField("max_sdevs")] public uint Room;
    /// <summary>Out: functions in the list.</summary>
    [FieldOffset(8), XenField("num_sdevs")] public uint Count;
    /// <summary>Guest address of the list.</summary>
    [FieldOffset(16), XenField("sdev_array")] public ulong List;
}

/// <summary>XEN_DOMCTL_bind_pt_irq and unbind_pt_irq.</summary>
[XenStruct("struct xen_domctl_bind_pt_irq", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct DomctlBindInterrupt
{
    /// <summary>The domain's number of the interrupt.</summary>
    [FieldOffset(0), XenField("machine_irq")] public uint Interrupt;
    /// <summary>PT_IRQ_TYPE_*.</summary>
    [FieldOffset(4), XenField("irq_type")] public uint Type;
    /// <summary>The vector, of a message-signalled one.</summary>
    [FieldOffset(8), XenField("u.msi.gvec")] public byte Vector;
}

/// <summary>XEN_DOMCTL_memory_mapping.</summary>
[XenStruct("struct xen_domctl_memory_mapping", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlMemoryMapping
{
    /// <summary>The first guest frame.</summary>
    [XenField("first_gfn")] public ulong FirstGfn;
    /// <summary>The first machine frame.</summary>
    [XenField("first_mfn")] public ulong FirstMfn;
    /// <summary>How many.</summary>
    [XenField("nr_mfns")] public ulong Count;
    /// <summary>DPCI_ADD_MAPPING or DPCI_REMOVE_MAPPING.</summary>
    [XenField("add_mapping")] public uint Adds;
    /// <summary>Nothing.</summary>
    [XenField("padding")] public uint Pad;
}

/// <summary>XEN_DOMCTL_ioport_mapping.</summary>
[XenStruct("struct xen_domctl_ioport_mapping", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlPortMapping
{
    /// <summary>The domain's first port.</summary>
    [XenField("first_gport")] public uint First;
    /// <summary>The machine's.</summary>
    [XenField("first_mport")] public uint FirstOfMachine;
    /// <summary>How many.</summary>
    [XenField("nr_ports")] public uint Count;
    /// <summary>DPCI_ADD_MAPPING or DPCI_REMOVE_MAPPING.</summary>
    [XenField("add_mapping")] public uint Adds;
}
