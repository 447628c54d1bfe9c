namespace Xenolith.Hal.Vmx;

/// <summary>Short names of exits (Intel SDM vol. 3, appendix C).</summary>
public static class VmxExitNames
{
    public static string Of(VmxExitReason reason) => reason switch
    {
        VmxExitReason.ExceptionOrNmi => "exception or NMI",
        VmxExitReason.ExternalInterrupt => "external interrupt",
        VmxExitReason.TripleFault => "triple fault",
        VmxExitReason.InterruptWindow => "interrupt window",
        VmxExitReason.NmiWindow => "NMI window",
        VmxExitReason.TaskSwitch => "task switch",
        VmxExitReason.Cpuid => "CPUID",
        VmxExitReason.Hlt => "HLT",
        VmxExitReason.Vmcall => "VMCALL",
        VmxExitReason.ControlRegisterAccess => "control register",
        VmxExitReason.IoInstruction => "port I/O",
        VmxExitReason.Rdmsr => "RDMSR",
        VmxExitReason.Wrmsr => "WRMSR",
        VmxExitReason.ApicAccess => "APIC access",
        VmxExitReason.ApicWrite => "APIC write",
        VmxExitReason.EptViolation => "EPT violation",
        VmxExitReason.EptMisconfiguration => "EPT misconfiguration",
        VmxExitReason.PageModificationLogFull => "write log full",
        VmxExitReason.PreemptionTimer => "preemption timer",
        VmxExitReason.Wbinvd => "WBINVD",
        _ => "another",
    };
}
