using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Mm;

namespace Xenolith.Abi.Calls;

/// <summary>vcpu_op: what a vCPU is and where it shares what (public/vcpu.h).</summary>
internal static class VcpuOps
{
    /// <summary>Before any operation: the vCPU that it is about.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Prepare(ref HypercallCall call) =>
        HypercallCall.Low(call.A1) < (uint)call.Domain.Vcpus.Length ? 0 : call.Fail(Errno.ENOENT, "no such vCPU");

    /// <summary>The vCPU that the call is about; <see cref="Prepare"/> has looked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vcpu Target(in HypercallCall call) => call.Domain.Vcpus[unchecked((uint)call.A1)];

    public static long Up(ref HypercallCall call)
    {
        Vcpu vcpu = Target(in call);
        if (!vcpu.IsInitialised && !vcpu.IsOnline)
            return call.Fail(Errno.EINVAL, "the vCPU has no registers yet");
        vcpu.Up();
        return 0;
    }

    public static long Down(ref HypercallCall call)
    {
        Target(in call).Down();
        return 0;
    }

    // Unlocked: one word that is read whole. What it says may be over by the time the caller reads it, as with a lock.
    public static long IsUp(ref HypercallCall call) => Target(in call).IsOnline ? 1 : 0;

    public static long GetRunState(ref HypercallCall call)
    {
        RunStateAccount account = Target(in call).RunStateNow;
        if (call.Is64Bit)
        {
            var wide = new VcpuRunstateInfo { State = (int)account.State, EntryTime = account.EntryTime };
            FillTimes(ref wide.Time, in account);
            return call.TryWrite(call.A2, in wide) ? 0 : call.Fault();
        }
        var narrow = new VcpuRunstateInfo32 { State = (int)account.State, EntryTime = account.EntryTime };
        FillTimes(ref narrow.Time, in account);
        return call.TryWrite(call.A2, in narrow) ? 0 : call.Fault();
    }

    /// <summary>
    /// The address is resolved here and its frames are pinned: with page-table isolation a guest's kernel data is unmapped while its user
    /// code runs. An address that does not resolve is no error, as on Xen, where the updates fail silently.
    /// </summary>
    public static long RegisterRunStateArea(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuRegisterRunstateMemoryArea argument))
            return call.Fault();
        Target(in call).RegisterRunStateArea(call.Access, call.Handle<byte>(argument.Address).Address);
        return 0;
    }

    /// <summary>As <see cref="RegisterRunStateArea"/>.</summary>
    public static long RegisterTimeArea(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuRegisterTimeMemoryArea argument))
            return call.Fault();
        Target(in call).RegisterTimeArea(call.Access, call.Handle<byte>(argument.Address).Address);
        return 0;
    }

    public static long RegisterInfo(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuRegisterVcpuInfo argument))
            return call.Fault();
        Errno error = Target(in call).RegisterInfo(new Gfn(argument.Frame), argument.Offset, call.Vcpu);
        return call.Result(error, "out of its page or not aligned, registered before, another vCPU that is up, or not the guest's own memory");
    }

    public static long SendNmi(ref HypercallCall call)
    {
        if (call.A2 != 0)
            return call.Fail(Errno.EINVAL, "the argument must be null");
        Target(in call).RaiseNmi();
        return 0;
    }

    public static long GetPhysicalId(ref HypercallCall call) => call.Fail(Errno.EINVAL, "the vCPU is not pinned to a CPU");

    private static void FillTimes(ref ULongs4 times, in RunStateAccount account)
    {
        times[(int)RunState.Running] = account.TimeIn(RunState.Running);
        times[(int)RunState.Runnable] = account.TimeIn(RunState.Runnable);
        times[(int)RunState.Blocked] = account.TimeIn(RunState.Blocked);
        times[(int)RunState.Offline] = account.TimeIn(RunState.Offline);
    }
}
