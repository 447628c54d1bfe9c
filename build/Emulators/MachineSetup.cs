using System;
using System.Collections.Generic;

namespace Xenolith.Build.Emulators;

/// <summary>Which emulator stands for the machine.</summary>
public enum MachineKind
{
    /// <summary>QEMU's TCG: an AMD processor with SVM and nested paging.</summary>
    Qemu,

    /// <summary>Bochs: an Intel processor with VMX, EPT and VPID.</summary>
    Bochs,
}

/// <summary>A file handed to the image by the boot loader.</summary>
/// <param name="Path">The file.</param>
/// <param name="Arguments">Its command line, without the file's name.</param>
public sealed record BootModule(string Path, string Arguments = "");

/// <summary>What is booted on what.</summary>
/// <param name="Image">A multiboot image.</param>
/// <param name="Arguments">The image's command line.</param>
/// <param name="Modules">Modules, in order; the first is the initial domain's kernel.</param>
/// <param name="MemoryMiB">RAM of the machine in MiB.</param>
public sealed record MachineSetup(string Image, string Arguments, IReadOnlyList<BootModule> Modules, int MemoryMiB = 2048)
{
    /// <summary>Extra arguments of the emulator itself.</summary>
    public IReadOnlyList<string> EmulatorArguments { get; init; } = [];

    /// <summary>Its CPUs.</summary>
    public int Cpus { get; init; } = 1;

    /// <summary>Commands for Bochs's debugger, one after the other; none: it runs until the machine stops.</summary>
    public IReadOnlyList<string> DebuggerCommands { get; init; } = [];

    /// <summary>Who takes the lines that Bochs's debugger prints.</summary>
    public Action<string>? DebuggerOutput { get; init; }

    /// <summary>What starts the image.</summary>
    public BootLoader Loader { get; init; }

    /// <summary>
    /// Whether the machine's time follows the wall clock where the emulator would outrun it (Bochs, while its CPU idles). A person at
    /// the keyboard needs that: a guest tells the Escape key from an escape sequence by a time-out.
    /// </summary>
    public bool RealTime { get; init; }
}
