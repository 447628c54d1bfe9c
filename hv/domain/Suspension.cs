using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// How a domain tells that it suspends (XEN_DOMCTL_subscribe): an event on one of its ports, in the place of VIRQ_DOM_EXC. It suspends in the
/// middle of anything, whatever locks are held, so the CPU's next timers send the event.
/// </summary>
public sealed class Suspension : Timer
{
    private readonly Domain _domain;

    internal Suspension(Domain domain) => _domain = domain;

    /// <summary>The domain's port; 0: none. It is looked at when the event is sent.</summary>
    public uint Port { get; set; }

    /// <summary>The domain has shut down: has the event sent. False: its toolstack is to be told as of any end.</summary>
    internal bool TryAnnounce(ShutdownReason reason)
    {
        if (reason != ShutdownReason.Suspend || Port == 0)
            return false;
        _domain.Services.Timers.Set(this, _domain.Services.Clock.Nanoseconds);
        return true;
    }

    protected internal override void Fire(ulong now)
    {
        _domain.Acquire();
        if (!_domain.IsDying)
            _domain.EventChannels.Send(Port);
        _domain.Release();
    }
}
