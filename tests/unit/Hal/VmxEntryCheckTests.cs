using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class VmxEntryCheckTests
{
    [Fact]
    public void AFreshVcpuPassesInTheResetState()
    {
        using var fixture = new VmxFixture();
        Assert.Empty(Check(fixture));
    }

    [Fact]
    public void AProtectedModeGuestPasses()
    {
        using var fixture = new VmxFixture();
        LoadFlat32(fixture.Cpu);
        Assert.Empty(Check(fixture));
    }

    [Fact]
    public void ALongModeGuestPasses()
    {
        using var fixture = new VmxFixture();
        LoadLong(fixture.Cpu);
        Assert.Empty(Check(fixture));
    }

    /// <summary>One row a rule: what breaks it, and the field and section that must be named.</summary>
    public static TheoryData<VmcsField, ulong, string, string> Breaks => new()
    {
        { VmcsField.PinBasedControls, 0, "PinBasedControls", "27.2.1.1" },
        { VmcsField.PrimaryControls, 0xFFFF_FFFF, "PrimaryControls", "27.2.1.1" },
        { VmcsField.SecondaryControls, 0xFFFF_FFFF, "SecondaryControls", "27.2.1.1" },
        { VmcsField.SecondaryControls, (ulong)SecondaryControls.UnrestrictedGuest, "SecondaryControls", "27.2.1.1" },
        { VmcsField.Cr3TargetCount, 5, "Cr3TargetCount", "27.2.1.1" },
        { VmcsField.MsrBitmap, 0x1001, "MsrBitmap", "27.2.1.1" },
        { VmcsField.MsrBitmap, 1UL << 40, "MsrBitmap", "27.2.1.1" },
        { VmcsField.VirtualProcessorId, 0, "VirtualProcessorId", "27.2.1.1" },
        { VmcsField.EptPointer, 0x8000 | (3 << 3) | 1, "EptPointer", "27.2.1.1" },
        { VmcsField.EptPointer, 0x8000 | (2 << 3) | 6, "EptPointer", "27.2.1.1" },
        { VmcsField.EptPointer, 0x8000 | (3 << 3) | 6 | (1 << 7), "EptPointer", "27.2.1.1" },
        { VmcsField.ExitControls, 0, "ExitControls", "27.2.1.2" },
        { VmcsField.EntryControls, 0xFFFF_FFFF, "EntryControls", "27.2.1.3" },
        { VmcsField.EntryControls, 0x11FB | (1 << 10), "EntryControls", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0120, "EntryInterruptionInformation", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0203, "EntryInterruptionInformation", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0330, "EntryInterruptionInformation", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0B06, "EntryInterruptionInformation", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_1306, "EntryInterruptionInformation", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0480, "EntryInstructionLength", "27.2.1.3" },
        { VmcsField.EntryInterruptionInformation, 0x8000_0030, "GuestRflags", "27.3.1.4" },
        { VmcsField.HostCr0, 0x8005_0013, "HostCr0", "27.2.2" },
        { VmcsField.HostCr4, 0x20, "HostCr4", "27.2.2" },
        { VmcsField.HostCr4, 0x2000, "HostCr4", "27.2.4" },
        { VmcsField.HostCr3, 1UL << 40, "HostCr3", "27.2.2" },
        { VmcsField.HostSysenterEip, 1UL << 47, "HostSysenterEip", "27.2.2" },
        { VmcsField.HostPat, 2, "HostPat", "27.2.2" },
        { VmcsField.HostEfer, 0, "HostEfer", "27.2.2" },
        { VmcsField.HostCsSelector, 0, "HostCsSelector", "27.2.3" },
        { VmcsField.HostCsSelector, 0xB, "HostCsSelector", "27.2.3" },
        { VmcsField.HostTrSelector, 0, "HostTrSelector", "27.2.3" },
        { VmcsField.HostFsBase, 1UL << 47, "HostFsBase", "27.2.3" },
        { VmcsField.HostGdtrBase, 1UL << 47, "HostGdtrBase", "27.2.3" },
        { VmcsField.HostRip, 1UL << 47, "HostRip", "27.2.4" },
        { VmcsField.GuestCr0, 0x10, "GuestCr0", "27.3.1.1" },
        { VmcsField.GuestCr0, 0x8000_0030, "GuestCr0", "27.3.1.1" },
        { VmcsField.GuestCr0, 0x2000_0031, "GuestCr0", "27.3.1.1" },
        { VmcsField.GuestCr4, 0, "GuestCr4", "27.3.1.1" },
        { VmcsField.GuestCr4, 0x2000 | (1 << 17), "GuestCr4", "27.3.1.1" },
        { VmcsField.GuestCr3, 1UL << 40, "GuestCr3", "27.3.1.1" },
        { VmcsField.GuestDebugControl, 1 << 3, "GuestDebugControl", "27.3.1.1" },
        { VmcsField.GuestDr7, 1UL << 32, "GuestDr7", "27.3.1.1" },
        { VmcsField.GuestSysenterEsp, 1UL << 47, "GuestSysenterEsp", "27.3.1.1" },
        { VmcsField.GuestPat, 3, "GuestPat", "27.3.1.1" },
        { VmcsField.GuestEfer, 1 << 1, "GuestEfer", "27.3.1.1" },
        { VmcsField.GuestEfer, 0x500, "GuestEfer", "27.3.1.1" },
        { VmcsField.GuestCsAccessRights, 0xC091, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsAccessRights, 0xC01B, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsAccessRights, 0xC08B, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsAccessRights, 0xC0FB, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsAccessRights, 0x409B, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsLimit, 0xFFFF_0FFE, "GuestCsAccessRights", "27.3.1.2" },
        { VmcsField.GuestCsBase, 1UL << 32, "GuestCsBase", "27.3.1.2" },
        { VmcsField.GuestSsAccessRights, 0xC09B, "GuestSsAccessRights", "27.3.1.2" },
        { VmcsField.GuestDsAccessRights, 0xC092, "GuestDsAccessRights", "27.3.1.2" },
        { VmcsField.GuestEsBase, 1UL << 32, "GuestEsBase", "27.3.1.2" },
        { VmcsField.GuestGsBase, 1UL << 47, "GuestGsBase", "27.3.1.2" },
        { VmcsField.GuestTrAccessRights, 0x1008B, "GuestTrAccessRights", "27.3.1.2" },
        { VmcsField.GuestTrAccessRights, 0x89, "GuestTrAccessRights", "27.3.1.2" },
        { VmcsField.GuestTrSelector, 4, "GuestTrSelector", "27.3.1.2" },
        { VmcsField.GuestLdtrAccessRights, 0x83, "GuestLdtrAccessRights", "27.3.1.2" },
        { VmcsField.GuestGdtrLimit, 0x1_0000, "GuestGdtrLimit", "27.3.1.3" },
        { VmcsField.GuestIdtrBase, 1UL << 47, "GuestIdtrBase", "27.3.1.3" },
        { VmcsField.GuestRip, 1UL << 32, "GuestRip", "27.3.1.4" },
        { VmcsField.GuestRflags, 0, "GuestRflags", "27.3.1.4" },
        { VmcsField.GuestRflags, 2 | (1 << 3), "GuestRflags", "27.3.1.4" },
        { VmcsField.GuestActivity, 4, "GuestActivity", "27.3.1.5" },
        { VmcsField.GuestInterruptibility, 3, "GuestInterruptibility", "27.3.1.5" },
        { VmcsField.GuestInterruptibility, 1, "GuestInterruptibility", "27.3.1.5" },
        { VmcsField.GuestInterruptibility, 1 << 5, "GuestInterruptibility", "27.3.1.5" },
        { VmcsField.GuestPendingDebugExceptions, 1 << 5, "GuestPendingDebugExceptions", "27.3.1.5" },
        { VmcsField.VmcsLinkPointer, 0x123, "VmcsLinkPointer", "27.3.1.5" },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public void ABrokenRuleIsNamed(VmcsField field, ulong value, string expectedField, string expectedSection)
    {
        using var fixture = new VmxFixture();
        LoadFlat32(fixture.Cpu);
        fixture.Cpu.ControlBlock.Write(field, value);
        Assert.Contains(Check(fixture), report => report.Field == expectedField && report.Section == expectedSection);
    }

    [Fact]
    public void ANonCanonicalRipIsNamedInLongMode()
    {
        using var fixture = new VmxFixture();
        LoadLong(fixture.Cpu);
        fixture.Cpu.Rip = 1UL << 47;
        Assert.Contains(Check(fixture), report => report is { Field: "GuestRip", Value: 1UL << 47 });
    }

    [Fact]
    public void APdpteWithReservedBitsIsNamedUnderPaePaging()
    {
        using var fixture = new VmxFixture();
        LoadFlat32(fixture.Cpu);
        fixture.Cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
        fixture.Cpu.Cr0 = 0x8000_0011;
        fixture.Cpu.ControlBlock.Write(VmcsField.GuestPdpte2, 3);
        Assert.Contains(Check(fixture), report => report is { Field: "GuestPdpte2", Section: "27.3.1.6" });
    }

    internal static void LoadFlat32(VirtualCpu cpu)
    {
        cpu.Cr0 = 0x11;
        cpu.SetSegment(SegmentName.Cs, new Segment(8, 0xC9B, 0xFFFF_FFFF, 0));
        SegmentName[] data = [SegmentName.Es, SegmentName.Ss, SegmentName.Ds, SegmentName.Fs, SegmentName.Gs];
        foreach (SegmentName name in data)
            cpu.SetSegment(name, new Segment(16, 0xC93, 0xFFFF_FFFF, 0));
        cpu.SetSegment(SegmentName.Tr, new Segment(0, 0x8B, 0x67, 0));
        cpu.Rip = 0x10_0000;
    }

    internal static void LoadLong(VirtualCpu cpu)
    {
        LoadFlat32(cpu);
        cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
        cpu.Efer = EferBits.LongModeEnable | EferBits.NoExecuteEnable;
        cpu.Cr0 = 0x8001_0011;
        cpu.SetSegment(SegmentName.Cs, new Segment(8, 0xA9B, 0xFFFF_FFFF, 0));
        cpu.Rip = 0xFFFF_FFFF_8100_0000;
    }

    private static List<(string Field, ulong Value, string Rule, string Section)> Check(VmxFixture fixture)
    {
        var rules = new CollectedEntryRules();
        VmxEntryChecks.Check(fixture.Cpu.ControlBlock, VmxFixture.Capabilities, rules);
        return rules.Reports;
    }
}
