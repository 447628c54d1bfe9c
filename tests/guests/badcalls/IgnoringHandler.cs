namespace Xenolith.Guests.BadCalls;

/// <summary>A non-maskable interrupt that one of the random calls asked for.</summary>
internal sealed class IgnoringHandler : InterruptHandler
{
    public override void Handle(ref InterruptFrame frame)
    {
    }
}
