using System.Runtime.InteropServices;

namespace Xenolith.Kernel;

/// <summary>What the kernel keeps for each CPU, in the CPU's block. Zero at first.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct CpuArea
{
    /// <summary>Offset of <see cref="Runtime"/>.</summary>
    public const ulong RuntimeOffset = 8;

    /// <summary>Locks held. First, as each lock counts here and the compiler adds no offsets for it then.</summary>
    public int LocksHeld;

    /// <summary>The CPU's number.</summary>
    public int Number;

    /// <summary>What the runtime keeps (Xenolith.Runtime.CpuState).</summary>
    public fixed ulong Runtime[2];

    /// <summary>Where the innermost contained call returns to; 0: there is none.</summary>
    public ulong ContainedStackPointer;

    /// <summary>Address of the frame of the NMI that stopped it; 0: it has not been stopped.</summary>
    public ulong Stopped;

    /// <summary>TSC when it last took its timer's interrupt; 0: not yet.</summary>
    public ulong LastSeen;
}
