namespace Xenolith.Build.Stubs;

/// <summary>
/// The ELF note by which PVH loaders find the 32-bit entry: name "Xen", type 18, an address (docs/misc/pvh.pandoc of Xen). Eight bytes of
/// address, because QEMU reads that many from a 64-bit file; Xen takes four or eight.
/// </summary>
internal sealed class PvhNote : IStub
{
    // "Xen" and a zero byte.
    private const uint OwnerName = 0x006E6558;
    private const uint Physical32Entry = 18;

    public void Emit(StubObject o)
    {
        StubData note = o.Data("pvh_note", section: ".note.pvh", align: 4);
        note.U32(4);
        note.U32(8);
        note.U32(Physical32Entry);
        note.U32(OwnerName);
        note.Address64("boot_pvh_entry");
    }
}
