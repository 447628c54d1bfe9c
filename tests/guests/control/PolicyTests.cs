using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>sysctl: feature sets and CPU policies.</summary>
internal static class PolicyTests
{
    private const int Scratch = PoolPage.FirstFree;
    private const uint Words = 19;

    private static ulong Buffer => Layout.FrameOf(Scratch) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        tests.Start("sysctl get_cpu_featureset");
        Sysctl argument = default;
        tests.Success(MachineControl.Call(SysctlOp.GetCpuFeatureset, ref argument), "without a buffer");
        tests.Equal(argument.FeatureSet.Count, Words, "words there are");
        foreach (uint index in (uint[])[0, 1, 3, 5])
        {
            argument = new Sysctl { FeatureSet = new SysctlFeatureSet { Index = index, Count = 32, Buffer = Buffer } };
            tests.Success(MachineControl.Call(SysctlOp.GetCpuFeatureset, ref argument), "a set");
            tests.Equal(argument.FeatureSet.Count, Words, "its words");
            tests.Equal(Memory.Read32(Buffer) & 1, 1, "a floating-point unit");
        }

        argument = new Sysctl { FeatureSet = new SysctlFeatureSet { Index = 6, Count = 32, Buffer = Buffer } };
        tests.Error(MachineControl.Call(SysctlOp.GetCpuFeatureset, ref argument), Errno.EINVAL, "no such set");
        argument = new Sysctl { FeatureSet = new SysctlFeatureSet { Count = 3, Buffer = Buffer } };
        tests.Error(MachineControl.Call(SysctlOp.GetCpuFeatureset, ref argument), Errno.ENOBUFS, "not enough room");
        argument = new Sysctl { FeatureSet = new SysctlFeatureSet { Count = 32, Buffer = Hostile.NonCanonical } };
        tests.Error(MachineControl.Call(SysctlOp.GetCpuFeatureset, ref argument), Errno.EFAULT, "to nowhere");

        tests.Start("sysctl get_cpu_policy");
        argument = default;
        tests.Success(MachineControl.Call(SysctlOp.GetCpuPolicy, ref argument), "without buffers");
        tests.Equal(argument.CpuPolicy.LeafCount, 120, "leaves at most");
        tests.Equal(argument.CpuPolicy.MsrCount, 2, "registers at most");
        foreach (uint index in (uint[])[0, 1, 3, 5])
        {
            argument = new Sysctl { CpuPolicy = new SysctlCpuPolicy { Index = index, LeafCount = 120, MsrCount = 2, Leaves = Buffer, Msrs = Buffer + 3072 } };
            tests.Success(MachineControl.Call(SysctlOp.GetCpuPolicy, ref argument), "a policy");
            tests.Equal(argument.CpuPolicy.MsrCount, 2, "its registers");
            tests.Equal(Memory.Read32(Buffer), 0, "the first leaf");
            tests.Equal(Memory.Read32(Buffer + 4), SysctlConstants.NoSubleaf, "its subleaf");
            tests.Equal(Memory.Read32(Buffer + 12), Instructions.Cpuid(0).Ebx, "the vendor");
            tests.Equal(Memory.Read32(Buffer + 3072), 0xCE, "the first register");
            tests.Equal(Memory.Read32(Buffer + 3072 + 16), 0x10A, "the second");
        }

        foreach ((SysctlCpuPolicy sent, Errno expected) in ((SysctlCpuPolicy, Errno)[])
        [
            (new SysctlCpuPolicy { Index = 6 }, Errno.EINVAL), (new SysctlCpuPolicy { Index = 5, Reserved = 1 }, Errno.EINVAL),
            (new SysctlCpuPolicy { Index = 5, LeafCount = 2, Leaves = Buffer }, Errno.ENOBUFS),
            (new SysctlCpuPolicy { Index = 5, LeafCount = 120, Leaves = Hostile.NonCanonical }, Errno.EFAULT),
        ])
        {
            argument = new Sysctl { CpuPolicy = sent };
            tests.Equal(MachineControl.Call(SysctlOp.GetCpuPolicy, ref argument), -(long)expected, "a policy that can't be had");
        }
    }
}
