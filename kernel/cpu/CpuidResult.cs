namespace Xenolith.Kernel;

/// <summary>What CPUID answers.</summary>
public struct CpuidResult
{
    public uint Eax;
    public uint Ebx;
    public uint Ecx;
    public uint Edx;
}
