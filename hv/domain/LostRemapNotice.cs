using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>
/// How it is told that remaps of a domain's views have lost the frames that they show: to the domain itself by a VIRQ, to who listens to it by an event, where
/// either has asked for that. A frame is lost in the middle of anything, so the CPU's next timers tell. Several losses may be told of at once, and none is forgotten:
/// which they are is asked for.
/// </summary>
public sealed class LostRemapNotice : Timer
{
    private readonly Domain _domain;

    internal LostRemapNotice(Domain domain) => _domain = domain;

    /// <summary>Some were lost. The domain's lock is held, and maybe others.</summary>
    internal void Announce()
    {
        if ((_domain.ViewOptions & Altp2mOptions.LostVirq) != 0 || _domain.Monitor.Settings.TellsLostRemaps)
            _domain.Services.Timers.Set(this, _domain.Services.Clock.Nanoseconds);
    }

    protected internal override void Fire(ulong now)
    {
        _domain.Acquire();
        if (!_domain.IsDying)
        {
            _domain.EventChannels.RaiseGlobalVirq(Virq.LostRemap);
            _domain.Monitor.TellLostRemaps();
        }
        _domain.Release();
    }
}
