using System;

namespace Xenolith.Mm;

/// <summary>What is done at a linear address, as the page walk judges it. Supervisor unless <see cref="User"/> is set.</summary>
[Flags]
public enum AccessKind : byte
{
    Read = 0,
    Write = 1,
    Fetch = 2,
    /// <summary>By code at privilege level 3.</summary>
    User = 4,
    /// <summary>
    /// By the CPU itself at supervisor level whatever the privilege level is (descriptor tables, TSS). SMAP applies without
    /// regard to EFLAGS.AC (SDM vol. 3, 4.6.1).
    /// </summary>
    Implicit = 8,
}

/// <summary>
/// Why a linear address does not translate. The low bits are the error code of #PF (SDM vol. 3, 4.7); the high ones never
/// reach the guest in an error code.
/// </summary>
[Flags]
public enum PageFaultError : uint
{
    None = 0,
    Present = 1,
    Write = 2,
    User = 4,
    ReservedBit = 8,
    Fetch = 16,

    /// <summary>The address is not canonical: #GP, or #SS by a stack reference, and not #PF.</summary>
    NotCanonical = 0x1_0000,
    /// <summary>A table of the guest lies at a guest-physical address that is not RAM.</summary>
    TableNotRam = 0x2_0000,
    /// <summary>The address translates, but to a guest-physical address that is not RAM.</summary>
    NotRam = 0x4_0000,
}

/// <summary>A failed access: the linear address of the first byte that failed (what CR2 becomes), and why.</summary>
/// <param name="GuestPhysical">Where the address leads when the error is <see cref="PageFaultError.NotRam"/>.</param>
public readonly record struct PageFault(ulong Linear, PageFaultError Error, ulong GuestPhysical)
{
    /// <summary>The error code to inject with #PF.</summary>
    public uint ErrorCode => (uint)Error & 0xFFFF;
}
