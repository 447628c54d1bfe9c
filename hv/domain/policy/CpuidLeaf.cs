using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>Spells a CPUID answer in one line.</summary>
internal static class CpuidLeaf
{
    public static CpuidResult Of(uint eax, uint ebx, uint ecx, uint edx) => new() { Eax = eax, Ebx = ebx, Ecx = ecx, Edx = edx };
}
