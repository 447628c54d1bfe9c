using System.Runtime;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>Where the kernel enters the hypervisor.</summary>
internal static class ImageEntry
{
    [RuntimeExport("image_main")]
    private static void Main()
    {
        KernelServices kernel = Boot.Current;
        Virtualisation? virtualisation = VirtualisationProbe.Find(out string? problem);
        if (Startup.Run(kernel, virtualisation, problem, new MachineCpuid()))
        {
            kernel.Power.Off();
        }

        kernel.Power.Reset();
    }
}
