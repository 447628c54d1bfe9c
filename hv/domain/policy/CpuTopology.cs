using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>
/// The topology that CPUID shows: one package; each vCPU is a core whose APIC id is twice its number, as Xen numbers them,
/// so that every core has room for a second thread that is not there.
/// </summary>
public readonly struct CpuTopology
{
    public CpuTopology(int vcpus)
    {
        Vcpus = (uint)vcpus;
        PackageShift = 1;
        while (1u << PackageShift < 2 * Vcpus)
        {
            PackageShift++;
        }
    }

    public uint Vcpus { get; }

    /// <summary>Bits of the APIC id below the package's number.</summary>
    public int PackageShift { get; }

    /// <summary>APIC ids that a package spans.</summary>
    public uint IdsPerPackage => 1u << PackageShift;

    public static uint ApicIdOf(int vcpu) => 2 * (uint)vcpu;

    /// <summary>Leaf 0xB: level 0 is the thread, level 1 the core.</summary>
    public CpuidResult ExtendedTopology(uint level, int vcpu)
    {
        const uint thread = 1u << 8, core = 2u << 8;
        uint id = ApicIdOf(vcpu);
        return level switch
        {
            0 => CpuidLeaf.Of(1, 1, thread, id),
            1 => CpuidLeaf.Of((uint)PackageShift, Vcpus, core | 1, id),
            _ => CpuidLeaf.Of(0, 0, level & 0xFF, id),
        };
    }
}
