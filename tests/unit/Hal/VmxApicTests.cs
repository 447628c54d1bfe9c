using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>The controls of APIC virtualisation, and the rules between them.</summary>
public sealed class VmxApicTests : IDisposable
{
    private const SecondaryControls All = SecondaryControls.VirtualizeApicAccesses | SecondaryControls.VirtualizeX2Apic
        | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery;
    private const PrimaryControls Priority = PrimaryControls.UseTprShadow | PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting;
    private const PrimaryControls Exits = PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting;

    private readonly VmxFixture _fixture = new();

    public VmxApicTests() => _fixture.Cpu.AttachApic(new Mfn(9), new Mfn(10));

    public void Dispose() => _fixture.Dispose();

    private Vmcs Vmcs => _fixture.Cpu.ControlBlock;

    private IReadOnlyList<string> Broken()
    {
        var rules = new CollectedEntryRules();
        VmxEntryChecks.Check(Vmcs, VmxFixture.Capabilities, rules);
        return [.. rules.Reports.Select(rule => rule.ToString())];
    }

    [Theory]
    [InlineData(ApicInterface.None, false, Exits, SecondaryControls.VirtualizeApicAccesses)]
    [InlineData(ApicInterface.Page, false, PrimaryControls.UseTprShadow,
        SecondaryControls.VirtualizeApicAccesses | SecondaryControls.ApicRegisterVirtualization)]
    [InlineData(ApicInterface.Page, true, PrimaryControls.UseTprShadow,
        SecondaryControls.VirtualizeApicAccesses | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery)]
    [InlineData(ApicInterface.Msrs, true, PrimaryControls.UseTprShadow,
        SecondaryControls.VirtualizeX2Apic | SecondaryControls.ApicRegisterVirtualization | SecondaryControls.VirtualInterruptDelivery)]
    public void EachWayHasItsControls(ApicInterface how, bool delivers, PrimaryControls primary, SecondaryControls secondary)
    {
        // From any other way.
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Msrs, true, 1, 2));
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Page, true, 1, 2));
        _fixture.Cpu.KeepApic(new ApicKeeping(how, delivers, 0x45, 0x34));
        Assert.Equal(primary, (PrimaryControls)Vmcs.Read32(VmcsField.PrimaryControls) & Priority);
        Assert.Equal(secondary, (SecondaryControls)Vmcs.Read32(VmcsField.SecondaryControls) & All);
        Assert.Equal(0x3445UL, Vmcs.Read(VmcsField.GuestInterruptStatus));
        Assert.Equal((0x9000UL, 0xA000UL), (Vmcs.Read(VmcsField.VirtualApicAddress), Vmcs.Read(VmcsField.ApicAccessAddress)));
        bool byMsrs = how == ApicInterface.Msrs;
        Assert.Equal(byMsrs, Vmcs.Read(VmcsField.MsrBitmap) != _fixture.Virtualisation.MsrBitmap.Address);
        Assert.Empty(Broken());
    }

    [Fact]
    public void WhatIsAnnouncedLeavesWhatIsInService()
    {
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Page, true, 0, 0x34));
        _fixture.Cpu.AnnounceApicRequest(0x81);
        Assert.Equal(0x3481UL, Vmcs.Read(VmcsField.GuestInterruptStatus));
    }

    [Theory]
    [InlineData(VmcsField.PrimaryControls, (ulong)PrimaryControls.UseTprShadow, "TPR shadow")]
    [InlineData(VmcsField.PinBasedControls, (ulong)PinControls.ExternalInterruptExiting, "external-interrupt exiting")]
    public void ATakenAwayControlIsNamed(VmcsField field, ulong bit, string rule)
    {
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Page, true, 0, 0));
        Vmcs.WriteBits(field, bit, false);
        Assert.Contains(Broken(), text => text.Contains(rule, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(VmcsField.VirtualApicAddress, 0x9001, true)]
    [InlineData(VmcsField.VirtualApicAddress, 1UL << 40, true)]
    [InlineData(VmcsField.ApicAccessAddress, 0xA800, true)]
    [InlineData(VmcsField.TprThreshold, 0x10, false)]
    public void ABrokenFieldIsNamed(VmcsField field, ulong value, bool delivers)
    {
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Page, delivers, 0, 0));
        Vmcs.Write(field, value);
        Assert.Contains(Broken(), text => text.Contains(field.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void TheTwoModesExcludeEachOther()
    {
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Msrs, true, 0, 0));
        Vmcs.WriteBits(VmcsField.SecondaryControls, (ulong)SecondaryControls.VirtualizeApicAccesses, true);
        Assert.Contains(Broken(), text => text.Contains("exclude each other", StringComparison.Ordinal));
    }

    [Fact]
    public void OnlyMsrsThatAreVirtualPassInX2ApicMode()
    {
        _fixture.Cpu.KeepApic(new ApicKeeping(ApicInterface.Msrs, true, 0, 0));
        byte[] bitmap = _fixture.Memory.Bytes(Vmcs.Read(VmcsField.MsrBitmap), Page.Size).ToArray();
        int[] reads = [0x02, 0x03, 0x08, 0x0D, 0x0F, .. Enumerable.Range(0x10, 0x19), .. Enumerable.Range(0x32, 7), 0x3E];
        int[] writes = [0x08, 0x0B, 0x3F];
        Assert.Equal(reads, Enumerable.Range(0, 256).Where(msr => Passes(bitmap, 0x800 + msr, 0)));
        Assert.Equal(writes, Enumerable.Range(0, 256).Where(msr => Passes(bitmap, 0x800 + msr, 0x800)));
        byte[] plain = _fixture.Memory.Frame(_fixture.Virtualisation.MsrBitmap).ToArray();
        plain.AsSpan(0x100, 32).CopyTo(bitmap.AsSpan(0x100));
        plain.AsSpan(0x900, 32).CopyTo(bitmap.AsSpan(0x900));
        Assert.Equal(plain, bitmap);
        Assert.DoesNotContain(Enumerable.Range(0x800, 256), msr => Passes(plain, msr, 0) || Passes(plain, msr, 0x800));
    }

    private static bool Passes(byte[] bitmap, int msr, int half) => (bitmap[half + msr / 8] >> (msr & 7) & 1) == 0;

    [Fact]
    public void ACpuThatMayNotOrCanNotKeepsNone()
    {
        using var memory = new HostPhysicalMemory(1 << 20);
        FrameAllocator frames = FrameAllocator.TryCreate(memory, [new MemoryRange(0, 1 << 20, MemoryKind.Ram)], [])!;
        var forbidden = new VmxVirtualisation { AllowsApicVirtualisation = false };
        Assert.True(forbidden.TryPrepare(VmxFixture.Capabilities, memory, frames, out _));
        Assert.False(forbidden.KeepsApics);
        var cpu = (VmxCpu)forbidden.CreateCpu(memory, frames, new Log())!;
        cpu.AttachApic(new Mfn(9), Mfn.Invalid);
        cpu.KeepApic(new ApicKeeping(ApicInterface.Page, true, 0, 0));
        Assert.Equal(default, (SecondaryControls)cpu.ControlBlock.Read32(VmcsField.SecondaryControls) & All);

        VmxCapabilities full = VmxFixture.Capabilities;
        var lesser = new VmxCapabilities
        {
            Primary = full.Primary,
            Secondary = new ControlRange(full.Secondary.Value & ~((ulong)SecondaryControls.VirtualInterruptDelivery << 32)),
        };
        Assert.True(full.HasApicVirtualisation);
        Assert.False(lesser.HasApicVirtualisation);
    }
}
