using System.Runtime.InteropServices;

namespace Xenolith.Runtime;

/// <summary>What the runtime keeps for each CPU, 16 bytes: the open arena and the innermost guarded call. With one CPU
/// it is here; a kernel with more of them says where each CPU's is.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct CpuState
{
    internal ArenaState* Arena;
    internal GuardRecord* Guard;

    private static CpuState s_first;
    private static ulong s_blockBytes;
    private static ulong s_offset;

    /// <summary>Bytes of the state: what a kernel sets aside for each CPU, zeroed and aligned to 8.</summary>
    public const int Size = 16;

    /// <summary>Says where the running CPU's state is: in the aligned block of memory in which its stack lies. Until then all CPUs share
    /// one, which is right only while one CPU runs. The state of the calling CPU moves to the new place.</summary>
    /// <param name="blockBytes">Size and alignment of a CPU's block, a power of two.</param>
    /// <param name="offset">Of the state in the block.</param>
    public static void Locate(ulong blockBytes, ulong offset)
    {
        byte here;
        *InBlock(&here, blockBytes, offset) = s_first;
        s_offset = offset;
        s_blockBytes = blockBytes;
    }

    internal static CpuState* Current
    {
        get
        {
            byte here;
            if (s_blockBytes != 0)
                return InBlock(&here, s_blockBytes, s_offset);
            fixed (CpuState* first = &s_first)
                return first;
        }
    }

    private static CpuState* InBlock(byte* here, ulong blockBytes, ulong offset) => (CpuState*)(((ulong)here & ~(blockBytes - 1)) + offset);
}
