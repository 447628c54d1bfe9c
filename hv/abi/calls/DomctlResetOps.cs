using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: a domain that has shut down goes on with the memory that it has, and without what the hypervisor knew of it.</summary>
internal static class DomctlResetOps
{
    public static long SoftReset(ref HypercallCall call, ref DomctlOps.Frame frame) => Reset(ref call, ref frame, goesOn: false);

    /// <summary>What a reset that is not done goes on with.</summary>
    public static long Continue(ref HypercallCall call, ref DomctlOps.Frame frame) => Reset(ref call, ref frame, goesOn: true);

    private static long Reset(ref HypercallCall call, ref DomctlOps.Frame frame, bool goesOn)
    {
        Domain domain = frame.Target!;
        if (domain == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        if (!domain.IsShutDown || domain.ControllerPauses == 0)
            return call.Fail(Errno.EINVAL, "the domain has not shut down, or no toolstack has paused it");
        if (!domain.TryStandStill(call.Vcpu))
            return call.Restart();
        long result = Reset(ref call, ref frame, domain, goesOn);
        domain.Unpause();
        return result;
    }

    private static long Reset(ref HypercallCall call, ref DomctlOps.Frame frame, Domain domain, bool goesOn)
    {
        Errno error = domain.EventChannels.Reset(goesOn, (uint)call.Dispatcher.Budget, out bool isDone);
        if (error != Errno.None)
            return call.Fail(error, "a reset is under way, or none to go on with, or ports were bound meanwhile");
        if (!isDone)
        {
            frame.Argument.Command = (uint)DomctlOp.SoftResetCont;
            return call.TryWrite(call.A0, in frame.Argument) ? call.Restart() : call.Fault();
        }
        if (!domain.TryForgetPlaces())
        {
            domain.Crash("there is no memory in the place of its shared_info");
            return call.Fail(Errno.ENOMEM, "no frame in the place of shared_info");
        }
        domain.Resume();
        return 0;
    }
}
