using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>vcpu_op and set_timer_op.</summary>
public sealed class VcpuCallTests
{
    [Theory]
    [InlineData(2UL)]
    [InlineData(1000UL)]
    [InlineData(0xFFFF_FFFFUL)]
    public void A_vcpu_that_is_not_there(ulong vcpu)
    {
        using var guest = new CallFixture();
        for (ulong operation = 0; operation < 70; operation++)
            Assert.Equal(-(long)Errno.ENOENT, guest.Call(Hypercall.VcpuOp, operation, vcpu, CallFixture.NotCanonical));
    }

    [Fact]
    public void The_number_of_a_vcpu_has_32_bits()
    {
        using var guest = new CallFixture();
        Assert.Equal(1, guest.Call(Hypercall.VcpuOp, 0xFFFF_FFFF_0000_0000 | (ulong)VcpuOp.IsUp, 0x7_0000_0000));
    }

    [Fact]
    public void Up_and_down()
    {
        using var guest = new CallFixture();
        Assert.Equal(1, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 0));
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 1));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Up, 1));
        guest.Domain.Vcpus[1].IsInitialised = true;
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Up, 1));
        Assert.Equal(1, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.IsUp, 1));
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Down, 1));
        Assert.Equal(HypercallOutcome.Done, guest.Outcome);
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.Down, 0));
        Assert.Equal(HypercallOutcome.Blocked, guest.Outcome);
        Assert.True(guest.Domain.IsShutDown);
        Assert.Equal(ShutdownReason.Poweroff, guest.Domain.ShutdownReason);
    }

    [Fact]
    public void Runstate_is_told_in_both_layouts()
    {
        using var wide = new CallFixture();
        wide.Vcpu.BeginRun();
        wide.Machine.Advance(1000);
        var state = new VcpuRunstateInfo();
        Assert.Equal(0, wide.CallVcpu(VcpuOp.GetRunstateInfo, 0, ref state));
        Assert.Equal(((int)RunState.Running, 1000UL), (state.State, state.Time[(int)RunState.Running]));
        Assert.Equal(-(long)Errno.EFAULT, wide.Call(Hypercall.VcpuOp, (ulong)VcpuOp.GetRunstateInfo, 0, CallFixture.Unmapped));
        using var narrow = new CallFixture(is64Bit: false);
        narrow.Vcpu.BeginRun();
        narrow.Machine.Advance(5);
        var small = new VcpuRunstateInfo32();
        Assert.Equal(0, narrow.CallVcpu(VcpuOp.GetRunstateInfo, 0, ref small));
        Assert.Equal(5UL, small.Time[(int)RunState.Running]);
    }

    [Fact]
    public void Areas_are_filled_at_once_and_a_bad_address_is_no_error()
    {
        using var guest = new CallFixture();
        var area = new VcpuRegisterRunstateMemoryArea { Address = CallFixture.List };
        guest.Machine.Advance(7);
        guest.Vcpu.BeginRun();
        guest.Write(CallFixture.List, ulong.MaxValue);
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterRunstateMemoryArea, 0, ref area));
        var state = guest.Read<VcpuRunstateInfo>(CallFixture.List);
        Assert.Equal(((int)RunState.Running, 7UL), (state.State, state.EntryTime));
        var time = new VcpuRegisterTimeMemoryArea { Address = CallFixture.List + 0xFF0 };
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterVcpuTimeMemoryArea, 0, ref time));
        Assert.NotEqual(0u, guest.Read<VcpuTimeInfo>(CallFixture.List + 0xFF0).Multiplier);
        area.Address = CallFixture.NotCanonical;
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterRunstateMemoryArea, 0, ref area));
        time.Address = ulong.MaxValue;
        Assert.Equal(0, guest.CallVcpu(VcpuOp.RegisterVcpuTimeMemoryArea, 0, ref time));
    }

    [Fact]
    public void Vcpu_info_moves_once()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, CallFixture.SpareGfn, 4033));
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, CallFixture.SpareGfn, 3));
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, CallFixture.SpareGfn, 4));
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, CallFixture.SpareGfn, uint.MaxValue));
        Assert.Equal(-(long)Errno.EINVAL, Register(guest, 0xF9999, 0));
        Assert.Equal(-(long)Errno.EINVAL, Register(guest, ulong.MaxValue, 0));
        Assert.Equal(0, Register(guest, CallFixture.SpareGfn, 4032));
        Assert.NotEqual(0u, guest.Read<VcpuInfo>((CallFixture.SpareGfn << 12) + 4032).Time.Multiplier);
        Assert.Equal(-(long)Errno.EINVAL, Register(guest, CallFixture.SpareGfn, 4032));
        Assert.Equal(-(long)Errno.ENXIO, Register(guest, CallFixture.SpareGfn, 5000));
    }

    private static long Register(CallFixture guest, ulong frame, uint offset)
    {
        var argument = new VcpuRegisterVcpuInfo { Frame = frame, Offset = offset, Reserved = 1 };
        return guest.CallVcpu(VcpuOp.RegisterVcpuInfo, 0, ref argument);
    }

    [Theory]
    [InlineData(0UL, Errno.EINVAL)]
    [InlineData(999_999UL, Errno.EINVAL)]
    [InlineData(1_000_000UL, Errno.None)]
    [InlineData(1UL << 56, Errno.None)]
    [InlineData((1UL << 62) - 1, Errno.None)]
    [InlineData(1UL << 62, Errno.EINVAL)]
    [InlineData(ulong.MaxValue, Errno.EINVAL)]
    public void Periods_between_a_millisecond_and_years(ulong period, Errno expected)
    {
        using var guest = new CallFixture();
        var argument = new VcpuSetPeriodicTimer { Period = period };
        Assert.Equal(-(long)expected, guest.CallVcpu(VcpuOp.SetPeriodicTimer, 1, ref argument));
        Assert.Equal(expected == Errno.None ? period : 0, guest.Domain.Vcpus[1].Period);
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.StopPeriodicTimer, 1));
        Assert.Equal(0UL, guest.Domain.Vcpus[1].Period);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_timer_fires_once_and_the_past_fires_at_once(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        uint port = BindTimer(guest);
        guest.Machine.Advance(1000);
        Assert.Equal(0, SetTimer(guest, 3000));
        guest.Machine.Advance(1999);
        Assert.False(guest.Domain.EventChannels.IsPending(port));
        guest.Machine.Advance(1);
        Assert.True(guest.Domain.EventChannels.IsPending(port));
        Take(guest, port);
        Assert.Equal(0, SetTimer(guest, 5, flags: VcpuTimerFlags.Future));
        guest.Machine.Advance(0);
        Assert.True(guest.Domain.EventChannels.IsPending(port));
        Take(guest, port);
        Assert.Equal(0, SetTimer(guest, ulong.MaxValue));
        guest.Machine.Advance(0);
        Assert.True(guest.Domain.EventChannels.IsPending(port));
        Take(guest, port);
        SetTimer(guest, 100_000);
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.StopSingleshotTimer, 0));
        guest.Machine.Advance(1_000_000);
        Assert.False(guest.Domain.EventChannels.IsPending(port));
    }

    [Fact]
    public void The_timer_is_the_callers_own()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SetSingleshotTimer, 1, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.StopSingleshotTimer, 1));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SetSingleshotTimer, 0, CallFixture.Unmapped));
    }

    [Fact]
    public void Set_timer_op_takes_odd_times_for_mistakes()
    {
        using var guest = new CallFixture();
        uint port = BindTimer(guest);
        guest.Machine.Advance(1000);
        foreach (ulong odd in new[] { ulong.MaxValue, 1UL << 63, 1UL << 51 })
        {
            Assert.Equal(0, guest.Call(Hypercall.SetTimerOp, odd));
            guest.Machine.Advance(99_999_999);
            Assert.False(guest.Domain.EventChannels.IsPending(port));
            guest.Machine.Advance(1);
            Assert.True(guest.Domain.EventChannels.IsPending(port));
            Take(guest, port);
        }
        Assert.Equal(0, guest.Call(Hypercall.SetTimerOp, 1));
        guest.Machine.Advance(0);
        Assert.True(guest.Domain.EventChannels.IsPending(port));
        Take(guest, port);
        guest.Call(Hypercall.SetTimerOp, guest.Machine.Clock.Nanoseconds + 10);
        Assert.Equal(0, guest.Call(Hypercall.SetTimerOp, 0));
        guest.Machine.Advance(20);
        Assert.False(guest.Domain.EventChannels.IsPending(port));
    }

    [Fact]
    public void Set_timer_op_of_a_32_bit_caller_has_the_time_in_two_registers()
    {
        using var guest = new CallFixture(is64Bit: false);
        uint port = BindTimer(guest);
        Assert.Equal(0, guest.Call(Hypercall.SetTimerOp, 5, 1));
        guest.Machine.Advance(0x1_0000_0004);
        Assert.False(guest.Domain.EventChannels.IsPending(port));
        guest.Machine.Advance(1);
        Assert.True(guest.Domain.EventChannels.IsPending(port));
    }

    [Fact]
    public void An_nmi_reaches_the_vcpu()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 1, 8));
        Assert.False(guest.Domain.Vcpus[1].NmiPending);
        Assert.Equal(0, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.SendNmi, 1));
        Assert.True(guest.Domain.Vcpus[1].NmiPending);
    }

    [Fact]
    public void A_vcpu_that_is_not_pinned_has_no_physical_id()
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.VcpuOp, (ulong)VcpuOp.GetPhysid, 0, CallFixture.Argument));
    }

    private static uint BindTimer(CallFixture guest)
    {
        Assert.Equal(Errno.None, guest.Domain.EventChannels.BindVirq((uint)Virq.Timer, 0, out uint port));
        return port;
    }

    /// <summary>Clears the port's pending bit as a guest would, through shared_info.</summary>
    private static void Take(CallFixture guest, uint port)
    {
        guest.Domain.EventChannels.Close(port);
        Assert.Equal(port, BindTimer(guest));
    }

    private static long SetTimer(CallFixture guest, ulong deadline, uint flags = 0)
    {
        if (guest.Is64Bit)
        {
            var wide = new VcpuSetSingleshotTimer { Deadline = deadline, Flags = flags };
            return guest.CallVcpu(VcpuOp.SetSingleshotTimer, 0, ref wide);
        }
        var narrow = new VcpuSetSingleshotTimer32 { Deadline = deadline, Flags = flags };
        return guest.CallVcpu(VcpuOp.SetSingleshotTimer, 0, ref narrow);
    }
}
