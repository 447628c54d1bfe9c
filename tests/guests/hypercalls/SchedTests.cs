using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>sched_op (Xen public header sched.h).</summary>
internal static class SchedTests
{
    public static void Run(TestRun tests)
    {
        tests.Start("sched yield");
        tests.Success(Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Yield), "yield");

        tests.Start("sched poll");
        var poll = new SchedPoll { Ports = Hostile.NonCanonical, PortCount = 129 };
        tests.Error(Call(SchedOp.Poll, ref poll), Errno.EINVAL, "129 ports");
        poll = new SchedPoll { Ports = Hostile.NonCanonical, PortCount = 1, Timeout = 1 };
        tests.Error(Call(SchedOp.Poll, ref poll), Errno.EFAULT, "ports at a non-canonical address");
        uint port = 100_000;
        poll = new SchedPoll { Ports = Xen.AddressOf(ref port), PortCount = 1, Timeout = 1 };
        tests.Error(Call(SchedOp.Poll, ref poll), Errno.EINVAL, "a port past the last");
        poll = new SchedPoll { PortCount = 0, Timeout = 1 };
        tests.Success(Call(SchedOp.Poll, ref poll), "no ports and a deadline in the past");
        Hostile.Check(tests, Hypercall.SchedOp, (ulong)SchedOp.Poll);

        tests.Start("sched shutdown arguments");
        Hostile.Check(tests, Hypercall.SchedOp, (ulong)SchedOp.Shutdown);
        Hostile.Check(tests, Hypercall.SchedOp, (ulong)SchedOp.ShutdownCode);

        tests.Start("sched remote_shutdown");
        var remote = new SchedRemoteShutdown { Domain = 77, Reason = 0 };
        tests.Error(Call(SchedOp.RemoteShutdown, ref remote), Errno.ESRCH, "domain 77");
        Hostile.Check(tests, Hypercall.SchedOp, (ulong)SchedOp.RemoteShutdown);

        tests.Start("sched watchdog");
        var watchdog = new SchedWatchdog { Id = 99, Timeout = 30 };
        tests.Error(Call(SchedOp.Watchdog, ref watchdog), Errno.EINVAL, "id 99");
        watchdog = new SchedWatchdog { Id = 0, Timeout = 30 };
        long id = Call(SchedOp.Watchdog, ref watchdog);
        tests.Equal(id, 1, "a new watchdog's id");
        tests.Equal(Call(SchedOp.Watchdog, ref watchdog), 2, "the second's");
        // ENOSPC through an unsigned int: of 64 bits, it is a number.
        tests.Equal(Call(SchedOp.Watchdog, ref watchdog), NarrowCalls.IsOn ? -(long)Errno.ENOSPC : 0xFFFF_FFE4, "a third");
        watchdog = new SchedWatchdog { Id = 2, Timeout = 0 };
        tests.Success(Call(SchedOp.Watchdog, ref watchdog), "the second's end");
        watchdog = new SchedWatchdog { Id = (uint)id, Timeout = 0 };
        tests.Success(Call(SchedOp.Watchdog, ref watchdog), "its end");
        tests.Error(Call(SchedOp.Watchdog, ref watchdog), Errno.EINVAL, "its end again");
        Hostile.Check(tests, Hypercall.SchedOp, (ulong)SchedOp.Watchdog);

        tests.Start("sched unknown operation");
        tests.Error(Xen.Call(Hypercall.SchedOp, 99), Errno.ENOSYS, "99");
    }

    private static long Call<T>(SchedOp operation, ref T argument) where T : unmanaged =>
        Xen.Call(Hypercall.SchedOp, (ulong)operation, ref argument);
}
