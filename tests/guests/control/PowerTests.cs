using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>sysctl: power, and parts of the machine that come and go.</summary>
internal static class PowerTests
{
    private const int Scratch = PoolPage.FirstFree;

    public static void Run(TestRun tests)
    {
        tests.Start("sysctl pm_op");
        Sysctl argument = default;
        foreach ((uint command, uint cpu, Errno expected) in ((uint, uint, Errno)[])
        [
            (0, 0, Errno.ENOSYS), (0, 1, Errno.EINVAL), (0x11, 0, Errno.EINVAL), (0x14, 0, Errno.EINVAL), (0x21, 0, Errno.None), (0x21, 1, Errno.EINVAL),
            (0x22, 0, Errno.None), (0x22, 1, Errno.None), (0x22, 100_000, Errno.EINVAL), (0x24, 0, Errno.ENOSYS), (0x28, 0, Errno.ENOSYS), (0x28, 1, Errno.EINVAL),
        ])
        {
            argument = new Sysctl { Power = new SysctlPower { Command = command, Cpu = cpu } };
            tests.Equal(MachineControl.Call(SysctlOp.PmOp, ref argument), -(long)expected, "pm_op");
        }

        tests.Start("sysctl get_pmstat");
        foreach (uint kind in (uint[])[0, 0x11, 0x12, 0x13, 0x21, 0x22, 0x23, 0x31])
        {
            argument = new Sysctl { PowerStatistics = new SysctlPowerStatistics { Kind = kind, Cpu = 1 } };
            tests.Error(MachineControl.Call(SysctlOp.GetPmstat, ref argument), Errno.EINVAL, "of a CPU that there is not");
        }

        tests.Start("sysctl cpu_hotplug");
        foreach ((uint command, uint cpu, Errno expected) in ((uint, uint, Errno)[])
        [
            (0, 0, Errno.EEXIST), (0, 1, Errno.EINVAL), (1, 0, Errno.EINVAL), (1, 100_000, Errno.EINVAL), (2, 0, Errno.EOPNOTSUPP), (3, 0, Errno.EOPNOTSUPP), (4, 0, Errno.EOPNOTSUPP),
        ])
        {
            argument = new Sysctl { CpuHotplug = new SysctlCpuHotplug { Command = command, Cpu = cpu } };
            tests.Equal(MachineControl.Call(SysctlOp.CpuHotplug, ref argument), -(long)expected, "cpu_hotplug");
        }

        tests.Start("sysctl page_offline_op");
        ulong status = Layout.FrameOf(Scratch) * Layout.PageSize;
        foreach ((uint command, uint start, uint end, Errno expected) in ((uint, uint, uint, Errno)[])
        [
            (0, 0, 0, Errno.EINVAL), (2, 0, 0, Errno.None), (3, 0x100, 0x100, Errno.None), (3, 2, 1, Errno.EINVAL), (3, 0x0FFF_FFF0, 0x0FFF_FFF0, Errno.EINVAL), (4, 0, 0, Errno.EINVAL),
        ])
        {
            Memory.Write32(status, 0xEEEE_EEEE);
            argument = default;
            ulong at = Xen.AddressOf(ref argument) + 8;
            Memory.Write32(at, command);
            Memory.Write32(at + 4, start);
            Memory.Write32(at + 8, end);
            Memory.Write64(at + 16, status);
            tests.Equal(MachineControl.Call(SysctlOp.PageOfflineOp, ref argument), -(long)expected, "page_offline_op");
            uint told = start > end ? 0xEEEE_EEEE : expected != Errno.None ? 0x0101_0101u : 0;
            tests.Equal(Memory.Read32(status), told, "the page's word");
        }
    }
}
