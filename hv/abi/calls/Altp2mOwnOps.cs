using System;
using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: subops that are ours, shown to nobody unasked (docs/altp2m.md).</summary>
internal static class Altp2mOwnOps
{
    /// <summary>The most changes of a transaction.</summary>
    private const int MaximumChanges = 64;

    public static long Describe(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        Altp2m views = frame.Target.Altp2m!;
        ref Altp2mViewDescription argument = ref frame.Argument.Description;
        for (int index = argument.View; index < views.Limit; index++)
        {
            if (views.Find(index) is not { } view)
                continue;
            argument = new Altp2mViewDescription
            {
                View = (ushort)index, DefaultAccess = (ushort)view.DefaultAccess, Visible = views.IsVisible(index) ? (ushort)1 : (ushort)0,
                Vcpus = (ushort)view.Users, Remaps = (uint)view.Remaps, TableFrames = (uint)view.TableFrames,
            };
            frame.CopiesBack = true;
            return 0;
        }
        return call.Fail(Errno.ENOENT, "no further view");
    }

    public static long GetCapabilities(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        Altp2m views = frame.Target.Altp2m!;
        var answer = new Altp2mCapabilities
        {
            Limit = (ushort)views.Limit, TableLimit = (uint)views.TableLimit, TableFrames = (uint)views.TableFrames, Remaps = (uint)views.Remaps, Lost = views.LostRemaps,
        };
        for (int index = 0; index < views.Limit; index++)
            answer.Views += views.Find(index) is null ? (ushort)0 : (ushort)1;
        for (MemoryAccess access = MemoryAccess.None; access < MemoryAccess.Default; access++)
            answer.Refused |= frame.Target.P2m.Matrix.FitOf(access) == AccessFit.Refused ? 1u << (int)access : 0;
        Virtualisation virtualisation = call.Services.Virtualisation;
        answer.Features = (virtualisation.HasViewFunctions ? Altp2mFeature.HardwareSwitch : 0) | (virtualisation.HasVirtualisationExceptions ? Altp2mFeature.HardwareException : 0);
        frame.Argument.Capabilities = answer;
        frame.CopiesBack = true;
        return 0;
    }

    public static long SwitchVcpu(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        Altp2mSwitchVcpu argument = frame.Argument.SwitchVcpu;
        if (argument.Pad != 0 || argument.Vcpu >= (uint)frame.Target.Vcpus.Length)
            return call.Fail(Errno.EINVAL, "something in the gap, or no such vCPU");
        if (!frame.Target.Altp2m!.IsVisible(argument.View))
            return call.Fail(Errno.EINVAL, "no such view, or one that is hidden");
        return Altp2mOps.Result(ref call, frame.Target.Vcpus[(int)argument.Vcpu].SwitchView(argument.View));
    }

    /// <summary>A budget of what the view has of its own a pass; the frame from which to go on stands in the argument.</summary>
    public static long FindLost(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref Altp2mLost argument = ref frame.Argument.Lost;
        if (argument.Pad1 != 0 || argument.Pad2 != 0)
            return call.Fail(Errno.EINVAL, "something in a gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        var gfn = new Gfn(argument.Gfn);
        for (int budget = call.Dispatcher.Budget; view.TryFindOverride(ref gfn); gfn = new Gfn(gfn.Value + 1))
        {
            argument.Gfn = gfn.Value;
            frame.CopiesBack = true;
            if (view.IsLost(gfn))
            {
                argument.Target = view.HostGfnOf(gfn).Value;
                return 0;
            }
            if (budget-- == 0)
                return call.Restart();
        }
        frame.CopiesBack = false;
        return call.Fail(Errno.ENOENT, "no further remap that is lost");
    }

    /// <summary>
    /// Makes all changes, or none: what cannot be done takes back what was. A vCPU that runs sees all of them or none, as none of their frames can be
    /// filled anew before the domain's lock is free, and what it has cached is gone by the return.
    /// </summary>
    public static long Change(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref Altp2mTransaction argument = ref frame.Argument.Transaction;
        if (argument.Count > MaximumChanges)
            return call.Fail(Errno.E2BIG, "more than 64 changes");
        var before = new Undos();
        long result = 0;
        uint done = 0;
        while (done < argument.Count && result == 0)
        {
            result = TryChange(ref call, in frame, done, ref before[(int)done]);
            if (result == 0)
                done++;
        }
        frame.CopiesBack = true;
        argument.Failed = done;
        if (result != 0)
        {
            // What a record needs is there since it was first made: this takes no memory.
            for (int i = (int)done - 1; i >= 0; i--)
                frame.Target.Altp2m!.Find(before[i].View)!.TryOverride(before[i].Gfn, before[i].Own);
            call.TryWrite(call.A1, in frame.Argument);
        }
        frame.Target.P2m.Settle();
        return result;
    }

    private static long TryChange(ref HypercallCall call, in Altp2mOps.Frame frame, uint index, ref Undo undo)
    {
        const Altp2mWhat all = Altp2mWhat.Target | Altp2mWhat.Access | Altp2mWhat.SuppressVe;
        if (!call.Handle<Altp2mChange>(frame.Argument.Transaction.Changes).TryReadElement(call.Access, index, out Altp2mChange change))
            return call.Fault();
        if (change.Pad != 0 || (change.What & ~all) != 0 || change.Access > (byte)MemoryAccess.Default || change.SuppressVe > 1)
            return call.Fail(Errno.EINVAL, "something in the gap, or a change that there is not");
        if (frame.Target.Altp2m!.Find(change.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        P2m host = frame.Target.P2m;
        Gfn gfn = new(change.Gfn), target = new(change.Target);
        bool isBack = (change.What & Altp2mWhat.Target) != 0 && target == Gfn.Invalid;
        if (!isBack && (!Altp2mFrameOps.HasMemory(host, view, gfn) || ((change.What & Altp2mWhat.Target) != 0 && !Altp2mFrameOps.HasMemory(host, view, target))))
            return Altp2mOps.NoMemory(ref call);
        undo = new Undo(change.View, gfn, view.OverrideOf(gfn));
        ViewOverride own = undo.Own;
        if ((change.What & Altp2mWhat.Target) != 0)
            own = isBack ? view.Inherited : new ViewOverride(view.HostGfnOf(target), view.AccessOf(target), call.Domain != frame.Target);
        if ((change.What & Altp2mWhat.Access) != 0)
            own = own with { Access = (MemoryAccess)change.Access, SuppressesVe = frame.Target.SuppressesVeOf(call.Domain) ?? own.SuppressesVe };
        if ((change.What & Altp2mWhat.SuppressVe) != 0)
            own = own with { SuppressesVe = change.SuppressVe != 0 };
        return Altp2mOps.Result(ref call, view.TryOverride(gfn, own), frame.Target, own.Access);
    }

    /// <summary>What a change has replaced.</summary>
    private readonly record struct Undo(int View, Gfn Gfn, ViewOverride Own);

    [InlineArray(MaximumChanges)]
    private struct Undos
    {
        private Undo _first;
    }
}
