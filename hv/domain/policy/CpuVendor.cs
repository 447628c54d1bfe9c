namespace Xenolith.Domains;

/// <summary>Who made the CPU, as far as a guest's MSRs and CPUID leaves differ. Hygon counts as AMD.</summary>
public enum CpuVendor { Intel, Amd, Other }
