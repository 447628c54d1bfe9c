namespace Xenolith.Guests.EventDelivery;

/// <summary>Counts arrivals and notes their order.</summary>
internal sealed class CountingHandler : InterruptHandler
{
    private static int s_order;

    /// <summary>Ends the interrupt at the local APIC.</summary>
    public bool EndsAtApic { get; init; }

    public int Count { get; private set; }

    /// <summary>Place of the last arrival among those of all handlers.</summary>
    public int Order { get; private set; }

    /// <summary>System time of the last arrival; 0 while shared_info is not mapped.</summary>
    public ulong LastTime { get; private set; }

    public override void Handle(ref InterruptFrame frame)
    {
        Count++;
        Order = ++s_order;
        LastTime = SharedState.Address == 0 ? 0 : Clock.Now;
        if (EndsAtApic)
        {
            LocalApic.End();
        }
    }
}
