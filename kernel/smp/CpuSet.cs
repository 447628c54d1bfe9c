using System.Numerics;

namespace Xenolith.Kernel;

/// <summary>A set of physical CPUs, by number (0 to <see cref="CurrentCpu.MaximumCpus"/> - 1).</summary>
/// <param name="Bits">Bit n: CPU n.</param>
public readonly record struct CpuSet(ulong Bits)
{
    /// <summary>No CPU.</summary>
    public static CpuSet None => default;

    /// <summary>Whether it has no member.</summary>
    public bool IsEmpty => Bits == 0;

    /// <summary>Number of members.</summary>
    public int Count => BitOperations.PopCount(Bits);

    /// <summary>The lowest member; 64 when there is none.</summary>
    public int First => BitOperations.TrailingZeroCount(Bits);

    /// <summary>One CPU alone.</summary>
    public static CpuSet Of(int cpu) => new(1UL << cpu);

    /// <summary>Whether the CPU is a member.</summary>
    public bool Contains(int cpu) => (Bits >> cpu & 1) != 0;

    /// <summary>The set and one more.</summary>
    public CpuSet With(int cpu) => new(Bits | 1UL << cpu);

    /// <summary>The set without one.</summary>
    public CpuSet Without(int cpu) => new(Bits & ~(1UL << cpu));

    /// <summary>Those that are in both.</summary>
    public CpuSet And(CpuSet other) => new(Bits & other.Bits);
}
