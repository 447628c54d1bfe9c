using System.Runtime.CompilerServices;

namespace Xenolith.Kernel;

/// <summary>The CPU that runs this code. All its stacks lie in one aligned block of memory, so any address on the stack leads to what is its own.</summary>
public static unsafe class CurrentCpu
{
    /// <summary>CPUs that can be used at most.</summary>
    public const int MaximumCpus = 64;

    /// <summary>Its number, from 0.</summary>
    public static int Number => Area->Number;

    /// <summary>Locks that it holds now.</summary>
    public static int LocksHeld => Area->LocksHeld;

    internal static HeldLocks Held => CpuBlocks.HeldBy(Number);

    internal static ulong Block => (ulong)Area;

    internal static CpuArea* Area
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        [SkipLocalsInit]
        get
        {
            // unsafe: the address of a local is an address in the block; only its upper bits are used.
            byte here;
            return (CpuArea*)((ulong)&here & ~(CpuBlocks.BlockBytes - 1));
        }
    }

    /// <summary>Counts a lock taken (1) or given back (-1); returns the CPU's number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int CountLock(int change)
    {
        CpuArea* area = Area;
        area->LocksHeld += change;
        return area->Number;
    }
}
