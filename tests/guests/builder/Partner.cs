using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>A child and the event channel to it, from its creation to its end.</summary>
internal readonly struct Partner(ushort id, uint port)
{
    public ushort Id => id;

    public uint Port => port;

    /// <summary>Builds a domain, and lets it run until its first event.</summary>
    /// <param name="file">Of <see cref="BootFiles"/>.</param>
    /// <param name="part">What it plays.</param>
    /// <param name="reason">The reason that it is to end with.</param>
    public static Partner Start(TestRun tests, string file, string part, ShutdownReason reason)
    {
        Partner partner = Build(tests, file, part, reason);
        partner.Run(tests);
        return partner;
    }

    /// <summary>Builds a domain, which is held back.</summary>
    public static Partner Build(TestRun tests, string file, string part, ShutdownReason reason, uint mebibytes = ChildImage.Mebibytes, uint vcpus = 1)
    {
        tests.Success(Control.Create(Control.Pvh(vcpus), out ushort created), "createdomain");
        var channel = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = created };
        tests.Success(Hypercalls.EventAllocUnbound(ref channel), "a port for it");
        tests.Success(ChildImage.Build(created, file, part, channel.Port, (uint)reason, mebibytes, vcpus), "building it");
        return new Partner(created, channel.Port);
    }

    public void Run(TestRun tests)
    {
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "unpausedomain");
        Await(tests, "its first event");
    }

    public void Send(TestRun tests) => tests.Success(Events.Send(port), "an event for it");

    public void Await(TestRun tests, string what) => tests.True(Watch.Await(port, Watch.Patience), what);

    /// <summary>Waits until it has shut down, and looks at the reason.</summary>
    public void AwaitDeath(TestRun tests, ShutdownReason reason)
    {
        tests.True(Watch.AwaitDeath(id, out DomainInformation ended), "VIRQ_DOM_EXC");
        const uint expected = (uint)(DomainStateFlags.Hvm | DomainStateFlags.Hap | DomainStateFlags.Shutdown);
        tests.Equal(ended.Flags & ~(uint)DomainStateFlags.Running, expected | ((uint)reason << DomctlLimits.ShutdownShift), "its flags");
        tests.True(ended.CpuTime != 0, "it has run");
    }

    /// <summary>After its death: destroyed, it is gone at once, as nobody has anything of it.</summary>
    public void Destroy(TestRun tests)
    {
        tests.Success(Events.Close(port), "the port is closed");
        tests.Success(Control.Call(DomctlOp.Destroydomain, id), "destroydomain");
        tests.Error(Control.Call(DomctlOp.Pausedomain, id), Errno.ESRCH, "it is gone");
    }
}
