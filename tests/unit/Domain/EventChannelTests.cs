using System;
using System.Collections.Generic;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;
using Xenolith.Tests.Unit.Harness;
using Xunit;

namespace Xenolith.Tests.Unit.Domains;

public sealed class EventChannelTests : IDisposable
{
    private const ulong Pending = 2048;
    private const ulong Mask = 2560;
    private const ulong Vector2 = 2UL << 56;

    private readonly TestMachine _machine = new();
    private readonly Domain _domain;
    private readonly Vcpu _vcpu;
    private readonly EventChannels _events;

    public EventChannelTests()
    {
        _domain = _machine.CreateDomain(4, vcpus: 2);
        _vcpu = _domain.Vcpus[0];
        _events = _domain.EventChannels;
        _domain.SetCallback(Vector2 | 0xF3);
    }

    public void Dispose() => _machine.Dispose();

    private sealed class CountingConsumer : EventConsumer
    {
        public List<uint> Ports { get; } = [];

        public override void Notify(uint port) => Ports.Add(port);
    }

    private Span<byte> Shared => _machine.Memory.Frame(_domain.SharedInfo.Frame.Mfn);

    private bool Bit(ulong bitmap, uint port) => (Shared[(int)(bitmap + port / 8)] & (1 << (int)(port % 8))) != 0;

    private void SetMask(uint port) => Shared[(int)(Mask + port / 8)] |= (byte)(1 << (int)(port % 8));

    [Fact]
    public void AnEventSetsPendingSelectorAndUpcallAndWakes()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        Assert.Equal(1u, port);
        _vcpu.Block();
        Assert.True(_vcpu.IsBlocked);
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.True(Bit(Pending, port));
        Assert.Equal(1, Shared[0]);
        Assert.Equal(1, Shared[8]);
        Assert.False(_vcpu.IsBlocked);
        Assert.True(_vcpu.HasPendingUpcall);
        Injection injection = _vcpu.SelectInjection();
        Assert.Equal(new Injection(InjectionKind.Callback, 0xF3), injection);
    }

    [Fact]
    public void AMaskedEventWaitsForUnmask()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        SetMask(port);
        _vcpu.Block();
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.True(Bit(Pending, port));
        Assert.Equal(0, Shared[0]);
        Assert.Equal(0, Shared[8]);
        Assert.True(_vcpu.IsBlocked);
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.False(_events.IsMasked(port));
        Assert.Equal(1, Shared[0]);
        Assert.False(_vcpu.IsBlocked);
    }

    [Fact]
    public void UnmaskWithoutAPendingEventTellsNobody()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        SetMask(port);
        Assert.Equal(Errno.None, _events.Unmask(port));
        Assert.Equal(0, Shared[0]);
    }

    [Fact]
    public void ASecondEventBeforeTheFirstIsTakenChangesNothing()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        Assert.Equal(Errno.None, _events.Send(port));
        Shared[0] = 0;
        Shared[8] = 0;
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.Equal(0, Shared[0]);
    }

    [Fact]
    public void PortsAreTheLowestFree()
    {
        for (uint i = 1; i <= 5; i++)
        {
            Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
            Assert.Equal(i, port);
        }
        Assert.Equal(Errno.None, _events.Close(3));
        Assert.Equal(Errno.None, _events.BindIpi(1, out uint again));
        Assert.Equal(3u, again);
    }

    [Fact]
    public void TheTableEnds()
    {
        for (uint i = 1; i < 4096; i++)
            Assert.Equal(Errno.None, _events.BindIpi(0, out _));
        Assert.Equal(Errno.ENOSPC, _events.BindIpi(0, out _));
        Assert.Equal(Errno.ENOSPC, _events.BindVirq(0, 0, out _));
        Assert.Equal(Errno.ENOSPC, _events.AllocateUnbound(0, out _));
        Assert.Equal(Errno.ENOSPC, _events.BindInterdomain(_domain, 1, out _));
        Assert.Equal(Errno.None, _events.Send(4095));
        Assert.True(Bit(Pending, 4095));
        Assert.Equal(0x80, Shared[15]);
        Assert.Equal(Errno.EINVAL, _events.Send(4096));
        Assert.Equal(Errno.EINVAL, _events.Send(uint.MaxValue));
    }

    [Theory]
    [InlineData(24u, 0u, Errno.EINVAL)]
    [InlineData(uint.MaxValue, 0u, Errno.EINVAL)]
    [InlineData((uint)Virq.Console, 1u, Errno.EINVAL)]
    [InlineData((uint)Virq.Console, 99u, Errno.EINVAL)]
    [InlineData((uint)Virq.Timer, 2u, Errno.ENOENT)]
    [InlineData((uint)Virq.Timer, 1u, Errno.None)]
    [InlineData((uint)Virq.DomExc, 0u, Errno.None)]
    public void BindVirqChecksInXensOrder(uint virq, uint vcpu, Errno expected) =>
        Assert.Equal(expected, _events.BindVirq(virq, vcpu, out _));

    [Fact]
    public void AVirqIsBoundOncePerVcpu()
    {
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 0, out uint first));
        Assert.Equal(Errno.EEXIST, _events.BindVirq((uint)Virq.Timer, 0, out _));
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 1, out uint second));
        _events.RaiseVirq(_domain.Vcpus[1], Virq.Timer);
        Assert.False(Bit(Pending, first));
        Assert.True(Bit(Pending, second));
        Assert.Equal(0, Shared[0]);
        Assert.Equal(1, Shared[64]);
        Assert.Equal(Errno.EINVAL, _events.Send(first));
        Assert.Equal(Errno.None, _events.Close(first));
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 0, out _));
        _events.RaiseVirq(_vcpu, Virq.Debug);
    }

    [Fact]
    public void GlobalVirqsFollowTheirVcpu()
    {
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Console, 0, out uint port));
        Assert.Equal(Errno.None, _events.BindVcpu(port, 1));
        _events.RaiseGlobalVirq(Virq.Console);
        Assert.Equal(1, Shared[64]);
        Assert.Equal(0, Shared[0]);
    }

    [Fact]
    public void BindVcpuRefusesWhatIsTied()
    {
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 0, out uint timer));
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint ipi));
        Assert.Equal(Errno.None, _events.AllocateUnbound(0, out uint unbound));
        Assert.Equal(Errno.ENOENT, _events.BindVcpu(unbound, 2));
        Assert.Equal(Errno.ENOENT, _events.BindVcpu(5000, 2));
        Assert.Equal(Errno.EINVAL, _events.BindVcpu(5000, 1));
        Assert.Equal(Errno.EINVAL, _events.BindVcpu(timer, 1));
        Assert.Equal(Errno.EINVAL, _events.BindVcpu(ipi, 1));
        Assert.Equal(Errno.EINVAL, _events.BindVcpu(100, 1));
        Assert.Equal(Errno.None, _events.BindVcpu(unbound, 1));
    }

    [Fact]
    public void TwoDomainsAreConnectedAndPartedAgain()
    {
        Domain other = _machine.CreateDomain(4, id: 9, isPrivileged: false);
        Assert.Equal(Errno.None, other.EventChannels.AllocateUnbound(0, out uint far));
        Assert.Equal(Errno.None, other.EventChannels.Send(far));
        Assert.Equal(Errno.None, _events.BindInterdomain(other, far, out uint near));
        Assert.True(Bit(Pending, near));
        Assert.Equal(Errno.None, _events.Status(near, out EventChannelStatus status));
        Assert.Equal(new EventChannelStatus(EventChannelState.Interdomain, 0, 9, far, Virq.Timer), status);
        Assert.Equal(Errno.EINVAL, _events.BindInterdomain(other, far, out _));
        Assert.Equal(Errno.None, _events.Send(near));
        Assert.True(other.EventChannels.IsPending(far));
        Assert.Equal(Errno.None, _events.Close(near));
        Assert.False(Bit(Pending, near));
        Assert.Equal(Errno.None, other.EventChannels.Status(far, out status));
        Assert.Equal(new EventChannelStatus(EventChannelState.Unbound, 0, 0, 0, Virq.Timer), status);
        Assert.Equal(Errno.None, _events.BindInterdomain(other, far, out near));
        other.Dispose();
        Assert.Equal(Errno.None, _events.Status(near, out status));
        Assert.Equal(EventChannelState.Unbound, status.State);
        Assert.Equal(Errno.None, _events.Send(near));
    }

    [Fact]
    public void BindInterdomainChecksTheOtherSide()
    {
        Domain other = _machine.CreateDomain(4, id: 9, isPrivileged: false);
        Assert.Equal(Errno.EINVAL, _events.BindInterdomain(other, 0, out _));
        Assert.Equal(Errno.EINVAL, _events.BindInterdomain(other, 4096, out _));
        Assert.Equal(Errno.EINVAL, _events.BindInterdomain(other, 1, out _));
        Assert.Equal(Errno.None, other.EventChannels.AllocateUnbound(5, out uint forAnother));
        Assert.Equal(Errno.EINVAL, _events.BindInterdomain(other, forAnother, out _));
    }

    [Fact]
    public void ADomainCanTalkToItself()
    {
        Assert.Equal(Errno.None, _events.AllocateUnbound(_domain.Id, out uint a));
        Assert.Equal(Errno.None, _events.BindInterdomain(_domain, a, out uint b));
        Assert.NotEqual(a, b);
        Assert.Equal(Errno.None, _events.Send(b));
        Assert.True(Bit(Pending, a));
        Assert.Equal(Errno.None, _events.Close(a));
        Assert.Equal(Errno.None, _events.Status(b, out EventChannelStatus status));
        Assert.Equal(EventChannelState.Unbound, status.State);
        Assert.Equal(Errno.EINVAL, _events.Close(a));
        Assert.Equal(Errno.None, _events.Status(a, out status));
        Assert.Equal(EventChannelState.Closed, status.State);
        Assert.Equal(Errno.EINVAL, _events.Status(4096, out _));
        Assert.Equal(Errno.EINVAL, _events.Close(0));
    }

    [Fact]
    public void AConsumerHearsTheGuestUntilThePortIsClosed()
    {
        var consumer = new CountingConsumer();
        Assert.Equal(Errno.None, _events.BindConsumer(consumer, out uint port));
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.Equal([port], consumer.Ports);
        _events.NotifyGuest(port, consumer);
        Assert.True(Bit(Pending, port));
        Assert.Equal(Errno.None, _events.Close(port));
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint reused));
        Assert.Equal(port, reused);
        _events.NotifyGuest(port, consumer);
        Assert.False(Bit(Pending, port));
        Assert.Single(consumer.Ports);
    }

    [Fact]
    public void ResetClosesEverything()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint ipi));
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 0, out uint timer));
        _events.Send(ipi);
        Assert.Equal(Errno.None, _events.Reset(false, uint.MaxValue, out bool isDone));
        Assert.True(isDone);
        Assert.Equal(Errno.EINVAL, _events.Close(ipi));
        Assert.Equal(Errno.EINVAL, _events.Close(timer));
        Assert.False(Bit(Pending, ipi));
        Assert.Equal(Errno.None, _events.BindVirq((uint)Virq.Timer, 0, out _));
    }

    [Fact]
    public void ThirtyTwoBitGuestsHaveTheirOwnLayout()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        TestMachine.EnterFlat32(_vcpu);
        _domain.LatchSharedInfoWidth(_vcpu);
        Assert.False(_domain.SharedInfo.Is64Bit);
        for (uint i = 2; i < 1024; i++)
            Assert.Equal(Errno.None, _events.BindIpi(0, out _));
        Assert.Equal(Errno.ENOSPC, _events.BindIpi(0, out _));
        Assert.Equal(Errno.EINVAL, _events.Send(1024));
        Shared[2176 + 39 / 8] |= 0x80;
        Assert.Equal(Errno.None, _events.Send(39));
        Assert.Equal(0, Shared[0]);
        Assert.Equal(Errno.None, _events.Unmask(39));
        Assert.Equal(0x80, Shared[2048 + 39 / 8]);
        Assert.Equal(2, Shared[4]);
        Assert.Equal(1, Shared[0]);
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.Equal(3, Shared[4]);
    }

    [Fact]
    public void ARegisteredVcpuInfoTakesOverAndLooksEverywhere()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        Assert.Equal(Errno.ENXIO, _vcpu.RegisterInfo(new Gfn(0x300), 4096 - 56, _vcpu));
        Assert.Equal(Errno.ENXIO, _vcpu.RegisterInfo(new Gfn(0x300), uint.MaxValue, _vcpu));
        Assert.Equal(Errno.ENXIO, _vcpu.RegisterInfo(new Gfn(0x300), 4, _vcpu));
        Assert.Equal(Errno.EINVAL, _vcpu.RegisterInfo(new Gfn(0x90000), 0, _vcpu));
        Assert.Equal(Errno.None, _vcpu.RegisterInfo(new Gfn(0x300), 4096 - 64, _vcpu));
        Assert.Equal(Errno.EINVAL, _vcpu.RegisterInfo(new Gfn(0x301), 0, _vcpu));
        byte[] info = new byte[64];
        Assert.True(_domain.Memory.TryRead(0x30_0FC0, info));
        Assert.Equal(1, info[0]);
        Assert.Equal(ulong.MaxValue, BitConverter.ToUInt64(info, 8));
        Assert.NotEqual(0u, BitConverter.ToUInt32(info, 32 + 24));
        Assert.True(_domain.Memory.TryClear(0x30_0FC0, 16));
        Assert.Equal(Errno.None, _events.Send(port));
        Assert.True(_domain.Memory.TryRead(0x30_0FC0, info));
        Assert.Equal(1, info[0]);
        Assert.Equal(1, info[8]);
        Assert.Equal(0, Shared[0]);
        // Another vCPU may be registered for while it is down only.
        Assert.Equal(Errno.None, _domain.Vcpus[1].RegisterInfo(new Gfn(0x302), 0, _vcpu));
    }

    [Fact]
    public void AnOnlineVcpuRegistersForItselfOnly()
    {
        _domain.Vcpus[1].Up();
        Assert.Equal(Errno.EINVAL, _domain.Vcpus[1].RegisterInfo(new Gfn(0x302), 0, _vcpu));
        Assert.Equal(Errno.None, _domain.Vcpus[1].RegisterInfo(new Gfn(0x302), 0, _domain.Vcpus[1]));
    }

    [Fact]
    public void AVcpuBeyondSharedInfoHasNoPlaceUntilItRegistersOne()
    {
        Domain large = _machine.CreateDomain(4, vcpus: 40, id: 2);
        Vcpu late = large.Vcpus[35];
        Assert.Equal(Errno.None, large.EventChannels.BindIpi(35, out uint port));
        Assert.Equal(Errno.None, large.EventChannels.Send(port));
        Assert.False(late.HasPendingUpcall);
        Assert.Equal(Errno.None, late.RegisterInfo(new Gfn(0x300), 0x80, late));
        byte[] info = new byte[64];
        Assert.True(large.Memory.TryRead(0x30_0080, info));
        Assert.Equal(1, info[0]);
        Assert.Equal(1, info[1]);
    }

    [Fact]
    public void PollEndsWithTheEventOrTheTime()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint a));
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint b));
        SetMask(a);
        SetMask(b);
        _vcpu.Poll(a, 0);
        Assert.True(_vcpu.IsPolling);
        _events.Send(b);
        Assert.True(_vcpu.IsBlocked);
        _events.Send(a);
        Assert.False(_vcpu.IsBlocked);
        Assert.False(_vcpu.IsPolling);
        Assert.False(_vcpu.HasPendingUpcall);

        _vcpu.Poll(0, 5000);
        _machine.Advance(4999);
        Assert.True(_vcpu.IsBlocked);
        _machine.Advance(1);
        Assert.False(_vcpu.IsBlocked);

        _vcpu.Poll(0, 50_000);
        _vcpu.Wake();
        Assert.Equal(0, _machine.Services.Timers.Count);
    }

    [Fact]
    public void APollDoesNotWaitWhileAnUpcallIsDue()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        _events.Send(port);
        _vcpu.Poll(0, 0);
        Assert.False(_vcpu.IsBlocked);
    }

    [Fact]
    public void AnUpcallVectorGoesThroughTheLocalApic()
    {
        _domain.SetCallback(Vector2);
        _vcpu.SetUpcallVector(0xEF);
        _vcpu.Apic.Write(0xF0, 0x1FF);
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        _events.Send(port);
        Injection injection = _vcpu.SelectInjection();
        Assert.Equal(new Injection(InjectionKind.LocalApic, 0xEF), injection);
        _vcpu.AcceptInjection(injection);
        Assert.Equal(default, _vcpu.SelectInjection());
        Shared[0] = 0;
        Shared[8] = 0;
        Shared[(int)Pending] = 0;
        _events.Send(port);
        Assert.Equal(default, _vcpu.SelectInjection());
        _vcpu.Apic.Write(0xB0, 0);
        Assert.Equal(InjectionKind.LocalApic, _vcpu.SelectInjection().Kind);
    }

    /// <summary>Linux sets its vector, with events pending since it registered vcpu_info, before it switches its APIC on.</summary>
    [Fact]
    public void AnUpcallThatCameWhileTheApicWasOffWaitsForIt()
    {
        Domain domain = _machine.CreateDomain(4, id: 5);
        Vcpu vcpu = domain.Vcpus[0];
        Assert.Equal(Errno.None, domain.EventChannels.BindIpi(0, out uint port));
        vcpu.SetUpcallVector(0xF3);
        domain.EventChannels.Send(port);
        Assert.Equal(default, vcpu.SelectInjection());
        vcpu.Apic.Write(0xF0, 0x1FF);
        Injection injection = vcpu.SelectInjection();
        Assert.Equal(new Injection(InjectionKind.LocalApic, 0xF3), injection);
    }

    [Theory]
    [InlineData(0UL, 0xF3)]
    [InlineData(1UL, 0xF3)]
    [InlineData((1UL << 56) | 0x20, 0xF3)]
    [InlineData((2UL << 56) | 0xE1, 0xE1)]
    [InlineData((3UL << 56) | 0xE1, 0xF3)]
    public void OnlyVectorCallbacksHaveAnEffect(ulong value, byte vector)
    {
        _domain.SetCallback(value);
        Assert.Equal(vector, _domain.CallbackVector);
        Assert.Equal(value, _domain.Parameters[0]);
    }

    [Fact]
    public void NmiComesFirst()
    {
        Assert.Equal(Errno.None, _events.BindIpi(0, out uint port));
        _events.Send(port);
        _vcpu.Apic.Write(0xF0, 0x1FF);
        _vcpu.Apic.Raise(0x55);
        _vcpu.RaiseNmi();
        Injection injection = _vcpu.SelectInjection();
        Assert.Equal(InjectionKind.Nmi, injection.Kind);
        _vcpu.AcceptInjection(injection);
        injection = _vcpu.SelectInjection();
        Assert.Equal(InjectionKind.Callback, injection.Kind);
        Shared[0] = 0;
        injection = _vcpu.SelectInjection();
        Assert.Equal(new Injection(InjectionKind.LocalApic, 0x55), injection);
    }
}
