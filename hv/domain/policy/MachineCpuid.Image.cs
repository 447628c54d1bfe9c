using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The CPUID of the CPU that runs this.</summary>
public sealed class MachineCpuid : HostCpuid
{
    public override CpuidResult Read(uint leaf, uint subleaf) => Cpu.Cpuid(leaf, subleaf);
}
