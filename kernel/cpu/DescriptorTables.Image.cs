namespace Xenolith.Kernel;

/// <summary>
/// GDT and TSS of each CPU, in its block, and the IDT of all (Intel SDM vol. 3, 3.4.5, 6.14, 7.7; AMD APM vol. 2, 4.8, 12.2.5).
/// </summary>
internal static unsafe class DescriptorTables
{
    private const ushort CodeSelector = 8;
    private const ushort TaskSelector = 24;
    private const uint TssOffset = 256;
    private const uint TssBytes = 104;
    private const int Vectors = 256;
    private const int VectorBytes = 16;

    /// <summary>Fills the boot CPU's tables and that of interrupts, and loads them.</summary>
    public static void Load()
    {
        // unsafe: the CPU reads these structures at fixed addresses of the image; offsets are the manual's.
        ref readonly ImageLayout layout = ref ImageLayout.Current;
        ulong* idt = (ulong*)layout.InterruptTable;
        for (uint vector = 0; vector < Vectors; vector++)
        {
            ulong entry = layout.InterruptVectors + (vector * VectorBytes);
            idt[vector * 2] = (entry & 0xFFFF) | ((ulong)CodeSelector << 16) | (StackFor(vector) << 32) | (0x8EUL << 40) | ((entry >> 16 & 0xFFFF) << 48);
            idt[(vector * 2) + 1] = entry >> 32;
        }

        LoadFor(layout.Stacks);
    }

    /// <summary>Fills the GDT and TSS in a CPU's block, and loads them and the table of interrupts on this CPU.</summary>
    public static void LoadFor(ulong block)
    {
        ulong* gdt = (ulong*)(block + CpuBlocks.DescriptorsOffset);
        byte* tss = (byte*)gdt + TssOffset;

        // Interrupt stack pointers 1 to 3 stand at offset 36 of the TSS; no I/O bitmap: its base lies at the limit.
        for (int i = 1; i < CpuBlocks.StackCount; i++)
        {
            *(ulong*)(tss + 28 + (i * 8)) = block + CpuBlocks.StackHigh(i);
        }

        *(ushort*)(tss + 102) = (ushort)TssBytes;
        ulong tssBase = (ulong)tss;
        gdt[0] = 0;
        gdt[1] = 0x00AF_9B00_0000_FFFF;
        gdt[2] = 0x00CF_9300_0000_FFFF;
        gdt[3] = (TssBytes - 1) | ((tssBase & 0xFF_FFFF) << 16) | (0x89UL << 40) | ((tssBase >> 24 & 0xFF) << 56);
        gdt[4] = tssBase >> 32;

        byte* pointer = stackalloc byte[10];
        *(ushort*)pointer = (5 * 8) - 1;
        *(ulong*)(pointer + 2) = (ulong)gdt;
        Cpu.LoadGdt(pointer);
        *(ushort*)pointer = (Vectors * VectorBytes) - 1;
        *(ulong*)(pointer + 2) = ImageLayout.Current.InterruptTable;
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
