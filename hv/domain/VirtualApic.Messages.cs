namespace Xenolith.Domains;

/// <summary>Interrupts by messages of devices.</summary>
public sealed partial class VirtualApic
{
    /// <summary>Whether the APIC is one of those that a message names.</summary>
    internal bool IsMeantByMessage(byte destination, bool logical) => IsMeant(destination, logical, senderIsX2Apic: false);

    /// <summary>Of the two the one that serves what is of lower priority, if it is switched on; null: neither is.</summary>
    internal VirtualApic? LowerOf(VirtualApic? other) =>
        IsEnabled && _isSoftwareEnabled && (other is null || ProcessorPriority < other.ProcessorPriority) ? this : other;

    /// <summary>Makes the vector pending, as Xen does: also while software has the APIC switched off, when it waits for the day it is switched on.</summary>
    internal void RaiseByMessage(byte vector)
    {
        if (vector < FirstLegalVector)
            ReportError(ReceiveIllegalVector);
        else
            Request(vector);
    }
}
