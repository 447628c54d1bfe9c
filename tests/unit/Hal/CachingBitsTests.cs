using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>A guest's CR0.CD and NW are its own to read, and never reach the CPU.</summary>
public sealed class CachingBitsTests
{
    private static readonly SvmCapabilities s_capabilities = new() { Features = 1, AsidCount = 16 };

    [Fact]
    public void TheCpuNeverSeesThem()
    {
        using var fixture = new SvmFixture(s_capabilities);
        SvmCpu cpu = fixture.Cpu;
        Assert.Equal(0x6000_0010UL, cpu.Cr0);
        Assert.Equal(0x10UL, cpu.ControlBlock.Fields.Cr0);
        cpu.Cr0 = 0x4000_0011;
        Assert.Equal(0x4000_0011UL, cpu.Cr0);
        Assert.Equal(0x11UL, cpu.ControlBlock.Fields.Cr0);
    }

    /// <summary>While they are set, reads would miss them and writes that clear them would change nothing that the CPU sees.</summary>
    [Fact]
    public void AccessesExitWhileTheyAreSet()
    {
        using var fixture = new SvmFixture(s_capabilities);
        SvmCpu cpu = fixture.Cpu;
        ref VmcbLayout vmcb = ref cpu.ControlBlock.Fields;
        Assert.Equal((1, 1), (vmcb.InterceptCrReads & 1, vmcb.InterceptCrWrites & 1));
        cpu.Cr0 = 0x11;
        Assert.Equal((0, 0), (vmcb.InterceptCrReads & 1, vmcb.InterceptCrWrites & 1));
        Assert.NotEqual(0u, (uint)(vmcb.Intercepts1 & MiscellaneousIntercepts.Cr0SelectiveWrite));
    }

    [Fact]
    public void ASelectiveWriteIsAWriteOfCr0()
    {
        var vmcb = new VmcbLayout { ExitCode = (ulong)SvmExitCode.Cr0SelectiveWrite };
        Exit exit = default;
        var registers = default(GuestRegisters);
        SvmExits.Decode(ref vmcb, s_capabilities, ref exit, in registers);
        Assert.Equal((ExitReason.ControlRegister, (byte)0, true), (exit.Reason, exit.ControlRegister, exit.IsControlRegisterWrite));
        Assert.Equal(Exit.UnknownGeneralRegister, exit.GeneralRegister);
    }
}
