using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>Kinds of event, numbered as both VMX's interruption type (SDM vol. 3, 25.8.3) and, as far as it has them, SVM's EVENTINJ (APM vol. 2, 15.20).</summary>
public enum EventKind : byte
{
    ExternalInterrupt = 0,
    Nmi = 2,
    /// <summary>A fault, trap or abort that is not the doing of INT3, INTO or INT1.</summary>
    Exception = 3,
    SoftwareInterrupt = 4,
    /// <summary>INT1. VMX only.</summary>
    PrivilegedSoftwareException = 5,
    /// <summary>INT3 or INTO. VMX only.</summary>
    SoftwareException = 6,
}

/// <summary>An event to deliver at the next entry, or one whose delivery an exit interrupted.</summary>
/// <param name="InstructionLength">Bytes of the INT instruction for software kinds, else 0.</param>
public readonly record struct PendingEvent(bool Valid, EventKind Kind, byte Vector, bool HasErrorCode, uint ErrorCode, byte InstructionLength)
{
    public static PendingEvent None => default;

    /// <summary>Whether the instruction at RIP causes the event again when it is dropped.</summary>
    public bool IsSoftware => Kind >= EventKind.SoftwareInterrupt;

    public static PendingEvent Interrupt(byte vector) => new(true, EventKind.ExternalInterrupt, vector, false, 0, 0);

    public static PendingEvent NonMaskable => new(true, EventKind.Nmi, ExceptionVector.NonMaskable, false, 0, 0);

    public static PendingEvent Fault(byte vector, bool hasErrorCode, uint errorCode) =>
        new(true, EventKind.Exception, vector, hasErrorCode, errorCode, 0);
}
