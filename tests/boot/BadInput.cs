using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Emulators;
using Xenolith.Build.Guests;

namespace Xenolith.Tests.Boot;

/// <summary>Input that can't be used: each gives a named error on the console and a clean stop.</summary>
internal static class BadInput
{
    private const string Options = "loglvl=all console=com1 dom0=pvh noreboot";

    public static IEnumerable<BootTest> All() => Kernels().Concat(Memory()).Concat(CommandLines()).Concat(Machines());

    private static BootTest Refused(string name, string message, TestMachine? machine = null) => new("bad-" + name, machine ?? TestMachine.QemuSvm)
    {
        Arguments = Options,
        Modules = [new BootModule(BootSuite.GuestPath("hello"))],
        Expected = [message, "halted, because of noreboot"],
        Forbidden = ["Hello from a C# guest"],
        Limit = TimeSpan.FromSeconds(40),
        End = ExpectedEnd.Halt,
    };

    private static BootTest Kernel(string path, string name, string message) => Refused(name, message) with { Modules = [new BootModule(path)] };

    private static IEnumerable<BootTest> Kernels() =>
    [
        Kernel(BrokenKernels.Truncated(), "kernel-truncated", "kernel: .*boot the whole file"),
        Kernel(BrokenKernels.Overlapping(), "kernel-overlapping", "kernel: the segments at 0x.* overlap"),
        Kernel(BrokenKernels.Oversized(), "kernel-oversized", "kernel: its segment from 0x"),
        Kernel(BrokenKernels.WrongClass(), "kernel-wrong-class", "kernel: ELF class 3"),
        Kernel(BrokenKernels.WrongMachine(), "kernel-wrong-machine", "kernel: built for ELF machine 183"),
        Kernel(BrokenKernels.WithoutNote(), "kernel-without-note", "kernel: .*note"),
        Kernel(BrokenKernels.WildEntry(), "kernel-wild-entry", "kernel: its PVH entry 0xf000000 lies outside"),
        Kernel(BrokenKernels.Text(), "kernel-text", "kernel: the module is neither an ELF file nor a bzImage"),
        Kernel(BrokenKernels.UnsupportedPacking(LinuxGuest.Kernel), "kernel-packing", "kernel: its payload is packed with lzo"),
        Refused("kernel-missing", "initial domain: the boot loader gave no module") with { Modules = [] },
        Refused("kernel-truncated", "kernel: .*boot the whole file", TestMachine.BochsVmx) with { Modules = [new BootModule(BrokenKernels.Truncated())] },
    ];

    private static IEnumerable<BootTest> Memory() =>
    [
        Refused("initrd-too-big", "initrd: .* do not fit") with
        {
            Arguments = Options + " dom0_mem=64M",
            Modules = [new BootModule(BootSuite.GuestPath("hello")), new BootModule(BrokenKernels.Zeros(100))],
        },
        Refused("memory-too-big", "dom0_mem asks for .*, but at most") with { Arguments = Options + " dom0_mem=64G" },
        Refused("memory-too-small", "initial domain: .* of memory is too little") with { Arguments = Options + " dom0_mem=1M" },
        Refused("memory-of-the-machine", "initial domain: 0 bytes of memory is too little") with { MemoryMiB = 8 },
        Refused("memory-malformed", "dom0_mem: \"abc\"") with { Arguments = Options + " dom0_mem=abc" },
    ];

    private static IEnumerable<BootTest> CommandLines() =>
    [
        Refused("option-unknown", "unknown option \"dom0_memm=1G\"") with { Arguments = Options + " dom0_memm=1G" },
        Refused("option-malformed", "malformed option \"x2apic=maybe\"") with { Arguments = Options + " x2apic=maybe" },
        Refused("dom0-pv", "dom0") with { Arguments = "loglvl=all console=com1 noreboot dom0=pv" },
        Refused("trace-unknown", "trace: \"memory_op:populate\" is no operation of that group: ") with { Arguments = Options + " trace=memory_op:populate" },
        Refused("option-unknown", "unknown option \"dom0_memm=1G\"", TestMachine.BochsVmx) with { Arguments = Options + " dom0_memm=1G" },
    ];

    private static IEnumerable<BootTest> Machines() =>
    [
        Refused("cpu-without-svm", "[Tt]his CPU has neither VMX nor SVM", TestMachine.QemuWithoutSvm),
        Refused("cpu-without-vmx", "[Tt]his CPU has neither VMX nor SVM", TestMachine.BochsWithoutVmx),
        Refused("cpu-without-ept", "VMX/EPT can't be used: .*(EPT|unrestricted)", TestMachine.BochsWithoutEpt),
    ];
}
