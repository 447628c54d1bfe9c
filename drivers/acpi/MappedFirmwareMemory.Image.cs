using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Firmware tables of this machine, mapped read-only when first looked at.</summary>
public sealed class MappedFirmwareMemory(AddressSpace space) : FirmwareMemory
{
    // No firmware puts tables above; it keeps a wild pointer from using up page tables.
    private const ulong Limit = 1UL << 40;

    /// <inheritdoc/>
    public override unsafe bool TryView(ulong address, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (address == 0 || length < 0 || address >= Limit || (ulong)length > Limit - address)
        {
            return false;
        }

        // unsafe: the mapping was made for exactly these bytes.
        bytes = new ReadOnlySpan<byte>((void*)space.MapPhysical(address, (uint)length, Rights.Read, Caching.WriteBack), length);
        return true;
    }
}
