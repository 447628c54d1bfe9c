using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>HVMOP_altp2m: views as wholes.</summary>
internal static class Altp2mViewOps
{
    public static long Create(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mView argument = ref frame.Argument.View;
        if (argument.DefaultAccess > (ushort)MemoryAccess.Default)
            return call.Fail(Errno.EINVAL, "no such rights");
        Altp2m views = frame.Target.Altp2m!;
        var access = (MemoryAccess)argument.DefaultAccess;
        ViewResult result = views.TryCreate(access, out int index, frame.Target.SuppressesVeOf(call.Domain) ?? true);
        if (result == ViewResult.Full && index == views.Limit)
            return call.Fail(Errno.EINVAL, "the domain has as many views as it may");
        argument.View = (ushort)index;
        frame.CopiesBack = true;
        return Altp2mOps.Result(ref call, result, frame.Target, access);
    }

    public static long Destroy(ref HypercallCall call, ref Altp2mOps.Frame frame) =>
        call.Result(frame.Target.Altp2m!.TryDestroy(frame.Argument.View.View) == ViewResult.Done ? Errno.None : Errno.EBUSY, "no such view, the first, or one in which a vCPU is");

    /// <summary>All vCPUs, at once.</summary>
    public static long Switch(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        int index = frame.Argument.View.View;
        if (!frame.Target.Altp2m!.IsVisible(index))
            return call.Fail(Errno.EINVAL, "no such view, or one that is hidden");
        frame.Target.SwitchViews(index);
        return 0;
    }

    public static long GetIndex(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        ref HvmAltp2mGetVcpuP2mIdx argument = ref frame.Argument.GetVcpuP2mIdx;
        if (argument.Vcpu >= (uint)frame.Target.Vcpus.Length)
            return call.Fail(Errno.EINVAL, "no such vCPU");
        frame.Target.HoldViews();
        argument.View = unchecked((ushort)frame.Target.Vcpus[(int)argument.Vcpu].ViewIndex);
        frame.CopiesBack = true;
        return 0;
    }

    public static long SetVisibility(ref HypercallCall call, ref Altp2mOps.Frame frame)
    {
        HvmAltp2mSetVisibility argument = frame.Argument.SetVisibility;
        if (argument.Pad != 0)
            return call.Fail(Errno.EINVAL, "something in the gap");
        return frame.Target.Altp2m!.TrySetVisible(argument.View, argument.Visible != 0) ? 0 : Altp2mOps.NoSuchView(ref call);
    }
}
