using System;
using Xenolith.Abi.Contract;
using Xenolith.Domains;

namespace Xenolith.Abi.Calls;

/// <summary>
/// sysctl: the scheduler and its CPU pool. Weights and caps mean what they mean to Xen's credit2, so that is what it is called; all CPUs are in
/// one pool, which can neither be changed nor divided.
/// </summary>
internal static class SysctlSchedulerOps
{
    /// <summary>What the scheduler is called: XEN_SCHEDULER_CREDIT2.</summary>
    internal const uint Scheduler = 6;

    private const uint OnlyPool = 0, HighestScheduler = 9, LowestScheduler = 5;

    public static long SchedulerId(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        frame.Argument.SchedulerId.Scheduler = Scheduler;
        return SysctlOps.Answer(ref frame);
    }

    public static long Parameters(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlScheduler argument = frame.Argument.Scheduler;
        if (argument.Command is not (SysctlConstants.PutScheduler or SysctlConstants.GetScheduler))
            return call.Fail(Errno.EINVAL, "neither get nor put");
        if (argument.Pool != OnlyPool)
            return call.Fail(Errno.ESRCH, "no such pool");
        if (argument.Scheduler != Scheduler)
            return call.Fail(Errno.EINVAL, "the pool has another scheduler");
        if (argument.Command == SysctlConstants.GetScheduler)
        {
            frame.Argument.Scheduler.RateLimit = 0;
            return SysctlOps.Answer(ref frame);
        }
        if (argument.RateLimit is not 0 and (< SysctlConstants.LeastRateLimit or > SysctlConstants.MostRateLimit))
            return call.Fail(Errno.EINVAL, "no such rate limit");
        return argument.RateLimit == 0 ? 0 : call.Fail(Errno.EOPNOTSUPP, "the scheduler has no rate limit");
    }

    public static long CpuPool(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuPool argument = frame.Argument.CpuPool;
        bool isThere = argument.Pool == OnlyPool;
        switch ((CpuPoolOp)argument.Command)
        {
            case CpuPoolOp.Create when isThere:
                return call.Fail(Errno.EEXIST, "the pool is there");
            case CpuPoolOp.Create when argument.Scheduler is < LowestScheduler or > HighestScheduler:
                return call.Fail(Errno.ENOENT, "no such scheduler");
            case CpuPoolOp.Create:
                return call.Fail(Errno.ENOMEM, "there is one pool");
            case CpuPoolOp.Destroy or CpuPoolOp.Info or CpuPoolOp.AddCpu or CpuPoolOp.RemoveCpu when !isThere:
                return call.Fail(Errno.ENOENT, "no such pool");
            case CpuPoolOp.Destroy:
                return call.Fail(Errno.EBUSY, "the pool has domains");
            case CpuPoolOp.Info:
                return Information(ref call, ref frame);
            case CpuPoolOp.AddCpu:
                return call.Fail(Errno.ENODEV, "no CPU is free");
            case CpuPoolOp.RemoveCpu:
                return call.Fail(Errno.EINVAL, "the pool's CPUs stay in it");
            case CpuPoolOp.MoveDomain:
                return MoveDomain(ref call, ref frame);
            case CpuPoolOp.FreeInfo:
                return WriteMap(ref call, in argument, 0) ? SysctlOps.Answer(ref frame) : call.Fault();
            default:
                return call.Unknown();
        }
    }

    private static long Information(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        frame.Argument.CpuPool.Scheduler = Scheduler;
        frame.Argument.CpuPool.DomainCount = (uint)call.Services.Domains.Count;
        ulong cpus = ulong.MaxValue >> (64 - call.Services.CpuCount);
        return WriteMap(ref call, in frame.Argument.CpuPool, cpus) ? SysctlOps.Answer(ref frame) : call.Fault();
    }

    private static long MoveDomain(ref HypercallCall call, ref SysctlOps.Frame frame)
    {
        SysctlCpuPool argument = frame.Argument.CpuPool;
        Domain? domain = argument.Domain <= ushort.MaxValue ? call.Services.Domains.Find((ushort)argument.Domain) : null;
        if (domain is null)
            return call.Fail(Errno.ESRCH, "no such domain");
        if (domain == call.Domain)
            return call.Fail(Errno.EPERM, "the caller stays where it is");
        return argument.Pool == OnlyPool ? 0 : call.Fail(Errno.ENOENT, "no such pool");
    }

    /// <summary>Writes a bitmap of the machine's CPUs: the bytes that it has, or as many as there is room for.</summary>
    private static bool WriteMap(ref HypercallCall call, in SysctlCpuPool argument, ulong cpus)
    {
        int wanted = (int)(Math.Min(argument.MapBits, (uint)call.Services.CpuCount) + 7) / 8;
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, cpus);
        return call.Access.CopyOut(call.Handle<byte>(argument.Map).Address, bytes.Slice(0, wanted));
    }
}
