namespace Xenolith.Kernel;

/// <summary>
/// GDT, TSS and IDT of the boot CPU (Intel SDM vol. 3, 3.4.5, 6.14, 7.7; AMD APM vol. 2, 4.8, 12.2.5). They lie in three pages of the
/// image: GDT and TSS in the first, IDT in the second.
/// </summary>
internal static unsafe class DescriptorTables
{
    private const ushort CodeSelector = 8;
    private const ushort TaskSelector = 24;
    private const uint TssOffset = 256;
    private const uint TssBytes = 104;
    private const int Vectors = 256;
    private const int VectorBytes = 16;

    /// <summary>Fills the tables and loads them.</summary>
    public static void Load()
    {
        // unsafe: the CPU reads these structures at fixed addresses of the image; offsets are the manual's.
        ref readonly ImageLayout layout = ref ImageLayout.Current;
        ulong* gdt = (ulong*)layout.Descriptors;
        byte* tss = (byte*)layout.Descriptors + TssOffset;
        ulong* idt = (ulong*)(layout.Descriptors + Page.Size);

        // Interrupt stack pointers 1 to 3 stand at offset 36 of the TSS; no I/O bitmap: its base lies at the limit.
        for (int i = 0; i < ImageLayout.FaultStacks; i++)
        {
            *(ulong*)(tss + 36 + (i * 8)) = layout.StackHigh(i + 1);
        }

        *(ushort*)(tss + 102) = (ushort)TssBytes;
        ulong tssBase = (ulong)tss;
        gdt[0] = 0;
        gdt[1] = 0x00AF_9B00_0000_FFFF;
        gdt[2] = 0x00CF_9300_0000_FFFF;
        gdt[3] = (TssBytes - 1) | ((tssBase & 0xFF_FFFF) << 16) | (0x89UL << 40) | ((tssBase >> 24 & 0xFF) << 56);
        gdt[4] = tssBase >> 32;

        for (uint vector = 0; vector < Vectors; vector++)
        {
            ulong entry = layout.InterruptVectors + (vector * VectorBytes);
            idt[vector * 2] = (entry & 0xFFFF) | ((ulong)CodeSelector << 16) | (StackFor(vector) << 32) | (0x8EUL << 40) | ((entry >> 16 & 0xFFFF) << 48);
            idt[(vector * 2) + 1] = entry >> 32;
        }

        byte* pointer = stackalloc byte[10];
        *(ushort*)pointer = (5 * 8) - 1;
        *(ulong*)(pointer + 2) = (ulong)gdt;
        Cpu.LoadGdt(pointer);
        *(ushort*)pointer = (Vectors * VectorBytes) - 1;
        *(ulong*)(pointer + 2) = (ulong)idt;
        Cpu.LoadIdt(pointer);
        Cpu.LoadTaskRegister(TaskSelector);
    }

    private static ulong StackFor(uint vector) => vector switch
    {
        ExceptionVector.DoubleFault => 1,
        ExceptionVector.NonMaskable => 2,
        ExceptionVector.MachineCheck => 3,
        _ => 0UL,
    };
}
