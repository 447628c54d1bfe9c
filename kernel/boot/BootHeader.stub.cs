namespace Xenolith.Build.Stubs;

/// <summary>
/// The multiboot 1 header (Multiboot Specification 0.6.96, 3.1): flags 0x10003, that is modules page-aligned, a memory map wanted, and the
/// address fields valid, with which loaders take a 64-bit ELF file too.
/// </summary>
internal sealed class BootHeader : IStub
{
    private const uint Magic = 0x1BADB002;
    private const uint Flags = 0x0001_0003;

    public void Emit(StubObject o)
    {
        StubData header = o.Data("multiboot_header", section: ".boot.header", align: 4);
        header.U32(Magic);
        header.U32(Flags);
        header.U32(unchecked(0U - (Magic + Flags)));
        header.Address32("multiboot_header");
        header.Address32("image_start_physical");
        header.Address32("image_load_end_physical");
        header.Address32("image_end_physical");
        header.Address32("boot_entry");
    }
}
