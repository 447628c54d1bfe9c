using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>A virtual CPU in a VMCS. Mirror of <see cref="Svm.SvmCpu"/>.</summary>
public sealed partial class VmxCpu : VirtualCpu
{
    private readonly VmxVirtualisation _virtualisation;
    private VmxProcessor _processor;
    private readonly PhysicalMemory _memory;
    private readonly FrameAllocator _frames;
    private readonly Vmcs _vmcs;
    private readonly Log _log;
    private readonly LoggedEntryRules _rules;

    /// <summary>In units of the preemption timer; 0: it is not used.</summary>
    private readonly uint _longestRun;

    /// <summary>Makes a vCPU in the reset state (Intel SDM vol. 3, 10.1.1).</summary>
    /// <param name="region">A zeroed frame for the VMCS; the vCPU's from now on.</param>
    internal VmxCpu(VmxVirtualisation virtualisation, VmxProcessor processor, PhysicalMemory memory, FrameAllocator frames, Mfn region, Log log)
    {
        _virtualisation = virtualisation;
        _processor = processor;
        _memory = memory;
        _frames = frames;
        _log = log;
        _rules = new LoggedEntryRules(log);
        if (processor.Capabilities.HasPreemptionTimer)
            _longestRun = (uint)Math.Min(virtualisation.LongestRun >> processor.Capabilities.PreemptionTimerShift, uint.MaxValue);
        memory.Word32(region.Address) = processor.Capabilities.Revision;
        _vmcs = new Vmcs(processor, region);
        _vmcs.Clear();
        _vmcs.MakeCurrent();
        _isHeld = true;
        WriteControls(virtualisation.MsrBitmap);
        WriteResetState();
    }

    protected override PhysicalMemory? Memory => _memory;

    /// <summary>The control block, for tests and for the entry checks.</summary>
    public Vmcs ControlBlock => _vmcs;

    public override void Release()
    {
        if (ReferenceEquals(_processor.Resident, this))
        {
            _processor.Trace.Position = Registers.TracePosition;
            _processor.Resident = null;
        }
        _vmcs.Clear();
        _frames.Free(_vmcs.Region, 0);
        if (_ownMsrBitmap != Mfn.Invalid)
            _frames.Free(_ownMsrBitmap, 0);
        if (_writeLog != Mfn.Invalid)
            _frames.Free(_writeLog, 0);
    }

    private void WriteControls(Mfn msrBitmap)
    {
        VmxCapabilities capabilities = _processor.Capabilities;
        PinControls pin = PinControls.ExternalInterruptExiting | PinControls.NmiExiting | PinControls.VirtualNmis;
        const PrimaryControls primary = PrimaryControls.UseTscOffsetting | PrimaryControls.HltExiting | PrimaryControls.MwaitExiting
            | PrimaryControls.RdpmcExiting | PrimaryControls.Cr8LoadExiting | PrimaryControls.Cr8StoreExiting
            | PrimaryControls.UnconditionalIoExiting | PrimaryControls.UseMsrBitmaps | PrimaryControls.MonitorExiting
            | PrimaryControls.ActivateSecondary;
        // RDTSCP, INVPCID and XSAVES are #UD unless a control allows them, where other instructions follow CPUID and CR4 alone.
        const SecondaryControls secondary = SecondaryControls.EnableEpt | SecondaryControls.EnableRdtscp | SecondaryControls.EnableVpid
            | SecondaryControls.WbinvdExiting | SecondaryControls.UnrestrictedGuest | SecondaryControls.EnableInvpcid
            | SecondaryControls.EnableXsaves;
        ExitControls exit = ExitControls.SaveDebugControls | ExitControls.HostAddressSpaceSize | ExitControls.SavePat
            | ExitControls.LoadPat | ExitControls.SaveEfer | ExitControls.LoadEfer;
        const EntryControls entry = EntryControls.LoadDebugControls | EntryControls.LoadPat | EntryControls.LoadEfer;

        if (_longestRun != 0)
        {
            pin |= PinControls.PreemptionTimer;
            exit |= ExitControls.SavePreemptionTimer;
            _vmcs.Write(VmcsField.PreemptionTimerValue, _longestRun);
        }

        uint secondaryValue = capabilities.Secondary.Adjust((uint)secondary);
        _vmcs.Write(VmcsField.PinBasedControls, capabilities.Pin.Adjust((uint)pin));
        // CR3 accesses and INVLPG are among the controls that are 1 unless the CPU has the "true" MSRs; every CPU with EPT does.
        _vmcs.Write(VmcsField.PrimaryControls, capabilities.Primary.Adjust((uint)primary));
        _vmcs.Write(VmcsField.SecondaryControls, secondaryValue);
        _vmcs.Write(VmcsField.ExitControls, capabilities.Exit.Adjust((uint)exit));
        _vmcs.Write(VmcsField.EntryControls, capabilities.Entry.Adjust((uint)entry));
        if ((secondaryValue & (uint)SecondaryControls.EnableXsaves) != 0)
            _vmcs.Write(VmcsField.XssExitingBitmap, 0);
        _vmcs.Write(VmcsField.ExceptionBitmap, 1u << ExceptionVector.MachineCheck);
        // 25.6.3: with bit 14 of the bitmap set, a page fault exits when (error code & mask) == match: here none and all alike.
        _vmcs.Write(VmcsField.PageFaultErrorMask, 0);
        _vmcs.Write(VmcsField.PageFaultErrorMatch, 0);
        _vmcs.Write(VmcsField.Cr3TargetCount, 0);
        _vmcs.Write(VmcsField.ExitMsrStoreCount, 0);
        _vmcs.Write(VmcsField.ExitMsrLoadCount, 0);
        _vmcs.Write(VmcsField.EntryMsrLoadCount, 0);
        _vmcs.Write(VmcsField.EntryInterruptionInformation, 0);
        _vmcs.Write(VmcsField.TscOffset, 0);
        _vmcs.Write(VmcsField.MsrBitmap, msrBitmap.Address);
        _vmcs.Write(VmcsField.Cr0Mask, ~VmxControlRegisters.Cr0GuestOwned);
        _vmcs.Write(VmcsField.Cr4Mask, ~VmxControlRegisters.Cr4GuestOwned);
        // 25.4.2: all ones when there is no shadow VMCS.
        _vmcs.Write(VmcsField.VmcsLinkPointer, ulong.MaxValue);
    }

    private void WriteResetState()
    {
        Registers.Rdx = 0x600;
        for (SegmentName name = SegmentName.Es; name <= SegmentName.Gs; name++)
            SetSegment(name, new Segment(0, 0x93, 0xFFFF, 0));
        SetSegment(SegmentName.Cs, new Segment(0xF000, 0x9B, 0xFFFF, 0xFFFF_0000));
        SetSegment(SegmentName.Ldtr, new Segment(0, 0x82, 0xFFFF, 0));
        SetSegment(SegmentName.Tr, new Segment(0, 0x8B, 0xFFFF, 0));
        Gdtr = new DescriptorTable(0, 0xFFFF);
        Idtr = new DescriptorTable(0, 0xFFFF);
        Rip = 0xFFF0;
        Rflags = RflagsBits.AlwaysOne;
        Efer = 0;
        Cr0 = Cr0Bits.CacheDisable | Cr0Bits.NotWriteThrough | Cr0Bits.ExtensionType;
        Cr3 = 0;
        Cr4 = 0;
        Dr7 = 0x400;
        _vmcs.Write(VmcsField.GuestPat, Msr.PatReset);
        _vmcs.Write(VmcsField.GuestDebugControl, 0);
        _vmcs.Write(VmcsField.GuestSysenterCs, 0);
        _vmcs.Write(VmcsField.GuestSysenterEsp, 0);
        _vmcs.Write(VmcsField.GuestSysenterEip, 0);
        _vmcs.GuestInterruptibility = 0;
        _vmcs.Write(VmcsField.GuestActivity, 0);
        _vmcs.Write(VmcsField.GuestPendingDebugExceptions, 0);
        _vmcs.Write(VmcsField.GuestSmbase, 0);
    }
}
