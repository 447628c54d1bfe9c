using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>sysctl (public/sysctl.h): what is the same for every operation.</summary>
internal static class SysctlOps
{
    /// <summary>The argument, copied in once.</summary>
    internal struct Frame
    {
        public Sysctl Argument;

        /// <summary>Whether the argument goes back to the caller, whatever the result is.</summary>
        public bool CopiesBack;
    }

    /// <summary>EFAULT, EACCES for another version of the interface, EPERM, in this order.</summary>
    public static bool TryOpen(ref HypercallCall call, out Frame frame, out long result)
    {
        frame = default;
        result = Open(ref call, ref frame);
        return result == 0;
    }

    /// <summary>Gives the argument back.</summary>
    public static long Close(ref HypercallCall call, ref Frame frame, long result) =>
        frame.CopiesBack && !call.TryWrite(call.A0, in frame.Argument) ? call.Fault() : result;

    /// <summary>Success, with the argument going back.</summary>
    public static long Answer(ref Frame frame)
    {
        frame.CopiesBack = true;
        return 0;
    }

    private static long Open(ref HypercallCall call, ref Frame frame)
    {
        if (!call.TryRead(call.A0, out frame.Argument))
            return call.Fault();
        // Before the policy is asked, whose rules name operations.
        call.Operation = frame.Argument.Command;
        if (frame.Argument.InterfaceVersion != InterfaceVersions.Sysctl)
            return call.Fail(Errno.EACCES, "another version of the interface");
        return call.Allows(Dispatch.SysctlPermission(call.Operation), null) ? 0 : call.Fail(Errno.EPERM, "the machine is the control domain's");
    }
}
