namespace Xenolith.Build.Stubs;

/// <summary>
/// The multiboot 2 header (Multiboot2 Specification 2.0, 3.1). The address and entry tags make loaders copy the file in one piece, as with
/// multiboot 1. Only a memory map is required of the loader. Boot services are left to the loader to end: there is no tag that keeps them.
/// </summary>
internal sealed class Multiboot2Header : IStub
{
    private const uint Magic = 0xE85250D6;
    private const uint ProtectedMode = 0;
    private const uint EgaTextSupported = 2;
    private const uint FixedBytes = 16;

    private enum Tag : ushort { End, Information, Address, Entry, Console, Framebuffer, ModuleAlignment }

    public void Emit(StubObject o)
    {
        // The length stands in the header itself, so the tags are laid down twice.
        var trial = new StubObject();
        uint length = FixedBytes + EmitTags(trial.Data("multiboot2_tags", section: ".boot.header"));
        StubData header = o.Data("multiboot2_header", section: ".boot.header", align: 8);
        header.U32(Magic);
        header.U32(ProtectedMode);
        header.U32(length);
        header.U32(unchecked(0U - (Magic + ProtectedMode + length)));
        EmitTags(header);
    }

    private static uint EmitTags(StubData header)
    {
        int start = header.Length;

        // Types of information tags: 6 the memory map; 1 command line, 2 loader's name, 3 modules, 8 framebuffer, 14 and 15 RSDP, 17 EFI map.
        Information(header, required: true, 6);
        Information(header, required: false, 1, 2, 3, 8, 14, 15, 17);
        Begin(header, Tag.Address, required: true, 16);
        header.Address32("multiboot2_header");
        header.Address32("image_start_physical");
        header.Address32("image_load_end_physical");
        header.Address32("image_end_physical");
        Begin(header, Tag.Entry, required: true, 4);
        header.Address32("boot_entry");
        header.Pad(8);
        Begin(header, Tag.Console, required: false, 4);
        header.U32(EgaTextSupported);
        header.Pad(8);

        // Width, height, depth: no preference.
        Begin(header, Tag.Framebuffer, required: false, 12);
        header.Zero(12);
        header.Pad(8);
        Begin(header, Tag.ModuleAlignment, required: true, 0);
        Begin(header, Tag.End, required: true, 0);
        return (uint)(header.Length - start);
    }

    private static void Information(StubData header, bool required, params uint[] types)
    {
        Begin(header, Tag.Information, required, types.Length * 4);
        foreach (uint type in types)
        {
            header.U32(type);
        }

        header.Pad(8);
    }

    private static void Begin(StubData header, Tag tag, bool required, int contentBytes)
    {
        header.U16((ushort)tag);
        header.U16((ushort)(required ? 0 : 1));
        header.U32((uint)contentBytes + 8);
    }
}
