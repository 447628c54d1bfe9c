using System.Runtime;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>Where the kernel enters the hypervisor.</summary>
internal static class ImageEntry
{
    [RuntimeExport("image_main")]
    private static void Main()
    {
        KernelServices kernel = Boot.Current;
        if (Startup.Run(kernel, FindVirtualisation(), new MachineCpuid()))
        {
            kernel.Power.Off();
        }

        kernel.Power.Reset();
    }

    private static Virtualisation? FindVirtualisation()
    {
        if (VmxVirtualisation.IsPresent)
        {
            return new VmxVirtualisation();
        }

        return SvmVirtualisation.IsPresent ? new SvmVirtualisation() : null;
    }
}
