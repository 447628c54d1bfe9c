using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Domains;

/// <summary>What a domain may do to another: with 4.17's default rules, nothing, unless it is privileged.</summary>
internal static class Permissions
{
    /// <summary>No domain of these tests has it.</summary>
    private const ushort Nobody = 0x7000;

    /// <summary>In an unprivileged domain beside the initial one.</summary>
    public static void Run()
    {
        var tests = new TestRun("domains");
        tests.Start("start_info");
        tests.Equal(BootRecord.Flags, 0, "flags");
        tests.Equal((long)Parameter(HvmParameter.StoreEvtchn), 0, "xenstore's port");
        tests.True(Parameter(HvmParameter.ConsoleEvtchn) != 0, "a port of the console");

        tests.Start("another domain's things");
        Refused(tests, 0, Errno.EPERM);
        tests.Start("a missing domain's things");
        Refused(tests, Nobody, Errno.ESRCH);
        tests.Start("the hypervisor's console");
        ulong nothing = 0;
        tests.Error(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Write, 1, Xen.AddressOf(ref nothing)), Errno.EPERM, "write");
        tests.Error(Xen.Call(Hypercall.ConsoleIo, (ulong)ConsoleIoOp.Read, 1, Xen.AddressOf(ref nothing)), Errno.EPERM, "read");
        tests.Start("a port that waits for nobody");
        var bind = new EvtchnBindInterdomain { RemoteDomain = 0, RemotePort = 5 };
        tests.Error(Hypercalls.EventBindInterdomain(ref bind), Errno.EINVAL, "bind_interdomain");
        tests.Finish();
    }

    /// <summary>In a domain without others: there is nobody to act on.</summary>
    public static void RunAlone()
    {
        var tests = new TestRun("domains");
        tests.Start("missing domains' things");
        Refused(tests, Nobody, Errno.ESRCH);
        tests.Finish();
    }

    private static void Refused(TestRun tests, ushort domain, Errno error)
    {
        var map = new AddToPhysmap { Domain = domain, Space = (uint)MapSpace.SharedInfo, Gpfn = Layout.FrameOf(PoolPage.SharedInfo) };
        tests.Error(Hypercalls.MemoryAddToPhysmap(ref map), error, "add_to_physmap");
        var remove = new RemoveFromPhysmap { Domain = domain, Gpfn = 0x100 };
        tests.Error(Hypercalls.MemoryRemoveFromPhysmap(ref remove), error, "remove_from_physmap");
        var reservation = new MemoryDomain { Domain = domain };
        tests.Error(Hypercalls.MemoryCurrentReservation(ref reservation), error, "current_reservation");
        tests.Error(Hypercalls.MemoryMaximumGpfn(ref reservation), error, "maximum_gpfn");
        var parameter = new HvmParam { Domain = domain, Index = (uint)HvmParameter.CallbackIrq };
        tests.Error(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.GetParam, ref parameter), error, "get_param");
        tests.Error(Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref parameter), error, "set_param");
        var unbound = new EvtchnAllocUnbound { Domain = domain, RemoteDomain = DomainIds.Self };
        tests.Error(Hypercalls.EventAllocUnbound(ref unbound), error, "alloc_unbound");
        var status = new EvtchnStatus { Domain = domain, Port = 1 };
        tests.Error(Hypercalls.EventStatus(ref status), error, "event channel status");
        var reset = new EvtchnReset { Domain = domain };
        tests.Error(Hypercalls.EventReset(ref reset), error, "event channel reset");
        var shutdown = new SchedRemoteShutdown { Domain = domain, Reason = (uint)ShutdownReason.Poweroff };
        tests.Error(Hypercalls.SchedRemoteShutdown(ref shutdown), error, "remote_shutdown");
        var size = new GnttabQuerySize { Domain = domain };
        tests.Success(Hypercalls.GrantQuerySize(ref size), "query_size");
        tests.Equal(size.Status, (long)(error == Errno.ESRCH ? GrantStatus.BadDomain : GrantStatus.PermissionDenied), "its status");
    }

    private static ulong Parameter(HvmParameter index)
    {
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)index };
        return Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.GetParam, ref argument) == 0 ? argument.Value : ulong.MaxValue;
    }
}
