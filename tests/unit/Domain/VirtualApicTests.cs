using System;
using System.Linq;
using FsCheck;
using FsCheck.Fluent;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class VirtualApicTests : IDisposable
{
    private const uint Id = 0x20, Version = 0x30, Tpr = 0x80, Ppr = 0xA0, EoiRegister = 0xB0, Ldr = 0xD0, Dfr = 0xE0, Svr = 0xF0,
        Isr = 0x100, Irr = 0x200, Esr = 0x280, IcrLow = 0x300, IcrHigh = 0x310, LvtTimer = 0x320, LvtLint0 = 0x350, LvtError = 0x370,
        InitialCount = 0x380, CurrentCount = 0x390, Divide = 0x3E0;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly VirtualApic _apic;

    public VirtualApicTests()
    {
        _domain = _machine.CreateDomain(4, vcpus: 4);
        _vcpu = _domain.Vcpus[0];
        _apic = _vcpu.Apic;
        foreach (Vcpu vcpu in _domain.Vcpus)
            vcpu.Apic.Write(Svr, 0x1FF);
    }

    public void Dispose() => _machine.Dispose();

    private static byte? Pending(Vcpu vcpu) => vcpu.Apic.TryGetInterrupt(out byte vector) ? vector : null;

    private byte? Pending() => Pending(_vcpu);

    private void Take()
    {
        Assert.True(_apic.TryGetInterrupt(out byte vector));
        _apic.Accept(vector);
    }

    [Fact]
    public void StartsAsAfterReset()
    {
        VirtualApic fresh = _machine.CreateDomain(4, vcpus: 2, id: 3).Vcpus[1].Apic;
        Assert.Equal(2u << 24, fresh.Read(Id));
        Assert.Equal(0x0005_0014u, fresh.Read(Version));
        Assert.Equal(0xFFu, fresh.Read(Svr));
        Assert.Equal(uint.MaxValue, fresh.Read(Dfr));
        Assert.Equal(0x1_0000u, fresh.Read(LvtTimer));
        Assert.Equal(0xFEE0_0800UL, fresh.BaseMsr);
        Assert.Equal(0xFEE0_0900UL, _apic.BaseMsr);
    }

    [Fact]
    public void ASoftwareDisabledApicDropsAndMasks()
    {
        _apic.Write(LvtLint0, 0x55);
        Assert.Equal(0x55u, _apic.Read(LvtLint0));
        _apic.Write(Svr, 0xFF);
        Assert.Equal(0x1_0055u, _apic.Read(LvtLint0));
        _apic.Write(LvtLint0, 0x66);
        Assert.Equal(0x1_0066u, _apic.Read(LvtLint0));
        _apic.Raise(0x44);
        Assert.Null(Pending());
    }

    [Fact]
    public void HigherPrioritiesComeFirstAndNestUntilEoi()
    {
        _apic.Raise(0x31);
        _apic.Raise(0x85);
        Assert.Equal((byte)0x85, Pending());
        Take();
        Assert.Null(Pending());
        Assert.Equal(0x80u, _apic.Read(Ppr));
        Assert.Equal(1u << 5, _apic.Read(Isr + 0x40));
        _apic.Raise(0x87);
        Assert.Null(Pending());
        _apic.Raise(0x90);
        Take();
        Assert.Equal(0x90u, _apic.Read(Ppr));
        _apic.Write(EoiRegister, 0);
        Assert.Null(Pending());
        _apic.Write(EoiRegister, 0);
        Assert.Equal((byte)0x87, Pending());
        Take();
        _apic.Write(EoiRegister, 0);
        Take();
        Assert.Equal(0x30u, _apic.Read(Ppr));
        _apic.Write(EoiRegister, 0);
        _apic.Write(EoiRegister, 0);
        Assert.Equal(0u, _apic.Read(Ppr));
        Assert.Null(Pending());
    }

    [Fact]
    public void TheTaskPriorityHoldsBack()
    {
        _apic.Raise(0x4F);
        _apic.Cr8 = 4;
        Assert.Equal(0x40u, _apic.Read(Tpr));
        Assert.Null(Pending());
        _apic.Cr8 = 3;
        Assert.Equal((byte)0x4F, Pending());
        _apic.Write(Tpr, 0x1234_56FF);
        Assert.Equal(0xFFu, _apic.Read(Tpr));
        Assert.Equal(15, _apic.Cr8);
        Assert.Null(Pending());
    }

    [Fact]
    public void IllegalVectorsAreErrors()
    {
        _apic.Write(LvtError, 0xFE);
        _apic.Raise(5);
        Assert.Equal((byte)0xFE, Pending());
        Assert.Equal(0u, _apic.Read(Esr));
        _apic.Write(Esr, 0);
        Assert.Equal(0x40u, _apic.Read(Esr));
        _apic.Write(IcrLow, 0x4_000A);
        _apic.Write(0x3F0, 1);
        _apic.Write(Esr, 0);
        Assert.Equal(0xA0u, _apic.Read(Esr));
        _apic.Write(Esr, 0);
        Assert.Equal(0u, _apic.Read(Esr));
        Assert.Equal(0u, _apic.Read(0x50));
    }

    [Theory]
    [InlineData(2u << 24, 0x0_0041u, new[] { 1 })]
    [InlineData(0u, 0x4_0041u, new[] { 0 })]
    [InlineData(0u, 0x8_0041u, new[] { 0, 1, 2, 3 })]
    [InlineData(0u, 0xC_0041u, new[] { 1, 2, 3 })]
    [InlineData(0xFFu << 24, 0x0_0041u, new[] { 0, 1, 2, 3 })]
    [InlineData(3u << 24, 0x0_0041u, new int[0])]
    [InlineData(0x0Au << 24, 0x0_0841u, new[] { 1, 3 })]
    [InlineData(0x0Cu << 24, 0x0_0941u, new[] { 2 })]
    public void CommandsReachTheirTargets(uint high, uint low, int[] targets)
    {
        for (int i = 0; i < 4; i++)
            _domain.Vcpus[i].Apic.Write(Ldr, 1u << (24 + i));
        _apic.Write(IcrHigh, high);
        _apic.Write(IcrLow, low | 1 << 12);
        Assert.Equal(low, _apic.Read(IcrLow));
        for (int i = 0; i < 4; i++)
            Assert.Equal(targets.Contains(i) ? (byte)0x41 : null, Pending(_domain.Vcpus[i]));
    }

    [Fact]
    public void ClusteredLogicalDestinationsNameAClusterAndItsMembers()
    {
        for (int i = 0; i < 4; i++)
        {
            _domain.Vcpus[i].Apic.Write(Dfr, 0);
            _domain.Vcpus[i].Apic.Write(Ldr, ((uint)(i / 2) << 4 | 1u << (i % 2)) << 24);
        }
        _apic.Write(IcrHigh, 0x13u << 24);
        _apic.Write(IcrLow, 0x841);
        Assert.Equal([null, null, 0x41, 0x41], _domain.Vcpus.Select(Pending));
    }

    [Fact]
    public void AnInterruptWakesItsTarget()
    {
        Vcpu target = _domain.Vcpus[1];
        target.Up();
        target.Halt();
        Assert.True(target.IsBlocked);
        _apic.Write(IcrHigh, 2u << 24);
        _apic.Write(IcrLow, 0x4041);
        Assert.False(target.IsBlocked);
        target.Apic.Accept(0x41);
        target.Halt();
        _apic.Write(IcrLow, 0x4400);
        Assert.True(target.NmiPending);
        Assert.False(target.IsBlocked);
    }

    [Fact]
    public void InitAndStartupBringAProcessorUp()
    {
        Vcpu target = _domain.Vcpus[1];
        Assert.False(target.IsOnline);
        _apic.Write(IcrHigh, 2u << 24);
        _apic.Write(IcrLow, 0x4500);
        _apic.Write(IcrLow, 0x8500);
        Assert.False(target.IsOnline);
        _apic.Write(IcrLow, 0x4698);
        Assert.True(target.IsOnline);
        Assert.True(target.IsRunnable);
        // Who runs it next loads its registers.
        target.BeginRun();
        Segment code = target.Cpu.GetSegment(SegmentName.Cs);
        Assert.Equal((0x9800, 0x9_8000UL, 0xFFFFu), (code.Selector, code.Base, code.Limit));
        Assert.Equal(0UL, target.Cpu.Rip);
        Assert.Equal(0UL, target.Cpu.Efer);
        Assert.Equal(0UL, target.Cpu.Cr0 & 0x8000_0001);
        Assert.Equal(0xFFu, target.Apic.Read(Svr));
        target.Cpu.Rip = 0x123;
        _apic.Write(IcrLow, 0x4699);
        target.EndRun();
        target.BeginRun();
        Assert.Equal(0x123UL, target.Cpu.Rip);
        _apic.Write(IcrLow, 0x4500);
        Assert.False(target.IsOnline);
        // It is still on its CPU: INIT, and the start after it, take effect when it has left.
        _apic.Write(IcrLow, 0x4610);
        Assert.False(target.IsOnline);
        target.EndRun();
        Assert.True(target.IsOnline);
        target.BeginRun();
        Assert.Equal(0x1_0000UL, target.Cpu.GetSegment(SegmentName.Cs).Base);
    }

    [Fact]
    public void OneShotCountsDownOnce()
    {
        _apic.Write(Divide, 0xB);
        _apic.Write(LvtTimer, 0x61);
        _apic.Write(InitialCount, 1000);
        _machine.Advance(4000);
        Assert.Equal(600u, _apic.Read(CurrentCount));
        Assert.Null(Pending());
        _machine.Advance(5999);
        Assert.Null(Pending());
        _machine.Advance(1);
        Assert.Equal((byte)0x61, Pending());
        Assert.Equal(0u, _apic.Read(CurrentCount));
        Take();
        _apic.Write(EoiRegister, 0);
        _machine.Advance(1_000_000);
        Assert.Null(Pending());
    }

    [Theory]
    [InlineData(0u, 2)]
    [InlineData(1u, 4)]
    [InlineData(2u, 8)]
    [InlineData(3u, 16)]
    [InlineData(8u, 32)]
    [InlineData(9u, 64)]
    [InlineData(0xAu, 128)]
    [InlineData(0xBu, 1)]
    public void TheClockIsDivided(uint configuration, int divisor)
    {
        _apic.Write(Divide, configuration);
        _apic.Write(InitialCount, 1_000_000);
        _machine.Advance(10 * 1280 * 5);
        Assert.Equal(1_000_000u - (uint)(1280 * 5 / divisor), _apic.Read(CurrentCount));
    }

    [Fact]
    public void PeriodicGoesOnWithoutDrift()
    {
        _apic.Write(Divide, 0xB);
        _apic.Write(LvtTimer, 0x2_0061);
        _apic.Write(InitialCount, 10_000);
        _machine.Advance(130_000);
        Assert.Equal((byte)0x61, Pending());
        Assert.Equal(7_000u, _apic.Read(CurrentCount));
        Take();
        _apic.Write(EoiRegister, 0);
        _machine.Advance(69_999);
        Assert.Null(Pending());
        _machine.Advance(1);
        Assert.Equal((byte)0x61, Pending());
        Take();
        _apic.Write(EoiRegister, 0);
        // A long absence is one tick, not hundreds.
        _machine.Advance(100_050_000);
        Take();
        _apic.Write(EoiRegister, 0);
        Assert.Null(Pending());
        Assert.Equal(5_000u, _apic.Read(CurrentCount));
        _apic.Write(InitialCount, 0);
        _machine.Advance(1_000_000);
        Assert.Null(Pending());
    }

    [Fact]
    public void AShortPeriodInterruptsNoMoreOftenThanTheHostCanBear()
    {
        _apic.Write(Divide, 0xB);
        _apic.Write(LvtTimer, 0x2_0061);
        _apic.Write(InitialCount, 7);
        int ticks = 0;
        for (int i = 0; i < 1000; i++)
        {
            _machine.Advance(1_000);
            if (Pending() == null)
                continue;
            ticks++;
            Take();
            _apic.Write(EoiRegister, 0);
        }
        Assert.InRange(ticks, 8, 10);
        Assert.InRange(_apic.Read(CurrentCount), 1u, 7u);
    }

    [Fact]
    public void AMaskedTimerIsSilent()
    {
        _apic.Write(Divide, 0xB);
        _apic.Write(LvtTimer, 0x3_0061);
        _apic.Write(InitialCount, 100);
        _machine.Advance(1_000);
        Assert.Null(Pending());
        _apic.Write(LvtTimer, 0x2_0061);
        _machine.Advance(100_000);
        Assert.Equal((byte)0x61, Pending());
    }

    [Fact]
    public void AChangeOfDivisorKeepsWhatIsLeft()
    {
        _apic.Write(Divide, 0xB);
        _apic.Write(LvtTimer, 0x61);
        _machine.Advance(1_000_000);
        _apic.Write(InitialCount, 1000);
        _machine.Advance(6000);
        _apic.Write(Divide, 0);
        Assert.Equal(400u, _apic.Read(CurrentCount));
        _machine.Advance(7999);
        Assert.Null(Pending());
        _machine.Advance(1);
        Assert.Equal((byte)0x61, Pending());
    }

    [Fact]
    public void TheTscDeadlineFiresAtTheGuestsTsc()
    {
        _vcpu.TscOffset = 5_000_000;
        _apic.TscDeadline = 1;
        Assert.Equal(0UL, _apic.TscDeadline);
        _apic.Write(LvtTimer, 0x4_0061);
        _apic.TscDeadline = _vcpu.GuestTsc + 20_000;
        _machine.Advance(9_990);
        Assert.Null(Pending());
        _machine.Advance(20);
        Assert.Equal((byte)0x61, Pending());
        Assert.Equal(0UL, _apic.TscDeadline);
        Take();
        _apic.Write(EoiRegister, 0);
        _apic.TscDeadline = 1;
        _machine.Advance(0);
        Assert.Equal((byte)0x61, Pending());
        Take();
        _apic.Write(EoiRegister, 0);
        _apic.TscDeadline = _vcpu.GuestTsc + 2_000_000;
        _vcpu.TscOffset += 2_000_000;
        _machine.Advance(10);
        Assert.Equal((byte)0x61, Pending());
        _apic.TscDeadline = ulong.MaxValue;
        Assert.Equal(1, _machine.Services.Timers.Count);
        _apic.TscDeadline = 0;
        Assert.Equal(0, _machine.Services.Timers.Count);
        _apic.TscDeadline = ulong.MaxValue;
        _apic.Write(LvtTimer, 0x61);
        Assert.Equal(0, _machine.Services.Timers.Count);
        _apic.Write(InitialCount, 5);
        Assert.Equal(1, _machine.Services.Timers.Count);
    }

    [Fact]
    public void TheBaseMovesThroughItsModes()
    {
        Assert.False(_apic.TryReadMsr(0x802, out _));
        Assert.False(_apic.TryWriteBaseMsr(0xFEE0_0500));
        Assert.False(_apic.TryWriteBaseMsr(0xFED0_0900));
        Assert.False(_apic.TryWriteBaseMsr(0xFEE0_0901));
        Assert.True(_apic.TryWriteBaseMsr(0xFEE0_0D00));
        Assert.True(_apic.IsX2Apic);
        Assert.False(_apic.TryWriteBaseMsr(0xFEE0_0900));
        Assert.True(_apic.TryWriteBaseMsr(0xFEE0_0000));
        Assert.False(_apic.IsEnabled);
        Assert.False(_apic.TryWriteBaseMsr(0xFEE0_0C00));
        Assert.Equal(0xFEE0_0100UL, _apic.BaseMsr);
        Assert.True(_apic.TryWriteBaseMsr(0xFEE0_0800));
        _apic.OffersX2Apic = false;
        Assert.False(_apic.TryWriteBaseMsr(0xFEE0_0C00));
    }

    [Fact]
    public void X2ApicRegistersAreMsrs()
    {
        foreach (Vcpu vcpu in _domain.Vcpus)
            Assert.True(vcpu.Apic.TryWriteBaseMsr(vcpu.Apic.BaseMsr | 0x400));
        VirtualApic apic = _domain.Vcpus[3].Apic;
        Assert.True(apic.TryReadMsr(0x802, out ulong value));
        Assert.Equal(6UL, value);
        Assert.True(apic.TryReadMsr(0x80D, out value));
        Assert.Equal(1UL << 6, value);
        Assert.True(_apic.TryWriteMsr(0x830, 6UL << 32 | 0x41));
        Assert.Equal((byte)0x41, Pending(_domain.Vcpus[3]));
        Assert.True(_apic.TryReadMsr(0x830, out value));
        Assert.Equal(6UL << 32 | 0x41, value);
        // Logical: cluster 0, the bit of APIC id 4.
        Assert.True(_apic.TryWriteMsr(0x830, 0x10UL << 32 | 0x842));
        Assert.Equal((byte)0x42, Pending(_domain.Vcpus[2]));
        Assert.True(_apic.TryWriteMsr(0x83F, 0x43));
        Assert.Equal((byte)0x43, Pending());
        Assert.True(_apic.TryWriteMsr(0x808, 0x50));
        Assert.Null(Pending());
        Assert.True(_apic.TryWriteMsr(0x80B, 0));
    }

    [Theory]
    [InlineData(0x802u, 0UL)]
    [InlineData(0x803u, 0UL)]
    [InlineData(0x80Au, 0UL)]
    [InlineData(0x80Bu, 1UL)]
    [InlineData(0x80Du, 0UL)]
    [InlineData(0x80Eu, 0UL)]
    [InlineData(0x808u, 0x100UL)]
    [InlineData(0x80Fu, 0x1000UL)]
    [InlineData(0x810u, 0UL)]
    [InlineData(0x828u, 1UL)]
    [InlineData(0x830u, 0x10_0000UL)]
    [InlineData(0x831u, 0UL)]
    [InlineData(0x832u, 0x8_0000UL)]
    [InlineData(0x838u, 1UL << 32)]
    [InlineData(0x839u, 0UL)]
    [InlineData(0x83Eu, 4UL)]
    [InlineData(0x83Fu, 0x100UL)]
    [InlineData(0x840u, 0UL)]
    [InlineData(0x8FFu, 0UL)]
    public void X2ApicRefusesWhatHardwareRefuses(uint index, ulong value)
    {
        Assert.True(_apic.TryWriteBaseMsr(0xFEE0_0D00));
        Assert.False(_apic.TryWriteMsr(index, value));
    }

    [Theory]
    [InlineData(0x80Bu)]
    [InlineData(0x80Eu)]
    [InlineData(0x831u)]
    [InlineData(0x83Fu)]
    [InlineData(0x800u)]
    [InlineData(0x8FFu)]
    public void X2ApicRegistersThatCannotBeRead(uint index)
    {
        Assert.True(_apic.TryWriteBaseMsr(0xFEE0_0D00));
        Assert.False(_apic.TryReadMsr(index, out _));
    }

    /// <summary>Whatever is written wherever, nothing throws and what is pending is a legal vector.</summary>
    [Fact]
    public void RandomAccessesNeverThrow()
    {
        Gen<(uint Offset, ulong Value, int Kind)> step =
            from offset in Gen.OneOf(Gen.Choose(0, 0xFFF).Select(i => (uint)i), Gen.Choose(0x20, 0x3F).Select(i => (uint)i << 4))
            from value in ArbMap.Default.GeneratorFor<ulong>()
            from kind in Gen.Choose(0, 6)
            select (offset, value, kind);
        Prop.ForAll(Gen.ArrayOf(step, 200).ToArbitrary(), steps =>
        {
            foreach ((uint offset, ulong value, int kind) in steps)
            {
                switch (kind)
                {
                    case 0:
                        _apic.Read(offset);
                        break;
                    case 1:
                        _apic.TryWriteMsr(0x800 + offset % 256, value);
                        break;
                    case 2:
                        _apic.TryReadMsr(0x800 + offset % 256, out _);
                        break;
                    case 3:
                        _machine.Advance(value % 1_000_000);
                        break;
                    case 4:
                        _apic.TryWriteBaseMsr(0xFEE0_0000 | (value & 0xF00));
                        _apic.TscDeadline = value;
                        break;
                    default:
                        _apic.Write(offset, (uint)value);
                        break;
                }
                if (_apic.TryGetInterrupt(out byte vector))
                {
                    Assert.InRange(vector, 16, 255);
                    _apic.Accept(vector);
                }
            }
        }).QuickCheckThrowOnFailure();
    }
}
