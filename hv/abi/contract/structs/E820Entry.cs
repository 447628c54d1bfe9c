using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>
/// An entry of the map that XENMEM_memory_map copies out: the BIOS's E820 format, packed (ACPI specification 6.5, table 15.3).
/// </summary>
[XenLayoutFrom("ACPI specification 6.5, table 15.3: base, length, type; 20 bytes", 20)]
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct E820Entry
{
    /// <summary>First byte, guest-physical.</summary>
    public ulong Address;
    /// <summary>Bytes.</summary>
    public ulong Size;
    /// <summary>XEN_HVM_MEMMAP_TYPE_*.</summary>
    public uint Type;
}
