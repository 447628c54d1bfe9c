using Xenolith.Abi.Contract;

namespace Xenolith.Domains;

/// <summary>The two watchdogs that a domain may set on itself (SCHEDOP_watchdog): one that runs out shuts the domain down.</summary>
public sealed class DomainWatchdog
{
    private const int Count = 2;
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly Domain _domain;
    private readonly WatchdogTimer[] _timers = new WatchdogTimer[Count];
    private readonly bool[] _inUse = new bool[Count];

    internal DomainWatchdog(Domain domain)
    {
        _domain = domain;
        for (int i = 0; i < Count; i++)
            _timers[i] = new WatchdogTimer(domain);
    }

    /// <summary>
    /// Id 0 takes a watchdog that is not in use and starts it (with 0 seconds: it runs out at once). Another id starts that
    /// one again, or with 0 seconds gives it back. ENOSPC: both are in use; EINVAL: the id is not in use.
    /// </summary>
    /// <param name="result">What the call returns: the id taken, else 0.</param>
    public Errno Set(uint id, uint seconds, out uint result)
    {
        result = 0;
        if (id > Count)
            return Errno.EINVAL;
        if (id == 0)
        {
            int free = _inUse[0] ? 1 : 0;
            if (_inUse[free])
                return Errno.ENOSPC;
            _inUse[free] = true;
            Start(free, seconds);
            result = (uint)free + 1;
            return Errno.None;
        }
        int index = (int)id - 1;
        if (!_inUse[index])
            return Errno.EINVAL;
        if (seconds != 0)
        {
            Start(index, seconds);
            return Errno.None;
        }
        _domain.Services.Timers.Stop(_timers[index]);
        _inUse[index] = false;
        return Errno.None;
    }

    internal void Release()
    {
        foreach (WatchdogTimer timer in _timers)
            _domain.Services.Timers.Stop(timer);
    }

    private void Start(int index, uint seconds) =>
        _domain.Services.Timers.Set(_timers[index], _domain.Services.Clock.Nanoseconds + seconds * NanosecondsPerSecond);
}

/// <summary>One watchdog's timer.</summary>
internal sealed class WatchdogTimer(Domain domain) : Timer
{
    protected internal override void Fire(ulong now)
    {
        domain.Acquire();
        // Set anew on another CPU, or stopped as the domain ended, at the same moment.
        if (!IsSet && !domain.IsDying)
            domain.Shutdown(ShutdownReason.Watchdog);
        domain.Release();
    }
}
