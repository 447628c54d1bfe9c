namespace Xenolith.Domains;

/// <summary>What a domain's exits are judged by: CPUID, control registers, model-specific registers.</summary>
public sealed class DomainPolicies(CpuidPolicy cpuid, ControlRegisterPolicy controls, MsrPolicy msrs)
{
    public CpuidPolicy Cpuid { get; } = cpuid;

    public ControlRegisterPolicy Controls { get; } = controls;

    public MsrPolicy Msrs { get; } = msrs;
}
