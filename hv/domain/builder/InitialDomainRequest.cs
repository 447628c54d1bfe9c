using Xenolith.Kernel;

namespace Xenolith.Domains;

/// <summary>What the initial domain is built from.</summary>
public sealed class InitialDomainRequest
{
    public required DomainServices Services { get; init; }

    /// <summary>The boot loader's modules, the kernel first.</summary>
    public required BootInformation Boot { get; init; }

    /// <summary>The initrd; null: none.</summary>
    public BootModule? Ramdisk { get; init; }

    /// <summary>Bytes of free memory that are meant for other domains.</summary>
    public ulong Promised { get; init; }

    public required HostCpuid Cpuid { get; init; }

    /// <summary>The device behind the domain's console ring.</summary>
    public required ConsoleDevice Console { get; init; }

    /// <summary>The device behind port 0xE9; null: none.</summary>
    public ConsoleDevice? DebugOutput { get; init; }

    /// <summary>The value of the option dom0, or empty.</summary>
    public string DomainOption { get; init; } = "";

    /// <summary>The value of the option dom0_mem, or empty.</summary>
    public string MemoryOption { get; init; } = "";

    /// <summary>vCPUs, 1 to 128. All but the first wait for a start-up interrupt.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>As <see cref="DomainOptions.ShownCalls"/>.</summary>
    public ulong[]? ShownCalls { get; init; }

    /// <summary>What the CPU policy may offer; RDTSCP is offered in any case only where the HAL holds IA32_TSC_AUX.</summary>
    public CpuPolicyOptions Cpu { get; init; } = new();
}
