using System;
using Xenolith.Kernel;
using System.Runtime.CompilerServices;

namespace Xenolith.Hal.Svm;

/// <summary>Delivery of events to the guest.</summary>
public sealed partial class SvmCpu
{
    private EventQueue _events;
    private PendingEvent _injected;
    private uint _exceptionBitmap;

    /// <summary>All exceptions that exit.</summary>
    private uint _exceptions = AlwaysIntercepted;

    /// <summary>Whether the last entry came after <see cref="Prepare"/>, whose traces are to be taken back.</summary>
    private bool _hasPrepared;
    private bool _windowWanted;
    private NmiBlocking _nmiBlocking;
    private ulong _iretRip;
    private bool _nmiWaits;

    /// <summary>
    /// SVM leaves it to the hypervisor to hold further NMIs back while a guest handles one (APM vol. 2, 15.13.3): its IRET exits before it
    /// runs, and has run when RIP is elsewhere.
    /// </summary>
    private enum NmiBlocking { None, UntilIret, UntilIretCompletes }

    public override PendingEvent WaitingEvent
    {
        get => _events.Next is { Valid: true, IsSoftware: false } ? _events.Next : PendingEvent.None;
        set
        {
            _events = default;
            _events.Resume(value);
            _needsPreparation = true;
        }
    }

    public override PendingEvent NextEvent => _events.Next;

    public override bool CanTakeInterrupt => _events.IsEmpty && AcceptsInterrupts;

    public override void RequestInterruptWindow(bool wanted)
    {
        if (wanted == _windowWanted)
            return;
        _windowWanted = wanted;
        _needsPreparation = true;
    }

    public override uint ExceptionBitmap
    {
        get => _exceptionBitmap;
        set
        {
            _exceptionBitmap = value;
            ChooseExceptions();
            // QEMU 7.2 takes INT3 for an INT n, whose intercept is another; so is the exit, and the caller has to look.
            ref MiscellaneousIntercepts intercepts = ref _vmcb.Fields.Intercepts1;
            bool watches = (value & (1u << ExceptionVector.Breakpoint)) != 0;
            intercepts = watches ? intercepts | MiscellaneousIntercepts.SoftwareInterrupt : intercepts & ~MiscellaneousIntercepts.SoftwareInterrupt;
        }
    }

    private void ChooseExceptions()
    {
        _exceptions = _exceptionBitmap | AlwaysIntercepted | (HasViews ? 1u << ExceptionVector.InvalidOpcode : 0);
        _needsPreparation = true;
    }

    public override bool TryInjectInterrupt(byte vector)
    {
        if (!_events.IsEmpty || !AcceptsInterrupts)
            return false;
        _events.AddInterrupt(vector);
        _needsPreparation = true;
        return true;
    }

    public override bool TryInjectNmi()
    {
        if (_nmiBlocking == NmiBlocking.UntilIretCompletes && _vmcb.Fields.Rip != _iretRip)
            _nmiBlocking = NmiBlocking.None;
        if (_singleSteps || !_events.IsEmpty || (_vmcb.Fields.InterruptShadow & 1) != 0 || _nmiBlocking != NmiBlocking.None)
        {
            _nmiWaits = true;
            _needsPreparation = true;
            return false;
        }
        _events.AddNmi();
        _needsPreparation = true;
        _nmiBlocking = NmiBlocking.UntilIret;
        _vmcb.Fields.Intercepts1 |= MiscellaneousIntercepts.Iret;
        return true;
    }

    public override void InjectException(byte vector, bool hasErrorCode, uint errorCode)
    {
        _events.AddException(vector, hasErrorCode, errorCode);
        _needsPreparation = true;
    }

    public override void InjectSoftware(EventKind kind, byte vector, int length)
    {
        _softwareRip = _vmcb.Fields.Rip;
        // What is injected pushes RIP as it stands (15.20), and no instruction is stepped: that ends at the handler.
        SkipInstruction(length);
        _stepDone = false;
        // INT1 asks nobody; the others ask the gate, as INT n does.
        _events.AddException(kind == EventKind.PrivilegedSoftwareException
            ? PendingEvent.Fault(vector, false, 0)
            : new PendingEvent(true, EventKind.SoftwareInterrupt, vector, false, 0, (byte)length));
        _needsPreparation = true;
    }

    public override void ReturnException()
    {
        // 15.12.2: DR6 and DR7 are saved as the handler is to see them (Bochs 2.7 loses them). The delivery of an event ends the shadow.
        _vmcb.Fields.InterruptShadow &= ~1UL;
        if (Exit.Vector is ExceptionVector.Breakpoint or ExceptionVector.Overflow)
        {
            InjectSoftware(EventKind.SoftwareException, Exit.Vector, Math.Max(Exit.InstructionLength, (byte)1));
            return;
        }
        // 15.12.15: the address of a page fault that exits is not in CR2 yet.
        if (Exit.Vector == ExceptionVector.PageFault)
            Cr2 = Exit.RawInformation2;
        InjectException(Exit.Vector, Exit.HasErrorCode, Exit.ErrorCode);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override void SkipInstruction(int length)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        ulong old = vmcb.Rip;
        ulong next = unchecked(old + (uint)length);
        if (((old ^ next) >> 32 | (vmcb.Rflags & _rareFlags) | vmcb.InterruptShadow) != 0)
        {
            SkipSlowly(length);
            return;
        }
        vmcb.Rip = next;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SkipSlowly(int length)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        ulong old = vmcb.Rip;
        ulong next = unchecked(old + (uint)length);
        const ulong limit = 1UL << 32;
        if (old < limit && next >= limit && !RunsLongCode)
            next &= limit - 1;
        vmcb.Rip = next;
        vmcb.InterruptShadow &= ~1UL;
        ulong flags = vmcb.Rflags;
        vmcb.Rflags = flags & ~RflagsBits.Resume;
        if (_singleSteps)
        {
            _stepDone = true;
            _needsPreparation = true;
        }
        // The instruction is complete, so a single step ends here: #DB with DR6.BS (APM vol. 2, 13.1.1.2).
        if ((flags & RflagsBits.Trap) != 0 && !_events.Next.Valid)
        {
            vmcb.Dr6 |= DebugStatus.Step;
            InjectException(ExceptionVector.Debug, false, 0);
        }
    }

    private bool AcceptsInterrupts
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_vmcb.Fields.Rflags & _interruptFlag) != 0 && (_vmcb.Fields.InterruptShadow & 1) == 0;
    }

    /// <summary>L of a code segment, in the VMCB's form of the attributes.</summary>
    private const ushort LongCodeAttribute = 1 << LongCodeAttributeBit;

    private const int LongCodeAttributeBit = 9, LongModeActiveBit = 10;

    public override CpuMode Mode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            ref VmcbLayout vmcb = ref _vmcb.Fields;
            // Both bits, shifted to that of CpuMode.Long.
            var width = (CpuMode)((uint)(vmcb.Efer >> LongModeActiveBit) & ((uint)vmcb.Cs.Attributes >> LongCodeAttributeBit) & 1);
            return vmcb.PrivilegeLevel == 0 ? width | CpuMode.Supervisor : width;
        }
    }

    public override bool RunsLongCode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_vmcb.Fields.Efer & EferBits.LongModeActive) != 0 && (_vmcb.Fields.Cs.Attributes & LongCodeAttribute) != 0;
    }

    private void WriteEvents()
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        if (_events.Displaced.Valid)
            _events.Promote(AcceptsInterrupts);
        // A virtual interrupt that exits when it would be taken (15.21.4); it is never delivered, so its vector means nothing.
        if (_windowWanted || _events.Displaced.Valid || _nmiWaits)
        {
            vmcb.VirtualInterrupt = VirtualInterrupt.Masking | VirtualInterrupt.Pending | VirtualInterrupt.IgnoreTpr | VirtualInterrupt.PriorityMask;
            vmcb.Intercepts1 |= MiscellaneousIntercepts.VirtualInterrupt;
        }
        else
        {
            vmcb.VirtualInterrupt = VirtualInterrupt.Masking;
            vmcb.Intercepts1 &= ~MiscellaneousIntercepts.VirtualInterrupt;
        }
        if (_nmiWaits)
            AwaitNmiWindow();
        vmcb.InterceptExceptions = _exceptions;

        _injected = _events.Take();
        if (_injected.Kind != EventKind.ExternalInterrupt)
            WriteRareEvent(ref vmcb);
        else
            vmcb.EventInjection = _injected.Valid ? SvmExits.Information(_injected) : 0;
    }

    /// <summary>An event that is no interrupt.</summary>
    private void WriteRareEvent(ref VmcbLayout vmcb)
    {
        PendingEvent written = _injected;
        switch (written.Kind)
        {
            // Real mode pushes no error code, whatever the exception.
            case EventKind.Exception when written.HasErrorCode && (vmcb.Cr0 & Cr0Bits.ProtectionEnable) == 0:
                _injected = written = written with { HasErrorCode = false };
                break;
            // AMD's have no such exception, and 15.20 lets VMRUN refuse one that does not exist. An interrupt's delivery differs in nothing else.
            case EventKind.Exception when written.Vector == ExceptionVector.Virtualization:
                written = written with { Kind = EventKind.ExternalInterrupt };
                break;
            // A fault of its delivery is the instruction's, which RIP must name again.
            case EventKind.SoftwareInterrupt:
                vmcb.NextRip = vmcb.Rip;
                vmcb.InterceptExceptions |= FaultsOfDelivery;
                break;
        }
        vmcb.EventInjection = SvmExits.Information(written);
    }

    private const uint FaultsOfDelivery = (1u << ExceptionVector.InvalidTss) | (1u << ExceptionVector.SegmentNotPresent)
        | (1u << ExceptionVector.StackFault) | (1u << ExceptionVector.GeneralProtection) | (1u << ExceptionVector.PageFault);

    /// <summary>Of the instruction whose event is injected.</summary>
    private ulong _softwareRip;

    /// <summary>
    /// SVM has no window for NMIs. The one for interrupts serves where IF is set; while it is clear, what holds the NMI back is mostly an
    /// exception that is being delivered, and the IRET that ends its handler exits before it runs.
    /// </summary>
    private void AwaitNmiWindow()
    {
        _nmiWaits = false;
        if (_nmiBlocking == NmiBlocking.None)
            _vmcb.Fields.Intercepts1 |= MiscellaneousIntercepts.Iret;
    }

    private void ResumeInterruptedEvent()
    {
        PendingEvent interrupted = SvmExits.Event(_vmcb.Fields.ExitInterruptInformation);
        if (_injected.Kind != EventKind.ExternalInterrupt && _injected.Vector == interrupted.Vector)
        {
            ResumeRareEvent();
            return;
        }
        // Interrupts and NMIs are delivered by injection alone. Of an INT n, Bochs 2.7 says that an event was under way, and not which.
        bool isInterrupt = interrupted.Kind is EventKind.ExternalInterrupt or EventKind.Nmi;
        if (isInterrupt && !_injected.Valid)
            return;
        // INT n, INT3 and INTO run again: RIP still names them, and without next-RIP save the CPU could not be told what to push.
        // An exception of the same vector that was injected has no instruction behind it and is delivered again.
        bool fromInstruction = interrupted.IsSoftware
            || (interrupted.Kind == EventKind.Exception && interrupted.Vector is ExceptionVector.Breakpoint or ExceptionVector.Overflow);
        if (fromInstruction && !(_injected.Valid && _injected.Vector == interrupted.Vector))
            return;
        _events.Resume(interrupted);
        _needsPreparation = true;
    }

    /// <summary>What was injected was not delivered: it is again, unless its delivery raised an exception that the caller gives back.</summary>
    private void ResumeRareEvent()
    {
        bool raised = (SvmExitCode)_vmcb.Fields.ExitCode is >= SvmExitCode.Exception0 and <= SvmExitCode.Exception31;
        if (raised && _injected.Kind == EventKind.SoftwareInterrupt)
        {
            _vmcb.Fields.Rip = _softwareRip;
            return;
        }
        _events.Resume(_injected);
        _needsPreparation = true;
    }

    /// <summary>An IRET that was waited for is about to run: that of the guest's NMI handler, or of an exception's.</summary>
    private void SeeIret()
    {
        _vmcb.Fields.Intercepts1 &= ~MiscellaneousIntercepts.Iret;
        if (_nmiBlocking != NmiBlocking.UntilIret)
            return;
        _nmiBlocking = NmiBlocking.UntilIretCompletes;
        _iretRip = _vmcb.Fields.Rip;
    }
}
