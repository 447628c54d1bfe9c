using Xenolith.Kernel;

namespace Xenolith;

/// <summary>The boot options that the hypervisor itself knows, beside those of the kernel below it.</summary>
public static class HypervisorOptions
{
    /// <summary>Makes the table.</summary>
    public static OptionRow[] Create() =>
    [
        new("dom0", OptionKind.List, "pvh", "What kind of domain the first module becomes.") { Accepted = "pvh" },
        new("dom0_mem", OptionKind.Text, "what is free", "Memory of the initial domain: a list of size, min:size, max:size."),
        new("induce", OptionKind.Boolean, "no", "Let guests commit bugs of the hypervisor through port 0xEB, to see what becomes of them."),
        new("entry-checks", OptionKind.Boolean, "no", "Check a guest's state against the CPU manual's rules before each entry."),
        new("step", OptionKind.Number, "0", "So many instructions of the initial domain's first vCPU run one at a time, to see that it does not notice."),
        new("apicv", OptionKind.Boolean, "yes", "Leave guests' local APICs to the CPU where it can keep them."),
        new("vmfunc", OptionKind.Boolean, "yes", "Leave the VMFUNC of guests with views to the CPU where it has it; without, it exits."),
        new("ept", OptionKind.List, "ad,pml", "Extended page tables: ad uses their accessed and dirty flags, pml logs by them what guests write; exec-sp has no effect.") { Accepted = "ad pml exec-sp", HasBooleans = true },
        new("altp2m", OptionKind.Boolean, "no", "Let toolstacks give domains views of their memory (HVM_PARAM_ALTP2M, HVMOP_altp2m)."),
        new("dom0_max_vcpus", OptionKind.Number, "1", "vCPUs of the initial domain, 1 to 128."),
        new("dom0-expose", OptionKind.Text, "nothing", "Calls and ways to make them that the initial domain is shown beyond those of Xen 4.17."),
        new("dom0-walks", OptionKind.Boolean, "yes", "Read the initial domain's page tables for its calls where its hypercall TLB does not say where buffers lie."),
        new("deny", OptionKind.Text, "nothing", "Calls that are refused beyond Xen's own rules: a list of who:what:whom."),
        new("trace", OptionKind.Text, "nothing", "Calls that are written to the log: a list of all, errors, unlimited, a domain (d1), a group, group:operation, or a C name."),
        new("dom0-iommu", OptionKind.Text, "none", "No device is given to a domain.") { WithoutEffect = true },
        new("iommu", OptionKind.Text, "no", "No device is given to a domain.") { WithoutEffect = true },
        new("hap", OptionKind.Boolean, "yes", "Guests always run on nested paging.") { WithoutEffect = true },
        new("cpuid", OptionKind.Text, "", "The policy of the initial domain is fixed.") { WithoutEffect = true },
        new("spec-ctrl", OptionKind.Text, "no", "No speculation control is applied.") { WithoutEffect = true },
        new("ucode", OptionKind.Text, "no", "Microcode is left to the firmware.") { WithoutEffect = true },
        new("crashkernel", OptionKind.Text, "", "There is no crash kernel.") { WithoutEffect = true },
    ];
}
