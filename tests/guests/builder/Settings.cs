using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>What a toolstack says about a domain: its name, clocks, width, hypercall page, HVM parameters.</summary>
internal static class Settings
{
    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(1), out ushort id);
        Control.MakeVcpus(id, 1);
        Control.SetMaximumMemory(id, 4 << 10);
        Limits.Populate(id, 0, 16, 0);
        Names(tests, id);
        Tsc(tests, id);
        Widths(tests, id);
        Triggers(tests, id);
        Parameters(tests, id);
        Ports(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Names(TestRun tests, ushort id)
    {
        tests.Start("setdomainhandle, settimeoffset");
        var argument = default(Domctl);
        argument.Handle.Handle[15] = 0x5A;
        tests.Success(Control.Call(DomctlOp.Setdomainhandle, id, ref argument), "setdomainhandle");
        Control.Describe(id, out DomainInformation information);
        tests.Equal(information.Handle[15], 0x5A, "the handle");
        argument = new Domctl { TimeOffset = new DomctlTimeOffset { Seconds = -3600 } };
        tests.Success(Control.Call(DomctlOp.Settimeoffset, id, ref argument), "settimeoffset");
    }

    private static long SetTsc(ushort id, uint mode, uint incarnation)
    {
        var argument = new Domctl { TscInformation = new DomctlTscInformation { Mode = mode, Incarnation = incarnation } };
        return Control.Call(DomctlOp.Settscinfo, id, ref argument);
    }

    private static void Tsc(TestRun tests, ushort id)
    {
        tests.Start("gettscinfo, settscinfo");
        var argument = default(Domctl);
        tests.Error(Control.Call(DomctlOp.Gettscinfo, 0, ref argument), Errno.EINVAL, "get of the caller");
        tests.Error(SetTsc(0, 0, 0), Errno.EINVAL, "set of the caller");
        tests.Error(SetTsc(id, 3, 0), Errno.EINVAL, "a mode that is gone");
        tests.Error(SetTsc(id, 4, 0), Errno.EINVAL, "an unknown mode");
        for (uint mode = 0; mode <= 2; mode++)
        {
            tests.Success(SetTsc(id, mode, mode + 4), "set");
            tests.Success(Control.Call(DomctlOp.Gettscinfo, id, ref argument), "get");
            tests.Equal(argument.TscInformation.Mode, mode, "mode");
            tests.Equal(argument.TscInformation.Incarnation, mode + 5, "incarnation");
            tests.Equal(argument.TscInformation.Kilohertz != 0 ? 1 : 0, mode == 2 ? 0 : 1, "whether a frequency is told");
            tests.Equal(argument.TscInformation.Elapsed != 0 ? 1 : 0, mode == 2 ? 0 : 1, "whether a time is told");
        }
    }

    private static void Widths(TestRun tests, ushort id)
    {
        tests.Start("address size, hypercall_init");
        var argument = default(Domctl);
        tests.Error(Control.Call(DomctlOp.GetAddressSize, id, ref argument), Errno.EOPNOTSUPP, "get");
        foreach (uint bits in new uint[] { 32, 64, 7 })
        {
            argument.AddressSize.Bits = bits;
            tests.Error(Control.Call(DomctlOp.SetAddressSize, id, ref argument), Errno.EOPNOTSUPP, "set");
        }

        argument = new Domctl { HypercallPage = new DomctlHypercallPage { Gfn = 3 } };
        tests.Success(Control.Call(DomctlOp.HypercallInit, id, ref argument), "a page of memory");
        argument.HypercallPage.Gfn = 0x9_0000;
        tests.Error(Control.Call(DomctlOp.HypercallInit, id, ref argument), Errno.EINVAL, "no memory");
    }

    private static long Trigger(ushort id, uint trigger, uint vcpu)
    {
        var argument = new Domctl { Trigger = new DomctlTrigger { Trigger = trigger, Vcpu = vcpu } };
        return Control.Call(DomctlOp.Sendtrigger, id, ref argument);
    }

    private static void Triggers(TestRun tests, ushort id)
    {
        tests.Start("sendtrigger");
        for (uint trigger = 0; trigger < 6; trigger++)
        {
            bool isKnown = (TriggerKind)trigger is TriggerKind.Nmi or TriggerKind.Power or TriggerKind.Sleep;
            tests.Equal(Trigger(id, trigger, 0), isKnown ? 0 : -(long)Errno.ENOSYS, "to a vCPU");
            tests.Error(Trigger(id, trigger, 1), Errno.ESRCH, "past the last vCPU");
            tests.Error(Trigger(id, trigger, uint.MaxValue), Errno.ESRCH, "far past the last vCPU");
        }
    }

    private static long Parameter(ushort id, HvmOp operation, uint index, ref ulong value)
    {
        var argument = new HvmParam { Domain = id, Index = index, Value = value };
        long result = Xen.Call(Hypercall.HvmOp, (ulong)operation, ref argument);
        value = argument.Value;
        return result;
    }

    private static void Parameters(TestRun tests, ushort id)
    {
        tests.Start("HVM parameters of another");
        for (uint index = 0; index < HvmParameters.Count; index++)
        {
            ulong value = 0;
            tests.Equal(Parameter(id, HvmOp.GetParam, index, ref value), IsRetired(index) ? -(long)Errno.EINVAL : 0, "get");
        }

        foreach (uint index in new uint[] { 1, 2, 12, 15, 17, 18 })
        {
            Set(tests, id, index, Errno.None, Errno.None);
        }

        foreach (uint index in new uint[] { 5, 6, 9, 32, 33 })
        {
            Set(tests, id, index, Errno.None, Errno.EEXIST);
        }

        foreach (uint index in new uint[] { 4, 10, 14, 35, 37, 38 })
        {
            Set(tests, id, index, Errno.EINVAL, Errno.EINVAL);
        }

        Set(tests, id, 19, Errno.ENODEV, Errno.ENODEV);
        Set(tests, id, 31, Errno.None, Errno.EINVAL);
        Control.Describe(id, out DomainInformation information);
        tests.Equal(information.Flags & (uint)DomainStateFlags.Shutdown, 0, "a bad task-state segment ends only who sets its own");
    }

    private static void Set(TestRun tests, ushort id, uint index, Errno first, Errno second)
    {
        ulong value = 5;
        tests.Equal(Parameter(id, HvmOp.SetParam, index, ref value), -(long)first, "set");
        value = 6;
        tests.Equal(Parameter(id, HvmOp.SetParam, index, ref value), -(long)second, "set to another value");
    }

    private static bool IsRetired(uint index) => index is 4 or 13 or (>= 20 and <= 26) or 30;

    private static void Ports(TestRun tests, ushort id)
    {
        tests.Start("event channels of another");
        var argument = new EvtchnAllocUnbound { Domain = id, RemoteDomain = DomainIds.Self };
        tests.Success(Hypercalls.EventAllocUnbound(ref argument), "a port for the caller");
        tests.Equal(argument.Port, 1, "the first port");
        argument.RemoteDomain = 0x1234;
        tests.Success(Hypercalls.EventAllocUnbound(ref argument), "a port for nobody");
        tests.Equal(argument.Port, 2, "the second port");
        var bind = new EvtchnBindInterdomain { RemoteDomain = id, RemotePort = 1 };
        tests.Success(Hypercalls.EventBindInterdomain(ref bind), "the caller binds its own");
        var other = new EvtchnBindInterdomain { RemoteDomain = id, RemotePort = 2 };
        tests.Error(Hypercalls.EventBindInterdomain(ref other), Errno.EINVAL, "another's");
        var status = new EvtchnStatus { Domain = id, Port = 1 };
        tests.Success(Hypercalls.EventStatus(ref status), "status of the far end");
        tests.Equal(status.Status, (uint)EventChannelState.Interdomain, "it is bound");
        var close = new EvtchnClose { Port = bind.LocalPort };
        tests.Success(Hypercalls.EventClose(ref close), "close");
    }
}
