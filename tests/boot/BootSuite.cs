using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;
using Xenolith.Build.Host;
using Xenolith.Build.Images;

namespace Xenolith.Tests.Boot;

/// <summary>All boot tests, the long ones first.</summary>
internal static class BootSuite
{
    private const string PoweredOff = "powers off";

    /// <summary>What Linux prints when its event channels are FIFO.</summary>
    public const string UsesFifo = "xen:events: Using FIFO-based ABI";
    private const string Arguments = "loglvl=all console=com1 dom0=pvh";

    /// <summary>Debian's kernel and its initial file system.</summary>
    public static BootModule[] LinuxModules => [new BootModule(LinuxGuest.Kernel, LinuxGuest.DefaultArguments), new BootModule(LinuxGuest.InitialFileSystem)];

    private static readonly TestMachine[] Main = [TestMachine.QemuSvm, TestMachine.BochsVmx];

    public static IEnumerable<BootTest> All() => Linux().Concat(Guests()).Concat(Features()).Concat(Faults.All()).Concat(FaultyGuests()).Concat(BootPaths.All()).Concat(BadInput.All()).Concat(SeveralDomains.All()).Concat(CallTraces.All()).Concat(Rollbacks.All());

    /// <summary>Counts what Linux says of grants and event channels as a warning or worse; it says that of the table's start, too.</summary>
    public const string WarningsOfGrantsAndEvents = "dmesg -r | grep '^<[0-4]>' | grep -iE 'grant|gnttab|evtchn|xen:events' | grep -vc 'Grant table initialized'";

    public static string GuestPath(string name) => Path.Combine(Tree.Guests, name);

    /// <summary>Debian's kernel up to a shell that is typed into, and off again.</summary>
    private static IEnumerable<BootTest> Linux()
    {
        foreach (TestMachine machine in Main.Append(TestMachine.BochsSvm))
        {
            yield return new BootTest("linux-shell", machine)
            {
                Modules = LinuxModules,
                MemoryMiB = machine.Kind == MachineKind.Qemu ? 2048 : 512,
                Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 120 : 400),
                Input =
                [
                    new Typed(LinuxGuest.Prompt, "cat /sys/hypervisor/type /sys/hypervisor/guest_type\n"),
                    new Typed(LinuxGuest.Prompt, "echo sum $((6 * 7)); dmesg | grep -c 'Xen version'\n"),
                    new Typed("sum 42", ""),
                    new Typed(LinuxGuest.Prompt, "sleep 1; poweroff -f\n"),
                ],
                Expected = [UsesFifo, "^xen$", "^PVH$", "^sum 42$", PoweredOff],
                Forbidden = ["Kernel panic", "general protection", @"\bBUG\b", "Oops"],
            };
        }

        foreach (int vcpus in (int[])[2, 4])
        {
            yield return LinuxWithVcpus(vcpus, cpus: 1, TestMachine.QemuSvm, seconds: 8);
        }

        yield return LinuxWithVcpus(vcpus: 4, cpus: 4, TestMachine.QemuSvm, seconds: 8);
        yield return LinuxWithVcpus(vcpus: 2, cpus: 2, TestMachine.BochsVmx, seconds: 1);

        yield return new BootTest("linux-reboot", TestMachine.QemuSvm)
        {
            Modules = LinuxModules,
            Limit = TimeSpan.FromSeconds(120),
            Input = [new Typed(LinuxGuest.Prompt, "reboot -f\n")],
            Expected = ["asks for a reboot"],
            End = ExpectedEnd.Reset,
        };
    }

    /// <summary>Linux sees all its vCPUs, works on them, takes timer interrupts and those of other vCPUs on each, and has no complaint.</summary>
    /// <param name="seconds">How long it works, by its own clock.</param>
    public static BootTest LinuxWithVcpus(int vcpus, int cpus, TestMachine machine, int seconds) => new($"linux-smp-{vcpus}-on-{cpus}", machine)
    {
        Cpus = cpus,
        Arguments = $"{Arguments} dom0_max_vcpus={vcpus}",
        Modules = LinuxModules,
        MemoryMiB = machine.Kind == MachineKind.Qemu ? 1024 : 512,
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 240 : 600),
        Input =
        [
            // One line, to a shell that waits: a busy guest's serial line loses what is typed to it.
            new Typed(LinuxGuest.Prompt, $"echo has $(nproc); load {seconds}; poweroff -f\n"),
        ],
        Expected =
        [
            UsesFifo,
            $"^has {vcpus}$",
            .. Enumerable.Range(0, vcpus).Select(cpu => $@"^load: cpu {cpu}: timer [1-9]\d+, ipi [1-9]\d*, computed [1-9]\d*, slept [1-9]\d*"),
            "^load: 0 lines of hangs or warnings",
            PoweredOff,
        ],
        Forbidden = ["Kernel panic", "general protection", @"\bBUG\b", "Oops", "stalls? on CPU", "soft lockup"],
    };

    /// <summary>Every guest of tests/guests, C# and C, with the line of its counts.</summary>
    private static IEnumerable<BootTest> Guests()
    {
        string[] names = [.. ImageCatalog.Guests().Select(guest => guest.Name).Concat(CGuest.Names).Where(name => name != "faulty")];
        foreach (string name in names)
        {
            foreach (TestMachine machine in Main)
            {
                yield return Guest(name, ClockOf(machine, name));
            }
        }

        // The same calls from 32-bit code, in the 32-bit ABI.
        foreach (string name in (string[])["hypercalls", "events", "upcall", "timers", "control", "smp", "badcalls", "hostile", "probes", "builder"])
        {
            foreach (TestMachine machine in Main)
            {
                yield return Narrow(Guest(name, ClockOf(machine, name)));
            }
        }

        // The same calls, whose buffers are found by a hypercall TLB, or are guest-physical; the page tables are not read for any.
        foreach (string name in WithoutWalks)
        {
            foreach (TestMachine machine in Main)
            {
                BootTest plain = Guest(name, ClockOf(machine, name));
                foreach (string word in (string[])["tlb", "gpa"])
                {
                    yield return WithoutPageTables(plain, word);
                    yield return WithoutPageTables(Narrow(plain), word);
                }
            }
        }

        // Calls from 64 on, beside all others.
        foreach (TestMachine machine in Main)
        {
            yield return WithV2(Guest("hypercalls", machine));
            yield return Narrow(WithV2(Guest("hypercalls", machine)));
        }

        // C by our header.
        foreach (string name in CGuest.Names)
        {
            foreach (TestMachine machine in Main)
            {
                BootTest plain = Guest(name, machine);
                yield return plain with
                {
                    Name = plain.Name + "-calls",
                    Arguments = $"{plain.Arguments} altp2m {ShowsV2}",
                    Expected = ["test calls from 64 on with lists: passed", "test views, by subops of our own: passed", .. plain.Expected],
                };
            }
        }

        foreach (TestMachine machine in Main)
        {
            yield return Views(machine);
            yield return Narrow(Views(machine));
            yield return OwnViews(machine);
            yield return Narrow(OwnViews(machine));
            yield return Travels(machine);
            yield return Narrow(Travels(machine));
            yield return Deliveries(machine);
        }

        // With the CPU's help, without it by choice, and on CPUs that have none to give.
        yield return Dirty(TestMachine.BochsVmx, isHelped: true);
        yield return Dirty(TestMachine.BochsVmx, isHelped: true) with { Name = "guest-builder-dirty-on-2", Cpus = 2 };
        yield return Without("no-pml");
        yield return Without("pml=0");
        yield return Without("no-ad");
        yield return Dirty(TestMachine.BochsVmxWithoutWriteLog, isHelped: false);
        yield return Dirty(TestMachine.QemuSvm, isHelped: false);

        yield return Guest("smp", TestMachine.QemuSvm) with { Name = "guest-smp-on-4", Cpus = 4, Limit = TimeSpan.FromSeconds(180) };
        yield return Guest("smp", TestMachine.BochsVmx) with { Name = "guest-smp-on-2", Cpus = 2, Limit = TimeSpan.FromSeconds(300) };
        yield return Cookies(TestMachine.QemuSvm, 4);
        yield return Cookies(TestMachine.BochsVmx, 2);
        foreach (string name in (string[])["hypercalls", "events", "timers", "smp"])
        {
            yield return Guest(name, TestMachine.BochsSvm);
        }

        // The local APIC in software where the CPU could keep it.
        foreach (string name in (string[])["events", "timers", "upcall"])
        {
            yield return Guest(name, TestMachine.BochsVmx) with { Name = $"guest-{name}-no-apicv", Arguments = Arguments + " apicv=0" };
        }

        // One instruction at a time, which no guest may notice. Interrupts wait meanwhile.
        yield return Stepped("hello", TestMachine.QemuSvm);
        yield return Stepped("debug unwatched", TestMachine.QemuSvm);
        yield return Stepped("hello", TestMachine.BochsSvm);

        // At most 8 bytes a frame, and 4 MiB: 8,192 KiB of a machine of 2 GiB.
        yield return Guest("hello", TestMachine.QemuSvm) with
        {
            Name = "own-memory",
            MemoryMiB = 2048,
            Expected = [@"memory: 20\d{5} KiB of RAM: .*, (\d{1,3}|[1-7]\d{3}|80\d\d|81[0-8]\d|819[0-2]) own", PoweredOff],
        };

        // The line that people type without our tools.
        yield return Guest("hello", TestMachine.QemuSvm) with { Name = "plain-line", Arguments = "loglvl=all console=com1 dom0=pvh", MemoryMiB = 2048 };
    }

    /// <summary>The builder makes views of its children's memory.</summary>
    private static BootTest Views(TestMachine machine)
    {
        BootTest builder = Guest("builder", machine);
        return builder with
        {
            Name = "guest-builder-altp2m",
            Arguments = builder.Arguments + " altp2m",
            Modules = [builder.Modules[0] with { Arguments = "altp2m-only" }, .. builder.Modules.Skip(1)],
        };
    }

    /// <summary>What Xen has not: subops, options and numbers of views that are ours.</summary>
    private static BootTest OwnViews(TestMachine machine)
    {
        BootTest views = Views(machine);
        return views with { Name = "guest-builder-own-views", Modules = [views.Modules[0] with { Arguments = "own-views" }, .. views.Modules.Skip(1)] };
    }

    private const string NotedByCpus = "[1-9][0-9]* first writes were noted by CPUs";

    /// <summary>The log of what children write.</summary>
    /// <param name="isHelped">Whether CPUs note first writes.</param>
    private static BootTest Dirty(TestMachine machine, bool isHelped)
    {
        BootTest views = Views(machine);
        return views with
        {
            Name = "guest-builder-dirty",
            Modules = [views.Modules[0] with { Arguments = "dirty" }, .. views.Modules.Skip(1)],
            Expected = isHelped ? [NotedByCpus, .. views.Expected] : ["0 first writes were noted by CPUs, [1-9][0-9]* were exits", .. views.Expected],
            Forbidden = isHelped ? [] : [NotedByCpus],
        };
    }

    private static BootTest Without(string word)
    {
        BootTest dirty = Dirty(TestMachine.BochsVmx, isHelped: false);
        return dirty with { Name = $"{dirty.Name}-{word.Replace('=', '-')}", Arguments = $"{dirty.Arguments} ept={word}" };
    }

    /// <summary>A child with a hypercall TLB and views is saved and loaded.</summary>
    private static BootTest Travels(TestMachine machine)
    {
        BootTest builder = Guest("builder", machine);
        return builder with
        {
            Name = "guest-builder-travels",
            Arguments = builder.Arguments + " altp2m",
            Modules = [builder.Modules[0] with { Arguments = "travels" }, .. builder.Modules.Skip(1)],
            Expected = ["test a domain with calls and views of its own is loaded: passed", .. builder.Expected],
        };
    }

    /// <summary>Interrupts whose delivery is broken off by the nested page table.</summary>
    private static BootTest Deliveries(TestMachine machine)
    {
        BootTest builder = Guest("builder", machine);
        return builder with
        {
            Name = "guest-builder-deliveries",
            // Where the CPU notes writes, the log of them breaks nothing off.
            Arguments = builder.Arguments + WholeDeliveries(machine) + (machine == TestMachine.BochsVmx ? " ept=no-pml" : ""),
            Modules = [builder.Modules[0] with { Arguments = "deliveries" }, .. builder.Modules.Skip(1)],
        };
    }

    /// <summary>
    /// What a boot needs whose guest takes interrupts of its local APIC while the nested page table may break their delivery off: Bochs, when its CPU gives
    /// such an interrupt out itself, reports the event before it as the one that was broken off.
    /// </summary>
    public static string WholeDeliveries(TestMachine machine) => machine == TestMachine.BochsVmx ? " apicv=0" : "";

    private static BootTest Narrow(BootTest test) => test with
    {
        Name = test.Name + "-compat",
        Modules = [test.Modules[0] with { Arguments = test.Modules[0].Arguments + " compat" }, .. test.Modules.Skip(1)],
    };

    private const string ShowsCalls = "dom0-expose=XENOLITH_CALL_hctlb,XENOLITH_CALL_gpa,XENOLITH_CALL_lists,XENOLITH_CALL_strict";

    private const string ShowsV2 = ShowsCalls + ",XENOLITH_CALL_user,xenolith_query,xenolith_hctlb,xenolith_event,xenolith_vcpu,xenolith_memory";

    private static BootTest WithV2(BootTest test) => test with
    {
        Name = test.Name + "-v2",
        Arguments = $"{test.Arguments} {ShowsV2}",
        Expected = ["test v2 calls from user mode, of all that there are: passed", .. test.Expected],
    };

    /// <summary>vCPUs that contend for calls that have paused.</summary>
    private static BootTest Cookies(TestMachine machine, int cpus) => Guest("smp", machine) with
    {
        Name = "guest-smp-cookies",
        Arguments = $"{Arguments} dom0_max_vcpus=4 {ShowsV2}",
        Cpus = cpus,
        Modules = [new BootModule(GuestPath("smp"), "cookies")],
        Expected = ["guest smp: 2 passed, 0 failed, 0 skipped", PoweredOff],
    };

    /// <summary>Guests whose calls are made without page tables too.</summary>
    private static readonly string[] WithoutWalks = ["hypercalls", "events", "upcall", "timers", "control", "smp", "badcalls", "builder"];

    private static BootTest WithoutPageTables(BootTest test, string word) => test with
    {
        Name = $"{test.Name}-{word}",
        Arguments = $"{test.Arguments} dom0-walks=no {ShowsCalls}",
        Modules = [test.Modules[0] with { Arguments = $"{test.Modules[0].Arguments} {word}" }, .. test.Modules.Skip(1)],
        Expected = ["page tables of .* are not read for its calls", .. test.Expected],
    };

    /// <summary>The machine for a guest: what some judge is time, which in QEMU is the host's otherwise.</summary>
    private static TestMachine ClockOf(TestMachine machine, string name) =>
        machine == TestMachine.QemuSvm && name is ("events" or "upcall" or "timers" or "smp") ? TestMachine.QemuSvmByInstructions : machine;

    private static BootTest Guest(string name, TestMachine machine) => new("guest-" + name, machine)
    {
        Arguments = name == "smp" ? Arguments + " dom0_max_vcpus=4" : BuildsDomains(name) ? Arguments + " dom0_mem=64M" : Arguments,
        Modules = [new BootModule(GuestPath(name), "first second=3"), .. GuestFiles.For(name).Select(file => new BootModule(file))],
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 60 : BuildsDomains(name) ? 300 : 150),
        Expected = [.. CGuest.Names.Contains(name) ? [$@"^guest {name}: 1[2-9]\d distinct operations$"] : Array.Empty<string>(), $@"guest {name}: [1-9]\d* passed, 0 failed, \d+ skipped", PoweredOff],
    };

    /// <param name="words">The guest's name, and more words for it.</param>
    private static BootTest Stepped(string words, TestMachine machine)
    {
        string name = words.Split(' ')[0];
        return Guest(name, machine) with
        {
            Name = "stepped-" + name,
            Arguments = Arguments + " step=100000",
            Modules = [new BootModule(GuestPath(name), "stepped " + words)],
        };
    }

    /// <summary>Whether the guest builds domains, for which memory is left.</summary>
    private static bool BuildsDomains(string name) => name == "probes" || GuestFiles.For(name).Count != 0;

    /// <summary>The runtime's own tests, inside the image.</summary>
    private static IEnumerable<BootTest> Features()
    {
        if (!File.Exists(ImageCatalog.Features.Output))
        {
            yield break;
        }

        foreach (TestMachine machine in Main)
        {
            yield return Features("features", machine, 1);
            yield return Features("features-smp", machine, machine.Kind == MachineKind.Qemu ? 4 : 2);
        }
    }

    private static BootTest Features(string name, TestMachine machine, int cpus) => new(name, machine)
    {
        Image = ImageCatalog.Features.Output,
        Arguments = $"loglvl=all console=com1 lock-checks nmi=ignore expect-cpus={cpus}",
        Cpus = cpus,
        Limit = TimeSpan.FromSeconds(cpus == 1 ? 60 : 180),
        Expected = [@"^(\(xenolith\) )?\d+ passed, 0 failed, \d+ skipped"],
        End = ExpectedEnd.PowerOffOrReset,
    };

    /// <summary>Guests that go wrong: the hypervisor says how they ended, and stays in order.</summary>
    private static IEnumerable<BootTest> FaultyGuests()
    {
        foreach (TestMachine machine in Main)
        {
            yield return Faulty("triple-fault", machine) with { Expected = ["guest faulty: triple-fault", "triple fault"], End = ExpectedEnd.Reset };
            yield return Faulty("garbage", machine) with { Expected = ["guest faulty: garbage"], End = ExpectedEnd.PowerOffOrReset };
            yield return Faulty("wild", machine) with { Expected = ["guest faulty: wild"], End = ExpectedEnd.PowerOffOrReset };
            yield return Faulty("loop", machine) with { Expected = ["guest faulty: loop", "is stopped by its watchdog"], Forbidden = ["no watchdog"], End = ExpectedEnd.Reset };
            yield return Faulty("long-mode", machine) with
            {
                Expected = ["guest faulty: LME without PAE", "triple fault"],
                Forbidden = ["paging without PAE", "went wrong"],
                End = ExpectedEnd.Reset,
            };
            foreach (string fault in (string[])["lost-table", "lost-apic-table", "lost-stack"])
            {
                yield return Faulty(fault, machine) with
                {
                    Expected = ["guest faulty: " + fault, "the delivery of an event at rip .* where no memory is", "is ended: an event can't be delivered"],
                    Forbidden = ["still here", "triple fault"],
                    End = ExpectedEnd.Reset,
                };
            }

            yield return Induced("throw", machine) with
            {
                Expected =
                [
                    "panic: a bug that was asked for", @"InducedFaults\.Write .*InducedFaults\.cs:\d+", "the last exits on this CPU, the newest last:",
                    @"us d0v0 rip [0-9a-f]{16} CPUID \(", @"-0 us d0v0 rip [0-9a-f]{16} port I/O \(", "restarting",
                ],
                IsToPanic = true,
            };
            yield return Induced("index", machine) with
            {
                IsToPanic = true,
                Expected = ["is ended: an index outside its array or span", "contained: an index outside its array or span, found at [0-9a-f]{16}", "it ended the domain it worked for, and nothing else"],
            };
            yield return Induced("state", machine) with
            {
                Expected = ["VM entry failed: ", @"VM entry: (Guest)?Dr7 = 0x10000000000: bits 32-63 must be 0 \(", "is ended: the CPU refused its state"],
            };

            yield return Faulty("halt", machine) with { Expected = ["guest faulty: halt", PoweredOff], End = ExpectedEnd.PowerOff };
            yield return Faulty("crash", machine) with { Expected = ["guest faulty: crash", "has crashed"], End = ExpectedEnd.Reset };
            yield return Faulty("reboot", machine) with { Expected = ["guest faulty: reboot", "asks for a reboot"], End = ExpectedEnd.Reset };
        }

        // QEMU checks no alignment, and a breakpoint on what a delivery pushes upsets it.
        foreach (TestMachine machine in (TestMachine[])[TestMachine.BochsVmx, TestMachine.BochsSvm])
        {
            yield return Endless("debug-loop", machine);
            yield return Endless("alignment-loop", machine);
        }

        yield return Faulty("reboot", TestMachine.QemuSvm) with
        {
            Name = "reboot-noreboot",
            Arguments = "loglvl=all console=com1 dom0=pvh noreboot",
            Expected = ["guest faulty: reboot", "asks for a reboot", "noreboot"],
            End = ExpectedEnd.Halt,
        };
    }

    private static BootTest Induced(string bug, TestMachine machine) => Faulty("induce-" + bug, machine) with
    {
        Arguments = "loglvl=all console=com1 dom0=pvh induce",
        Forbidden = ["still here"],
        End = ExpectedEnd.Reset,
    };

    private static BootTest Endless(string fault, TestMachine machine) => Faulty(fault, machine) with
    {
        Expected = ["guest faulty: " + fault, "is stopped by its watchdog"],
        Forbidden = ["no watchdog", "no alignment check", "still here"],
        End = ExpectedEnd.Reset,
    };

    private static BootTest Faulty(string fault, TestMachine machine) => new("faulty-" + fault, machine)
    {
        Modules = [new BootModule(GuestPath("faulty"), fault)],
        Limit = TimeSpan.FromSeconds(machine.Kind == MachineKind.Qemu ? 60 : 120),
        ForbidFailures = false,
    };
}
