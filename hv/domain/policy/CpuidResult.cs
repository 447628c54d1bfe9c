namespace Xenolith.Domains;

/// <summary>What CPUID leaves in EAX, EBX, ECX and EDX.</summary>
public readonly record struct CpuidResult(uint Eax, uint Ebx, uint Ecx, uint Edx);
