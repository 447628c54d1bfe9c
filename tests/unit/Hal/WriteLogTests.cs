using System;
using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>Page-modification logging (SDM vol. 3, 29.3.6) in the VMCS, and what is read of it.</summary>
public sealed class WriteLogTests
{
    private static void Enter(VmxFixture fixture, Action? guest = null)
    {
        fixture.Virtualisation.Here.Resident = fixture.Cpu;
        VmxInstructions.Entered = () =>
        {
            fixture.Cpu.ControlBlock.Write(VmcsField.ExitReason, (uint)VmxExitReason.Cpuid);
            guest?.Invoke();
        };
        VmxInstructions.EptInvalidations = "";
        fixture.Cpu.Run();
        VmxInstructions.Entered = null;
    }

    private static bool Logs(Vmcs vmcs) => (vmcs.Read(VmcsField.SecondaryControls) & (ulong)SecondaryControls.EnablePml) != 0;

    private static VmxFixture WithLog()
    {
        var fixture = new VmxFixture();
        Assert.True(fixture.Cpu.TryPrepareWriteLog());
        fixture.Cpu.LogWrites(true);
        return fixture;
    }

    /// <summary>The CPU notes the addresses, from the index down, as at an exit.</summary>
    private static void Note(VmxFixture fixture, ReadOnlySpan<ulong> addresses)
    {
        Vmcs vmcs = fixture.Cpu.ControlBlock;
        foreach (ulong address in addresses)
        {
            ulong index = vmcs.Read(VmcsField.PmlIndex);
            fixture.Memory.Word64(vmcs.Read(VmcsField.PmlAddress) + (index * 8)) = address;
            vmcs.Write(VmcsField.PmlIndex, unchecked(index - 1));
        }
    }

    [Fact]
    public void TheLogIsInTheVmcsWhileItIsKept()
    {
        using VmxFixture fixture = WithLog();
        Vmcs vmcs = fixture.Cpu.ControlBlock;
        Enter(fixture);
        Assert.True(Logs(vmcs));
        Assert.Equal((EptFormat.Pointer(new Mfn(8), hasFlags: true), 511UL), (vmcs.Read(VmcsField.EptPointer), vmcs.Read(VmcsField.PmlIndex)));
        // What was cached without the flags is forgotten.
        Assert.Equal("1", VmxInstructions.EptInvalidations);
        Assert.Equal(0, fixture.Cpu.CheckEntry());
        Enter(fixture);
        Assert.Equal("", VmxInstructions.EptInvalidations);
        fixture.Cpu.LogWrites(false);
        Enter(fixture);
        Assert.False(Logs(vmcs));
        Assert.Equal(EptFormat.Pointer(new Mfn(8)), vmcs.Read(VmcsField.EptPointer));
        Assert.Equal("1", VmxInstructions.EptInvalidations);
    }

    [Fact]
    public void WhatWasNotedIsTakenOnce()
    {
        using VmxFixture fixture = WithLog();
        Enter(fixture);
        Assert.True(fixture.Cpu.TakeWrites().IsEmpty);
        Enter(fixture, () => Note(fixture, [0x5000, 0x9000, 0x1000]));
        Assert.Equal([0x1000UL, 0x9000, 0x5000], fixture.Cpu.TakeWrites().ToArray());
        Assert.True(fixture.Cpu.TakeWrites().IsEmpty);
        var many = new ulong[512];
        for (int i = 0; i < many.Length; i++)
            many[i] = (ulong)i << Page.Shift;
        Enter(fixture, () => Note(fixture, many));
        Assert.Equal(0xFFFFUL, fixture.Cpu.ControlBlock.Read(VmcsField.PmlIndex));
        Array.Reverse(many);
        Assert.Equal(many, fixture.Cpu.TakeWrites().ToArray());
        Assert.Equal(511UL, fixture.Cpu.ControlBlock.Read(VmcsField.PmlIndex));
    }

    /// <summary>The flags stay in the pointer when the root is set or another view's.</summary>
    [Fact]
    public void TheFlagsGoWithTheRoot()
    {
        using VmxFixture fixture = WithLog();
        fixture.Cpu.SwitchNestedRoot(new Mfn(9));
        Enter(fixture);
        Assert.Equal(EptFormat.Pointer(new Mfn(9), hasFlags: true), fixture.Cpu.ControlBlock.Read(VmcsField.EptPointer));
        fixture.Cpu.SetNestedRoot(new Mfn(8));
        Assert.Equal(EptFormat.Pointer(new Mfn(8), hasFlags: true), fixture.Cpu.ControlBlock.Read(VmcsField.EptPointer));
    }

    /// <summary>The IRET whose write found no room runs again with NMIs blocked (28.2.3), and what it interrupted is delivered again.</summary>
    [Fact]
    public void AFullLogIsAnExitThatLeavesTheGuestAsItWas()
    {
        using VmxFixture fixture = WithLog();
        Vmcs vmcs = fixture.Cpu.ControlBlock;
        Enter(fixture, () =>
        {
            vmcs.Write(VmcsField.ExitReason, (uint)VmxExitReason.PageModificationLogFull);
            vmcs.Write(VmcsField.ExitQualification, 1 << 12);
        });
        Assert.Equal(ExitReason.WriteLogFull, fixture.Cpu.Exit.Reason);
        Assert.Equal((ulong)Interruptibility.BlockingByNmi, vmcs.GuestInterruptibility);
    }

    [Theory]
    [InlineData(VmcsField.PmlAddress, 0x1008, nameof(VmcsField.PmlAddress))]
    [InlineData(VmcsField.PmlAddress, 1UL << 40, nameof(VmcsField.PmlAddress))]
    [InlineData(VmcsField.SecondaryControls, (ulong)SecondaryControls.EnablePml, nameof(VmcsField.SecondaryControls))]
    public void TheEntryCheckKnowsItsRules(VmcsField field, ulong value, string broken)
    {
        using VmxFixture fixture = WithLog();
        Enter(fixture);
        fixture.Cpu.ControlBlock.Write(field, value);
        var rules = new CollectedEntryRules();
        VmxEntryChecks.Check(fixture.Cpu.ControlBlock, VmxFixture.Capabilities, rules);
        Assert.Contains(rules.Reports, report => report.Field == broken && report.Section == "27.2.1.1");
    }

    [Fact]
    public void TheFrameOfTheLogGoesBackWithTheVcpu()
    {
        using var fixture = new VmxFixture();
        ulong free = fixture.Frames.FreeFrames;
        Assert.True(fixture.Cpu.TryPrepareWriteLog());
        Assert.True(fixture.Cpu.TryPrepareWriteLog());
        Assert.Equal(free - 1, fixture.Frames.FreeFrames);
        fixture.Cpu.Release();
        Assert.Equal(free + 1, fixture.Frames.FreeFrames);
    }

    [Theory]
    [InlineData(false, 0xF01_0633_4141, 0x0013_FFFF_0000_0000)]
    [InlineData(true, 0xF01_0613_4141, 0x0013_FFFF_0000_0000)]
    [InlineData(true, 0xF01_0633_4141, 0x0011_FFFF_0000_0000)]
    public void WithoutTheOptionTheFlagsOrTheControlThereIsNoLog(bool isAllowed, ulong eptVpid, ulong secondary)
    {
        using var fixture = new VmxFixture(new VmxCapabilities
        {
            Basic = VmxFixture.Capabilities.Basic,
            Pin = VmxFixture.Capabilities.Pin,
            Primary = VmxFixture.Capabilities.Primary,
            Secondary = new ControlRange(secondary),
            Exit = VmxFixture.Capabilities.Exit,
            Entry = VmxFixture.Capabilities.Entry,
            EptVpid = eptVpid,
            PhysicalAddressBits = 39,
        });
        fixture.Virtualisation.AllowsWriteLog = isAllowed;
        Assert.False(fixture.Virtualisation.LogsWrites);
        Assert.False(fixture.Cpu.TryPrepareWriteLog());
    }
}
