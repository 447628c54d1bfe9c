using Xenolith.Domains;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>What keys do while the hypervisor has the input.</summary>
internal static class HypervisorKeys
{
    /// <summary>Does what the key asks for; other keys do nothing.</summary>
    public static void Press(Machine machine, byte key)
    {
        switch (key)
        {
            case (byte)'h':
                machine.Kernel.Log.Info("keys: h lists the keys, q lists the domains");
                break;
            case (byte)'q':
                ListDomains(machine);
                break;
        }
    }

    private static void ListDomains(Machine machine)
    {
        Log log = machine.Kernel.Log;
        DomainTable domains = machine.Services.Domains;
        for (int i = 0; i < domains.Count; i++)
        {
            Domain domain = domains[i];
            string rights = domain.IsPrivileged ? "privileged" : "unprivileged";
            string state = domain.IsShutDown ? "has ended" : "runs";
            log.Info($"domain {domain.Id} ({domain.Name}): {state}, {rights}, {domain.Vcpus.Length} vCPUs, {domain.TotalPages >> (20 - Page.Shift)} MiB");
        }

        log.Info($"{machine.Kernel.Frames.FreeFrames} frames are free");
    }
}
