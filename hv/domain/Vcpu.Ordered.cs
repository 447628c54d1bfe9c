using System.Threading;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>An event that somebody else has ordered for a vCPU.</summary>
/// <param name="Event">What is delivered.</param>
/// <param name="Cr2">For a page fault: what CR2 has then.</param>
public readonly record struct OrderedEvent(PendingEvent Event, ulong Cr2);

/// <summary>An event that a device model, or who looks at the domain from outside, has ordered (XEN_DMOP_inject_event). One at a time.</summary>
public sealed partial class Vcpu
{
    private OrderedEvent _ordered;
    private bool _hasOrdered;

    /// <summary>Whether an ordered event waits.</summary>
    public bool HasOrderedEvent => Volatile.Read(ref _hasOrdered);

    /// <summary>
    /// Has the event delivered when the vCPU runs next; it does not end a wait. False: another waits. The domain's lock is held.
    /// </summary>
    public bool TryOrder(OrderedEvent ordered)
    {
        if (HasOrderedEvent)
            return false;
        _ordered = ordered;
        Volatile.Write(ref _hasOrdered, true);
        Notify(Attention.Interrupts);
        KickElsewhere();
        return true;
    }

    /// <summary>The event that waits; it goes on waiting until <see cref="TakeOrdered"/>. On the vCPU's own CPU.</summary>
    public OrderedEvent Ordered => _ordered;

    /// <summary>The event has been handed to the control block, or can never be.</summary>
    public void TakeOrdered() => Volatile.Write(ref _hasOrdered, false);
}
