using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>The seam to the machine's CPUID instruction: the CPU itself in the image, a table on the host.</summary>
public abstract class HostCpuid
{
    public abstract CpuidResult Read(uint leaf, uint subleaf);
}
