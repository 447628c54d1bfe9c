using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: what a view has of its own for a guest frame. View 0 stands for the host p2m, but to <see cref="Change"/>.</summary>
internal static class Altp2mFrameOps
{
    public static long SetAccess(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        HvmAltp2mMemAccess argument = frame.Argument.MemAccess;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "something in the gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        if (argument.Access > (ushort)MemoryAccess.Default)
            return call.Fail(Errno.EINVAL, "no such rights");
        var access = (MemoryAccess)argument.Access;
        return argument.Gfn == Gfn.Invalid.Value ? SetDefault(ref call, frame.Target, access) : SetAccess(ref call, frame.Target, view, new Gfn(argument.Gfn), access);
    }

    /// <summary>Sets the rights of a frame; one without memory is left out, as on Xen.</summary>
    public static long SetAccess(ref HypercallCall call, Domain domain, P2mView view, Gfn gfn, MemoryAccess access)
    {
        P2m host = domain.P2m;
        if (access == MemoryAccess.Default)
            access = host.DefaultAccess;
        if (Refuses(ref call, host, access, out long refused))
            return refused;
        if (host.Lookup(view.HostGfnOf(gfn)).Type == P2mType.None)
            return 0;
        ViewOverride own = view.OverrideOf(gfn);
        own = own with { SuppressesVe = domain.SuppressesVeOf(call.Domain) ?? own.SuppressesVe };
        if (view.Index != 0)
            return Altp2mOps.Result(ref call, view.TryOverride(gfn, own with { Access = access }));
        // What a violation has opened in view 0 alone ends with that.
        ViewResult result = view.TryOverride(gfn, own with { Access = MemoryAccess.Default });
        return result != ViewResult.Done ? Altp2mOps.Result(ref call, result) : call.Result(host.TrySetAccess(gfn, 0, access) ? Errno.None : Errno.ENOMEM, "no frame for a table");
    }

    public static long GetAccess(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mMemAccess argument = ref frame.Argument.MemAccess;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "something in the gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        P2m host = frame.Target.P2m;
        var gfn = new Gfn(argument.Gfn);
        bool isDefault = gfn == Gfn.Invalid;
        if (!isDefault && !HasMemory(host, view, gfn))
            return Altp2mOps.NoMemory(ref call);
        argument.Access = (ushort)(view.Index == 0 ? isDefault ? host.DefaultAccess : host.AccessOf(gfn) : isDefault ? view.DefaultAccess : view.AccessOf(gfn));
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>
    /// A remap shows what the view shows of the new frame, with the rights that it has there; who remaps itself is told of violations, by #VE. Back: all
    /// that the view has of its own for the frame is gone.
    /// </summary>
    public static long Change(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        HvmAltp2mChangeGfn argument = frame.Argument.ChangeGfn;
        if (argument.Pad1 != 0 || argument.Pad2 != 0)
            return call.Fail(Errno.EINVAL, "something in a gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        Gfn from = new(argument.OldGfn), to = new(argument.NewGfn);
        if (to == Gfn.Invalid)
        {
            ViewResult undone = view.TryOverride(from, view.Inherited);
            return undone == ViewResult.Absent ? 0 : Altp2mOps.Result(ref call, undone);
        }
        P2m host = frame.Target.P2m;
        if (!HasMemory(host, view, from) || !HasMemory(host, view, to))
            return Altp2mOps.NoMemory(ref call);
        return Altp2mOps.Result(ref call, view.TryOverride(from, new ViewOverride(view.HostGfnOf(to), view.AccessOf(to), call.Domain != frame.Target)));
    }

    public static long SetSuppressed(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        HvmAltp2mSuppressVe argument = frame.Argument.SuppressVe;
        if (argument.Pad1 != 0 || argument.Pad2 != 0)
            return call.Fail(Errno.EINVAL, "something in a gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        var gfn = new Gfn(argument.Gfn);
        return HasMemory(frame.Target.P2m, view, gfn) ? Altp2mOps.Result(ref call, view.TrySetSuppressVe(gfn, argument.SuppressVe != 0)) : Altp2mOps.NoMemory(ref call);
    }

    public static long GetSuppressed(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mSuppressVe argument = ref frame.Argument.SuppressVe;
        if (argument.Pad1 != 0 || argument.Pad2 != 0)
            return call.Fail(Errno.EINVAL, "something in a gap");
        if (frame.Target.Altp2m!.Find(argument.View) is not { } view)
            return Altp2mOps.NoSuchView(ref call);
        var gfn = new Gfn(argument.Gfn);
        if (!HasMemory(frame.Target.P2m, view, gfn))
            return Altp2mOps.NoMemory(ref call);
        argument.SuppressVe = view.SuppressesVe(gfn) ? (byte)1 : (byte)0;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>Whether the view shows anything at a guest frame.</summary>
    public static bool HasMemory(P2m host, P2mView view, Gfn gfn) => host.Lookup(view.HostGfnOf(gfn)).Type != P2mType.None;

    /// <summary>Of the host p2m, whatever view is named, as on Xen.</summary>
    private static long SetDefault(ref HypercallCall call, Domain domain, MemoryAccess access)
    {
        if (access == MemoryAccess.Default)
            return 0;
        if (Refuses(ref call, domain.P2m, access, out long refused))
            return refused;
        domain.P2m.DefaultAccess = access;
        return 0;
    }

    private static bool Refuses(ref HypercallCall call, P2m host, MemoryAccess access, out long result)
    {
        string? reason = host.Matrix.ReasonAgainst(access);
        result = reason is null ? 0 : call.Fail(Errno.EOPNOTSUPP, reason);
        return reason is not null;
    }
}
