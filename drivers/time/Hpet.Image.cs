using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The HPET's main counter (IA-PC HPET Specification 1.0a, 2.3).</summary>
internal sealed unsafe class Hpet : ReferenceTimer
{
    private const int CapabilityHigh = 1;
    private const int Configuration = 4;
    private const int Counter = 60;
    private const ulong FemtosecondsPerSecond = 1_000_000_000_000_000;
    private const uint LongestPeriod = 100_000_000;

    // unsafe: registers in memory, by 32-bit words, which every HPET allows.
    private readonly uint* _registers;

    private Hpet(uint* registers, ulong frequency, ulong mask)
    {
        _registers = registers;
        Frequency = frequency;
        Mask = mask;
    }

    public override string Name => "HPET";

    public override ulong Frequency { get; }

    public override ulong Mask { get; }

    /// <summary>Starts the counter. Null: what lies there is no HPET.</summary>
    public static Hpet? TryOpen(ulong address, AddressSpace space)
    {
        if (address == 0)
        {
            return null;
        }

        uint* registers = (uint*)space.MapPhysical(address, 1024, Rights.ReadWrite, Caching.Uncached);
        uint period = Volatile.Read(ref registers[CapabilityHigh]);
        if (period is 0 or > LongestPeriod)
        {
            return null;
        }

        Volatile.Write(ref registers[Configuration], Volatile.Read(ref registers[Configuration]) | 1);

        // The low 32 bits suffice for the length of a measurement.
        return new Hpet(registers, FemtosecondsPerSecond / period, uint.MaxValue);
    }

    public override ulong Read() => Volatile.Read(ref _registers[Counter]);
}
