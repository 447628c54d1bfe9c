using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>All that a domain is built from.</summary>
public sealed class DomainRequest
{
    public required DomainServices Services { get; init; }

    /// <summary>Id, name, rights, vCPUs and share. <see cref="DomainBuild"/> sets the limit of memory itself.</summary>
    public required DomainOptions Options { get; init; }

    /// <summary>RAM in bytes, whole frames.</summary>
    public required ulong Memory { get; init; }

    public required HostCpuid Cpuid { get; init; }

    /// <summary>The device behind the domain's console ring.</summary>
    public required ConsoleDevice Console { get; init; }

    /// <summary>The device behind port 0xE9; null: none.</summary>
    public ConsoleDevice? DebugOutput { get; init; }

    /// <summary>The initrd; null: none.</summary>
    public BootModule? Ramdisk { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>What the CPU policy may offer; RDTSCP is offered in any case only where the HAL holds IA32_TSC_AUX.</summary>
    public CpuPolicyOptions Cpu { get; init; } = new();

    /// <summary>Who is built, for messages.</summary>
    public string Subject { get; init; } = "initial domain";

    /// <summary>The option that says how much memory, for messages.</summary>
    public string MemoryWord { get; init; } = "dom0_mem";

    /// <summary>Whether the unpacked kernel is needed again afterwards; otherwise its frames become free while the domain is filled.</summary>
    public bool KeepsKernel { get; init; }

    /// <summary>The kernel.</summary>
    public required KernelFile Kernel { get; init; }
}
