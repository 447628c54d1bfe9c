using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: whether a domain's views are on, and where a vCPU is told of what a view forbids.</summary>
internal static class Altp2mStateOps
{
    /// <summary>Table entries that one pass of switching off looks at, for each unit of the budget.</summary>
    private const int EntriesPerUnit = 512;

    /// <summary>Leaves that one unit of it looks at, where the CPUs' part of a log ends for the views' sake.</summary>
    private const int LeavesPerUnit = 64;

    public static long Get(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        frame.Argument.DomainState.State = frame.Target.Altp2m is null ? (byte)0 : (byte)1;
        frame.CopiesBack = true;
        return 0;
    }

    /// <summary>Off: all vCPUs are in the host p2m at once, and what the views had goes back in as many passes as it takes.</summary>
    public static long Set(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        if (frame.Argument.DomainState.State != 0 && frame.Target.Altp2m is null)
        {
            Errno refused = FeatureMatrix.Check(MemoryFeatures.Views, frame.Target.MemoryFeatures, out string reason);
            if (refused != Errno.None)
                return call.Fail(refused, reason);
        }
        if (frame.Argument.DomainState.State != 0 && !frame.Target.P2m.TryEndCpuLog(call.Dispatcher.Budget * LeavesPerUnit))
            return call.Restart();
        if (frame.Argument.DomainState.State != 0)
            return Altp2mOps.Result(ref call, frame.Target.TryActivateAltp2m());
        return frame.Target.DeactivateAltp2m(call.Dispatcher.Budget * EntriesPerUnit) ? 0 : call.Restart();
    }

    /// <summary>From here on the vCPU may go to other views by VMFUNC, too.</summary>
    public static long EnableNotify(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        HvmAltp2mVcpuEnableNotify argument = frame.Argument.EnableNotify;
        if (argument.Pad != 0 || argument.Vcpu >= (uint)frame.Target.Vcpus.Length)
            return call.Fail(Errno.EINVAL, "something in the gap, or no such vCPU");
        Vcpu vcpu = frame.Target.Vcpus[(int)argument.Vcpu];
        if (vcpu.IsNotified)
            return call.Fail(Errno.EEXIST, "the vCPU has a page for #VE already");
        return vcpu.TryNotify(new Gfn(argument.Gfn)) ? 0 : call.Fail(Errno.EINVAL, "the page for #VE is not the domain's own writable memory");
    }

    /// <summary>As on Xen it takes #VE away and leaves VMFUNC.</summary>
    public static long DisableNotify(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        uint index = frame.Argument.DisableNotify.Vcpu;
        if (index >= (uint)frame.Target.Vcpus.Length)
            return call.Fail(Errno.EINVAL, "no such vCPU");
        frame.Target.Vcpus[(int)index].EndNotification();
        return 0;
    }
}
