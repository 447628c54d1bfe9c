namespace Xenolith.Domains;

/// <summary>A PT_LOAD segment: where its bytes are in the file, and where they go in guest-physical memory.</summary>
/// <param name="FileSize">Bytes that the file gives.</param>
/// <param name="MemorySize">Bytes in memory, at least <paramref name="FileSize"/>; the rest is zero.</param>
public readonly record struct ElfSegment(ulong PhysicalAddress, ulong MemorySize, int FileOffset, int FileSize)
{
    /// <summary>One past the last byte in memory.</summary>
    public ulong End => PhysicalAddress + MemorySize;
}
