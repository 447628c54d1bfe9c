using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class VmxExitTests
{
    [Theory]
    [InlineData(VmxExitReason.ExternalInterrupt, ExitReason.Interrupt)]
    [InlineData(VmxExitReason.InterruptWindow, ExitReason.InterruptWindow)]
    [InlineData(VmxExitReason.Vmcall, ExitReason.Hypercall)]
    [InlineData(VmxExitReason.Cpuid, ExitReason.Cpuid)]
    [InlineData(VmxExitReason.Hlt, ExitReason.Halt)]
    [InlineData(VmxExitReason.Rdmsr, ExitReason.MsrRead)]
    [InlineData(VmxExitReason.Wrmsr, ExitReason.MsrWrite)]
    [InlineData(VmxExitReason.TripleFault, ExitReason.TripleFault)]
    [InlineData(VmxExitReason.Xsetbv, ExitReason.Xsetbv)]
    [InlineData(VmxExitReason.Invd, ExitReason.CacheInvalidate)]
    [InlineData(VmxExitReason.Wbinvd, ExitReason.CacheInvalidate)]
    [InlineData(VmxExitReason.Vmxon, ExitReason.UnavailableInstruction)]
    [InlineData(VmxExitReason.Rdpmc, ExitReason.UnavailableInstruction)]
    [InlineData(VmxExitReason.Mwait, ExitReason.UnavailableInstruction)]
    [InlineData(VmxExitReason.TaskSwitch, ExitReason.Unexpected)]
    public void Reasons(VmxExitReason reason, ExitReason expected)
    {
        Exit exit = Decode(reason, out _);
        Assert.Equal(expected, exit.Reason);
        Assert.Equal((ulong)reason, exit.RawReason);
    }

    [Theory]
    [InlineData(0x03F8_0000UL, 0x3F8, 1, false, false, false)]
    [InlineData(0x0CFC_000BUL, 0xCFC, 4, true, false, false)]
    [InlineData(0x0080_0031UL, 0x80, 2, false, true, true)]
    public void PortIo(ulong qualification, ushort port, byte size, bool isIn, bool isString, bool isRepeated)
    {
        Exit exit = Decode(VmxExitReason.IoInstruction, out _, (VmcsField.ExitQualification, qualification));
        Assert.Equal((ExitReason.PortIo, port, size, isIn, isString, isRepeated),
            (exit.Reason, exit.Port, exit.Size, exit.IsIn, exit.IsString, exit.IsRepeated));
    }

    [Theory]
    [InlineData(0x181UL, false, false, false, true)]
    [InlineData(0x182UL, true, false, false, true)]
    [InlineData(0x184UL, false, true, false, true)]
    [InlineData(0x082UL, true, false, true, true)]
    [InlineData(0x002UL, true, false, false, false)]
    public void EptViolation(ulong qualification, bool write, bool fetch, bool walk, bool linear)
    {
        Exit exit = Decode(VmxExitReason.EptViolation, out _, (VmcsField.ExitQualification, qualification),
            (VmcsField.GuestPhysicalAddress, 0xFEE0_0080), (VmcsField.GuestLinearAddress, 0x1234));
        Assert.Equal((ExitReason.NestedPageFault, 0xFEE0_0080UL, write, fetch, walk, linear),
            (exit.Reason, exit.GuestPhysical, exit.IsWrite, exit.IsFetch, exit.DuringWalk, exit.HasGuestLinear));
        Assert.Equal(linear ? 0x1234UL : 0, exit.GuestLinear);
    }

    [Theory]
    [InlineData(0x0390UL, 0, false, false, false, false)]
    [InlineData(0x1080UL, 0, true, false, false, false)]
    [InlineData(0x2080UL, 0, false, true, false, false)]
    [InlineData(0x3080UL, 0, false, false, false, true)]
    [InlineData(0xA080UL, 0, false, false, true, true)]
    [InlineData(0xF080UL, 0, false, false, true, false)]
    [InlineData(0x0080UL, 0x8000_0030, false, false, false, true)]
    public void ApicAccess(ulong qualification, ulong vectoring, bool write, bool fetch, bool walk, bool delivery)
    {
        Exit exit = Decode(VmxExitReason.ApicAccess, out _, (VmcsField.ExitQualification, qualification), (VmcsField.IdtVectoringInformation, vectoring));
        Assert.Equal((ExitReason.ApicAccess, qualification & 0xFFF, write, fetch, walk, delivery, false),
            (exit.Reason, exit.GuestPhysical, exit.IsWrite, exit.IsFetch, exit.DuringWalk, exit.DuringDelivery, exit.HasGuestLinear));
    }

    [Fact]
    public void AnApicWriteNamesTheRegister()
    {
        Exit exit = Decode(VmxExitReason.ApicWrite, out _, (VmcsField.ExitQualification, 0x320));
        Assert.Equal((ExitReason.ApicWrite, 0x320UL), (exit.Reason, exit.GuestPhysical));
    }

    [Fact]
    public void MoveToCr4GivesTheRegistersValue()
    {
        var registers = new GuestRegisters { R9 = 0xFFFF_FFFF_0000_26B0 };
        Exit exit = Decode(VmxExitReason.ControlRegisterAccess, out _, registers, (VmcsField.ExitQualification, 0x904));
        Assert.Equal((4, true, 9, 0x26B0UL), (exit.ControlRegister, exit.IsControlRegisterWrite, exit.GeneralRegister, exit.ControlRegisterValue));
    }

    [Fact]
    public void LmswCannotClearProtectionEnable()
    {
        Exit exit = Decode(VmxExitReason.ControlRegisterAccess, out _,
            (VmcsField.ExitQualification, 0x0008_0030), (VmcsField.GuestCr0, 0x37), (VmcsField.Cr0ReadShadow, 0x10));
        Assert.Equal(Exit.NoGeneralRegister, exit.GeneralRegister);
        Assert.Equal(0x19UL, exit.ControlRegisterValue);
    }

    [Fact]
    public void CltsClearsTaskSwitched()
    {
        Exit exit = Decode(VmxExitReason.ControlRegisterAccess, out _,
            (VmcsField.ExitQualification, 0x20), (VmcsField.GuestCr0, 0x3B), (VmcsField.Cr0ReadShadow, 0x10));
        Assert.Equal(0x13UL, exit.ControlRegisterValue);
    }

    [Fact]
    public void ExceptionsAndNmi()
    {
        Exit exit = Decode(VmxExitReason.ExceptionOrNmi, out _,
            (VmcsField.ExitInterruptionInformation, 0x8000_0B0E), (VmcsField.ExitInterruptionErrorCode, 6), (VmcsField.ExitQualification, 0xDEAD));
        Assert.Equal((ExitReason.Exception, 14, true, 6u, 0xDEADUL), (exit.Reason, exit.Vector, exit.HasErrorCode, exit.ErrorCode, exit.RawInformation2));
        exit = Decode(VmxExitReason.ExceptionOrNmi, out _, (VmcsField.ExitInterruptionInformation, 0x8000_0202));
        Assert.Equal(ExitReason.Nmi, exit.Reason);
    }

    [Fact]
    public void EventsSurviveTheRoundTrip()
    {
        PendingEvent[] events =
        [
            PendingEvent.Interrupt(0x30), PendingEvent.Fault(14, true, 3), PendingEvent.Fault(6, false, 0),
            new PendingEvent(true, EventKind.SoftwareInterrupt, 0x80, false, 0, 2), new PendingEvent(true, EventKind.Nmi, 2, false, 0, 0),
        ];
        foreach (PendingEvent one in events)
            Assert.Equal(one, VmxExits.Event(VmxExits.Information(one), one.ErrorCode, one.InstructionLength));
        Assert.False(VmxExits.Event(0, 0, 0).Valid);
    }

    private static Exit Decode(VmxExitReason reason, out Vmcs vmcs, params (VmcsField Field, ulong Value)[] fields) =>
        Decode(reason, out vmcs, default, fields);

    private static Exit Decode(VmxExitReason reason, out Vmcs vmcs, GuestRegisters registers, params (VmcsField Field, ulong Value)[] fields)
    {
        vmcs = new Vmcs(new VmxProcessor(VmxFixture.Capabilities, default), default);
        foreach ((VmcsField field, ulong value) in fields)
            vmcs.Write(field, value);
        var exit = new Exit();
        VmxExits.Decode(vmcs, reason, ref exit, in registers);
        return exit;
    }
}
