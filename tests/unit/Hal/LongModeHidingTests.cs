using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>EFER.LME stays out of the VMCB while neither paging nor PAE is on (an emulator loses the host's CR0 otherwise).</summary>
public sealed class LongModeHidingTests
{
    private static readonly SvmCapabilities s_capabilities = new() { Features = 1, AsidCount = 16 };

    [Fact]
    public void LmeIsHiddenUntilPaeIsSet()
    {
        using var fixture = new SvmFixture(s_capabilities);
        SvmCpu cpu = fixture.Cpu;
        cpu.Cr0 = 0x11;
        cpu.Cr4 = 0;
        cpu.Efer = EferBits.LongModeEnable;
        Assert.Equal(EferBits.LongModeEnable, cpu.Efer);
        Assert.Equal(EferBits.SecureVirtualMachine, cpu.ControlBlock.Fields.Efer);
        Assert.Equal(1, cpu.ControlBlock.Fields.InterceptCrWrites & 1);

        cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
        Assert.Equal(EferBits.LongModeEnable, cpu.Efer);
        Assert.Equal(EferBits.LongModeEnable | EferBits.SecureVirtualMachine, cpu.ControlBlock.Fields.Efer);
        Assert.Equal(0, cpu.ControlBlock.Fields.InterceptCrWrites & 1);

        cpu.Cr4 = 0;
        Assert.Equal(EferBits.LongModeEnable, cpu.Efer);
        Assert.Equal(1, cpu.ControlBlock.Fields.InterceptCrWrites & 1);
        cpu.Efer = 0;
        Assert.Equal(0UL, cpu.Efer);
        Assert.Equal(0, cpu.ControlBlock.Fields.InterceptCrWrites & 1);
    }

    [Fact]
    public void LongModeItselfHidesNothing()
    {
        using var fixture = new SvmFixture(s_capabilities);
        SvmCpu cpu = fixture.Cpu;
        cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
        cpu.Efer = EferBits.LongModeEnable;
        cpu.Cr0 = 0x8000_0011;
        Assert.Equal(EferBits.LongModeEnable | EferBits.LongModeActive | EferBits.SecureVirtualMachine, cpu.ControlBlock.Fields.Efer);
        cpu.Cr0 = 0x11;
        cpu.Cr4 = 0;
        Assert.Equal(EferBits.LongModeEnable, cpu.Efer);
        Assert.Equal(EferBits.SecureVirtualMachine, cpu.ControlBlock.Fields.Efer);
    }
}
