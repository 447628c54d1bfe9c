using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Hypercalls;

/// <summary>vcpu_op (Xen public header vcpu.h). What the timers do is the timers guest's matter.</summary>
internal static class VcpuTests
{
    private const int Scratch = PoolPage.FirstFree;
    private const ulong NoVcpu = 1000;

    public static void Run(TestRun tests)
    {
        State(tests);
        VcpuInfo(tests);
        RunstateArea(tests);
        Timers(tests);
        TimeArea(tests);
        Others(tests);
    }

    private static long Call(VcpuOp operation, ulong vcpu, ulong argument) =>
        Xen.Call(Hypercall.VcpuOp, (ulong)operation, vcpu, argument);

    private static void Hostiles(TestRun tests, VcpuOp operation)
    {
        for (int i = 0; i < Hostile.Count; i++)
        {
            tests.Error(Call(operation, 0, Hostile.At(i)), Errno.EFAULT, Hostile.Name(i));
        }
    }

    private static void State(TestRun tests)
    {
        tests.Start("vcpu is_up, up, down");
        tests.Equal(Call(VcpuOp.IsUp, 0, 0), 1, "vCPU 0");
        tests.Error(Call(VcpuOp.IsUp, NoVcpu, 0), Errno.ENOENT, "vCPU 1000");
        tests.Error(Call(VcpuOp.Up, NoVcpu, 0), Errno.ENOENT, "up of vCPU 1000");
        tests.Success(Call(VcpuOp.Up, 0, 0), "up of vCPU 0");
        tests.Error(Call(VcpuOp.Down, NoVcpu, 0), Errno.ENOENT, "down of vCPU 1000");

        tests.Start("vcpu get_runstate_info");
        var info = new VcpuRunstateInfo();
        tests.Success(Call(VcpuOp.GetRunstateInfo, 0, Xen.AddressOf(ref info)), "the call");
        tests.Equal(info.State, (long)RunState.Running, "state");
        tests.True(info.Time[0] > 0, "time running");
        Hostiles(tests, VcpuOp.GetRunstateInfo);
    }

    private static void VcpuInfo(TestRun tests)
    {
        tests.Start("vcpu register_vcpu_info");
        var argument = new VcpuRegisterVcpuInfo { Frame = Layout.FrameOf(PoolPage.VcpuInfo), Offset = 4096 - 63 };
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), Errno.ENXIO, "past the end of the page");
        argument.Offset = 4096;
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), Errno.ENXIO, "offset 4096");
        argument.Offset = SharedState.WordBits / 16;
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), Errno.ENXIO, "not aligned");
        argument = new VcpuRegisterVcpuInfo { Frame = 0x20_0000, Offset = 64 };
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), Errno.EINVAL, "a frame where nothing is");
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, NoVcpu, Xen.AddressOf(ref argument)), Errno.ENOENT, "vCPU 1000");
        Hostiles(tests, VcpuOp.RegisterVcpuInfo);
        argument = new VcpuRegisterVcpuInfo { Frame = Layout.FrameOf(PoolPage.VcpuInfo), Offset = 64 };
        tests.Success(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), "offset 64");
        SharedState.VcpuInfo = (Layout.FrameOf(PoolPage.VcpuInfo) * Layout.PageSize) + 64;
        tests.True(Memory.Read32(SharedState.Time + 24) != 0, "the clock's multiplier");
        tests.True(SharedState.UpcallPending, "an upcall is pending after the move");
        tests.Error(Call(VcpuOp.RegisterVcpuInfo, 0, Xen.AddressOf(ref argument)), Errno.EINVAL, "a second time");
    }

    private static void RunstateArea(TestRun tests)
    {
        tests.Start("vcpu register_runstate_memory_area");
        ulong page = Layout.FrameOf(Scratch) * Layout.PageSize;
        Memory.Fill(page, 64, 0xEE);
        var argument = new VcpuRegisterRunstateMemoryArea { Address = page };
        tests.Success(Call(VcpuOp.RegisterRunstateMemoryArea, 0, Xen.AddressOf(ref argument)), "a page");
        tests.Equal(Memory.Read32(page), (long)RunState.Running, "state");
        ulong entryTime = SharedState.RunstateEntryTime;
        tests.True(Memory.Read64(page + entryTime) < 0xEEEE_EEEE_EEEE_EEEE, "time of entry is written");
        tests.True(Memory.Read64(page + entryTime + 8) < 0xEEEE_EEEE_EEEE_EEEE, "time running is written");
        tests.True(Memory.Read64(page + entryTime + 32) < 0xEEEE_EEEE_EEEE_EEEE, "time offline is written");
        tests.Equal(Memory.Read8(page + entryTime + 40), 0xEE, "the byte after the structure");
        tests.Error(Call(VcpuOp.RegisterRunstateMemoryArea, NoVcpu, Xen.AddressOf(ref argument)), Errno.ENOENT, "vCPU 1000");
        Hostiles(tests, VcpuOp.RegisterRunstateMemoryArea);
    }

    private static void Timers(TestRun tests)
    {
        tests.Start("vcpu timers, arguments");
        tests.Success(Call(VcpuOp.StopPeriodicTimer, 0, 0), "stop_periodic_timer");
        tests.Success(Call(VcpuOp.StopSingleshotTimer, 0, 0), "stop_singleshot_timer");
        tests.Error(Call(VcpuOp.StopPeriodicTimer, NoVcpu, 0), Errno.ENOENT, "stop_periodic_timer of vCPU 1000");
        tests.Error(Call(VcpuOp.SetSingleshotTimer, NoVcpu, 0), Errno.ENOENT, "set_singleshot_timer of vCPU 1000");
        Hostiles(tests, VcpuOp.SetSingleshotTimer);
        Hostiles(tests, VcpuOp.SetPeriodicTimer);
        var periodic = new VcpuSetPeriodicTimer { Period = 999_999 };
        tests.Error(Call(VcpuOp.SetPeriodicTimer, 0, Xen.AddressOf(ref periodic)), Errno.EINVAL, "a period under 1 ms");
        periodic.Period = ulong.MaxValue;
        tests.Error(Call(VcpuOp.SetPeriodicTimer, 0, Xen.AddressOf(ref periodic)), Errno.EINVAL, "a period of 2^64 - 1 ns");
        var single = new VcpuSetSingleshotTimer { Deadline = 1, Flags = 0 };
        tests.Success(Call(VcpuOp.SetSingleshotTimer, 0, Xen.AddressOf(ref single)), "a deadline in the past");
        single.Flags = 1;
        tests.Success(Call(VcpuOp.SetSingleshotTimer, 0, Xen.AddressOf(ref single)), "the flag for the future is not looked at");
        tests.Success(Call(VcpuOp.StopSingleshotTimer, 0, 0), "stop_singleshot_timer");
    }

    private static void TimeArea(TestRun tests)
    {
        tests.Start("vcpu register_vcpu_time_memory_area");
        ulong page = Layout.FrameOf(Scratch) * Layout.PageSize;
        Memory.Fill(page + 256, 64, 0);
        var argument = new VcpuRegisterTimeMemoryArea { Address = page + 256 };
        tests.Success(Call(VcpuOp.RegisterVcpuTimeMemoryArea, 0, Xen.AddressOf(ref argument)), "a page");
        tests.True(Memory.Read32(page + 256 + 24) != 0, "the multiplier");
        Hostiles(tests, VcpuOp.RegisterVcpuTimeMemoryArea);
    }

    private static void Others(TestRun tests)
    {
        tests.Start("vcpu other operations");
        // A vCPU that may run on one CPU only is told which; others get -EINVAL.
        var physical = new VcpuGetPhysid();
        long identified = Call(VcpuOp.GetPhysid, 0, Xen.AddressOf(ref physical));
        tests.True(identified == 0 || identified == -(long)Errno.EINVAL, "get_physid");
        tests.Error(Call(VcpuOp.SendNmi, NoVcpu, 0), Errno.ENOENT, "send_nmi to vCPU 1000");
        tests.Error(Xen.Call(Hypercall.VcpuOp, 99, 0, 0), Errno.ENOSYS, "operation 99");
        tests.Error(Xen.Call(Hypercall.VcpuOp, 99, NoVcpu, 0), Errno.ENOENT, "operation 99 on vCPU 1000");
    }
}
