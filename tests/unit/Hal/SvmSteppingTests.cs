using System;
using System.Collections.Generic;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>Single steps where the CPU has no monitor trap: what a guest would see of RFLAGS.TF, and what ends a step.</summary>
public sealed class SvmSteppingTests : IDisposable
{
    private const ulong Start = 0x1000, DebugReset = ProcessorState.Dr6Reset, Trap = RflagsBits.Trap;
    private const ulong DebugExit = 0x41, InvalidOpcodeExit = 0x46, PageFaultExit = 0x4E, GeneralProtectionExit = 0x4D, InterruptExit = 0x60;

    private readonly SvmFixture _fixture = new(new SvmCapabilities { Features = 0x41, AsidCount = 16 });
    private readonly Queue<SvmInstructions.Guest> _script = new();

    public SvmSteppingTests()
    {
        SvmCpu cpu = _fixture.Cpu;
        VmxEntryCheckTests.LoadFlat32(cpu);
        _fixture.Virtualisation.Here.Resident = cpu;
        cpu.Efer = EferBits.SyscallEnable;
        cpu.Rip = Start;
        cpu.Rflags = RflagsBits.Interrupt;
        cpu.SingleSteps = true;
        _fixture.Memory.Word64(new Mfn(8).Address) = 0x5067;
        _fixture.Memory.Word64(new Mfn(8).Address + 8) = 0;
        SvmInstructions.Entered = (ref GuestRegisters registers, ref VmcbLayout vmcb) => _script.Dequeue()(ref registers, ref vmcb);
    }

    private ref VmcbLayout Vmcb => ref _fixture.Cpu.ControlBlock.Fields;

    public void Dispose()
    {
        SvmInstructions.Entered = null;
        _fixture.Dispose();
    }

    /// <summary>The CPU executes an instruction, and traps.</summary>
    private void Executes(int length, SvmInstructions.Guest? check = null) =>
        _script.Enqueue((ref GuestRegisters registers, ref VmcbLayout vmcb) =>
        {
            Assert.NotEqual(0UL, vmcb.Rflags & Trap);
            Assert.Equal(0UL, vmcb.Efer & EferBits.SyscallEnable);
            Assert.Equal(0UL, vmcb.EventInjection);
            check?.Invoke(ref registers, ref vmcb);
            vmcb.Rip += (ulong)length;
            vmcb.Dr6 |= DebugStatus.Step;
            Exit(ref vmcb, DebugExit);
        });

    private void Exits(ulong code, SvmInstructions.Guest? check = null) =>
        _script.Enqueue((ref GuestRegisters registers, ref VmcbLayout vmcb) =>
        {
            Exit(ref vmcb, code);
            check?.Invoke(ref registers, ref vmcb);
        });

    private static void Exit(ref VmcbLayout vmcb, ulong code)
    {
        vmcb.ExitCode = code;
        vmcb.ExitInterruptInformation = 0;
        vmcb.ExitInformation1 = 0;
        vmcb.ExitInformation2 = 0;
    }

    /// <summary>Delivery of an event, with nothing to execute behind it.</summary>
    private void Delivers(ulong injection, ulong handler) =>
        _script.Enqueue((ref GuestRegisters _, ref VmcbLayout vmcb) =>
        {
            Assert.Equal(injection, vmcb.EventInjection);
            Assert.Equal(0UL, vmcb.Rflags & Trap);
            Mfn root = _fixture.Virtualisation.Here.StepRoot;
            Assert.Equal(root.Address, vmcb.NestedCr3);
            Assert.Equal((1UL << 63) | 0x5067, _fixture.Memory.Word64(root.Address));
            Assert.Equal(0UL, _fixture.Memory.Word64(root.Address + 8));
            Assert.Equal(TlbControl.FlushAsid, vmcb.TlbControl);
            vmcb.Rip = handler;
            Exit(ref vmcb, 0x400);
            vmcb.ExitInformation1 = 0x1_0000_0010;
        });

    private void AssertStepped(ulong rip)
    {
        _fixture.Cpu.Run();
        Assert.Equal(ExitReason.SingleStep, _fixture.Cpu.Exit.Reason);
        Assert.Equal(rip, Vmcb.Rip);
        Assert.Equal(EferBits.SyscallEnable, _fixture.Cpu.Efer & EferBits.SyscallEnable);
        Assert.Equal(new Mfn(8).Address, Vmcb.NestedCr3);
        Assert.Empty(_script);
    }

    [Fact]
    public void APlainInstructionLeavesNoTrace()
    {
        Executes(3);
        AssertStepped(Start + 3);
        Assert.Equal(0UL, Vmcb.Rflags & Trap);
        Assert.Equal(DebugReset, Vmcb.Dr6);
        Assert.False(_fixture.Cpu.Exit.StackedTrapFlag);
        Assert.True(_fixture.Cpu.WaitingEvent is { Valid: false });
    }

    /// <summary>Bochs says nothing in DR6 of a trap that exits.</summary>
    [Fact]
    public void ATrapThatDr6DoesNotNameIsAStep()
    {
        Exits(DebugExit);
        AssertStepped(Start);
    }

    [Fact]
    public void AGuestThatTrapsItselfGetsItsTrapToo()
    {
        _fixture.Cpu.Rflags = Trap;
        Executes(1);
        AssertStepped(Start + 1);
        Assert.NotEqual(0UL, Vmcb.Rflags & Trap);
        Assert.Equal(DebugReset | DebugStatus.Step, Vmcb.Dr6);
        Assert.Equal(PendingEvent.Fault(ExceptionVector.Debug, false, 0), _fixture.Cpu.WaitingEvent);
    }

    [Fact]
    public void ADataBreakpointIsTheGuests()
    {
        _fixture.Cpu.Dr7 = 0x400 | 1 | (9 << 16);
        Vmcb.Dr6 = DebugReset | 2;
        Executes(1, (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.Dr6 |= 1);
        AssertStepped(Start + 1);
        Assert.Equal(DebugReset | 1, Vmcb.Dr6);
        Assert.Equal(PendingEvent.Fault(ExceptionVector.Debug, false, 0), _fixture.Cpu.WaitingEvent);
    }

    /// <summary>It comes before its instruction, as a fault.</summary>
    [Fact]
    public void AnInstructionBreakpointIsNotPartOfTheStepBeforeIt()
    {
        _fixture.Cpu.Dr7 = 0x400 | 1;
        Executes(1, (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.Dr6 |= 1);
        AssertStepped(Start + 1);
        Assert.Equal(DebugReset, Vmcb.Dr6);
        Assert.False(_fixture.Cpu.WaitingEvent.Valid);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void PushedFlagsAreTheCallersToMend(bool guestTraps)
    {
        _fixture.Cpu.Rflags = guestTraps ? Trap : 0;
        Exits(0x70, (ref GuestRegisters _, ref VmcbLayout vmcb) => Assert.NotEqual(MiscellaneousIntercepts.None, vmcb.Intercepts1 & MiscellaneousIntercepts.Pushf));
        Executes(1, (ref GuestRegisters _, ref VmcbLayout vmcb) => Assert.Equal(MiscellaneousIntercepts.None, vmcb.Intercepts1 & MiscellaneousIntercepts.Pushf));
        AssertStepped(Start + 1);
        Assert.Equal(!guestTraps, _fixture.Cpu.Exit.StackedTrapFlag);
        Assert.Equal(MiscellaneousIntercepts.None, Vmcb.Intercepts1 & MiscellaneousIntercepts.Pushf);
    }

    /// <summary>POPF and IRET: what they load is the guest's, and traps after the next instruction only.</summary>
    [Theory]
    [InlineData(0x71, Trap)]
    [InlineData(0x71, 0)]
    [InlineData(0x74, Trap)]
    [InlineData(0x74, 0)]
    public void LoadedFlagsAreTheGuests(ulong code, ulong loaded)
    {
        Exits(code);
        Executes(1, (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.Rflags = loaded | RflagsBits.AlwaysOne);
        AssertStepped(Start + 1);
        Assert.Equal(loaded | RflagsBits.AlwaysOne, Vmcb.Rflags);
        Assert.False(_fixture.Cpu.WaitingEvent.Valid);
    }

    [Theory]
    [InlineData(0x26)]
    [InlineData(0x24)]
    public void AReadOfDr6SeesTheGuests(ulong code)
    {
        Vmcb.Dr6 = DebugReset | 3;
        Exits(code);
        Executes(3, (ref GuestRegisters _, ref VmcbLayout vmcb) => Assert.Equal(DebugReset | 3, vmcb.Dr6));
        AssertStepped(Start + 3);
        Assert.Equal(DebugReset | 3, Vmcb.Dr6);
    }

    [Fact]
    public void AWriteOfDr6Stays()
    {
        Exits(0x36);
        Executes(3, (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.Dr6 = DebugReset | 8);
        AssertStepped(Start + 3);
        Assert.Equal(DebugReset | 8, Vmcb.Dr6);
        Assert.Equal(0, Vmcb.InterceptDrReads | Vmcb.InterceptDrWrites);
    }

    [Fact]
    public void AFaultEndsItsStepBeforeTheHandler()
    {
        SvmCpu cpu = _fixture.Cpu;
        Exits(PageFaultExit, (ref GuestRegisters _, ref VmcbLayout vmcb) => (vmcb.ExitInformation1, vmcb.ExitInformation2) = (2, 0xBAD000));
        cpu.Run();
        Assert.Equal((ExitReason.Exception, ExceptionVector.PageFault), (cpu.Exit.Reason, cpu.Exit.Vector));
        Assert.Equal(0UL, Vmcb.Rflags & Trap);
        cpu.ReturnException();
        Assert.Equal(0xBAD000UL, cpu.Cr2);
        Delivers(0x2_8000_0B0E, 0x9000);
        AssertStepped(0x9000);
        // The handler's first instruction is a step like any other.
        Executes(2);
        AssertStepped(0x9002);
    }

    /// <summary>An interrupt of the machine may come between a delivery and the handler; the step is told all the same.</summary>
    [Fact]
    public void ADeliveryIsAStepWhateverExitsBehindIt()
    {
        SvmCpu cpu = _fixture.Cpu;
        cpu.InjectException(ExceptionVector.InvalidOpcode, false, 0);
        Exits(InterruptExit, (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.Rip = 0x9000);
        cpu.Run();
        Assert.Equal(ExitReason.Interrupt, cpu.Exit.Reason);
        AssertStepped(0x9000);
    }

    [Fact]
    public void ASoftwareInterruptIsDeliveredAsOne()
    {
        SvmCpu cpu = _fixture.Cpu;
        Exits(0x75);
        cpu.Run();
        Assert.Equal(ExitReason.SoftwareInterrupt, cpu.Exit.Reason);
        cpu.InjectSoftware(EventKind.SoftwareInterrupt, 0x80, 2);
        Assert.Equal(Start + 2, Vmcb.Rip);
        Delivers(0x8000_0480, 0x9000);
        AssertStepped(0x9000);
    }

    /// <summary>#GP of a gate that its caller may not use names the INT again.</summary>
    [Fact]
    public void AFaultOfASoftwareInterruptIsTheInstructions()
    {
        SvmCpu cpu = _fixture.Cpu;
        cpu.InjectSoftware(EventKind.SoftwareInterrupt, 0x80, 2);
        Exits(GeneralProtectionExit, (ref GuestRegisters _, ref VmcbLayout vmcb) =>
        {
            vmcb.ExitInformation1 = 0x402;
            vmcb.ExitInterruptInformation = 0x8000_0480;
        });
        cpu.Run();
        Assert.Equal(ExitReason.Exception, cpu.Exit.Reason);
        Assert.Equal(Start, Vmcb.Rip);
        cpu.ReturnException();
        Assert.Equal(PendingEvent.Fault(ExceptionVector.GeneralProtection, true, 0x402), cpu.WaitingEvent);
    }

    [Fact]
    public void SyscallHidesItsTrap()
    {
        SvmCpu cpu = _fixture.Cpu;
        EnterLongMode(3);
        Vmcb.Star = 0x0023_0008_0000_0000;
        Vmcb.LStar = 0xFFFF_8000_0000_1000;
        Vmcb.SyscallMask = RflagsBits.Interrupt;
        Exits(InvalidOpcodeExit);
        cpu.Run();
        Assert.True(cpu.TryCompleteSystemCall(SystemCallInstruction.Call, 2));
        AssertStepped(0xFFFF_8000_0000_1000);
        Assert.Equal(Start + 2, cpu.Registers.Rcx);
        Assert.Equal(RflagsBits.Interrupt | RflagsBits.AlwaysOne, cpu.Registers.R11);
        Assert.Equal(RflagsBits.AlwaysOne, Vmcb.Rflags);
        Assert.Equal(new Segment(8, 0xA9B, uint.MaxValue, 0), cpu.GetSegment(SegmentName.Cs));
        Assert.Equal(new Segment(16, 0xC93, uint.MaxValue, 0), cpu.GetSegment(SegmentName.Ss));
        Assert.Equal(0, cpu.PrivilegeLevel);
    }

    [Fact]
    public void SysretLoadsTheGuestsFlags()
    {
        SvmCpu cpu = _fixture.Cpu;
        EnterLongMode(0);
        Vmcb.Star = 0x0023_0008_0000_0000;
        cpu.Registers.Rcx = 0x40_1000;
        cpu.Registers.R11 = Trap | RflagsBits.Resume | RflagsBits.AlwaysOne;
        Exits(InvalidOpcodeExit);
        cpu.Run();
        Assert.True(cpu.TryCompleteSystemCall(SystemCallInstruction.Return64, 3));
        AssertStepped(0x40_1000);
        Assert.Equal(Trap | RflagsBits.AlwaysOne, Vmcb.Rflags);
        Assert.Equal(new Segment(0x33, 0xAFB, uint.MaxValue, 0), cpu.GetSegment(SegmentName.Cs));
        Assert.Equal(3, cpu.PrivilegeLevel);
    }

    [Fact]
    public void SysretOfAUserIsAProtectionFault()
    {
        EnterLongMode(3);
        Assert.True(_fixture.Cpu.TryCompleteSystemCall(SystemCallInstruction.Return64, 3));
        Assert.Equal(PendingEvent.Fault(ExceptionVector.GeneralProtection, true, 0), _fixture.Cpu.WaitingEvent);
    }

    /// <summary>#UD of a guest that has the instruction switched off itself, or is not stepped.</summary>
    [Fact]
    public void OtherInvalidOpcodesStay()
    {
        SvmCpu cpu = _fixture.Cpu;
        cpu.Efer = 0;
        Assert.False(cpu.TryCompleteSystemCall(SystemCallInstruction.Call, 2));
        cpu.Efer = EferBits.SyscallEnable;
        cpu.SingleSteps = false;
        Assert.False(cpu.TryCompleteSystemCall(SystemCallInstruction.Call, 2));
    }

    /// <summary>CPUID, HLT, hypercalls: the step is over when the caller has skipped them.</summary>
    [Fact]
    public void AnInstructionThatExitsEndsItsStepWhenItIsSkipped()
    {
        SvmCpu cpu = _fixture.Cpu;
        Exits(0x72);
        cpu.Run();
        Assert.Equal(ExitReason.Cpuid, cpu.Exit.Reason);
        Assert.Equal(0UL, Vmcb.Rflags & Trap);
        cpu.SkipInstruction(2);
        AssertStepped(Start + 2);
        Executes(1);
        AssertStepped(Start + 3);
    }

    [Fact]
    public void InterruptsWait()
    {
        SvmCpu cpu = _fixture.Cpu;
        Assert.False(cpu.CanTakeInterrupt);
        Assert.False(cpu.TryInjectInterrupt(0x30));
        Assert.False(cpu.TryInjectNmi());
        cpu.RequestInterruptWindow(true);
        Executes(1, (ref GuestRegisters _, ref VmcbLayout vmcb) => Assert.Equal(VirtualInterrupt.Masking, vmcb.VirtualInterrupt));
        AssertStepped(Start + 1);
        cpu.SingleSteps = false;
        Assert.True(cpu.TryInjectInterrupt(0x30));
    }

    [Fact]
    public void NothingIsLeftWhenItIsSwitchedOff()
    {
        SvmCpu cpu = _fixture.Cpu;
        Executes(1);
        AssertStepped(Start + 1);
        cpu.SingleSteps = false;
        Exits(0x72, (ref GuestRegisters _, ref VmcbLayout vmcb) =>
        {
            Assert.Equal(VirtualCpu.AlwaysIntercepted, vmcb.InterceptExceptions);
            Assert.Equal(0UL, vmcb.Rflags & Trap);
            Assert.NotEqual(0UL, vmcb.Efer & EferBits.SyscallEnable);
        });
        cpu.Run();
        Assert.Equal(ExitReason.Cpuid, cpu.Exit.Reason);
        cpu.SkipInstruction(2);
        Exits(0x72);
        cpu.Run();
        Assert.Equal(ExitReason.Cpuid, cpu.Exit.Reason);
    }

    private void EnterLongMode(int privilege)
    {
        SvmCpu cpu = _fixture.Cpu;
        cpu.Cr4 = Cr4Bits.PhysicalAddressExtension;
        cpu.Efer = EferBits.LongModeEnable | EferBits.SyscallEnable;
        cpu.Cr0 = 0x8000_0011;
        cpu.Efer = EferBits.SyscallEnable | EferBits.LongModeEnable;
        ushort level = (ushort)(privilege << 5);
        cpu.SetSegment(SegmentName.Cs, new Segment(8, (ushort)(0xA9B | level), uint.MaxValue, 0));
        cpu.SetSegment(SegmentName.Ss, new Segment(16, (ushort)(0xC93 | level), uint.MaxValue, 0));
    }
}
