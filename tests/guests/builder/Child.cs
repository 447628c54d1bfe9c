using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A domain that the builder has built: answers its event, waits for one, and ends as its command line says.</summary>
internal static class Child
{
    public static void Run()
    {
        SharedState.Map();
        var bind = new EvtchnBindInterdomain { RemoteDomain = 0, RemotePort = (uint)BootRecord.Number("port=", 0) };
        if (Hypercalls.EventBindInterdomain(ref bind) != 0)
        {
            Xen.Shutdown(ShutdownReason.Watchdog);
        }

        // A port that was just bound has an event, so that its owner looks at what came before.
        SharedState.ClearPending(bind.LocalPort);
        Events.Send(bind.LocalPort);
        while (!SharedState.IsPending(bind.LocalPort))
        {
            Events.Poll(bind.LocalPort, 0);
        }

        Xen.Shutdown((ShutdownReason)BootRecord.Number("reason=", 0));
    }
}
