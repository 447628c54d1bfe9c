using System;

namespace Xenolith.Build.Emulators;

/// <summary>Starts machines of either kind.</summary>
public static class Emulator
{
    /// <summary>Boots a machine whose serial line this program holds.</summary>
    public static EmulatorSession Start(MachineKind kind, MachineSetup setup) => kind switch
    {
        MachineKind.Qemu => Qemu.Start(setup),
        MachineKind.Bochs => Bochs.Start(setup),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown machine"),
    };
}
