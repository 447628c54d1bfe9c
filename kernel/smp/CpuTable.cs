using System.Threading;

namespace Xenolith.Kernel;

/// <summary>The physical CPUs that are in use.</summary>
public sealed class CpuTable
{
    private readonly uint[] _apicIds = new uint[CurrentCpu.MaximumCpus];
    private ulong _online = 1;
    private CpuWork? _work;

    /// <summary>Those that run; CPU 0, which booted, always does.</summary>
    public CpuSet Online => new(Volatile.Read(ref _online));

    /// <summary>How many run; their numbers are 0 to this - 1.</summary>
    public int Count => Online.Count;

    /// <summary>The number of a CPU's local APIC.</summary>
    public uint ApicIdOf(int cpu) => _apicIds[cpu];

    /// <summary>What all CPUs but the first do; null: they wait.</summary>
    public CpuWork? Work => Volatile.Read(ref _work);

    /// <summary>Adds a CPU that runs.</summary>
    public void Add(int cpu, uint apicId)
    {
        _apicIds[cpu] = apicId;
        Interlocked.Or(ref _online, 1UL << cpu);
    }

    /// <summary>
    /// Gives all CPUs but the first their work; until then they wait, halted. Each runs it on its own stack, with interrupts off and no
    /// arena open. When it returns, the CPU waits again, answering messages, until there is other work.
    /// </summary>
    public void StartOthers(CpuWork work, CpuMessages messages)
    {
        Volatile.Write(ref _work, work);
        messages.Kick(Online);
    }
}
