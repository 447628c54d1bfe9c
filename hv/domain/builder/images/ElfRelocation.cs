namespace Xenolith.Domains;

/// <summary>
/// Where a kernel may be loaded that does not insist on its own addresses (XEN_ELFNOTE_PHYS32_RELOC, Xen 4.20's
/// public/elfnote.h).
/// </summary>
/// <param name="Alignment">Of its start; a power of two.</param>
/// <param name="Minimum">The lowest address of its first byte.</param>
/// <param name="Maximum">The highest address of its last byte.</param>
public readonly record struct ElfRelocation(uint Alignment, uint Minimum, uint Maximum)
{
    /// <summary>The alignment when the note gives none.</summary>
    public const uint DefaultAlignment = 2u << 20;
}
