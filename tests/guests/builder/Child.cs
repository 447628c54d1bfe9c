using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// A domain that the builder has built: binds the port that its command line names, plays a part, and ends as it is told there. It has
/// no console: what it finds wrong it says by another end.
/// </summary>
internal static class Child
{
    private static uint s_port;

    public static void Run()
    {
        if (BootRecord.HasWord("device"))
        {
            DeviceChild.Run();
        }

        SharedState.Map();
        var bind = new EvtchnBindInterdomain { RemoteDomain = 0, RemotePort = (uint)BootRecord.Number("port=", 0) };
        Require(Hypercalls.EventBindInterdomain(ref bind) == 0);

        // A port that was just bound has an event, so that its owner looks at what came before.
        s_port = bind.LocalPort;
        SharedState.ClearPending(s_port);
        if (BootRecord.HasWord("ring"))
        {
            RingChild.Exchange();
        }
        else if (BootRecord.HasWord("lie"))
        {
            RingChild.Lie();
        }
        else if (BootRecord.HasWord("withdraw"))
        {
            GrantChild.Withdraw();
        }
        else if (BootRecord.HasWord("vanish"))
        {
            GrantChild.Vanish();
        }
        else
        {
            Send();
            Wait();
        }

        Xen.Shutdown((ShutdownReason)BootRecord.Number("reason=", 0));
    }

    /// <summary>Ends by the watchdog's reason, which nobody asks for, when something is not as it has to be.</summary>
    public static void Require(bool condition)
    {
        if (!condition)
        {
            Xen.Shutdown(ShutdownReason.Watchdog);
        }
    }

    public static void Send() => Require(Events.Send(s_port) == 0);

    /// <summary>Waits for an event, which it takes.</summary>
    public static void Wait()
    {
        while (!SharedState.IsPending(s_port))
        {
            Events.Poll(s_port, 0);
        }

        SharedState.ClearPending(s_port);
    }
}
