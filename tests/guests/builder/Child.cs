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
        else if (BootRecord.HasWord("views"))
        {
            Altp2mChild.Run();
        }
        else if (BootRecord.HasWord("costs"))
        {
            ViewCostsChild.Run();
        }
        else if (BootRecord.HasWord("obey"))
        {
            MonitorChild.Obey();
        }
        else if (BootRecord.HasWord("firsts"))
        {
            FirstWrites.Measure();
        }
        else if (BootRecord.HasWord("writers"))
        {
            WritersChild.Run();
        }
        else if (BootRecord.HasWord("dirty"))
        {
            DirtyChild.Run();
        }
        else if (BootRecord.HasWord("travel"))
        {
            TravelChild.Run();
        }
        else if (BootRecord.HasWord("newer"))
        {
            RequireNewer(true);
        }
        else if (BootRecord.HasWord("frozen"))
        {
            RequireNewer(false);
        }
        else
        {
            Send();
            Wait();
        }

        Xen.Shutdown((ShutdownReason)BootRecord.Number("reason=", 0));
    }

    /// <summary>Of what 4.18 has the call that 4.17 has not is there or is not; the features of it are not shown.</summary>
    private static void RequireNewer(bool isShown)
    {
        const uint features = (1u << (int)Feature.RunstatePhysArea) | (1u << (int)Feature.VcpuTimePhysArea);
        var information = new FeatureInfo();
        Require(Hypercalls.VersionGetFeatures(ref information) == 0 && (information.Submap & features) == 0);
        var area = new VcpuRegisterRunstateMemoryArea { Address = ulong.MaxValue };
        Require(Hypercalls.VcpuRegisterRunstatePhysArea(0, ref area) == (isShown ? 0 : -(long)Errno.ENOSYS));
        var time = new VcpuRegisterTimeMemoryArea { Address = ulong.MaxValue };
        Require(Hypercalls.VcpuRegisterVcpuTimePhysArea(0, ref time) == -(long)Errno.ENOSYS);
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

    /// <summary>Whether there is an event to take.</summary>
    public static bool IsAsked => SharedState.IsPending(s_port);

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
