using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>#DB and #AC exit, and go to the guest as it would have got them.</summary>
public sealed class DebugExceptionTests
{
    private const ulong Reset = 0xFFFF_0FF0;

    [Theory]
    [InlineData(Reset, 0x4000, Reset | 0x4000)]
    [InlineData(Reset | 0x1, 0x2, Reset | 0x2)]
    [InlineData(Reset | 0x6003, 0x8, Reset | 0x6008)]
    [InlineData(Reset, 0x2000, Reset | 0x2000)]
    // Bit 12 says that the breakpoint was enabled; DR6 has no such bit. Bit 16 is the other way round.
    [InlineData(Reset, 0x1001, Reset | 0x1)]
    [InlineData(Reset, 0x1_0001, (Reset | 0x1) & ~0x1_0000UL)]
    [InlineData(Reset & ~0x1_0000UL, 0x4000, Reset | 0x4000)]
    public void TheQualificationGoesIntoDr6(ulong old, ulong qualification, ulong expected) =>
        Assert.Equal(expected, DebugStatus.Merge(old, qualification));

    [Fact]
    public void AReturnedExceptionEndsTheShadow()
    {
        using var vmx = new VmxFixture();
        vmx.Cpu.ControlBlock.Write(VmcsField.GuestInterruptibility, (ulong)(Interruptibility.BlockingBySti | Interruptibility.BlockingByNmi));
        vmx.Cpu.Exit = new Exit { Vector = ExceptionVector.Debug, RawInformation1 = 0x8000_0301 };
        vmx.Cpu.ReturnException();
        Assert.Equal((ulong)Interruptibility.BlockingByNmi, vmx.Cpu.ControlBlock.Read(VmcsField.GuestInterruptibility));
        using var svm = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        svm.Cpu.ControlBlock.Fields.InterruptShadow = 1;
        svm.Cpu.Exit = new Exit { Vector = ExceptionVector.Debug };
        svm.Cpu.ReturnException();
        Assert.Equal(0UL, svm.Cpu.ControlBlock.Fields.InterruptShadow);
        Assert.False(svm.Cpu.CanTakeInterrupt);
    }

    /// <summary>The first of them during a second's delivery: #AC is benign, so it takes the first one's place (SDM vol. 3, 6.15).</summary>
    [Fact]
    public void AnExceptionOfItsOwnDeliveryIsDeliveredAgain()
    {
        EventQueue events = default;
        events.Resume(PendingEvent.Fault(ExceptionVector.AlignmentCheck, true, 0));
        events.AddException(ExceptionVector.AlignmentCheck, true, 0);
        Assert.Equal(PendingEvent.Fault(ExceptionVector.AlignmentCheck, true, 0), events.Take());
        Assert.False(events.TripleFault);
    }

    /// <summary>INT1 keeps its kind and length, or the guest would find it not yet done.</summary>
    [Fact]
    public void Int1KeepsItsKind()
    {
        PendingEvent interrupt = VmxExits.Event(0x8000_0501, 0, 1);
        EventQueue events = default;
        events.AddException(interrupt);
        Assert.Equal(new PendingEvent(true, EventKind.PrivilegedSoftwareException, ExceptionVector.Debug, false, 0, 1), events.Take());
        Assert.Equal(0x8000_0501u, VmxExits.Information(interrupt));
    }

    [Fact]
    public void AnNmiWaitsForAPendingSingleStep()
    {
        using var vmx = new VmxFixture();
        VmxEntryCheckTests.LoadFlat32(vmx.Cpu);
        vmx.Cpu.Rflags = RflagsBits.Trap | RflagsBits.Interrupt;
        vmx.Cpu.SkipInstruction(2);
        Assert.Equal(DebugStatus.Step, vmx.Cpu.ControlBlock.Read(VmcsField.GuestPendingDebugExceptions));
        Assert.False(vmx.Cpu.TryInjectNmi());
        Assert.False(vmx.Cpu.CanTakeInterrupt);
    }
}
