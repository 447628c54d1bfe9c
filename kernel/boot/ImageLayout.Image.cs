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
    public ulong InterruptTable;
    public ulong EarlyHeap;
    public ulong EarlyHeapBytes;
    public ulong InterruptVectors;
    public ulong MsrAccessStart;
    public ulong MsrAccessEnd;
    public ulong MsrAccessFailed;

    /// <summary>This image's.</summary>
    public static ref readonly ImageLayout Current => ref Unsafe.AsRef<ImageLayout>(Address());

    // unsafe: the table is linked in as data, reachable by address only.
    [RuntimeImport("*", "kernel_layout")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    private static extern void* Address();
}
