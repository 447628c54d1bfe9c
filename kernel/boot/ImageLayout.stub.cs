using static Iced.Intel.AssemblerRegisters;

namespace Xenolith.Build.Stubs;

/// <summary>Tells C# where the linker put things (the order is that of the C# struct ImageLayout), and sets the stacks aside.</summary>
internal sealed class ImageLayoutStub : IStub
{
    /// <summary>Offset of the boot stack's top in kernel_stacks.</summary>
    public const int BootStackTop = (2 * 4096) + (64 << 10);

    // As in CpuBlocks.Image.cs.
    private const int BlockBytes = 128 << 10;

    public void Emit(StubObject o)
    {
        // The boot CPU's block, aligned to its size by the linker's script: a page of the kernel's, one without rights, then its stack, then the rest.
        o.Bss("kernel_stacks", section: ".stacks", size: BlockBytes, align: 4096);
        o.Bss("kernel_interrupt_table", section: ".bss", size: 4096, align: 4096);
        o.Bss("kernel_early_heap", section: ".bss", size: 1 << 18, align: 4096);

        StubData table = o.Data("kernel_layout_table", section: ".rodata", align: 8);
        table.Address64("image_start_physical");
        table.Address64("image_end_physical");
        table.Address64("text_start");
        table.Address64("text_end");
        table.Address64("rodata_start");
        table.Address64("rodata_end");
        table.Address64("data_start");
        table.Address64("data_end");
        table.Address64("kernel_stacks");
        table.Address64("kernel_interrupt_table");
        table.Address64("kernel_early_heap");
        table.U64(1 << 20);
        table.Address64("interrupt_vectors");
        table.Address64("kernel_msr_access_start");
        table.Address64("kernel_msr_access_end");
        table.Address64("kernel_msr_access_failed");

        StubFunction f = o.Function("kernel_layout");
        f.LoadAddress(rax, "kernel_layout_table");
        f.A.ret();
    }
}
