namespace Xenolith.Domains;

/// <summary>The domain that the hypervisor built at its start, ready to run, with the policies that its exits need.</summary>
public sealed class InitialDomain(Domain domain, CpuidPolicy cpuid, ControlRegisterPolicy controls, MsrPolicy msrs)
{
    public Domain Domain { get; } = domain;

    public CpuidPolicy Cpuid { get; } = cpuid;

    public ControlRegisterPolicy Controls { get; } = controls;

    public MsrPolicy Msrs { get; } = msrs;
}
