using System.Collections.Generic;
using Xenolith.Build.Emulators;

namespace Xenolith.Tests.Boot;

/// <summary>An emulated machine as a test names it.</summary>
/// <param name="Name">As printed: qemu-svm, bochs-vmx, bochs-svm.</param>
/// <param name="Kind">The emulator.</param>
/// <param name="EmulatorArguments">What the emulator is told beyond the usual.</param>
internal sealed record TestMachine(string Name, MachineKind Kind, IReadOnlyList<string> EmulatorArguments)
{
    private const string BochsCpu = "count=1, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1";

    /// <summary>QEMU's TCG: AMD's SVM with nested paging.</summary>
    public static TestMachine QemuSvm { get; } = new("qemu-svm", MachineKind.Qemu, []);

    /// <summary>Bochs as an Intel processor: VMX, EPT, VPID, unrestricted guest.</summary>
    public static TestMachine BochsVmx { get; } = new("bochs-vmx", MachineKind.Bochs, []);

    /// <summary>An Intel processor that does not note what guests write, nor keep their APICs.</summary>
    public static TestMachine BochsVmxWithoutWriteLog { get; } =
        new("bochs-vmx-without-log", MachineKind.Bochs, [$"cpu: model=corei3_cnl, {BochsCpu}"]);

    /// <summary>The same with so few instructions a second that one of the guest's passes in less than one of the host's. Time is what was executed, whatever the host does.</summary>
    public static TestMachine BochsVmxOfFewInstructions(int cpus) =>
        new("bochs-vmx", MachineKind.Bochs, [$"cpu: model=tigerlake, count={cpus}, ips=10000000, reset_on_triple_fault=0, ignore_bad_msrs=1"]);

    /// <summary>QEMU whose time is what was executed, whatever the host does: 16 ns an instruction, and what is idle is passed over.</summary>
    public static TestMachine QemuSvmByInstructions { get; } = new("qemu-svm", MachineKind.Qemu, ["-icount", "shift=4,sleep=off"]);

    /// <summary>The same with 64 ns an instruction, so that a second of the guest's passes in less than one of the host's.</summary>
    public static TestMachine QemuSvmOfFewInstructions { get; } = new("qemu-svm", MachineKind.Qemu, ["-icount", "shift=6,sleep=off"]);

    /// <summary>Bochs as an AMD processor, with what QEMU's SVM lacks (next RIP, flush by ASID).</summary>
    public static TestMachine BochsSvm { get; } = new("bochs-svm", MachineKind.Bochs, [$"cpu: model=ryzen, {BochsCpu}"]);

    /// <summary>QEMU with an AMD processor that has no virtualisation.</summary>
    public static TestMachine QemuWithoutSvm { get; } = new("qemu-without-svm", MachineKind.Qemu, ["-cpu", "qemu64,-svm"]);

    /// <summary>QEMU without a VGA.</summary>
    public static TestMachine QemuWithoutVga { get; } = new("qemu-without-vga", MachineKind.Qemu, ["-vga", "none"]);

    /// <summary>Bochs with a 64-bit Intel processor of before VMX.</summary>
    public static TestMachine BochsWithoutVmx { get; } = new("bochs-without-vmx", MachineKind.Bochs, [$"cpu: model=p4_prescott_celeron_336, {BochsCpu}"]);

    /// <summary>Bochs with VMX but without EPT.</summary>
    public static TestMachine BochsWithoutEpt { get; } = new("bochs-without-ept", MachineKind.Bochs, [$"cpu: model=core2_penryn_t9600, {BochsCpu}"]);
}
