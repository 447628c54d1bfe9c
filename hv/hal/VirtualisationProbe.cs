namespace Xenolith.Hal;

/// <summary>Chooses the vendor's virtualisation by what CPUID says.</summary>
public static class VirtualisationProbe
{
    /// <summary>
    /// The virtualisation that this CPU claims to have, not yet switched on. Null: it claims neither, and
    /// <paramref name="problem"/> says what to do.
    /// </summary>
    public static Virtualisation? Find(out string? problem)
    {
        problem = null;
        if (Vmx.VmxVirtualisation.IsPresent)
            return new Vmx.VmxVirtualisation();
        if (Svm.SvmVirtualisation.IsPresent)
            return new Svm.SvmVirtualisation();
        problem = "This CPU has neither VMX nor SVM; use a CPU with virtualisation (QEMU: -cpu max), or when this is a virtual machine switch nested virtualisation on in the outer hypervisor.";
        return null;
    }
}
