using System;

namespace Xenolith.Kernel;

/// <summary>The CPU that runs this code: on a host, each thread is one, number 0 unless it says otherwise.</summary>
public static class CurrentCpu
{
    /// <summary>CPUs that can be used at most.</summary>
    public const int MaximumCpus = 64;

    [ThreadStatic]
    private static int s_number;

    [ThreadStatic]
    private static int s_locks;

    [ThreadStatic]
    private static HeldLocks? s_held;

    /// <summary>Its number, from 0.</summary>
    public static int Number
    {
        get => s_number;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(value, MaximumCpus);
            s_number = value;
        }
    }

    /// <summary>Locks that it holds now.</summary>
    public static int LocksHeld => s_locks;

    internal static HeldLocks Held => s_held ??= new HeldLocks();

    /// <summary>Counts a lock taken (1) or given back (-1); returns the CPU's number.</summary>
    internal static int CountLock(int change)
    {
        s_locks += change;
        return s_number;
    }
}
