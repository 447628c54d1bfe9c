using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class SvmExitTests
{
    private static readonly SvmCapabilities s_plain = new() { Features = 1, AsidCount = 16 };
    private static readonly SvmCapabilities s_assisted = new() { Features = 1 | (1 << 3) | (1 << 7), AsidCount = 16 };

    [Theory]
    [InlineData(SvmExitCode.Interrupt, ExitReason.Interrupt)]
    [InlineData(SvmExitCode.Nmi, ExitReason.Nmi)]
    [InlineData(SvmExitCode.VirtualInterrupt, ExitReason.InterruptWindow)]
    [InlineData(SvmExitCode.Iret, ExitReason.InterruptWindow)]
    [InlineData(SvmExitCode.Vmmcall, ExitReason.Hypercall)]
    [InlineData(SvmExitCode.Cpuid, ExitReason.Cpuid)]
    [InlineData(SvmExitCode.Hlt, ExitReason.Halt)]
    [InlineData(SvmExitCode.Pause, ExitReason.PauseLoop)]
    [InlineData(SvmExitCode.Shutdown, ExitReason.TripleFault)]
    [InlineData(SvmExitCode.Xsetbv, ExitReason.Xsetbv)]
    [InlineData(SvmExitCode.Wbinvd, ExitReason.CacheInvalidate)]
    [InlineData(SvmExitCode.Vmrun, ExitReason.UnavailableInstruction)]
    [InlineData(SvmExitCode.Rdpmc, ExitReason.UnavailableInstruction)]
    [InlineData(SvmExitCode.TaskSwitch, ExitReason.Unexpected)]
    public void Reasons(SvmExitCode code, ExitReason expected) =>
        Assert.Equal(expected, Decode(new VmcbLayout { ExitCode = (ulong)code }, s_plain).Reason);

    /// <summary>Bochs 2.7 saves the LMA that a write of CR0 would have led to, beside a CR0 that was not written.</summary>
    [Theory]
    [InlineData(0x065, 0x8000_0011, 0x1100, 0x1500)]
    [InlineData(0x065, 0x11, 0x1500, 0x1100)]
    [InlineData(0x065, 0x8000_0011, 0x1000, 0x1000)]
    [InlineData(0x010, 0x8000_0011, 0x1100, 0x1500)]
    public void LongModeIsActiveAsCr0Says(ulong code, ulong cr0, ulong saved, ulong expected)
    {
        var vmcb = new VmcbLayout { ExitCode = code, Cr0 = cr0, Efer = saved };
        Exit exit = default;
        var registers = default(GuestRegisters);
        SvmExits.Decode(ref vmcb, s_plain, ref exit, in registers);
        Assert.Equal(expected, vmcb.Efer);
    }

    [Fact]
    public void MsrDirection()
    {
        Assert.Equal(ExitReason.MsrRead, Decode(new VmcbLayout { ExitCode = 0x7C }, s_plain).Reason);
        Assert.Equal(ExitReason.MsrWrite, Decode(new VmcbLayout { ExitCode = 0x7C, ExitInformation1 = 1 }, s_plain).Reason);
    }

    [Theory]
    // QEMU leaves the address-size bits out, Bochs has them: both mean an 8-bit OUT to port 0x80.
    [InlineData(0x80_0010UL, 0x80, 1, false)]
    [InlineData(0x80_0090UL, 0x80, 1, false)]
    [InlineData(0xCFC_0041UL, 0xCFC, 4, true)]
    public void PortIoHasItsLengthOnEveryCpu(ulong information, ushort port, byte size, bool isIn)
    {
        Exit exit = Decode(new VmcbLayout { ExitCode = 0x7B, ExitInformation1 = information, Rip = 0x1000, ExitInformation2 = 0x1002 }, s_plain);
        Assert.Equal((ExitReason.PortIo, port, size, isIn, 2), (exit.Reason, exit.Port, exit.Size, exit.IsIn, exit.InstructionLength));
    }

    [Fact]
    public void LengthComesFromNextRipOnlyWhereItIsSaved()
    {
        var vmcb = new VmcbLayout { ExitCode = 0x72, Rip = 0x1000, NextRip = 0x1002 };
        Assert.Equal(2, Decode(vmcb, s_assisted).InstructionLength);
        Assert.Equal(0, Decode(vmcb, s_plain).InstructionLength);
        vmcb.NextRip = 0;
        Assert.Equal(0, Decode(vmcb, s_assisted).InstructionLength);
    }

    [Theory]
    [InlineData(0x1_0000_0006UL, true, false, false)]
    [InlineData(0x2_0000_0007UL, true, false, true)]
    [InlineData(0x1_0000_0014UL, false, true, false)]
    [InlineData(0x1_0000_0004UL, false, false, false)]
    public void NestedPageFault(ulong information, bool write, bool fetch, bool walk)
    {
        Exit exit = Decode(new VmcbLayout { ExitCode = 0x400, ExitInformation1 = information, ExitInformation2 = 0xFEE0_0080 }, s_plain);
        Assert.Equal((ExitReason.NestedPageFault, 0xFEE0_0080UL, write, fetch, walk, false),
            (exit.Reason, exit.GuestPhysical, exit.IsWrite, exit.IsFetch, exit.DuringWalk, exit.HasGuestLinear));
    }

    [Fact]
    public void ControlRegisterNeedsDecodeAssists()
    {
        var vmcb = new VmcbLayout { ExitCode = 0x14, ExitInformation1 = (1UL << 63) | 3 };
        Exit exit = Decode(vmcb, s_plain);
        Assert.Equal((ExitReason.ControlRegister, 4, true, Exit.UnknownGeneralRegister), (exit.Reason, exit.ControlRegister, exit.IsControlRegisterWrite, exit.GeneralRegister));
        exit = Decode(vmcb, s_assisted);
        Assert.Equal((3, 0x77UL), (exit.GeneralRegister, exit.ControlRegisterValue));
        exit = Decode(new VmcbLayout { ExitCode = 8 }, s_plain);
        Assert.Equal((8, false), (exit.ControlRegister, exit.IsControlRegisterWrite));
    }

    [Fact]
    public void EventsSurviveTheRoundTrip()
    {
        PendingEvent[] events = [PendingEvent.Interrupt(0x30), PendingEvent.Fault(14, true, 0x8000_0003), PendingEvent.Fault(6, false, 0)];
        foreach (PendingEvent one in events)
            Assert.Equal(one, SvmExits.Event(SvmExits.Information(one)));
    }

    [Fact]
    public void LayoutIsTheManuals()
    {
        Assert.Equal(4096, Unsafe.SizeOf<VmcbLayout>());
        Assert.Equal(0x070, (int)Marshal.OffsetOf<VmcbLayout>(nameof(VmcbLayout.ExitCode)));
        Assert.Equal(0x0A8, (int)Marshal.OffsetOf<VmcbLayout>(nameof(VmcbLayout.EventInjection)));
        Assert.Equal(0x490, (int)Marshal.OffsetOf<VmcbLayout>(nameof(VmcbLayout.Tr)));
        Assert.Equal(0x5F8, (int)Marshal.OffsetOf<VmcbLayout>(nameof(VmcbLayout.Rax)));
        Assert.Equal(16, Unsafe.SizeOf<VmcbSegment>());
    }

    [Fact]
    public void GuestRegistersLieWhereTheStubsExpectThem()
    {
        Assert.Equal(32, (int)Marshal.OffsetOf<GuestRegisters>(nameof(GuestRegisters.Rsp)));
        Assert.Equal(128, (int)Marshal.OffsetOf<GuestRegisters>(nameof(GuestRegisters.Xmm0)));
        Assert.Equal(144, (int)Marshal.OffsetOf<GuestRegisters>(nameof(GuestRegisters.Xmm8)));
        Assert.Equal(160, (int)Marshal.OffsetOf<GuestRegisters>(nameof(GuestRegisters.TracePosition)));
    }

    private static Exit Decode(VmcbLayout vmcb, SvmCapabilities capabilities)
    {
        var exit = new Exit();
        var registers = new GuestRegisters { Rbx = 0x77 };
        SvmExits.Decode(ref vmcb, capabilities, ref exit, in registers);
        return exit;
    }
}
