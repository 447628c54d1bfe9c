using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Toolstack;

/// <summary>platform_op.</summary>
internal static class PlatformTests
{
    private const int Scratch = PoolPage.FirstFree;

    private static ulong Buffer => Layout.FrameOf(Scratch) * Layout.PageSize;

    public static void Run(TestRun tests)
    {
        tests.Start("platform_op before any operation");
        for (int i = 0; i < Hostile.Count; i++)
            tests.Error(Xen.Call(Hypercall.PlatformOp, Hostile.At(i)), Errno.EFAULT, Hostile.Name(i));
        var argument = new PlatformArgument { Command = 99, InterfaceVersion = InterfaceVersions.Platform - 1 };
        tests.Error(Xen.Call(Hypercall.PlatformOp, Xen.AddressOf(ref argument)), Errno.EACCES, "another version");
        foreach (uint unknown in (uint[])[0, 16, 18, 34, 40, 64, 99])
            tests.Error(MachineControl.Call((PlatformOp)unknown, ref argument), Errno.ENOSYS, "an unknown operation");

        tests.Start("platform_op settime");
        argument = new PlatformArgument { TimeSeconds = 1_700_000_000, TimeReserved = 1 };
        tests.Error(MachineControl.Call(PlatformOp.Settime64, ref argument), Errno.EINVAL, "settime64 with a reserved word");
        argument = new PlatformArgument { TimeSeconds = 1_800_000_000, TimeNanoseconds = 2_000_000_000 };
        tests.Success(MachineControl.Call(PlatformOp.Settime64, ref argument), "settime64");
        SharedState.Map();
        tests.Equal(Memory.Read32(SharedState.WallClock + 4), 1_800_000_002, "wc_sec");
        argument = new PlatformArgument { Time32Seconds = 1_700_000_000, Time32Nanoseconds = 7 };
        tests.Success(MachineControl.Call(PlatformOp.Settime32, ref argument), "settime32");
        tests.Equal(Memory.Read32(SharedState.WallClock + 4), 1_700_000_000, "wc_sec after settime32");
        tests.Equal(Memory.Read32(SharedState.WallClock + 8), 7, "wc_nsec after settime32");

        tests.Start("platform_op firmware_info");
        foreach ((uint kind, uint index, Errno expected) in ((uint, uint, Errno)[])
        [
            (0, 0, Errno.EINVAL), (3, 1, Errno.ESRCH), (4, 0, Errno.ENOSYS), (5, 0, Errno.None), (5, 1, Errno.ESRCH), (6, 0, Errno.EINVAL),
        ])
        {
            argument = new PlatformArgument { FirmwareKind = kind, FirmwareIndex = index };
            tests.Equal(MachineControl.Call(PlatformOp.FirmwareInfo, ref argument), -(long)expected, "firmware_info");
        }

        tests.Start("platform_op CPUs");
        foreach (uint cpu in (uint[])[0, 1, 100_000])
        {
            argument = new PlatformArgument { Cpu = cpu };
            tests.Success(MachineControl.Call(PlatformOp.GetCpuinfo, ref argument), "get_cpuinfo");
            tests.Equal(argument.CpuFlags, cpu == 0 ? SysctlConstants.CpuOnline : SysctlConstants.CpuInvalid, "flags");
            tests.Equal(argument.MaximumCpu, 0, "the highest CPU");
            argument = new PlatformArgument { Cpu = cpu };
            tests.Success(MachineControl.Call(PlatformOp.GetCpuVersion, ref argument), "get_cpu_version");
            tests.Equal(argument.CpuFamily != 0 ? 1 : 0, cpu == 0 ? 1 : 0, "whether there is a family");
            argument = new PlatformArgument { Cpu = cpu };
            tests.Equal(MachineControl.Call(PlatformOp.CpuOnline, ref argument), cpu == 0 ? 0 : -(long)Errno.EINVAL, "cpu_online");
        }

        argument = new PlatformArgument { Cpu = 0 };
        tests.Error(MachineControl.Call(PlatformOp.CpuOffline, ref argument), Errno.EOPNOTSUPP, "cpu_offline of the first");
        argument = new PlatformArgument { Cpu = 100_000 };
        tests.Error(MachineControl.Call(PlatformOp.CpuOffline, ref argument), Errno.EINVAL, "cpu_offline of none");
        foreach ((uint kind, Errno expected) in ((uint, Errno)[]) [(0, Errno.EINVAL), (1, Errno.None), (2, Errno.None), (3, Errno.EINVAL)])
        {
            argument = new PlatformArgument { ParkingKind = kind };
            tests.Equal(MachineControl.Call(PlatformOp.CoreParking, ref argument), -(long)expected, "core_parking");
        }

        tests.Start("platform_op refusals");
        foreach ((uint state, uint flags, Errno expected) in ((uint, uint, Errno)[])
        [
            (0, 2, Errno.EINVAL), (4, 0, Errno.EINVAL), (6, 0, Errno.EINVAL), (4, 1, Errno.EPERM),
        ])
        {
            argument = new PlatformArgument { SleepState = state, SleepFlags = flags };
            tests.Equal(MachineControl.Call(PlatformOp.EnterAcpiSleep, ref argument), -(long)expected, "enter_acpi_sleep");
        }

        for (uint quirk = 0; quirk < 5; quirk++)
        {
            argument = new PlatformArgument { Quirk = quirk };
            tests.Equal(MachineControl.Call(PlatformOp.PlatformQuirk, ref argument), quirk is 0 or 4 ? -(long)Errno.EINVAL : 0, "platform_quirk");
        }

        argument = default;
        tests.Error(MachineControl.Call(PlatformOp.EfiRuntimeCall, ref argument), Errno.ENOSYS, "efi_runtime_call");
        tests.Error(MachineControl.Call(PlatformOp.ChangeFreq, ref argument), Errno.ENOSYS, "change_freq");
        tests.Error(MachineControl.Call(PlatformOp.Getidletime, ref argument), Errno.ENOSYS, "getidletime");
        tests.Error(MachineControl.Call(PlatformOp.MemHotadd, ref argument), Errno.EINVAL, "mem_hotadd");
        argument = new PlatformArgument { Symbol = 0x0FFF_FFFF };
        tests.Error(MachineControl.Call(PlatformOp.GetSymbol, ref argument), Errno.ERANGE, "get_symbol past the last");

        tests.Start("platform_op resource_op");
        argument = default;
        tests.Success(MachineControl.Call(PlatformOp.ResourceOp, ref argument), "of nothing");
        argument = new PlatformArgument { ResourceCount = 5, ResourceEntries = Buffer };
        tests.Error(MachineControl.Call(PlatformOp.ResourceOp, ref argument), Errno.EINVAL, "of five");
        argument = new PlatformArgument { ResourceCount = 1, ResourceEntries = Hostile.NonCanonical };
        tests.Error(MachineControl.Call(PlatformOp.ResourceOp, ref argument), Errno.EFAULT, "from nowhere");
        foreach ((uint register, uint command, long result, int entry) in ((uint, uint, long, int)[])
        [
            (0x10, 0, 1, 0), (0x10, 1, 0, -1), (0x10, 2, 0, -95), (0x1B, 0, 0, -1), (0xC90, 1, 0, -1),
        ])
        {
            Memory.Fill(Buffer, 64, 0);
            Memory.Write32(Buffer, command);
            Memory.Write32(Buffer + 8, register);
            argument = new PlatformArgument { ResourceCount = 1, ResourceEntries = Buffer };
            tests.Equal(MachineControl.Call(PlatformOp.ResourceOp, ref argument), result, "resource_op");
            tests.Equal((int)Memory.Read32(Buffer), entry, "the entry's result");
        }
    }
}
