using System;

namespace Xenolith.Drivers;

/// <summary>The seam to memory that the firmware filled: tables at any physical address. The image maps them, a test has an array.</summary>
public abstract class FirmwareMemory
{
    /// <summary>A view of [address, address + length); false: no such memory.</summary>
    public abstract bool TryView(ulong address, int length, out ReadOnlySpan<byte> bytes);
}
