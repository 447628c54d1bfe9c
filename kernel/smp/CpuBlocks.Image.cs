using System;
using Xenolith.Runtime;

namespace Xenolith.Kernel;

/// <summary>
/// Each CPU's block of memory: what the kernel keeps for it, first, so that a mask leads there; its stacks, each with an unmapped guard page
/// below it; its GDT and TSS. Blocks are aligned to their size. The boot CPU's is a part of the image (ImageLayout.stub.cs knows this layout too).
/// </summary>
internal static unsafe class CpuBlocks
{
    /// <summary>Size and alignment.</summary>
    public const ulong BlockBytes = 128 << 10;

    /// <summary>Where GDT and TSS lie in a block.</summary>
    public const ulong DescriptorsOffset = 0x1F000;

    /// <summary>Number of stacks: the CPU's own, then those of double fault, NMI and machine check, which must not use it.</summary>
    public const int StackCount = 4;

    /// <summary>Number of unmapped pages: below each stack, and one above the last.</summary>
    public const int GuardCount = StackCount + 1;

    private const ulong OwnStackBytes = 64 << 10;
    private const ulong FaultStackBytes = 12 << 10;

    private static readonly ulong[] s_bases = new ulong[CurrentCpu.MaximumCpus];
    private static HeldLocks[]? s_held;

    /// <summary>Takes the boot CPU's block into use, and makes what each CPU's locks are noted in. Once static references work.</summary>
    public static void Install()
    {
        s_bases[0] = ImageLayout.Current.Stacks;
        var held = new HeldLocks[CurrentCpu.MaximumCpus];
        held[0] = new HeldLocks();
        s_held = held;
        CpuState.Locate(BlockBytes, CpuArea.RuntimeOffset);
    }

    /// <summary>Takes another CPU's block into use.</summary>
    public static void Add(int cpu, ulong block)
    {
        s_held![cpu] = new HeldLocks();
        AreaAt(block)->Number = cpu;
        s_bases[cpu] = block;
    }

    /// <summary>Takes a block out of use: its CPU never came up.</summary>
    public static void Remove(int cpu) => s_bases[cpu] = 0;

    /// <summary>Where a CPU's block lies; 0: there is none.</summary>
    public static ulong BaseOf(int cpu) => s_bases[cpu];

    /// <summary>A CPU's area.</summary>
    public static CpuArea* AreaOf(int cpu) => AreaAt(s_bases[cpu]);

    /// <summary>The locks that a CPU holds.</summary>
    public static HeldLocks HeldBy(int cpu) => s_held![cpu];

    /// <summary>Offset in a block of a stack's lowest byte; the page below is its guard.</summary>
    public static ulong StackLow(int stack) =>
        (2 * Page.Size) + (stack == 0 ? 0 : OwnStackBytes + Page.Size + ((ulong)(stack - 1) * (FaultStackBytes + Page.Size)));

    /// <summary>Offset in a block of one past a stack's highest byte.</summary>
    public static ulong StackHigh(int stack) => StackLow(stack) + (stack == 0 ? OwnStackBytes : FaultStackBytes);

    /// <summary>Offset in a block of an unmapped page.</summary>
    public static ulong Guard(int index) => index < StackCount ? StackLow(index) - Page.Size : StackHigh(StackCount - 1);

    /// <summary>The stack that a stack pointer belongs to. An overflowing one may point into the guard page.</summary>
    public static bool TryFindStack(ulong stackPointer, out ulong low, out ulong high)
    {
        for (int cpu = 0; cpu < s_bases.Length; cpu++)
        {
            ulong offset = stackPointer - s_bases[cpu];
            for (int i = 0; s_bases[cpu] != 0 && i < StackCount; i++)
            {
                if (offset >= StackLow(i) - Page.Size && offset <= StackHigh(i))
                {
                    low = s_bases[cpu] + StackLow(i);
                    high = s_bases[cpu] + StackHigh(i);
                    return true;
                }
            }
        }

        low = 0;
        high = 0;
        return false;
    }

    /// <summary>Whether an address lies in the guard page below a stack.</summary>
    public static bool IsGuard(ulong address)
    {
        for (int cpu = 0; cpu < s_bases.Length; cpu++)
        {
            ulong offset = address - s_bases[cpu];
            for (int i = 0; s_bases[cpu] != 0 && i < GuardCount; i++)
            {
                if (offset >= Guard(i) && offset < Guard(i) + Page.Size)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static CpuArea* AreaAt(ulong block) => (CpuArea*)block;
}
