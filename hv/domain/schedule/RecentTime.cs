namespace Xenolith.Domains;

/// <summary>
/// Time that somebody ran on all physical CPUs, lately: in the second that the clock is in. Each CPU shares itself out by what
/// happened on it; by this the CPUs see which of those that wait is behind on the whole. It begins anew each second, so nobody is
/// owed for long for what could not be had.
/// </summary>
internal struct RecentTime
{
    private const ulong Period = 1_000_000_000;

    private ulong _period;
    private ulong _time;

    /// <summary>The time in the present second.</summary>
    /// <param name="now">Nanoseconds of the clock.</param>
    public readonly ulong At(ulong now) => _period == now / Period ? _time : 0;

    /// <summary>Adds to it.</summary>
    public void Add(ulong now, ulong time) => Set(now, At(now) + time);

    /// <summary>Moves it up.</summary>
    public void Raise(ulong now, ulong least)
    {
        if (At(now) < least)
            Set(now, least);
    }

    private void Set(ulong now, ulong time)
    {
        _period = now / Period;
        _time = time;
    }
}
