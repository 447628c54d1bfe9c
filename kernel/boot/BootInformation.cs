namespace Xenolith.Kernel;

/// <summary>What the boot loader said: plain data, the same whichever protocol it spoke.</summary>
public sealed class BootInformation
{
    /// <summary>The command line, without the image's own name.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The loader's name for itself, or an empty string.</summary>
    public required string LoaderName { get; init; }

    /// <summary>The protocol it speaks, in words.</summary>
    public string Protocol { get; init; } = "";

    /// <summary>The firmware's memory map, sorted by address, as found.</summary>
    public required MemoryRange[] MemoryMap { get; init; }

    /// <summary>The modules in the loader's order. Their frames are kept from the allocator until they are released.</summary>
    public required BootModule[] Modules { get; init; }

    /// <summary>Physical address of the ACPI RSDP; 0 when the loader gave none (then the BIOS areas are searched).</summary>
    public ulong RsdpAddress { get; set; }

    /// <summary>What of the loader's own data is used for good (its copy of the RSDP), so that the allocator never gives it out.</summary>
    public MemoryRange KeptData { get; init; }

    /// <summary>The screen as the loader left it; null: it said nothing of one, or nothing usable.</summary>
    public Framebuffer? Framebuffer { get; init; }

    /// <summary>Why the loader's screen is not used; empty: it is, or the loader said nothing of one.</summary>
    public string FramebufferError { get; init; } = "";

    /// <summary>Whether the firmware is known to be UEFI: then nothing of a PC's BIOS may be taken for granted.</summary>
    public bool IsEfi { get; init; }
}

/// <summary>Types of memory as in the ACPI specification's E820 table (6.5, 15.1).</summary>
public enum MemoryKind : uint { Ram = 1, Reserved = 2, AcpiReclaimable = 3, AcpiNvs = 4, Unusable = 5 }

/// <summary>A range of physical addresses: start and length in bytes.</summary>
public readonly record struct MemoryRange(ulong Start, ulong Length, MemoryKind Kind)
{
    public ulong End => Start + Length;
}

/// <summary>A file that the boot loader put into memory: where it lies, and the words after its name.</summary>
public sealed class BootModule(ulong start, ulong length, string commandLine)
{
    /// <summary>Physical address of the first byte.</summary>
    public ulong Start { get; } = start;

    /// <summary>Length in bytes.</summary>
    public ulong Length { get; } = length;

    /// <summary>What the loader passed as the module's string, whole (multiboot 1 puts the file's name first, GRUB does not).</summary>
    public string CommandLine { get; } = commandLine;
}
