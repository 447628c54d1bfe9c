using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>What a domain's exits are judged by: CPUID, control registers, model-specific registers.</summary>
public sealed class DomainPolicies(CpuidPolicy cpuid, ControlRegisterPolicy controls, MsrPolicy msrs)
{
    /// <summary>Gives a domain policies made of the machine's CPUID. Allocates: call it with the domain's arena open.</summary>
    /// <param name="asked">What is wanted; what the HAL below can't give is left out.</param>
    public static void Give(Domain domain, HostCpuid host, CpuPolicyOptions asked)
    {
        DomainServices services = domain.Services;
        var options = new CpuPolicyOptions
        {
            X2Apic = asked.X2Apic,
            TscDeadline = asked.TscDeadline,
            Rdtscp = domain.Vcpus[0].Cpu.TryReadMsr(MsrIndex.TscAux, out _),
            Pcid = asked.Pcid,
            Invpcid = asked.Invpcid,
            UpcallVector = asked.UpcallVector,
            KeptApic = domain.Services.Virtualisation.KeepsApics,
        };
        var cpuid = new CpuidPolicy(host, options, services.Clock, domain.Id, domain.Vcpus.Length) { Shown = domain.Exposure };
        var controls = new ControlRegisterPolicy(cpuid);
        var msrs = new MsrPolicy(cpuid, controls, domain.Vcpus.Length, services.Virtualisation.UsesVmcall);
        domain.Policies = new DomainPolicies(cpuid, controls, msrs);
        domain.Policies.Refresh(domain);
    }

    /// <summary>Everything that follows from the domain's CPUID follows from what that is now.</summary>
    public void Refresh(Domain domain)
    {
        Controls.Refresh();
        foreach (Vcpu vcpu in domain.Vcpus)
        {
            vcpu.Apic.OffersX2Apic = Cpuid.HasX2Apic;
            vcpu.Access.Features = new PagingFeatures(Cpuid.PhysicalAddressBits, Cpuid.HasGigabytePages);
        }
    }

    public CpuidPolicy Cpuid { get; } = cpuid;

    public ControlRegisterPolicy Controls { get; } = controls;

    public MsrPolicy Msrs { get; } = msrs;
}
