using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>Two domains and an event channel between them, one end of which dies with its domain.</summary>
internal static class Peers
{
    /// <summary>The port at which the first waits for the second.</summary>
    private const uint Port = 9;

    private const ushort Watcher = 0, Visitor = 1;
    private const int Patience = 200;
    private const ulong Pause = 50;

    /// <summary>The initial domain: offers a port, sees it bound by the other, used, and unbound as the other dies.</summary>
    public static void Watch()
    {
        Sleeper.Start();
        var tests = new TestRun("domains");
        tests.Start("a channel to another domain");
        uint port = 0;
        while (port < Port)
        {
            var unbound = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = Visitor };
            if (Hypercalls.EventAllocUnbound(ref unbound) != 0)
            {
                break;
            }

            port = unbound.Port;
        }

        tests.Equal(port, Port, "port");
        tests.True(WaitFor(EventChannelState.Interdomain, Visitor), "the other binds it");
        tests.True(WaitForEvent(), "the other's event comes");
        tests.Start("the other's end");
        tests.True(WaitFor(EventChannelState.Unbound, Visitor), "it is unbound when the other is gone");
        tests.Success(Events.Send(Port), "sending there goes nowhere");
        tests.Finish();
    }

    /// <summary>The other: binds the port, sends, and dies.</summary>
    public static void Visit()
    {
        Sleeper.Start();
        long result = -1;
        var bind = new EvtchnBindInterdomain { RemoteDomain = Watcher, RemotePort = Port };
        for (int i = 0; i < Patience && result != 0; i++)
        {
            result = Hypercalls.EventBindInterdomain(ref bind);
            Sleeper.Sleep(Pause);
        }

        GuestConsole.WriteLine(result == 0 && Events.Send(bind.LocalPort) == 0 ? "guest domains: the visitor has sent" : "guest: failed: no channel");
        Sleeper.Sleep(20 * Pause);
        Xen.Shutdown(ShutdownReason.Crash);
    }

    private static bool WaitForEvent()
    {
        for (int i = 0; i < Patience && !SharedState.IsPending(Port); i++)
        {
            Sleeper.Sleep(Pause);
        }

        return SharedState.IsPending(Port);
    }

    private static bool WaitFor(EventChannelState state, ushort remote)
    {
        for (int i = 0; i < Patience; i++)
        {
            var status = new EvtchnStatus { Domain = DomainIds.Self, Port = Port };
            if (Hypercalls.EventStatus(ref status) == 0 && status.Status == (uint)state)
            {
                return (state == EventChannelState.Unbound ? status.UnboundDomain : status.InterdomainDomain) == remote;
            }

            Sleeper.Sleep(Pause);
        }

        return false;
    }
}
