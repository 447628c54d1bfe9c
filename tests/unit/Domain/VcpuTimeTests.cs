using System;
using System.Reflection;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class VcpuTimeTests : IDisposable
{
    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;

    public VcpuTimeTests()
    {
        _domain = _machine.CreateDomain();
        _vcpu = _domain.Vcpus[0];
    }

    public void Dispose() => _machine.Dispose();

    private Span<byte> Shared => _machine.Memory.Frame(_domain.SharedInfo.Frame.Mfn);

    /// <summary>What a guest computes from the published time and its TSC (public/xen.h).</summary>
    private static ulong GuestTime(ReadOnlySpan<byte> time, ulong tsc)
    {
        ulong delta = tsc - BitConverter.ToUInt64(time.Slice(8));
        sbyte shift = (sbyte)time[28];
        delta = shift < 0 ? delta >> -shift : delta << shift;
        return BitConverter.ToUInt64(time.Slice(16)) + (ulong)((UInt128)delta * BitConverter.ToUInt32(time.Slice(24)) >> 32);
    }

    [Fact]
    public void TheGuestsTimeIsTheClocks()
    {
        ulong last = 0;
        for (int i = 0; i < 100; i++)
        {
            _machine.Clock.Advance(12_345_678);
            if (i == 50)
                _vcpu.TscOffset = 0xFFFF_FFFF_0000_0000;
            if (i == 60)
                _vcpu.TscOffset = unchecked(0 - _machine.Clock.Tsc);
            ulong time = GuestTime(Shared.Slice(32), _vcpu.GuestTsc);
            Assert.InRange(time, last, ulong.MaxValue);
            Assert.InRange((long)(time - _machine.Clock.Nanoseconds), -2, 2);
            Assert.Equal(0u, BitConverter.ToUInt32(Shared.Slice(32)) & 1);
            last = time;
        }
    }

    [Fact]
    public void EachPublicationHasItsOwnVersion()
    {
        uint before = BitConverter.ToUInt32(Shared.Slice(32));
        _vcpu.PublishTime();
        Assert.Equal(before + 2, BitConverter.ToUInt32(Shared.Slice(32)));
        _vcpu.BeginRun();
        Assert.Equal(before + 2, BitConverter.ToUInt32(Shared.Slice(32)));
    }

    [Fact]
    public void AHostileVersionStaysEven()
    {
        Shared[32] = 0xFF;
        Shared[33] = Shared[34] = Shared[35] = 0xFF;
        _vcpu.PublishTime();
        Assert.Equal(0u, BitConverter.ToUInt32(Shared.Slice(32)));
    }

    [Fact]
    public void TheStableFlagIsSaidOnlyWhenItIsTrue()
    {
        Assert.Equal(0, Shared[32 + 29]);
        using var stable = new TestMachine(tscIsStable: true);
        Domain domain = stable.CreateDomain();
        Assert.Equal(1, stable.Memory.Frame(domain.SharedInfo.Frame.Mfn)[32 + 29]);
    }

    [Fact]
    public void TheWallClockIsPublishedInBothLayouts()
    {
        Assert.Equal(0u, BitConverter.ToUInt32(Shared.Slice(3072)) & 1);
        Assert.Equal(1_700_000_000u, BitConverter.ToUInt32(Shared.Slice(3076)));
        TestMachine.EnterFlat32(_vcpu);
        _domain.LatchSharedInfoWidth(_vcpu);
        Assert.Equal(1_700_000_000u, BitConverter.ToUInt32(Shared.Slice(2308)));
        Assert.NotEqual(0u, BitConverter.ToUInt32(Shared.Slice(2304)));
    }

    [Fact]
    public void ASecondCopyMayStraddlePages()
    {
        Assert.True(_vcpu.RegisterTimeArea(_vcpu.Access, 0x30_0FF4));
        byte[] copy = new byte[32];
        Assert.True(_domain.Memory.TryRead(0x30_0FF4, copy));
        Assert.Equal(Shared.Slice(40, 24).ToArray(), copy.AsSpan(8).ToArray());
        uint version = BitConverter.ToUInt32(copy);
        Assert.Equal(0u, version & 1);
        _vcpu.TscOffset = 77;
        Assert.True(_domain.Memory.TryRead(0x30_0FF4, copy));
        Assert.Equal(77UL, BitConverter.ToUInt64(copy, 8));
        Assert.Equal(0u, BitConverter.ToUInt32(copy) & 1);
        Assert.NotEqual(version, BitConverter.ToUInt32(copy));
        Assert.False(_vcpu.RegisterTimeArea(_vcpu.Access, 0x9000_0000));
    }

    [Fact]
    public void SingleShotRaisesTheTimerVirqOnce()
    {
        Assert.Equal(Errno.None, _domain.EventChannels.BindVirq((uint)Virq.Timer, 0, out uint port));
        _vcpu.SetSingleShot(1000, 0);
        _machine.Advance(999);
        Assert.False(_domain.EventChannels.IsPending(port));
        _machine.Advance(1);
        Assert.True(_domain.EventChannels.IsPending(port));
        Shared[2048] = 0;
        _machine.Advance(1_000_000);
        Assert.False(_domain.EventChannels.IsPending(port));
        _vcpu.SetSingleShot(3_000_000, _machine.Clock.Nanoseconds);
        _vcpu.SetSingleShot(5, _machine.Clock.Nanoseconds);
        Assert.True(_domain.EventChannels.IsPending(port));
        Shared[2048] = 0;
        _machine.Advance(1_000_000);
        _vcpu.SetSingleShot(2_500_000, _machine.Clock.Nanoseconds);
        _vcpu.StopSingleShot();
        _machine.Advance(5_000_000);
        Assert.False(_domain.EventChannels.IsPending(port));
    }

    /// <summary>The calls take no lock of the domain's; a multicall that they are part of has it already.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ADeadlineThatHasPassedIsAnnouncedUnderTheDomainsLock(bool isHeld)
    {
        Assert.Equal(Errno.None, _domain.EventChannels.BindVirq((uint)Virq.Timer, 0, out uint port));
        if (isHeld)
            _domain.Acquire();
        _vcpu.SetSingleShot(5, 10);
        Assert.Equal((isHeld, true), (_domain.IsHeld, _domain.EventChannels.IsPending(port)));
        if (isHeld)
            _domain.Release();
        Assert.Equal(0, CurrentCpu.LocksHeld);
    }

    /// <summary>A CPU has taken the timer off its queue, and before it goes on the vCPU, elsewhere, has set it anew or stopped it.</summary>
    [Theory]
    [InlineData(5000UL, 1)]
    [InlineData(500UL, 1)]
    [InlineData(null, 0)]
    public void ATimerThatFiresLateMakesOneEventOfTheDeadlineThatHolds(ulong? set, int events)
    {
        Assert.Equal(Errno.None, _domain.EventChannels.BindVirq((uint)Virq.Timer, 0, out uint port));
        MethodInfo fired = typeof(Vcpu).GetMethod("TimerFired", BindingFlags.NonPublic | BindingFlags.Instance)!;
        object singleShot = Enum.ToObject(fired.GetParameters()[0].ParameterType, 0);
        _vcpu.SetSingleShot(1000, 0);
        if (set is { } deadline)
            _vcpu.SetSingleShot(deadline, 0);
        else
            _vcpu.StopSingleShot();
        int seen = 0;
        void Count()
        {
            seen += _domain.EventChannels.IsPending(port) ? 1 : 0;
            Shared[2048] = 0;
        }
        fired.Invoke(_vcpu, [singleShot, 1000UL]);
        Count();
        Assert.Equal(set == 500 ? 1 : 0, seen);
        _machine.Advance(10_000);
        Count();
        fired.Invoke(_vcpu, [singleShot, 10_000UL]);
        Count();
        Assert.Equal(events, seen);
    }

    [Fact]
    public void ThePeriodicTimerGoesOn()
    {
        Assert.Equal(Errno.None, _domain.EventChannels.BindVirq((uint)Virq.Timer, 0, out uint port));
        _vcpu.SetPeriodic(1_000_000);
        for (int i = 0; i < 5; i++)
        {
            _machine.Advance(1_000_000);
            Assert.True(_domain.EventChannels.IsPending(port));
            Shared[2048] = 0;
        }
        _vcpu.StopPeriodic();
        _machine.Advance(10_000_000);
        Assert.False(_domain.EventChannels.IsPending(port));
        _vcpu.SetPeriodic(ulong.MaxValue);
        _machine.Advance(10_000_000);
        Assert.False(_domain.EventChannels.IsPending(port));
    }

    [Fact]
    public void RunStateTimesAddUp()
    {
        _machine.Advance(100);
        _vcpu.BeginRun();
        _machine.Advance(1000);
        _vcpu.EndRun();
        _machine.Advance(30);
        _vcpu.BeginRun();
        _machine.Advance(5);
        _vcpu.Block();
        _vcpu.EndRun();
        _machine.Advance(700);
        _vcpu.Wake();
        _machine.Advance(7);
        RunStateAccount account = _vcpu.RunStateNow;
        Assert.Equal(RunState.Runnable, account.State);
        Assert.Equal(1005UL, account.TimeIn(RunState.Running));
        Assert.Equal(137UL, account.TimeIn(RunState.Runnable));
        Assert.Equal(700UL, account.TimeIn(RunState.Blocked));
        Assert.Equal(0UL, account.TimeIn(RunState.Offline));
        Assert.Equal(1005UL + 137 + 700, _machine.Clock.Nanoseconds);
        Assert.Equal(1835UL, account.EntryTime);
    }

    [Fact]
    public void TheRunStateAreaIsWrittenWhenTheVcpuIsPutOnACpu()
    {
        _domain.SetAssist(VmAssistType.RunstateUpdateFlag, true);
        Assert.True(_vcpu.RegisterRunStateArea(_vcpu.Access, 0x30_0FE0));
        byte[] area = new byte[48];
        Assert.True(_domain.Memory.TryRead(0x30_0FE0, area));
        Assert.Equal((int)RunState.Runnable, BitConverter.ToInt32(area));
        _machine.Advance(50);
        _vcpu.BeginRun();
        Assert.True(_domain.Memory.TryRead(0x30_0FE0, area));
        Assert.Equal((int)RunState.Running, BitConverter.ToInt32(area));
        Assert.Equal(50UL, BitConverter.ToUInt64(area, 8));
        Assert.Equal(50UL, BitConverter.ToUInt64(area, 24));
        Assert.False(_vcpu.RegisterRunStateArea(_vcpu.Access, 0x9000_0000));
    }

    [Fact]
    public void ThirtyTwoBitRunStateIsPacked()
    {
        TestMachine.EnterFlat32(_vcpu);
        _domain.LatchSharedInfoWidth(_vcpu);
        Assert.True(_domain.Memory.TryWrite(0x30_0100 + 44, [0xAA]));
        Assert.True(_vcpu.RegisterRunStateArea(_vcpu.Access, 0x30_0100));
        _machine.Advance(50);
        _vcpu.BeginRun();
        byte[] area = new byte[45];
        Assert.True(_domain.Memory.TryRead(0x30_0100, area));
        Assert.Equal(50UL, BitConverter.ToUInt64(area, 4));
        Assert.Equal(50UL, BitConverter.ToUInt64(area, 20));
        Assert.Equal(0xAA, area[44]);
    }
}
