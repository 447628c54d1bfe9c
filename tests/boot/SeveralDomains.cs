using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Images;

namespace Xenolith.Tests.Boot;

/// <summary>Domains out of several boot modules: side by side, apart, and after one another.</summary>
internal static class SeveralDomains
{
    private const string MoveOn = "\u0001\u0001\u0001";

    private static readonly TestMachine[] Main = [TestMachine.QemuSvm, TestMachine.BochsVmx];

    public static IEnumerable<BootTest> All() => Shares().Concat(Main.SelectMany(OnBoth)).Concat(Main.SelectMany(Grants)).Concat(Refusals()).Concat(Linux()).Concat(LinuxGrantRoundTrip()).Concat(Main.Select(LinuxInView));

    private static BootModule Part(string words) => new(BootSuite.GuestPath("domains"), words);

    private static BootModule Guest(string name, string words) => new(BootSuite.GuestPath(name), words);

    private static BootTest Play(string name, TestMachine machine, params BootModule[] modules) => new("domains-" + name, machine)
    {
        Modules = modules,
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 60 : 150),
    };

    /// <summary>
    /// All spin with interrupts off for a minute of emulated time: no more than a tenth by its cap, and of the rest one part and two; each
    /// within a twentieth.
    /// </summary>
    private static IEnumerable<BootTest> Shares()
    {
        foreach (TestMachine machine in (TestMachine[])[TestMachine.QemuSvmOfFewInstructions, TestMachine.BochsVmxOfFewInstructions(1)])
        {
            const string words = "on_reboot=destroy -- spin seconds=60";
            yield return Play("shares", machine, Part("wait seconds=63"), Guest("smp", $"domain name=one memory=16M {words}"), Guest("smp", $"domain name=two memory=16M weight=512 {words}"),
                Guest("smp", $"domain name=capped memory=16M weight=65535 cap=10 {words}")) with
            {
                Expected = [.. Enumerable.Repeat(@"^(\(d1\) share: (28[5-9]|29\d|30\d|31[0-5])|\(d2\) share: (5[7-9]\d|6[0-2]\d|630)|\(d3\) share: (9[5-9]|10[0-5])) thousandths$", 3), "waited enough"],
                Limit = TimeSpan.FromSeconds(240),
            };
        }
    }

    private static IEnumerable<BootTest> OnBoth(TestMachine machine)
    {
        yield return Play("hello", machine, Part("wait seconds=2"), Guest("hello", "domain name=one memory=16M"), Guest("hello", "domain name=two memory=16M on_reboot=destroy")) with
        {
            Expected =
            [
                @"^\(xenolith\) domain one: 16 MiB", @"^\(xenolith\) domain two: 16 MiB", @"^\(d[12]\) Hello from a C# guest\.$", @"^\(d[12]\) Hello from a C# guest\.$",
                @"domain [12] \((one|two)\) is gone, its memory scrubbed", @"domain [12] \((one|two)\) is gone, its memory scrubbed",
                "^guest domains: waited enough", @"domain 0 \(initial\) powers off",
            ],
        };
        yield return Play("ends-on-2", machine, Part("wait seconds=3"), Guest("hello", "domain name=one memory=16M on_reboot=destroy"), Guest("faulty", "domain name=two memory=16M -- reboot")) with
        {
            Cpus = 2,
            Expected = [@"domain 1 \(one\) is gone, its memory scrubbed", @"\(two\) is built anew, reboot 5;", "^guest domains: waited enough", @"domain 0 \(initial\) powers off"],
        };
        yield return Play("permissions", machine, Part("wait seconds=2"), Part("domain name=one memory=16M -- strict")) with
        {
            Expected = [@"^\(d1\) guest domains: [1-9]\d* passed, 0 failed", @"domain 1 \(one\) powers off", "waited enough"],
        };
        const string shown = "expose=VCPUOP_register_runstate_phys_area,XENFEAT_runstate_phys_area hide=SCHEDOP_watchdog,vm_assist";
        yield return Play("exposed", machine, Part("wait seconds=2"), Part($"domain name=one memory=16M {shown} -- exposed")) with
        {
            Expected = [@"^\(d1\) guest domains: 1 passed, 0 failed", "waited enough"],
        };
        const string views = "altp2m=mixed altp2m_count=512 altp2m_options=self-first,lost-virq";
        yield return Play("views", machine, Part("wait seconds=2"), Part($"domain name=one memory=16M {views} -- views views=512")) with
        {
            Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=64M altp2m",
            Expected = [@"^\(d1\) guest domains: 1 passed, 0 failed", "waited enough"],
        };
        yield return Play("peers", machine, Part("watch"), Part("domain name=one memory=16M -- peer")) with
        {
            Expected = ["^test a channel to another domain: passed", @"domain 1 \(one\) has crashed", "^test the other's end: passed"],
        };
        yield return Play("crash", machine, Part("wait seconds=3"), Part("domain name=one memory=16M -- crash"), Guest("faulty", "domain name=two memory=16M on_reboot=destroy -- triple-fault"), Part("domain name=three memory=16M -- wait seconds=2")) with
        {
            Expected = [@"^\(d3\) guest domains: waited 2", "^guest domains: waited 3", @"domain 0 \(initial\) powers off"],
            ForbidFailures = false,
        };
        yield return Play("remains", machine, Part("wait seconds=6"), Part("domain name=one memory=16M -- memory"), Part("domain name=two memory=16M -- memory")) with
        {
            Expected = [@"^\(d2\) guest domains: memory is clean", @"^\(d[1-9]\) guest domains: memory is clean", @"^\(d[3-9]\) guest domains: memory is clean", "waited enough"],
            ForbidFailures = true,
        };
        yield return Play("view-races", machine, Part("until=4"), Guest("smp", "domain name=one memory=16M vcpus=4 altp2m=mixed altp2m_count=6 expose=xenolith_vcpu,XENOLITH_ALTP2M_switch_vcpu -- views")) with
        {
            Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=64M altp2m",
            Cpus = 2,
            Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 90 : 240),
            Expected = [@"^\(d1\) guest smp: 1 passed, 0 failed", @"^\(d2\) guest smp: 1 passed, 0 failed", @"^\(d3\) guest smp: 1 passed, 0 failed", "waited enough"],
            SameNumbers = @"built anew, reboot \d+; (\d+) frames are free",
        };
        yield return Play("reboots", machine, Part($"wait seconds={(machine.Kind == MachineKind.Qemu ? 6 : 3)}"), Part("domain name=one memory=8M -- reboot")) with
        {
            Expected = [machine.Kind == MachineKind.Qemu ? "built anew, reboot 50;" : "built anew, reboot 5;", "waited enough"],
            SameNumbers = @"built anew, reboot \d+; (\d+) frames are free",
        };
        yield return Play("flood", machine, Part("wait seconds=2"), Part("domain name=one memory=16M -- flood lines=6000"), Part("domain name=two memory=16M -- flood lines=50")) with
        {
            Expected = [@"^\(d2\) flood 49$", "waited enough"],
            Forbidden = [@"^\(d1\) flood 2500$"],
        };
        yield return Play("hostile", machine, Part("wait seconds=3"), Guest("hostile", "domain name=bad memory=32M on_reboot=destroy"), Part("domain name=good memory=16M on_reboot=destroy -- strict")) with
        {
            Expected = [@"^\(d2\) guest domains: [1-9]\d* passed, 0 failed", "waited enough"],
            Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 90 : 300),
        };
        yield return Play("wild", machine, [Part($"wait seconds={(machine.Kind == MachineKind.Qemu ? 5 : 2)}"), .. Enumerable.Range(1, 4).Select(Wild)]) with
        {
            Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=64M altp2m",
            Expected = [@"^\(xenolith\) d1v0: ", "waited enough"],
            Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 90 : 300),
        };
        yield return Play("input", machine, Part("talk as=0"), Part("domain name=one memory=16M -- talk as=1"), Part("domain name=two memory=16M -- talk as=2")) with
        {
            Input =
            [
                new Typed("talker 0> ", "first\n"),
                new Typed("talker 0 heard first", MoveOn),
                new Typed("goes to domain 1 (one)", "second\n"),
                new Typed("talker 1 heard second", MoveOn),
                new Typed("goes to domain 2 (two)", "quit\n"),
                new Typed("talker 2 heard quit", ""),
                new Typed("goes to domain 0 (initial)", "third\n"),
                new Typed("talker 0 heard third", MoveOn + MoveOn),
                new Typed("goes to the hypervisor", "q"),
                new Typed("domain 1 (one): runs, unprivileged, 1 vCPUs", MoveOn),
                new Typed("goes to domain 0 (initial)", "quit\n"),
            ],
            Expected = ["^talker 0> talker 0 heard first", "what is typed goes to domain 1", @"\(d1\) .*talker 1 heard second$", @"\(d2\) .*talker 2 heard quit$", "powers off"],
        };
    }

    private static IEnumerable<BootTest> Linux()
    {
        yield return Play("linux", TestMachine.QemuSvm, new BootModule(LinuxGuest.Kernel, LinuxGuest.DefaultArguments), new BootModule(LinuxGuest.InitialFileSystem),
            new BootModule(LinuxGuest.Kernel, "domain name=second memory=384M ramdisk on_reboot=destroy -- " + LinuxGuest.DefaultArguments), new BootModule(LinuxGuest.InitialFileSystem)) with
        {
            Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=512M",
            MemoryMiB = 1536,
            Limit = TimeSpan.FromSeconds(240),
            Input =
            [
                new Typed("/ # ", "cat /sys/hypervisor/uuid; echo first $((6 * 7))\n"),
                new Typed("first 42", MoveOn),
                new Typed("goes to domain 1 (second)", "\n"),
                new Typed("(d1) / # ", "echo second $((6 * 8)); dmesg | grep -c 'Xen version'\n"),
                new Typed("second 48\r\n", ""),
                new Typed("(d1) / # ", "poweroff -f\n"),
                new Typed("domain 1 (second) is gone", "echo third $((6 * 9))\n"),
                new Typed("third 54\r\n", ""),
                new Typed("/ # ", "poweroff -f\n"),
            ],
            Expected = ["^first 42$", "goes to domain 1", @"^\(d1\) second 48$", @"domain 1 \(second\) powers off", "goes to domain 0", "^third 54$", @"domain 0 \(initial\) powers off"],
            Forbidden = ["Kernel panic", "general protection", @"\bBUG\b", "Oops"],
        };
    }

    /// <summary>A page of one Linux is mapped by the other, which answers in it: Debian's own drivers for grants, in both roles.</summary>
    private static IEnumerable<BootTest> LinuxGrantRoundTrip()
    {
        const string load = "insmod /bin/xen-gntalloc.ko; insmod /bin/xen-gntdev.ko; ";
        yield return Play("linux-grants", TestMachine.QemuSvm, new BootModule(LinuxGuest.Kernel, LinuxGuest.DefaultArguments), new BootModule(LinuxGrants.InitialFileSystem),
            new BootModule(LinuxGuest.Kernel, "domain name=second memory=384M ramdisk on_reboot=destroy -- " + LinuxGuest.DefaultArguments), new BootModule(LinuxGrants.InitialFileSystem)) with
        {
            Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=512M",
            MemoryMiB = 1536,
            Limit = TimeSpan.FromSeconds(400),
            Input =
            [
                new Typed("/ # ", load + "grants offer 1 &\n"),
                new Typed("grants: offered", MoveOn),
                new Typed("goes to domain 1 (second)", "\n"),
                new Typed("(d1) / # ", load + "grants take 0; echo second $((6 * 8))\n"),
                new Typed("second 48\r\n", ""),
                new Typed("grants: what came back", "grants offer 0 & echo third $((6 * 9))\n"),
                new Typed("third 54\r\n", MoveOn + MoveOn),
                new Typed("goes to domain 0 (initial)", "grants take 1; dmesg | grep -i 'grant'; echo fourth $((6 * 10))\n"),
                new Typed("fourth 60", $"echo comp''laints $({BootSuite.WarningsOfGrantsAndEvents})\n"),
                new Typed("complaints 0", MoveOn),
                new Typed("goes to domain 1 (second)", "sleep 2; poweroff -f\n"),
                new Typed("domain 1 (second) is gone", "poweroff -f\n"),
            ],
            Expected =
            [
                BootSuite.UsesFifo, @"Grant tables using version 1 layout", "grants: offered", @"^\(d1\) .*grants: found: a page of the one", "grants: what came back: an answer of the other",
                "grants: found: a page of the one", @"Grant tables using version 1 layout", "^complaints 0$", @"^\(d1\) .*grants: what came back: an answer of the other", @"domain 0 \(initial\) powers off",
            ],
            Forbidden = ["grants: failed", "Kernel panic", "general protection", @"\bBUG\b", "Oops", "WARNING"],
        };
    }

    /// <summary>
    /// Linux in a view from its first instruction to its last: the builder is told of each write to two of its pages, and makes it. Both say
    /// what came of that.
    /// </summary>
    /// <remarks>Bochs 2.7 says that it has the monitor trap flag, and takes no exit by it.</remarks>
    private static BootTest LinuxInView(TestMachine machine) => Play("linux-in-view", machine, Guest("builder", machine.Kind == MachineKind.Qemu ? "linux" : "linux no-steps"),
        new BootModule(LinuxGuest.Kernel, "domain name=watched memory=192M paused ramdisk on_reboot=destroy -- " + LinuxGuest.DefaultArguments), new BootModule(LinuxTrapped.InitialFileSystem)) with
    {
        Arguments = "loglvl=all console=com1 dom0=pvh dom0_mem=64M altp2m" + BootSuite.WholeDeliveries(machine),
        MemoryMiB = 512,
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 180 : 500),
        Input =
        [
            new Typed("test Linux is in a view before it begins: passed", MoveOn),
            new Typed("(d1) / # ", "trapped && poweroff -f\n"),
        ],
        Expected =
        [
            "^test Linux is in a view before it begins: passed", @"^\(d1\) .*Linux version", @"^\(d1\) .*trapped: names Linux page-[0-9a-f]{8}$", @"^writes to the kernel's page of names: [1-9]\d*, not emulated \d+$",
            @"^\(d1\) trapped: sum 2828282828282820, counter 36, sizes 33335566$", @"^\(d1\) trapped: writes that are dropped, found 0 of 8$", @"^\(d1\) trapped: writes by another view, found 16 of 16$",
            @"domain 1 \(watched\) powers off", "^guest builder: 6 passed, 0 failed, 0 skipped", @"domain 0 \(initial\) powers off",
        ],
        Forbidden = ["trapped: failed", "Kernel panic", "general protection", @"\bBUG\b", "Oops"],
    };

    /// <summary>A guest that is shown everything that is ours, may have views, and makes calls at random until it has ended itself or has made them all.</summary>
    private static BootModule Wild(int seed) => Guest("hostile", $"domain name=wild{seed} memory=16M altp2m=mixed altp2m_count=12 on_reboot=destroy "
        + $"expose=XENOLITH_CALL_hctlb,XENOLITH_CALL_gpa,XENOLITH_CALL_lists,XENOLITH_CALL_strict,XENOLITH_CALL_user,{EverythingOfOurs} -- calls own seed={seed}");

    private const string EverythingOfOurs = "xenolith_query,xenolith_hctlb,xenolith_event,xenolith_vcpu,xenolith_memory,XENOLITH_ALTP2M_capabilities,"
        + "XENOLITH_ALTP2M_describe,XENOLITH_ALTP2M_switch_vcpu,XENOLITH_ALTP2M_next_lost,XENOLITH_ALTP2M_transaction";

    /// <summary>Two guests that share pages: what each finds in what the other grants, also when one of them ends.</summary>
    private static IEnumerable<BootTest> Grants(TestMachine machine)
    {
        yield return Play("grants", machine, Part("granter"), Part("domain name=one memory=16M on_reboot=destroy -- grantee")) with
        {
            Expected = [@"^\(d1\) guest domains: [1-9]\d* passed, 0 failed", @"domain 1 \(one\) powers off", @"^guest domains: [1-9]\d* passed, 0 failed"],
        };
    }

    private static IEnumerable<BootTest> Refusals()
    {
        yield return Refused("word", Guest("hello", "domain name=one memroy=16M"), @"module 2 \(hello\): ""memroy=16M"" is not a word for a domain; write name=, memory=");
        yield return Refused("value", Guest("hello", "domain memory=16M vcpus=none"), @"module 2 \(hello\): ""vcpus=none"" is not possible; write vcpus= with a number");
        yield return Refused("memory", Guest("hello", "domain name=big memory=4G"), "domain big: memory= asks for 4096 MiB, but at most .* are left on this machine");
        yield return Refused("kernel", new BootModule(BrokenKernels.Text(), "domain name=bad memory=16M"), "domain bad: kernel: the module is neither an ELF file nor a bzImage");
        yield return Refused("ramdisk", Guest("hello", "domain memory=16M ramdisk"), @"module 2 \(hello\): ""ramdisk"" needs a module behind it");
        yield return Refused("exposed", Guest("hello", "domain memory=16M expose=VCPUOP_is_upp"), @"module 2 \(hello\): ""VCPUOP_is_upp"" is neither a call nor a feature; write names as ");
        yield return Refused("exposed-newer", Guest("hello", "domain memory=16M expose=XENFEAT_runstate_phys_area"), @"module 2 \(hello\): ""XENFEAT_runstate_phys_area"" is newer than this image") with
        {
            Image = ImageCatalog.HypervisorOf(ImageCatalog.OlderEditions[0]).Output,
        };
        yield return Refused("views", Guest("hello", "domain memory=16M altp2m=mixed"), @"module 2 \(hello\): ""altp2m="" gives the domain views, which the hypervisor has with its own option altp2m alone");
        yield return Refused("views-number", Guest("hello", "domain memory=16M altp2m_count=513"), @"module 2 \(hello\): ""altp2m_count=513"" is not possible; write altp2m_count= with a number from 1 to 512");
        yield return Refused("cpu", Guest("hello", "domain memory=16M cpus=9"), @"module 2 \(hello\): ""cpus=9"".*this machine");
    }

    private static BootTest Refused(string name, BootModule module, string message) => Play("refused-" + name, TestMachine.QemuSvm, Part("wait"), module) with
    {
        Arguments = "loglvl=all console=com1 dom0=pvh noreboot",
        Expected = [message, "halted, because of noreboot"],
        Forbidden = ["waited"],
        End = ExpectedEnd.Halt,
    };
}
