using System;
using System.Linq;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

/// <summary>Roots that change, VMFUNC's list and #VE on both vendors, and the exits for whoever watches.</summary>
public sealed class ViewTests
{
    private static readonly Mfn s_list = new(0x20), s_page = new(0x21), s_other = new(9);

    private static VmxCapabilities WithViews { get; } = new()
    {
        Basic = VmxFixture.Capabilities.Basic,
        Pin = VmxFixture.Capabilities.Pin,
        Primary = VmxFixture.Capabilities.Primary,
        Secondary = new ControlRange(VmxFixture.Capabilities.Secondary.Value | ((ulong)SecondaryControls.EptViolationException << 32)),
        Exit = VmxFixture.Capabilities.Exit,
        Entry = VmxFixture.Capabilities.Entry,
        Cr0MustBeSet = VmxFixture.Capabilities.Cr0MustBeSet,
        Cr0MayBeSet = VmxFixture.Capabilities.Cr0MayBeSet,
        Cr4MustBeSet = VmxFixture.Capabilities.Cr4MustBeSet,
        Cr4MayBeSet = VmxFixture.Capabilities.Cr4MayBeSet,
        EptVpid = VmxFixture.Capabilities.EptVpid,
        PhysicalAddressBits = 39,
        VmFunctions = 1,
    };

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

    private static bool Has(VmxFixture fixture, SecondaryControls control) =>
        (fixture.Cpu.ControlBlock.Read(VmcsField.SecondaryControls) & (ulong)control) != 0;

    [Fact]
    public void ASwitchFlushesNothingOnVmx()
    {
        using var fixture = new VmxFixture(WithViews);
        Enter(fixture);
        Assert.Equal("1", VmxInstructions.EptInvalidations);
        fixture.Cpu.SwitchNestedRoot(s_other);
        Enter(fixture);
        Assert.Equal("", VmxInstructions.EptInvalidations);
        Assert.Equal(EptFormat.Pointer(s_other), fixture.Cpu.ControlBlock.Read(VmcsField.EptPointer));
        // Either root's translations may be cached by now.
        fixture.Cpu.InvalidateNested();
        Enter(fixture);
        Assert.Equal("2", VmxInstructions.EptInvalidations);
    }

    [Fact]
    public void AttachedViewsAreInTheVmcsAndDetachedOnesAreNot()
    {
        using var fixture = new VmxFixture(WithViews);
        VmxCpu cpu = fixture.Cpu;
        Assert.True(fixture.Virtualisation.HasViewFunctions);
        Assert.True(fixture.Virtualisation.HasVirtualisationExceptions);
        cpu.AttachViews(s_list);
        cpu.AttachVirtualisationExceptions(s_page);
        cpu.ViewIndex = 3;
        Enter(fixture);
        Vmcs vmcs = cpu.ControlBlock;
        Assert.True(Has(fixture, SecondaryControls.EnableVmFunctions) && Has(fixture, SecondaryControls.EptViolationException));
        Assert.Equal((s_list.Address, 1UL), (vmcs.Read(VmcsField.EptpListAddress), vmcs.Read(VmcsField.VmFunctionControls)));
        Assert.Equal((s_page.Address, 3UL), (vmcs.Read(VmcsField.VirtualizationExceptionAddress), vmcs.Read(VmcsField.EptpIndex)));
        Assert.Equal(0, cpu.CheckEntry());
        cpu.DetachViews();
        Enter(fixture);
        Assert.False(Has(fixture, SecondaryControls.EnableVmFunctions) || Has(fixture, SecondaryControls.EptViolationException));
    }

    [Fact]
    public void WithoutVmfuncInvalidOpcodesExitWhileViewsAreAttached()
    {
        using var fixture = new VmxFixture();
        Assert.False(fixture.Virtualisation.HasViewFunctions);
        fixture.Cpu.AttachViews(s_list);
        Enter(fixture);
        Assert.Equal(VirtualCpu.AlwaysIntercepted | (1u << 6), fixture.Cpu.ControlBlock.Read32(VmcsField.ExceptionBitmap));
        Assert.False(Has(fixture, SecondaryControls.EnableVmFunctions));
        fixture.Cpu.DetachViews();
        Enter(fixture);
        Assert.Equal(VirtualCpu.AlwaysIntercepted, fixture.Cpu.ControlBlock.Read32(VmcsField.ExceptionBitmap));

        using var svm = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        svm.Virtualisation.Here.Resident = svm.Cpu;
        svm.Cpu.AttachViews(s_list);
        uint exceptions = 0;
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) => (exceptions, vmcb.ExitCode) = (vmcb.InterceptExceptions, 0x72);
        svm.Cpu.Run();
        SvmInstructions.Entered = null;
        Assert.Equal(VirtualCpu.AlwaysIntercepted | (1u << 6), exceptions);
    }

    [Fact]
    public void TheGuestsOwnSwitchIsSeenOnce()
    {
        using var fixture = new VmxFixture(WithViews);
        VmxCpu cpu = fixture.Cpu;
        Enter(fixture);
        Assert.False(cpu.TryTakeViewSwitch(out _));
        Assert.Equal(ExitChecks.None, cpu.Checks);
        cpu.AttachViews(s_list);
        Assert.Equal(ExitChecks.ViewSwitch, cpu.Checks);
        Enter(fixture, () => cpu.ControlBlock.Write(VmcsField.EptPointer, EptFormat.Pointer(s_other)));
        Assert.True(cpu.TryTakeViewSwitch(out Mfn root));
        Assert.Equal(s_other, root);
        Assert.False(cpu.TryTakeViewSwitch(out _));
        // What the hypervisor decides since goes before what the guest did.
        Enter(fixture, () => cpu.ControlBlock.Write(VmcsField.EptPointer, EptFormat.Pointer(new Mfn(10))));
        cpu.SwitchNestedRoot(s_other);
        Assert.False(cpu.TryTakeViewSwitch(out _));
        Enter(fixture);
        Assert.Equal(EptFormat.Pointer(s_other), cpu.ControlBlock.Read(VmcsField.EptPointer));
    }

    /// <summary>The CPU notes the number where violations become #VE, and what it notes is not written again; what the hypervisor says is.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheNumberOfTheGuestsViewIsTheCpusWhereItNotesIt(bool tells)
    {
        using var fixture = new VmxFixture(WithViews);
        VmxCpu cpu = fixture.Cpu;
        Vmcs vmcs = cpu.ControlBlock;
        cpu.AttachViews(s_list);
        cpu.AttachVirtualisationExceptions(tells ? s_page : Mfn.Invalid);
        cpu.ViewIndex = 3;
        Enter(fixture, () =>
        {
            vmcs.Write(VmcsField.EptPointer, EptFormat.Pointer(s_other));
            vmcs.Write(VmcsField.EptpIndex, 7);
        });
        Assert.True(cpu.TryTakeViewSwitch(out _));
        Assert.Equal(tells ? 7 : 3, cpu.ViewIndex);
        cpu.ViewIndex = 7;
        vmcs.Write(VmcsField.EptpIndex, 8);
        Enter(fixture);
        Assert.Equal(8UL, vmcs.Read(VmcsField.EptpIndex));
        cpu.ViewIndex = 9;
        Enter(fixture);
        Assert.Equal(tells ? 9UL : 8UL, vmcs.Read(VmcsField.EptpIndex));
        cpu.AttachVirtualisationExceptions(s_page);
        Enter(fixture);
        Assert.Equal(9UL, vmcs.Read(VmcsField.EptpIndex));
    }

    /// <summary>The guest may have any view's translations cached, whichever one it is in at an exit.</summary>
    [Fact]
    public void WithAListAllRootsAreForgottenAtOnce()
    {
        using var fixture = new VmxFixture(WithViews);
        fixture.Cpu.AttachViews(s_list);
        Enter(fixture);
        Assert.Equal("2", VmxInstructions.EptInvalidations);
    }

    [Fact]
    public void VmfuncExitsWhereItIsNotAllowed()
    {
        using var fixture = new VmxFixture(WithViews);
        fixture.Virtualisation.AllowsViewFunctions = false;
        fixture.Cpu.AttachViews(s_list);
        Enter(fixture);
        Assert.Equal(VirtualCpu.AlwaysIntercepted | (1u << 6), fixture.Cpu.ControlBlock.Read32(VmcsField.ExceptionBitmap));
        Assert.False(Has(fixture, SecondaryControls.EnableVmFunctions));
    }

    [Theory]
    [InlineData(0x41, TlbControl.FlushAsid, 1)]
    [InlineData(0x01, TlbControl.None, 2)]
    public void ASwitchForgetsTheGuestsTranslationsOnSvm(uint features, TlbControl control, uint tag)
    {
        using var fixture = new SvmFixture(new SvmCapabilities { Features = features, AsidCount = 16 });
        SvmCpu cpu = fixture.Cpu;
        fixture.Virtualisation.Here.Resident = cpu;
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) => vmcb.ExitCode = 0x72;
        cpu.Run();
        cpu.SwitchNestedRoot(s_other);
        (TlbControl, uint, ulong) seen = default;
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) =>
        {
            seen = (vmcb.TlbControl, vmcb.Asid, vmcb.NestedCr3);
            vmcb.ExitCode = 0x72;
        };
        cpu.Run();
        SvmInstructions.Entered = null;
        Assert.Equal((control, tag, s_other.Address), seen);
    }

    [Fact]
    public void AViolationFillsThePageOnce()
    {
        using var fixture = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        SvmCpu cpu = fixture.Cpu;
        cpu.Cr0 = 0x11;
        cpu.ViewIndex = 5;
        cpu.Exit = new Exit { Reason = ExitReason.NestedPageFault, GuestPhysical = 0x1234_5678, IsWrite = true };
        Assert.False(cpu.TryRaiseVirtualisationException(Rights.Read));
        cpu.AttachVirtualisationExceptions(s_page);
        fixture.Memory.Word64(s_page.Address + 32) = ulong.MaxValue;
        Assert.True(cpu.TryRaiseVirtualisationException(Rights.Read));
        ulong area = s_page.Address;
        Assert.Equal(0xFFFF_FFFF_0000_0030UL, fixture.Memory.Word64(area));
        Assert.Equal(0x0AUL, fixture.Memory.Word64(area + 8));
        Assert.Equal(0x1234_5678UL, fixture.Memory.Word64(area + 24));
        Assert.Equal(0xFFFF_FFFF_FFFF_0005UL, fixture.Memory.Word64(area + 32));
        Assert.Equal(PendingEvent.Fault(ExceptionVector.Virtualization, false, 0), cpu.WaitingEvent);

        cpu.WaitingEvent = default;
        cpu.Exit.GuestPhysical = 0;
        Assert.False(cpu.TryRaiseVirtualisationException(Rights.Read));
        Assert.Equal(0x1234_5678UL, fixture.Memory.Word64(area + 24));
        fixture.Memory.Word32(area + 4) = 0;
        cpu.Exit.DuringDelivery = true;
        Assert.False(cpu.TryRaiseVirtualisationException(Rights.Read));
        cpu.Exit.DuringDelivery = false;
        cpu.Cr0 = 0x10;
        Assert.False(cpu.TryRaiseVirtualisationException(Rights.Read));
    }

    /// <summary>AMD's CPUs have no exception 20, and may refuse to inject one.</summary>
    [Fact]
    public void TheExceptionIsInjectedAsAnInterruptOnSvm()
    {
        using var fixture = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        SvmCpu cpu = fixture.Cpu;
        fixture.Virtualisation.Here.Resident = cpu;
        VmxEntryCheckTests.LoadFlat32(cpu);
        cpu.AttachVirtualisationExceptions(s_page);
        cpu.Exit = new Exit { Reason = ExitReason.NestedPageFault };
        Assert.True(cpu.TryRaiseVirtualisationException(Rights.None));
        (ulong, ulong) seen = default;
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) =>
        {
            seen = (vmcb.EventInjection, vmcb.Rflags & RflagsBits.Resume);
            vmcb.ExitCode = 0x400;
            // Its delivery is interrupted.
            vmcb.ExitInterruptInformation = 0x8000_0014;
        };
        cpu.Run();
        SvmInstructions.Entered = null;
        Assert.Equal((0x8000_0014UL, RflagsBits.Resume), seen);
        Assert.Equal(PendingEvent.Fault(ExceptionVector.Virtualization, false, 0), cpu.WaitingEvent);
        Assert.True(cpu.Exit.DuringDelivery);
    }

    /// <summary>Bochs 2.7 says of an INT n whose delivery faults that there was an event, and leaves its kind and vector 0.</summary>
    [Theory]
    [InlineData(0x8000_0000)]
    [InlineData(0x8000_00F3)]
    [InlineData(0x8000_0202)]
    public void AnInterruptThatNobodyInjectedIsNoneOnSvm(ulong information)
    {
        using var fixture = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        SvmCpu cpu = fixture.Cpu;
        fixture.Virtualisation.Here.Resident = cpu;
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) => (vmcb.ExitCode, vmcb.ExitInterruptInformation) = (0x400, information);
        cpu.Run();
        SvmInstructions.Entered = null;
        Assert.Equal(PendingEvent.None, cpu.WaitingEvent);
    }

    [Fact]
    public void AnInterruptOfTheSameVectorStaysOne()
    {
        using var fixture = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        SvmCpu cpu = fixture.Cpu;
        fixture.Virtualisation.Here.Resident = cpu;
        cpu.Rflags = RflagsBits.Interrupt;
        Assert.True(cpu.TryInjectInterrupt(20));
        SvmInstructions.Entered = (ref GuestRegisters _, ref VmcbLayout vmcb) => (vmcb.ExitCode, vmcb.ExitInterruptInformation) = (0x400, 0x8000_0014);
        cpu.Run();
        SvmInstructions.Entered = null;
        Assert.Equal(PendingEvent.Interrupt(20), cpu.WaitingEvent);
    }

    [Fact]
    public void ControlRegistersAreWatched()
    {
        using var vmx = new VmxFixture(WithViews);
        Vmcs vmcs = vmx.Cpu.ControlBlock;
        ulong mask = vmcs.Read(VmcsField.Cr0Mask), mask4 = vmcs.Read(VmcsField.Cr4Mask), primary = vmcs.Read(VmcsField.PrimaryControls);
        vmx.Cpu.Cr0 = 0x11;
        // The guest sets EM, which is its own.
        vmcs.Write(VmcsField.GuestCr0, vmcs.Read(VmcsField.GuestCr0) | 4);
        (vmx.Cpu.InterceptCr0Writes, vmx.Cpu.InterceptCr3Writes, vmx.Cpu.InterceptCr4Writes, vmx.Cpu.InterceptDescriptorTables) = (true, true, true, true);
        Enter(vmx);
        Assert.Equal((ulong.MaxValue, ulong.MaxValue, 0x15UL), (vmcs.Read(VmcsField.Cr0Mask), vmcs.Read(VmcsField.Cr4Mask), vmcs.Read(VmcsField.Cr0ReadShadow)));
        Assert.Equal((ulong)PrimaryControls.Cr3LoadExiting, vmcs.Read(VmcsField.PrimaryControls) & (ulong)PrimaryControls.Cr3LoadExiting);
        Assert.True(Has(vmx, SecondaryControls.DescriptorTableExiting));
        Assert.Equal(0x15UL, vmx.Cpu.Cr0);
        (vmx.Cpu.InterceptCr0Writes, vmx.Cpu.InterceptCr3Writes, vmx.Cpu.InterceptCr4Writes, vmx.Cpu.InterceptDescriptorTables) = (false, false, false, false);
        Enter(vmx);
        Assert.Equal((mask, mask4, primary), (vmcs.Read(VmcsField.Cr0Mask), vmcs.Read(VmcsField.Cr4Mask), vmcs.Read(VmcsField.PrimaryControls)));
        Assert.False(Has(vmx, SecondaryControls.DescriptorTableExiting));

        using var svm = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        svm.Cpu.Cr0 = 0x11;
        ushort writes = svm.Cpu.ControlBlock.Fields.InterceptCrWrites;
        MiscellaneousIntercepts others = svm.Cpu.ControlBlock.Fields.Intercepts1;
        (svm.Cpu.InterceptCr0Writes, svm.Cpu.InterceptCr3Writes, svm.Cpu.InterceptDescriptorTables) = (true, true, true);
        Assert.Equal(writes | 9, svm.Cpu.ControlBlock.Fields.InterceptCrWrites);
        Assert.Equal((uint)others | 0x3FC0, (uint)svm.Cpu.ControlBlock.Fields.Intercepts1);
        (svm.Cpu.InterceptCr0Writes, svm.Cpu.InterceptCr3Writes, svm.Cpu.InterceptDescriptorTables) = (false, false, false);
        Assert.Equal(writes, svm.Cpu.ControlBlock.Fields.InterceptCrWrites);
        Assert.Equal(others, svm.Cpu.ControlBlock.Fields.Intercepts1);
    }

    /// <summary>Writes of a watched MSR exit, reads do not, and other vCPUs' neither.</summary>
    [Fact]
    public void MsrsAreWatchedForOneVcpu()
    {
        using var vmx = new VmxFixture(WithViews);
        Mfn shared = vmx.Virtualisation.MsrBitmap;
        byte[] before = vmx.Memory.Frame(shared).ToArray();
        Assert.True(vmx.Cpu.InterceptMsrWrites(0x10, true));
        Enter(vmx);
        Assert.Equal(shared.Address, vmx.Cpu.ControlBlock.Read(VmcsField.MsrBitmap));
        Assert.True(vmx.Cpu.InterceptMsrWrites(Msr.LStar, true));
        Enter(vmx);
        ulong own = vmx.Cpu.ControlBlock.Read(VmcsField.MsrBitmap);
        Assert.NotEqual(shared.Address, own);
        byte[] after = vmx.Memory.Frame(new Mfn(own >> 12)).ToArray();
        Assert.Equal([0xC00 + 0x82 / 8], Enumerable.Range(0, 4096).Where(i => before[i] != after[i]));
        Assert.Equal(before[0xC10] | 4, after[0xC10]);
        Assert.True(vmx.Cpu.InterceptMsrWrites(Msr.LStar, false));
        Enter(vmx);
        Assert.Equal(shared.Address, vmx.Cpu.ControlBlock.Read(VmcsField.MsrBitmap));
        Assert.Equal(before, vmx.Memory.Frame(shared).ToArray());

        using var svm = new SvmFixture(new SvmCapabilities { Features = 1, AsidCount = 16 });
        ulong common = svm.Virtualisation.MsrPermissionMap.Address;
        ulong free = svm.Frames.FreeFrames;
        byte[] map = svm.Memory.Bytes(common, 8192).ToArray();
        Assert.True(svm.Cpu.InterceptMsrWrites(Msr.LStar, true));
        byte[] mine = svm.Memory.Bytes(svm.Cpu.ControlBlock.Fields.MsrPermissionMap, 8192).ToArray();
        Assert.Equal([0x800 + 0x82 / 4], Enumerable.Range(0, 8192).Where(i => map[i] != mine[i]));
        Assert.Equal(map[0x820] | 0x20, mine[0x820]);
        Assert.True(svm.Cpu.InterceptMsrWrites(Msr.LStar, false));
        Assert.Equal(common, svm.Cpu.ControlBlock.Fields.MsrPermissionMap);
        svm.Cpu.Release();
        Assert.Equal(free + 1, svm.Frames.FreeFrames);
    }

    [Theory]
    [InlineData(46, 0, DescriptorTableInstruction.Sgdt, 0x67)]
    [InlineData(46, 1, DescriptorTableInstruction.Sidt, 0x66)]
    [InlineData(46, 2, DescriptorTableInstruction.Lgdt, 0x6B)]
    [InlineData(46, 3, DescriptorTableInstruction.Lidt, 0x6A)]
    [InlineData(47, 0, DescriptorTableInstruction.Sldt, 0x68)]
    [InlineData(47, 1, DescriptorTableInstruction.Str, 0x69)]
    [InlineData(47, 2, DescriptorTableInstruction.Lldt, 0x6C)]
    [InlineData(47, 3, DescriptorTableInstruction.Ltr, 0x6D)]
    public void DescriptorTableAccessesAreNamed(uint reason, uint identity, DescriptorTableInstruction expected, ulong code)
    {
        using var vmx = new VmxFixture();
        vmx.Cpu.ControlBlock.Write(VmcsField.ExitInstructionInformation, identity << 28);
        Exit exit = default;
        GuestRegisters registers = default;
        VmxExits.Decode(vmx.Cpu.ControlBlock, (VmxExitReason)reason, ref exit, in registers);
        Assert.Equal((ExitReason.DescriptorTable, expected), (exit.Reason, exit.TableInstruction));
        var vmcb = new VmcbLayout { ExitCode = code };
        exit = default;
        SvmExits.Decode(ref vmcb, new SvmCapabilities(), ref exit, in registers);
        Assert.Equal((ExitReason.DescriptorTable, expected), (exit.Reason, exit.TableInstruction));
    }

    [Fact]
    public void TheMonitorTrapEndsAStep()
    {
        using var fixture = new VmxFixture(WithViews);
        VmxCpu cpu = fixture.Cpu;
        VmxEntryCheckTests.LoadFlat32(cpu);
        cpu.Rflags = RflagsBits.Interrupt;
        cpu.SingleSteps = true;
        Assert.False(cpu.TryInjectInterrupt(0x30));
        Assert.False(cpu.TryInjectNmi());
        cpu.RequestInterruptWindow(true);
        Enter(fixture, () => cpu.ControlBlock.Write(VmcsField.ExitReason, (uint)VmxExitReason.MonitorTrapFlag));
        Assert.Equal(ExitReason.SingleStep, cpu.Exit.Reason);
        ulong primary = cpu.ControlBlock.Read(VmcsField.PrimaryControls);
        Assert.NotEqual(0UL, primary & (ulong)PrimaryControls.MonitorTrapFlag);
        Assert.Equal(0UL, primary & (ulong)(PrimaryControls.InterruptWindowExiting | PrimaryControls.NmiWindowExiting));
        // An instruction of the hypervisor's ends its step without an entry.
        Enter(fixture);
        Assert.Equal(ExitReason.Cpuid, cpu.Exit.Reason);
        cpu.SkipInstruction(2);
        Enter(fixture, () => Assert.Fail("entered"));
        Assert.Equal(ExitReason.SingleStep, cpu.Exit.Reason);
        cpu.SingleSteps = false;
        Enter(fixture);
        Assert.Equal(0UL, cpu.ControlBlock.Read(VmcsField.PrimaryControls) & (ulong)PrimaryControls.MonitorTrapFlag);
        Assert.True(cpu.TryInjectInterrupt(0x30));
    }

    [Theory]
    [InlineData(VmcsField.VmFunctionControls, 3)]
    [InlineData(VmcsField.EptpListAddress, 0x1001)]
    [InlineData(VmcsField.VirtualizationExceptionAddress, 0x80_0000_0000)]
    public void TheEntryChecksKnowTheFieldsOfViews(VmcsField field, ulong value)
    {
        using var fixture = new VmxFixture(WithViews);
        fixture.Cpu.AttachViews(s_list);
        fixture.Cpu.AttachVirtualisationExceptions(s_page);
        Enter(fixture);
        var rules = new CollectedEntryRules();
        VmxEntryChecks.Check(fixture.Cpu.ControlBlock, WithViews, rules);
        int before = rules.Broken;
        fixture.Cpu.ControlBlock.Write(field, value);
        VmxEntryChecks.Check(fixture.Cpu.ControlBlock, WithViews, rules);
        Assert.Equal(before * 2 + 1, rules.Broken);
        Assert.Equal(field.ToString(), rules.Reports[^1].Field);
    }
}
