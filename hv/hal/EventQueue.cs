using System.Runtime.CompilerServices;
using Xenolith.Kernel;

namespace Xenolith.Hal;

/// <summary>
/// What waits for delivery to a guest: the event of the next entry, and an interrupt that an exception has displaced.
/// The rules are the CPU's, not a vendor's, so both children share them.
/// </summary>
public struct EventQueue
{
    /// <summary>The event that the next entry delivers.</summary>
    public PendingEvent Next { get; private set; }

    /// <summary>
    /// An external interrupt whose delivery was interrupted by a fault that the hypervisor raised. The interrupt controller has
    /// already given it out, so dropping it would lose it; it is delivered as soon as the guest can take one.
    /// </summary>
    public PendingEvent Displaced { get; private set; }

    /// <summary>A fault during the delivery of a double fault: the guest has shut down.</summary>
    public bool TripleFault { get; private set; }

    /// <summary>Nothing waits.</summary>
    public readonly bool IsEmpty
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => !Next.Valid && !Displaced.Valid;
    }

    /// <summary>Puts back an event whose delivery an exit interrupted.</summary>
    public void Resume(PendingEvent interrupted) => Next = interrupted;

    /// <summary>Adds an external interrupt; only when nothing waits.</summary>
    public void AddInterrupt(byte vector) => Next = PendingEvent.Interrupt(vector);

    /// <summary>Adds a non-maskable interrupt; only when nothing waits.</summary>
    public void AddNmi() => Next = PendingEvent.NonMaskable;

    /// <summary>Adds an exception, merged with what waits.</summary>
    public void AddException(byte vector, bool hasErrorCode, uint errorCode) =>
        AddException(PendingEvent.Fault(vector, hasErrorCode, errorCode));

    /// <summary>The same for one that may be the doing of INT1, INT3 or INTO.</summary>
    public void AddException(PendingEvent exception)
    {
        if (!Next.Valid)
        {
            Next = exception;
            return;
        }
        switch (Next.Kind)
        {
            case EventKind.ExternalInterrupt or EventKind.Nmi:
                Displaced = Next;
                Next = exception;
                return;
            case EventKind.Exception:
                Merge(exception);
                return;
            default:
                // INT n, INT3, INTO, INT1: RIP still names the instruction, which causes the event again.
                Next = exception;
                return;
        }
    }

    /// <summary>Moves the displaced interrupt to the front when the guest can take it.</summary>
    public void Promote(bool canTakeInterrupt)
    {
        if (Displaced.Valid && !Next.Valid && (canTakeInterrupt || Displaced.Kind == EventKind.Nmi))
        {
            Next = Displaced;
            Displaced = PendingEvent.None;
        }
    }

    /// <summary>The entry took the event over; gives it back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PendingEvent Take()
    {
        PendingEvent taken = Next;
        Next = PendingEvent.None;
        return taken;
    }

    private void Merge(PendingEvent second)
    {
        switch (DoubleFault.Merge(Next.Vector, second.Vector))
        {
            case FaultMerge.Serial: Next = second; break;
            case FaultMerge.DoubleFault: Next = PendingEvent.Fault(ExceptionVector.DoubleFault, true, 0); break;
            default:
                Next = PendingEvent.None;
                TripleFault = true;
                break;
        }
    }
}
