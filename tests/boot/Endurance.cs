using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;

namespace Xenolith.Tests.Boot;

/// <summary>What takes many minutes and is run when asked for (<c>--long</c>): ten minutes of load, and fifty lives of a Linux domain.</summary>
internal static class Endurance
{
    private const int TenMinutes = 600;

    public static IEnumerable<BootTest> All()
    {
        yield return Load(vcpus: 4, cpus: 4, TestMachine.QemuSvm, TimeSpan.FromMinutes(20));
        yield return Load(vcpus: 2, cpus: 2, TestMachine.BochsVmxOfFewInstructions(2), TimeSpan.FromMinutes(60));
        yield return Reboots();
    }

    private static BootTest Load(int vcpus, int cpus, TestMachine machine, TimeSpan limit)
    {
        BootTest test = BootSuite.LinuxWithVcpus(vcpus, cpus, machine, TenMinutes);
        return test with
        {
            Name = "long-" + test.Name,
            Limit = limit,
        };
    }

    /// <summary>One Linux works while another comes up and asks for a reboot, again and again; as much memory is free after each of its lives.</summary>
    private static BootTest Reboots() => new("long-linux-reboots", TestMachine.QemuSvm)
    {
        Cpus = 2,
        Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=512M",
        Modules =
        [
            .. BootSuite.LinuxModules,
            // Process 1 is busybox's reboot, which gets what stands behind the kernel's own "--".
            new BootModule(LinuxGuest.Kernel, $"domain name=second memory=256M ramdisk -- {LinuxGuest.DefaultArguments} rdinit=/bin/reboot -- -f"),
            new BootModule(LinuxGuest.InitialFileSystem),
        ],
        MemoryMiB = 1536,
        Limit = TimeSpan.FromMinutes(20),
        Input =
        [
            new Typed(LinuxGuest.Prompt, "while true; do load 10; done | grep -c load &\n"),
            new Typed("built anew, reboot 50;", "\n"),
            new Typed(LinuxGuest.Prompt, "poweroff -f\n"),
        ],
        Expected = [.. Enumerable.Range(1, 50).Select(life => $"built anew, reboot {life};"), @"domain 0 \(initial\) powers off"],
        SameNumbers = @"built anew, reboot \d+; (\d+) frames are free",
        Forbidden = ["Kernel panic", "general protection", @"\bBUG\b", "Oops", "stalls? on CPU", "soft lockup"],
    };
}
