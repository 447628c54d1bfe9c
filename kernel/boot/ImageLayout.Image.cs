using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>Where the linker put the parts of the image (ImageLayout.stub.cs knows the order). Addresses are virtual unless said.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ImageLayout
{
    public ulong StartPhysical;
    public ulong EndPhysical;
    public ulong TextStart;
    public ulong TextEnd;
    public ulong ReadOnlyStart;
    public ulong ReadOnlyEnd;
    public ulong DataStart;
    public ulong DataEnd;
    public ulong Stacks;
    public ulong BootStackBytes;
    public ulong FaultStackBytes;
    public ulong Descriptors;
    public ulong EarlyHeap;
    public ulong EarlyHeapBytes;
    public ulong InterruptVectors;
    public ulong MsrAccessStart;
    public ulong MsrAccessEnd;
    public ulong MsrAccessFailed;

    /// <summary>Stacks for faults that must not use the current one: double fault, NMI, machine check.</summary>
    public const int FaultStacks = 3;

    /// <summary>Number of all stacks: the boot CPU's is 0, then those for faults.</summary>
    public const int StackCount = 1 + FaultStacks;

    /// <summary>This image's.</summary>
    public static ref readonly ImageLayout Current => ref Unsafe.AsRef<ImageLayout>(Address());

    /// <summary>Lowest address of a stack; the page below is its guard.</summary>
    public readonly ulong StackLow(int stack) =>
        Stacks + Page.Size + (stack == 0 ? 0 : BootStackBytes + Page.Size + ((ulong)(stack - 1) * (FaultStackBytes + Page.Size)));

    /// <summary>One past the highest address of a stack.</summary>
    public readonly ulong StackHigh(int stack) => StackLow(stack) + (stack == 0 ? BootStackBytes : FaultStackBytes);

    // unsafe: the table is linked in as data, reachable by address only.
    [RuntimeImport("*", "kernel_layout")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* Address();
}
