using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>vm_assist (public/xen.h).</summary>
internal static class VmAssistOps
{
    /// <summary>The type is judged before the command. Of the types, one is for guests that are not paravirtual.</summary>
    public static long Handle(ref HypercallCall call)
    {
        call.Operation = HypercallCall.Low(call.A0);
        if (HypercallCall.Low(call.A1) != (uint)VmAssistType.RunstateUpdateFlag)
            return call.Fail(Errno.EINVAL, "no such assist, or one for paravirtual guests");
        switch ((VmAssistCommand)call.Operation)
        {
            case VmAssistCommand.Enable:
                call.Domain.SetAssist(VmAssistType.RunstateUpdateFlag, true);
                return 0;
            case VmAssistCommand.Disable:
                call.Domain.SetAssist(VmAssistType.RunstateUpdateFlag, false);
                return 0;
            default:
                return call.Unknown();
        }
    }
}
