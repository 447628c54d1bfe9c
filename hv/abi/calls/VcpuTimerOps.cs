using Xenolith.Abi.Contract;

namespace Xenolith.Abi.Calls;

/// <summary>The timers of a vCPU: vcpu_op 6 to 9 and set_timer_op (public/vcpu.h, xen.h). All times are signed nanoseconds.</summary>
internal static class VcpuTimerOps
{
    private const ulong MinimumPeriod = 1_000_000;

    /// <summary>A quarter of what 64 bits can say.</summary>
    private const ulong MaximumPeriod = ulong.MaxValue >> 2;

    /// <summary>What set_timer_op does instead of waiting for years, or for a negative time: it wakes after 100 ms.</summary>
    private const ulong Fallback = 100_000_000;

    /// <summary>From 2^50 ns (13 days) on set_timer_op takes a time for a mistake.</summary>
    private const int FarShift = 50;

    public static long SetPeriodic(ref HypercallCall call)
    {
        if (!call.TryRead(call.A2, out VcpuSetPeriodicTimer argument))
            return call.Fault();
        if (argument.Period is < MinimumPeriod or > MaximumPeriod)
            return call.Fail(Errno.EINVAL, "a period below a millisecond or above 2^62 ns");
        VcpuOps.Target(in call).SetPeriodic(argument.Period);
        return 0;
    }

    public static long StopPeriodic(ref HypercallCall call)
    {
        VcpuOps.Target(in call).StopPeriodic();
        return 0;
    }

    // Unlocked, like all that is about the calling vCPU's own single-shot timer: nobody but the vCPU sets or stops it, and it is on one CPU.
    // Vcpu.SetSingleShot says how that meets the timer's firing elsewhere.
    public static long SetSingleShot(ref HypercallCall call)
    {
        if (VcpuOps.Target(in call) != call.Vcpu)
            return call.Fail(Errno.EINVAL, "not the calling vCPU");
        if (!TryReadDeadline(ref call, out ulong deadline))
            return call.Fault();
        call.Vcpu.SetSingleShot(Past(deadline) ? 0 : deadline, call.Services.Clock.Nanoseconds);
        return 0;
    }

    public static long StopSingleShot(ref HypercallCall call)
    {
        if (VcpuOps.Target(in call) != call.Vcpu)
            return call.Fail(Errno.EINVAL, "not the calling vCPU");
        call.Vcpu.StopSingleShot();
        return 0;
    }

    /// <summary>set_timer_op: the time in one register, or low and high half in two. 0 stops the timer.</summary>
    public static long SetTimer(ref HypercallCall call)
    {
        ulong deadline = call.Is64Bit ? call.A0 : call.A0 | call.A1 << 32;
        if (deadline == 0)
        {
            call.Vcpu.StopSingleShot();
            return 0;
        }
        ulong now = call.Services.Clock.Nanoseconds;
        bool far = Past(deadline) || (deadline > now && (deadline - now) >> FarShift != 0);
        call.Vcpu.SetSingleShot(far ? now + Fallback : deadline, now);
        return 0;
    }

    private static bool Past(ulong time) => time > long.MaxValue;

    private static bool TryReadDeadline(ref HypercallCall call, out ulong deadline)
    {
        bool read;
        if (call.Is64Bit)
        {
            read = call.TryRead(call.A2, out VcpuSetSingleshotTimer wide);
            deadline = wide.Deadline;
        }
        else
        {
            read = call.TryRead(call.A2, out VcpuSetSingleshotTimer32 narrow);
            deadline = narrow.Deadline;
        }
        return read;
    }
}
