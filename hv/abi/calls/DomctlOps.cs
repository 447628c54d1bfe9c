using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl (public/domctl.h): what is the same for every operation. One call of it at a time in the whole machine, as on Xen.</summary>
internal static class DomctlOps
{
    /// <summary>The argument, copied in once, and whom it is about.</summary>
    internal struct Frame
    {
        public Domctl Argument;

        /// <summary>Null: createdomain, and getdomaininfo of an id that nobody has.</summary>
        public Domain? Target;

        /// <summary>Whether the argument goes back to the caller after success.</summary>
        public bool CopiesBack;

        /// <summary>The same after a failure, which the argument explains.</summary>
        public bool CopiesBackFailure;
    }

    /// <summary>EFAULT, EACCES for another version of the interface, ESRCH, EPERM, in this order; then the control lock is held.</summary>
    public static bool TryOpen(ref HypercallCall call, out Frame frame, out long result)
    {
        frame = default;
        result = Open(ref call, ref frame);
        return result == 0 && !call.IsRestart;
    }

    /// <summary>Gives the argument back and the control lock.</summary>
    public static long Close(ref HypercallCall call, ref Frame frame, long result)
    {
        call.Services.ControlLock.Release();
        if (((result == 0 && frame.CopiesBack) || frame.CopiesBackFailure) && !call.IsRestart && !call.TryWrite(call.A0, in frame.Argument))
            return call.Fault();
        return result;
    }

    private static long Open(ref HypercallCall call, ref Frame frame)
    {
        if (!call.TryRead(call.A0, out frame.Argument))
            return call.Fault();
        if (frame.Argument.InterfaceVersion != InterfaceVersions.Domctl)
            return call.Fail(Errno.EACCES, "another version of the control interface");
        call.Operation = frame.Argument.Command;
        var operation = (DomctlOp)call.Operation;
        if (operation != DomctlOp.Createdomain)
        {
            frame.Target = call.Services.Domains.Find(frame.Argument.Domain);
            if (frame.Target is null && operation == DomctlOp.Destroydomain)
                return OpenEnding(ref call, ref frame);
            if (frame.Target is null && operation != DomctlOp.Getdomaininfo)
                return call.Fail(Errno.ESRCH, "no such domain");
        }
        if (!call.Allows(Dispatch.DomctlPermission(call.Operation), frame.Target))
            return call.Fail(Errno.EPERM, "not the caller's to control");
        // As Xen: who finds it taken tries again, so that no vCPU waits with its domain's lock held.
        if (!call.Services.ControlLock.TryAcquire())
            return call.Restart();
        if (frame.Target is { } target && operation != DomctlOp.Destroydomain)
            call.Vcpu.AlsoAcquire(target);
        return 0;
    }

    /// <summary>
    /// For the domain that is half taken apart: what is left of it stays only while the control lock is held, so that it is looked for
    /// after that. Who may not take domains apart is told what everybody is of an id that nobody has.
    /// </summary>
    private static long OpenEnding(ref HypercallCall call, ref Frame frame)
    {
        if (!call.Domain.IsPrivileged)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (!call.Services.ControlLock.TryAcquire())
            return call.Restart();
        frame.Target = call.Services.Toolstack?.FindEnding(frame.Argument.Domain);
        if (frame.Target is not null && call.Allows(Dispatch.DomctlPermission(call.Operation), frame.Target))
            return 0;
        call.Services.ControlLock.Release();
        return frame.Target is null ? call.Fail(Errno.ESRCH, "no such domain") : call.Fail(Errno.EPERM, "not the caller's to control");
    }
}
