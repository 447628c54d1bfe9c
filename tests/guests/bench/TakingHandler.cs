namespace Xenolith.Guests.Bench;

/// <summary>The least that an upcall can do: takes selector and port. It does the same whether something was pending or not.</summary>
internal sealed class TakingHandler(uint port) : InterruptHandler
{
    /// <summary>How often it ran.</summary>
    public int Calls { get; private set; }

    public override void Handle(ref InterruptFrame frame)
    {
        Calls++;
        SharedState.TakeSelector();
        SharedState.ClearPending(port);
    }
}
