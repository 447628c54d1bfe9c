using System;

namespace Xenolith.Hal;

/// <summary>What a hypercall needs to know of the code that makes it, in one look.</summary>
[Flags]
public enum CpuMode : byte
{
    None = 0,

    /// <summary>64-bit code: EFER.LMA and CS.L.</summary>
    Long = 1,

    /// <summary>Privilege level 0, and not virtual-8086 mode (which has level 3).</summary>
    Supervisor = 2,
}
