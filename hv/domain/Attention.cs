using System;

namespace Xenolith.Domains;

/// <summary>What the run loop looks at before it enters a vCPU again.</summary>
[Flags]
public enum Attention
{
    None = 0,

    /// <summary>Something to inject may have come, or the vCPU may take now what it could not before.</summary>
    Interrupts = 1 << 0,

    /// <summary>The vCPU may not run on, or another's turn may have come.</summary>
    Schedule = 1 << 1,

    /// <summary>The timer of its local APIC has fired, on a CPU that does not have the vCPU.</summary>
    ApicTimer = 1 << 2,

    /// <summary>The view that it sees is another.</summary>
    View = 1 << 3,

    All = Interrupts | Schedule,
}
