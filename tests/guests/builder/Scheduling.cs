using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>Where vCPUs run, how much, and what holds them back. The machine has one CPU and one node.</summary>
internal static class Scheduling
{

    private static readonly ulong[] s_hard = new ulong[3];
    private static readonly ulong[] s_soft = new ulong[3];

    public static void Run(TestRun tests)
    {
        Control.Create(Control.Pvh(2), out ushort id);
        Control.MakeVcpus(id, 2);
        Pauses(tests, id);
        Affinity(tests, id);
        Nodes(tests, id);
        Share(tests, id);
        Control.Call(DomctlOp.Destroydomain, id);
    }

    private static void Pauses(TestRun tests, ushort id)
    {
        tests.Start("pausedomain, unpausedomain");
        tests.Error(Control.Call(DomctlOp.Pausedomain, 0), Errno.EINVAL, "the caller");
        tests.Error(Control.Call(DomctlOp.Unpausedomain, 0), Errno.EINVAL, "the caller, which is not held back");
        tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "the pause of its creation");
        Control.Describe(id, out DomainInformation free);
        tests.Equal(free.Flags & (uint)DomainStateFlags.Paused, 0, "it is not held back");
        tests.Error(Control.Call(DomctlOp.Unpausedomain, id), Errno.EINVAL, "once more");
        for (int i = 0; i < 255; i++)
        {
            tests.Success(Control.Call(DomctlOp.Pausedomain, id), "up to 255 times");
        }

        tests.Error(Control.Call(DomctlOp.Pausedomain, id), Errno.EOVERFLOW, "256 times");
        for (int i = 0; i < 254; i++)
        {
            tests.Success(Control.Call(DomctlOp.Unpausedomain, id), "all but one taken back");
        }

        tests.Error(Control.Call(DomctlOp.Resumedomain, 0), Errno.EINVAL, "resumedomain of the caller");
        tests.Success(Control.Call(DomctlOp.Resumedomain, id), "resumedomain of one that has not shut down");
    }

    private static long Ask(DomctlOp operation, ushort id, uint vcpu, AffinityFlags flags, uint bits = 64, bool faulty = false)
    {
        var argument = default(Domctl);
        argument.VcpuAffinity.Vcpu = vcpu;
        argument.VcpuAffinity.Flags = (uint)flags;
        argument.VcpuAffinity.Hard = new ControlBitmap { Bytes = faulty ? Hostile.NonCanonical : Xen.AddressOf(ref s_hard[0]), Bits = bits };
        argument.VcpuAffinity.Soft = new ControlBitmap { Bytes = faulty ? Hostile.NonCanonical : Xen.AddressOf(ref s_soft[0]), Bits = bits };
        return Control.Call(operation, id, ref argument);
    }

    private static void Affinity(TestRun tests, ushort id)
    {
        const ulong pattern = 0x5555_5555_5555_5555;
        tests.Start("vCPU affinity");
        tests.Error(Ask(DomctlOp.Getvcpuaffinity, id, 0, 0), Errno.EINVAL, "nothing asked for");
        tests.Error(Ask(DomctlOp.Getvcpuaffinity, id, 2, AffinityFlags.Hard), Errno.EINVAL, "an unknown vCPU");
        tests.Error(Ask(DomctlOp.Getvcpuaffinity, id, 0, AffinityFlags.Hard, faulty: true), Errno.EFAULT, "a bad pointer");
        tests.Success(Ask(DomctlOp.Getvcpuaffinity, id, 0, AffinityFlags.Force), "get with force alone");
        foreach (uint bits in new uint[] { 0, 1, 7, 8, 9, 128 })
        {
            s_hard[0] = s_hard[1] = s_hard[2] = pattern;
            tests.Success(Ask(DomctlOp.Getvcpuaffinity, id, 1, AffinityFlags.Hard, bits), "get");
            uint bytes = (bits + 7) / 8;
            for (uint i = 0; i < 24; i++)
            {
                tests.Equal((long)(s_hard[(int)(i / 8)] >> (int)(i % 8 * 8) & 0xFF), i >= bytes ? 0x55 : i == 0 ? 1 : 0, "whole bytes are written");
            }
        }

        foreach (ulong set in new ulong[] { 1, 0, 2, 3, ulong.MaxValue })
        {
            bool isUsable = (set & 1) != 0;
            s_hard[0] = s_soft[0] = set;
            tests.Error(Ask(DomctlOp.Setvcpuaffinity, id, 0, 0), Errno.EINVAL, "set nothing");
            tests.Success(Ask(DomctlOp.Setvcpuaffinity, id, 0, AffinityFlags.Force), "set with force alone");
            tests.Equal(Ask(DomctlOp.Setvcpuaffinity, id, 0, AffinityFlags.Hard), isUsable ? 0 : -(long)Errno.EINVAL, "set hard");
            tests.Equal((long)s_hard[0], isUsable ? 1 : (long)set, "what came of it");
            tests.Success(Ask(DomctlOp.Setvcpuaffinity, id, 0, AffinityFlags.Soft), "set soft");
            tests.Equal((long)s_soft[0], (long)(set & 1), "what came of it");
        }

        tests.Error(Ask(DomctlOp.Setvcpuaffinity, id, 2, AffinityFlags.Hard), Errno.EINVAL, "set of an unknown vCPU");
        tests.Error(Ask(DomctlOp.Setvcpuaffinity, id, 0, AffinityFlags.Hard, faulty: true), Errno.EFAULT, "set by a bad pointer");
    }

    private static void Nodes(TestRun tests, ushort id)
    {
        tests.Start("node affinity");
        var argument = new Domctl { NodeAffinity = new DomctlNodeAffinity { Nodes = new ControlBitmap { Bytes = Xen.AddressOf(ref s_hard[0]), Bits = 64 } } };
        foreach (ulong set in new ulong[] { 1, 0, 2, ulong.MaxValue })
        {
            s_hard[0] = set;
            tests.Equal(Control.Call(DomctlOp.Setnodeaffinity, id, ref argument), (set & 1) != 0 ? 0 : -(long)Errno.EINVAL, "set");
            s_hard[0] = 0;
            tests.Success(Control.Call(DomctlOp.Getnodeaffinity, id, ref argument), "get");
            tests.Equal((long)s_hard[0], 1, "node 0");
        }

        argument.NodeAffinity.Nodes.Bytes = Hostile.NonCanonical;
        tests.Error(Control.Call(DomctlOp.Setnodeaffinity, id, ref argument), Errno.EFAULT, "set by a bad pointer");
        tests.Error(Control.Call(DomctlOp.Getnodeaffinity, id, ref argument), Errno.EFAULT, "get by a bad pointer");
    }

    private static long Schedule(ushort id, SchedulerKind kind, SchedulerOp command, ref ushort weight, ref ushort cap)
    {
        var argument = default(Domctl);
        argument.Scheduler = new DomctlScheduler { Scheduler = (uint)kind, Command = (uint)command, Weight = weight, Cap = cap };
        long result = Control.Call(DomctlOp.SchedulerOp, id, ref argument);
        weight = argument.Scheduler.Weight;
        cap = argument.Scheduler.Cap;
        return result;
    }

    private static void Share(TestRun tests, ushort id)
    {
        tests.Start("scheduler_op");
        ushort weight = 0, cap = 0;
        tests.Error(Schedule(id, SchedulerKind.Credit, SchedulerOp.GetInformation, ref weight, ref cap), Errno.EINVAL, "another scheduler");
        tests.Error(Schedule(id, SchedulerKind.Credit2, SchedulerOp.GetVcpuInformation, ref weight, ref cap), Errno.EINVAL, "of vCPUs");
        tests.Error(Schedule(id, SchedulerKind.Credit2, (SchedulerOp)4, ref weight, ref cap), Errno.EINVAL, "an unknown operation");
        tests.Success(Schedule(id, SchedulerKind.Credit2, SchedulerOp.GetInformation, ref weight, ref cap), "get");
        tests.Equal(weight, 256, "weight");
        tests.Equal(cap, 0, "cap");
        (weight, cap) = (65535, 200);
        tests.Success(Schedule(id, SchedulerKind.Credit2, SchedulerOp.PutInformation, ref weight, ref cap), "all of two CPUs");
        (weight, cap) = (0, 50);
        tests.Success(Schedule(id, SchedulerKind.Credit2, SchedulerOp.PutInformation, ref weight, ref cap), "half a CPU, weight as it is");
        tests.Success(Schedule(id, SchedulerKind.Credit2, SchedulerOp.GetInformation, ref weight, ref cap), "get");
        tests.Equal(weight, 65535, "weight");
        tests.Equal(cap, 50, "cap");
        cap = 201;
        tests.Error(Schedule(id, SchedulerKind.Credit2, SchedulerOp.PutInformation, ref weight, ref cap), Errno.EINVAL, "more than two vCPUs can have");
    }
}
