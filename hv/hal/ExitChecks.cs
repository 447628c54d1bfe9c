using System;

namespace Xenolith.Hal;

/// <summary>
/// What is looked at after each exit, before anything else is done about it and before the CPU answers any other. One word, so that who needs none of it
/// pays for one look.
/// </summary>
[Flags]
public enum ExitChecks : byte
{
    None = 0,

    /// <summary>The guest may have gone to another root itself (<see cref="VirtualCpu.TryTakeViewSwitch"/>).</summary>
    ViewSwitch = 1 << 0,

    /// <summary>The CPU may have noted writes (<see cref="VirtualCpu.TakeWrites"/>).</summary>
    Writes = 1 << 1,

    /// <summary>Somebody is told of each exit: the caller's alone, who sets it.</summary>
    Listener = 1 << 2,
}
