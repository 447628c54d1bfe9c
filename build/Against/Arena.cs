using System.Collections.Generic;
using Xenolith.Build.Emulators;

namespace Xenolith.Build.Against;

/// <summary>An emulated machine on which both hypervisors run, so that both meet the same processor.</summary>
/// <param name="Name">As printed: qemu-svm, bochs-svm, bochs-vmx.</param>
/// <param name="Title">For headings.</param>
/// <param name="Kind">The emulator.</param>
/// <param name="MemoryMiB">RAM in MiB.</param>
/// <param name="DomainMemory">How much of it the initial domain gets.</param>
/// <param name="EmulatorArguments">What the emulator is told.</param>
/// <param name="XenEmulatorArguments">What it is told more for Xen.</param>
/// <param name="XenArguments">Xen's command line.</param>
public sealed record Arena(
    string Name,
    string Title,
    MachineKind Kind,
    int MemoryMiB,
    string DomainMemory,
    IReadOnlyList<string> EmulatorArguments,
    IReadOnlyList<string> XenEmulatorArguments,
    string XenArguments)
{
    // Xen: QEMU's MWAIT faults as Xen's idle loop uses it; the console has to be told to go to the serial line.
    private const string XenOptions = "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all dom0=pvh cpuidle=0";

    // One tick is one instruction; the TSC counts ticks.
    private const string BochsCpu = "count=1, ips=100000000, reset_on_triple_fault=0, ignore_bad_msrs=1";

    /// <summary>
    /// QEMU's TCG, its clock driven by instructions: a nanosecond each. RDTSCP is hidden because QEMU reports its
    /// intercept as RDTSC's, which ends Xen's domain; Xen's PVH domain 0 wants an IOMMU.
    /// </summary>
    public static Arena QemuSvm { get; } = new(
        "qemu-svm", "QEMU, SVM", MachineKind.Qemu, 2048, "768M",
        ["-machine", "q35", "-cpu", "EPYC,+svm,+npt,-rdtscp", "-net", "none", "-icount", "shift=0,sleep=off"],
        ["-device", "intel-iommu"], XenOptions);

    /// <summary>Bochs as an AMD processor.</summary>
    public static Arena BochsSvm { get; } = new(
        "bochs-svm", "Bochs, SVM", MachineKind.Bochs, 1024, "128M", [$"cpu: model=ryzen, {BochsCpu}"], [], XenOptions + " dom0-iommu=none");

    /// <summary>Bochs as an Intel processor.</summary>
    public static Arena BochsVmx { get; } = new(
        "bochs-vmx", "Bochs, VMX", MachineKind.Bochs, 1024, "128M", [$"cpu: model=corei7_skylake_x, {BochsCpu}"], [], XenOptions + " dom0-iommu=none");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Arena> All { get; } = [QemuSvm, BochsSvm, BochsVmx];
}
