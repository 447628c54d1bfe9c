namespace Xenolith.Hal;

/// <summary>How a guest reaches those registers of its local APIC that the CPU keeps.</summary>
public enum ApicInterface : byte
{
    /// <summary>Not at all: every access to the page exits, and so does every access to an MSR.</summary>
    None,

    /// <summary>By its page.</summary>
    Page,

    /// <summary>By MSRs. The page is whatever the nested page table maps there.</summary>
    Msrs,
}

/// <summary>What the CPU keeps of a vCPU's local APIC.</summary>
/// <param name="Interface">By what the guest reaches it. <see cref="ApicInterface.Msrs"/> goes with <paramref name="Delivers"/> alone.</param>
/// <param name="Delivers">
/// Whether the CPU delivers what is in the request register, by priority, and ends what is in service. Otherwise writes that would
/// have such an effect exit (<see cref="ExitReason.ApicWrite"/>).
/// </param>
/// <param name="Requested">The highest vector in the request register; 0: none.</param>
/// <param name="InService">The highest vector in service; 0: none.</param>
public readonly record struct ApicKeeping(ApicInterface Interface, bool Delivers, byte Requested, byte InService);
