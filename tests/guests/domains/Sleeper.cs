using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>Waiting without work, by SCHEDOP_poll on no port.</summary>
internal static class Sleeper
{
    /// <summary>Maps what tells the time.</summary>
    public static void Start() => SharedState.Map();

    public static void Sleep(ulong milliseconds)
    {
        var argument = new SchedPoll { Timeout = Clock.Now + (milliseconds * (ulong)Clock.Millisecond) };
        Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Poll, ref argument);
    }
}
