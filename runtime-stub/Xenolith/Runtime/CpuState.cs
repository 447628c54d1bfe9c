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
    private static delegate*<CpuState*> s_locate;

    /// <summary>Bytes of the state: what a kernel sets aside for each CPU, zeroed and aligned to 8.</summary>
    public const int Size = 16;

    /// <summary>Says how to find the running CPU's state. Until then all CPUs share one, which is right only while one
    /// CPU runs. The state of the calling CPU moves to the new place.</summary>
    public static void SetLocator(delegate*<CpuState*> locate)
    {
        *locate() = s_first;
        s_locate = locate;
    }

    internal static CpuState* Current
    {
        get
        {
            if (s_locate != null)
                return s_locate();
            fixed (CpuState* first = &s_first)
                return first;
        }
    }
}
