using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The caller's own vCPU, tied to a physical CPU.</summary>
internal static class Pins
{
    private static readonly ulong[] s_cpus = new ulong[1];

    public static void Run(TestRun tests)
    {
        tests.Start("pin_override");
        tests.Error(Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, Hostile.NonCanonical), Errno.EFAULT, "a bad pointer");
        tests.Error(Pin(-1), Errno.EINVAL, "unpin what is not pinned");
        tests.Error(Pin(99), Errno.EINVAL, "a CPU that there is not");
        tests.Error(Pin(int.MaxValue), Errno.EINVAL, "the highest number");
        tests.Success(Pin(0), "pin");
        tests.Error(Pin(0), Errno.EBUSY, "pin again");
        tests.Error(Pin(99), Errno.EINVAL, "pin again, to a CPU that there is not");
        s_cpus[0] = 0;
        tests.Success(Affinity(DomctlOp.Getvcpuaffinity, AffinityFlags.Hard), "getvcpuaffinity");
        tests.Equal((long)s_cpus[0], 1, "the CPU");
        tests.Error(Affinity(DomctlOp.Setvcpuaffinity, AffinityFlags.Hard), Errno.EBUSY, "setvcpuaffinity");
        tests.Error(Affinity(DomctlOp.Setvcpuaffinity, AffinityFlags.Soft), Errno.EBUSY, "setvcpuaffinity, soft");
        tests.Success(Pin(int.MinValue), "unpin");
        tests.Error(Pin(-1), Errno.EINVAL, "unpin again");
        tests.Success(Affinity(DomctlOp.Setvcpuaffinity, AffinityFlags.Hard), "setvcpuaffinity");
    }

    private static long Pin(int cpu)
    {
        var argument = new SchedPinOverride { Cpu = cpu };
        return Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.PinOverride, ref argument);
    }

    private static long Affinity(DomctlOp operation, AffinityFlags which)
    {
        var set = new ControlBitmap { Bytes = Xen.AddressOf(ref s_cpus[0]), Bits = 64 };
        var argument = new Domctl { VcpuAffinity = new DomctlVcpuAffinity { Flags = (uint)which, Hard = set, Soft = set } };
        return Control.Call(operation, 0, ref argument);
    }
}
