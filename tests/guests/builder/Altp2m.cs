using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>
/// HVMOP_altp2m: what comes before any subop, who may make which in which mode, and the domain's state. The rest is in the files beside, whose
/// tests are made by the builder and by the domain itself in turn.
/// </summary>
internal static class Altp2m
{
    private const ushort Nobody = 0x1234;

    private const uint LastOperation = (uint)Altp2mOp.SetVisibility;

    public static void Run(TestRun tests)
    {
        Off(tests);
        if (!IsThere())
        {
            return;
        }

        Parameter(tests);
        Frame(tests);
        Modes(tests);
        Whole(tests, Altp2mMode.Mixed, false, ", by the builder");
        Whole(tests, Altp2mMode.Mixed, true, ", by the domain itself");
        Whole(tests, Altp2mMode.External, false, ", by the builder, mode external");
        Whole(tests, Altp2mMode.Limited, false, ", by the builder, mode limited");
        Altp2mTraps.Run(tests);
        Monitor.RunViews(tests);
    }

    /// <summary>Each subop by somebody whom the mode lets make all of them.</summary>
    private static void Whole(TestRun tests, Altp2mMode mode, bool isInside, string suffix)
    {
        tests.Suffix = suffix;
        Altp2mPartner partner = Altp2mPartner.Start(tests, mode);
        partner.IsInside = isInside;
        State(tests, partner);
        Altp2mViews.Run(tests, partner);
        Altp2mFrames.Run(tests, partner);
        Altp2mLists.Run(tests, partner);
        Altp2mEffects.Run(tests, partner);
        ViewFunctions.Run(tests, partner);
        VirtualisationExceptions.Run(tests, partner);
        partner.End();
        tests.Suffix = "";
    }

    /// <summary>Whether the hypervisor was started with altp2m, on a processor for which it has that.</summary>
    private static bool IsThere()
    {
        var argument = default(HvmAltp2mOp);
        return Altp2mCalls.Call(Altp2mOp.GetDomainState, DomainIds.Self, ref argument) != -(long)Errno.EOPNOTSUPP;
    }

    private static void Off(TestRun tests)
    {
        tests.Start("altp2m is there");
        if (!IsThere())
        {
            tests.Skip("the hypervisor was started without altp2m, or has it for other processors alone");
            return;
        }

        var argument = default(HvmAltp2mOp);
        tests.Error(Altp2mCalls.Call(Altp2mOp.GetDomainState, DomainIds.Self, ref argument), Errno.EINVAL, "get_domain_state of the caller");
    }

    private static void Parameter(TestRun tests)
    {
        tests.Start("altp2m, its mode");
        Control.Create(Control.Pvh(1), out ushort id);
        tests.Error(Altp2mPartner.SetMode(DomainIds.Self, (ulong)Altp2mMode.Mixed), Errno.EPERM, "the caller's own");
        tests.Error(Altp2mPartner.SetMode(id, 4), Errno.EINVAL, "a mode past the last");
        tests.Error(Altp2mPartner.SetMode(id, ulong.MaxValue), Errno.EINVAL, "a mode far past the last");
        tests.Success(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.Disabled), "disabled");
        tests.Success(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.External), "external");
        tests.Success(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.External), "external again");
        tests.Error(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.Mixed), Errno.EEXIST, "mixed after that");
        tests.Error(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.Disabled), Errno.EEXIST, "disabled after that");
        tests.Error(Altp2mPartner.SetMode(id, 4), Errno.EEXIST, "a mode past the last after that");
        tests.Success(Altp2mPartner.GetMode(id, out ulong mode), "get");
        tests.Equal((long)mode, (long)Altp2mMode.External, "the mode");
        tests.Success(Altp2mPartner.GetMode(DomainIds.Self, out mode), "get of the caller");
        tests.Equal((long)mode, 0, "its mode");
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Frame(TestRun tests)
    {
        tests.Start("altp2m, before any subop");
        Hostile.Check(tests, Hypercall.HvmOp, (ulong)HvmOp.Altp2m);
        Control.Create(Control.Pvh(1), out ushort id);
        HvmAltp2mOp good = new() { Version = InterfaceVersions.Altp2m, Command = (uint)Altp2mOp.GetDomainState, Domain = id };
        tests.Error(AsIs(good), Errno.EINVAL, "a domain without a mode");
        tests.Error(AsIs(good with { Pad1 = 1, Command = 0 }), Errno.EINVAL, "something in the first gap");
        tests.Error(AsIs(good with { Pad2 = 1, Command = 0 }), Errno.EINVAL, "something in the second gap");
        tests.Error(AsIs(good with { Version = 0, Command = 0 }), Errno.EINVAL, "version 0");
        tests.Error(AsIs(good with { Version = 2, Command = 0 }), Errno.EINVAL, "version 2");
        tests.Error(AsIs(good with { Command = 0, Domain = Nobody }), Errno.EOPNOTSUPP, "subop 0");
        tests.Error(AsIs(good with { Command = LastOperation + 1, Domain = Nobody }), Errno.EOPNOTSUPP, "the one past the last");
        tests.Error(AsIs(good with { Command = uint.MaxValue, Domain = Nobody }), Errno.EOPNOTSUPP, "the highest");
        for (uint command = 1; command <= LastOperation; command++)
        {
            tests.Error(AsIs(good with { Command = command, Domain = Nobody }), Errno.ESRCH, "an unknown domain");
            tests.Error(AsIs(good with { Command = command, Domain = DomainIds.Xen }), Errno.ESRCH, "DOMID_XEN");
            tests.Error(AsIs(good with { Command = command }), command <= 2 ? Errno.EINVAL : Errno.EOPNOTSUPP, "a domain without a mode");
            tests.Error(AsIs(good with { Command = command, Domain = DomainIds.Self }), command <= 2 ? Errno.EINVAL : Errno.EOPNOTSUPP, "the caller");
        }

        tests.Success(Altp2mPartner.SetMode(id, (ulong)Altp2mMode.Mixed), "mixed");
        for (uint command = 3; command <= LastOperation; command++)
        {
            tests.Error(AsIs(good with { Command = command }), Errno.EOPNOTSUPP, "a domain whose views are off");
        }

        tests.Success(AsIs(good), "get_domain_state");
        HvmAltp2mOp on = good with { Command = (uint)Altp2mOp.SetDomainState, DomainState = new HvmAltp2mDomainState { State = 1 } };
        tests.Success(AsIs(on), "set_domain_state of a domain without vCPUs");
        on.DomainState.State = 0;
        tests.Success(AsIs(on), "off again");
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static long AsIs(HvmAltp2mOp argument) => Altp2mCalls.AsIs(ref argument);

    /// <summary>Which subops are refused to whom, by their number: from outside none, from inside what the mode says.</summary>
    private static void Modes(TestRun tests)
    {
        foreach (Altp2mMode mode in new[] { Altp2mMode.Disabled, Altp2mMode.Mixed, Altp2mMode.External, Altp2mMode.Limited })
        {
            tests.Suffix = mode switch { Altp2mMode.Disabled => ", mode disabled", Altp2mMode.Mixed => ", mode mixed", Altp2mMode.External => ", mode external", _ => ", mode limited" };
            tests.Start("altp2m, who may make which subop");
            Altp2mPartner partner = Altp2mPartner.Start(tests, mode);
            for (int round = 0; round < 2; round++)
            {
                for (uint command = LastOperation; command > 0; command--)
                {
                    partner.IsInside = false;
                    long outside = Harmless(partner, command);
                    partner.IsInside = true;
                    long inside = Harmless(partner, command);
                    bool isOff = round == 0 && command > 2;
                    tests.Equal(outside, isOff ? -(long)Errno.EOPNOTSUPP : mode == Altp2mMode.Disabled ? -(long)Errno.EINVAL : HarmlessResult(command), "from outside");
                    long refused = mode == Altp2mMode.Disabled ? -(long)Errno.EINVAL
                        : mode == Altp2mMode.External || (mode == Altp2mMode.Limited && command != (uint)Altp2mOp.VcpuEnableNotify) ? -(long)Errno.EPERM : HarmlessResult(command);
                    tests.Equal(inside, isOff ? -(long)Errno.EOPNOTSUPP : refused, "from inside");
                }

                partner.IsInside = false;
                var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 1 } };
                if (mode == Altp2mMode.Disabled)
                {
                    break;
                }

                tests.Success(partner.Call(Altp2mOp.SetDomainState, ref argument), "on");
            }

            partner.End();
        }

        tests.Suffix = "";
    }

    /// <summary>Each subop with an argument that it refuses, or that changes nothing.</summary>
    private static long Harmless(Altp2mPartner partner, uint command)
    {
        var argument = default(HvmAltp2mOp);
        switch ((Altp2mOp)command)
        {
            case Altp2mOp.SetDomainState:
                partner.Call(Altp2mOp.GetDomainState, ref argument);
                break;
            case Altp2mOp.VcpuEnableNotify:
                argument.EnableNotify.Pad = 1;
                break;
            case Altp2mOp.VcpuDisableNotify:
            case Altp2mOp.GetP2mIdx:
                argument.DisableNotify.Vcpu = uint.MaxValue;
                break;
            default:
                argument.View = new HvmAltp2mView { View = 0xFFFF, DefaultAccess = 0xFFFF };
                break;
        }

        return partner.Call((Altp2mOp)command, ref argument);
    }

    private static long HarmlessResult(uint command) => (Altp2mOp)command switch
    {
        Altp2mOp.GetDomainState or Altp2mOp.SetDomainState => 0,
        Altp2mOp.DestroyP2m => -(long)Errno.EBUSY,
        _ => -(long)Errno.EINVAL,
    };

    private static void State(TestRun tests, Altp2mPartner partner)
    {
        tests.Start("altp2m, the domain's state");
        tests.Equal(StateOf(partner), 0, "at first");
        tests.Success(SetState(partner, 1), "on");
        tests.Equal(StateOf(partner), 1, "then");
        tests.Success(SetState(partner, 0xFF), "on by any value");
        tests.Equal(StateOf(partner), 1, "still");
        tests.Success(SetState(partner, 0), "off");
        tests.Equal(StateOf(partner), 0, "then");
        tests.Success(SetState(partner, 0), "off again");
        tests.Success(SetState(partner, 0x80), "on");
        tests.Equal(StateOf(partner), 1, "at last");
    }

    public static long StateOf(Altp2mPartner partner)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = 0x5A } };
        long result = partner.Call(Altp2mOp.GetDomainState, ref argument);
        return result != 0 ? result : argument.DomainState.State;
    }

    public static long SetState(Altp2mPartner partner, byte state)
    {
        var argument = new HvmAltp2mOp { DomainState = new HvmAltp2mDomainState { State = state } };
        return partner.Call(Altp2mOp.SetDomainState, ref argument);
    }
}
