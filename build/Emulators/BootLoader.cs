namespace Xenolith.Build.Emulators;

/// <summary>What starts the image.</summary>
public enum BootLoader
{
    /// <summary>QEMU's own multiboot loader; on Bochs, which has none, GRUB by multiboot 1.</summary>
    Usual,

    /// <summary>GRUB on a CD, from the BIOS, by multiboot 1.</summary>
    Multiboot1,

    /// <summary>The same by multiboot 2.</summary>
    Multiboot2,

    /// <summary>GRUB on a CD, from UEFI, by multiboot 2. QEMU only.</summary>
    Uefi,

    /// <summary>QEMU's PVH loader, which takes one module, without arguments.</summary>
    Pvh,
}
