using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>sysctl: the scheduler and its CPU pool.</summary>
internal static class SchedulerTests
{
    private const int Scratch = PoolPage.FirstFree;
    private const uint Credit2 = 6;

    private static ulong Buffer => Layout.FrameOf(Scratch) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        tests.Start("sysctl sched_id");
        Sysctl argument = default;
        tests.Success(MachineControl.Call(SysctlOp.SchedId, ref argument), "sched_id");
        tests.Equal(argument.SchedulerId.Scheduler, Credit2, "the scheduler");

        tests.Start("sysctl scheduler_op");
        foreach ((uint pool, uint scheduler, uint command, uint limit, Errno expected) in ((uint, uint, uint, uint, Errno)[])
        [
            (0, 6, 0, 0, Errno.None), (0, 6, 1, 0, Errno.None), (0, 6, 2, 0, Errno.EINVAL), (0, 5, 1, 0, Errno.EINVAL), (0, 7, 1, 0, Errno.EINVAL),
            (9, 6, 1, 0, Errno.ESRCH), (9, 5, 1, 0, Errno.ESRCH), (9, 5, 2, 0, Errno.EINVAL), (0, 6, 0, 99, Errno.EINVAL), (0, 6, 0, 500_001, Errno.EINVAL),
        ])
        {
            argument = new Sysctl { Scheduler = new SysctlScheduler { Pool = pool, Scheduler = scheduler, Command = command, RateLimit = limit } };
            tests.Equal(MachineControl.Call(SysctlOp.SchedulerOp, ref argument), -(long)expected, "scheduler_op");
        }

        tests.Start("sysctl cpupool_op");
        foreach ((uint command, uint pool, uint scheduler, uint cpu, Errno expected) in ((uint, uint, uint, uint, Errno)[])
        [
            (0, 0, 0, 0, Errno.ENOSYS), (1, 0, 6, 0, Errno.EEXIST), (1, 5, 99, 0, Errno.ENOENT), (2, 0, 0, 0, Errno.EBUSY), (2, 1, 0, 0, Errno.ENOENT),
            (3, 0, 0, 0, Errno.None), (3, 1, 0, 0, Errno.ENOENT), (4, 0, 0, 0, Errno.ENODEV), (4, 1, 0, 100_000, Errno.ENOENT), (5, 0, 0, 0, Errno.EINVAL),
            (5, 1, 0, 100_000, Errno.ENOENT), (6, 0, 0, 0, Errno.EPERM), (7, 0, 0, 0, Errno.None), (8, 0, 0, 0, Errno.ENOSYS),
        ])
        {
            argument = new Sysctl { CpuPool = new SysctlCpuPool { Command = command, Pool = pool, Scheduler = scheduler, Cpu = cpu, Map = Buffer, MapBits = 64 } };
            tests.Equal(MachineControl.Call(SysctlOp.CpupoolOp, ref argument), -(long)expected, "cpupool_op");
            if (command == (uint)CpuPoolOp.Info && pool == 0)
            {
                tests.Equal(argument.CpuPool.Scheduler, Credit2, "the pool's scheduler");
                tests.Equal(argument.CpuPool.DomainCount, 1, "domains in the pool");
                tests.Equal(Memory.Read8(Buffer), 1, "CPUs in the pool");
            }
        }

        argument = new Sysctl { CpuPool = new SysctlCpuPool { Command = (uint)CpuPoolOp.MoveDomain, Domain = 77 } };
        tests.Error(MachineControl.Call(SysctlOp.CpupoolOp, ref argument), Errno.ESRCH, "a domain that there is not");
        argument = new Sysctl { CpuPool = new SysctlCpuPool { Command = (uint)CpuPoolOp.Info, Map = Hostile.NonCanonical, MapBits = 64 } };
        tests.Error(MachineControl.Call(SysctlOp.CpupoolOp, ref argument), Errno.EFAULT, "a map to nowhere");
    }
}
