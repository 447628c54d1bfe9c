using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>domctl: the rings by which others are told of what a domain does.</summary>
internal static class DomctlVmEventOps
{
    public static long Handle(ref HypercallCall call, ref DomctlOps.Frame frame)
    {
        ref DomctlVmEvent argument = ref frame.Argument.VmEvent;
        Domain target = frame.Target!;
        var operation = (VmEventOp)argument.Operation;
        if (operation == VmEventOp.GetVersion)
        {
            argument.Version = InterfaceVersions.VmEvent;
            frame.CopiesBack = true;
            return 0;
        }
        if (target == call.Domain)
            return call.Fail(Errno.EINVAL, "the caller's own");
        if (target.IsDying)
            return 0;
        if (!target.HasVcpus)
            return call.Fail(Errno.EINVAL, "the domain has no vCPUs");
        if (argument.Mode != (uint)VmEventMode.Monitor)
            return call.Fail(Errno.ENOSYS, "no such ring, or one that 4.17 is built without");
        Errno error;
        switch (operation)
        {
            case VmEventOp.Enable:
                error = target.Monitor.Enable(call.Domain);
                argument.Port = target.Monitor.Port;
                frame.CopiesBack = true;
                return call.Result(error, "somebody listens, no frame was named for the ring or it is no memory, or there is no memory or port");
            case VmEventOp.Disable:
                return call.Result(target.Monitor.Disable(), "nobody listens");
            case VmEventOp.Resume:
                return call.Result(target.Monitor.TakeAnswers(), "nobody listens");
            default:
                return call.Fail(Errno.ENOSYS, "no such operation");
        }
    }
}
