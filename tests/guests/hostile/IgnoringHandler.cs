namespace Xenolith.Guests.Attacks;

/// <summary>An interrupt that something random asked for.</summary>
internal sealed class IgnoringHandler : InterruptHandler
{
    public override void Handle(ref InterruptFrame frame)
    {
    }
}
