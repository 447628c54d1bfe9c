using Xenolith.Kernel;
using System.Runtime.CompilerServices;

namespace Xenolith.Hal.Vmx;

/// <summary>Delivery of events to the guest.</summary>
public sealed partial class VmxCpu
{
    private const ulong Shadow = (ulong)(Interruptibility.BlockingBySti | Interruptibility.BlockingByMovSs);

    private EventQueue _events;
    private bool _windowWanted;
    private bool _windowSet;
    private bool _nmiWaits;
    private bool _nmiWindowSet;
    private uint _exceptionBitmap;
    private uint _exceptionBitmapSet;

    /// <summary>All exceptions that exit.</summary>
    private uint _exceptions = AlwaysIntercepted;

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
        }
    }

    private void ChooseExceptions()
    {
        bool lacksFunctions = HasViews && !_virtualisation.HasViewFunctions;
        _exceptions = _exceptionBitmap | AlwaysIntercepted | (lacksFunctions ? 1u << ExceptionVector.InvalidOpcode : 0);
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
        // Blocking by STI too: some CPUs refuse an NMI under it (27.3.1.5). The entry sets blocking by NMI itself, IRET ends it.
        // A debug trap that waits comes first (SDM vol. 3, table 6-2).
        if (_singleSteps || !_events.IsEmpty || _vmcs.GuestInterruptibility != 0 || _vmcs.Read(VmcsField.GuestPendingDebugExceptions) != 0)
        {
            _nmiWaits = true;
            _needsPreparation = true;
            return false;
        }
        _events.AddNmi();
        _needsPreparation = true;
        return true;
    }

    public override void InjectException(byte vector, bool hasErrorCode, uint errorCode)
    {
        _events.AddException(vector, hasErrorCode, errorCode);
        _needsPreparation = true;
    }

    public override void InjectSoftware(EventKind kind, byte vector, int length)
    {
        _events.AddException(new PendingEvent(true, kind, vector, false, 0, (byte)length));
        _needsPreparation = true;
    }

    public override void ReturnException()
    {
        // The delivery of an event ends these shadows. Left in place, with TF set, the entry would ask for a pending single step
        // (27.3.1.5), which this exception may have been.
        EndShadow();
        if (Exit.Vector == ExceptionVector.PageFault)
            Cr2 = Exit.RawInformation2;
        _events.AddException(VmxExits.Event((uint)Exit.RawInformation1, Exit.ErrorCode, Exit.InstructionLength));
        _needsPreparation = true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override void SkipInstruction(int length)
    {
        Vmcs vmcs = _vmcs;
        ulong old = vmcs.GuestRip;
        ulong next = unchecked(old + (uint)length);
        if (((old ^ next) >> 32 | (vmcs.GuestRflags & _rareFlags) | vmcs.GuestInterruptibility) != 0)
        {
            SkipSlowly(length);
            return;
        }
        vmcs.GuestRip = next;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void SkipSlowly(int length)
    {
        ulong old = Rip;
        ulong next = unchecked(old + (uint)length);
        const ulong limit = 1UL << 32;
        if (old < limit && next >= limit && !RunsLongCode)
            next &= limit - 1;
        Rip = next;

        EndShadow();
        ulong flags = Rflags;
        if ((flags & RflagsBits.Resume) != 0)
            Rflags = flags & ~RflagsBits.Resume;
        if (_singleSteps)
        {
            _stepDone = true;
            _needsPreparation = true;
        }
        // The instruction is complete, so a single step ends here: BS among the pending debug exceptions (SDM vol. 3, 25.4.2).
        if ((flags & RflagsBits.Trap) != 0)
            _vmcs.WriteBits(VmcsField.GuestPendingDebugExceptions, DebugStatus.Step, true);
    }

    private void EndShadow()
    {
        ulong interruptibility = _vmcs.GuestInterruptibility;
        if ((interruptibility & Shadow) != 0)
            _vmcs.GuestInterruptibility = interruptibility & ~Shadow;
    }

    /// <summary>
    /// What the CPU does before it delivers a debug exception, and not before an exit by one (28.1): DR6, DR7.GD, DEBUGCTL. INT1
    /// leaves DR6 alone.
    /// </summary>
    private void ShowDebugException()
    {
        var kind = (EventKind)((Exit.RawInformation1 >> 8) & 7);
        if (kind == EventKind.Exception)
            HostInstructions.WriteDr6(DebugStatus.Merge(HostInstructions.ReadDr6(), Exit.RawInformation2));
        _vmcs.WriteBits(VmcsField.GuestDr7, DebugStatus.GeneralDetect, false);
        _vmcs.WriteBits(VmcsField.GuestDebugControl, DebugStatus.ClearedControl, false);
    }

    private bool AcceptsInterrupts
    {
        get
        {
            ulong flags = Rflags;
            if ((flags & _interruptFlag) == 0 || (_vmcs.GuestInterruptibility & Shadow) != 0)
                return false;
            // A single step that waits comes first (SDM vol. 3, table 6-2); the injection would lose it.
            return (flags & RflagsBits.Trap) == 0 || _vmcs.Read(VmcsField.GuestPendingDebugExceptions) == 0;
        }
    }

    /// <summary>L of a code segment, in the form of the access-rights field.</summary>
    private const ulong LongCodeRight = 1 << 13;

    private const ulong PrivilegeRights = 3 << 5;

    public override CpuMode Mode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Vmcs vmcs = _vmcs;
            CpuMode mode = (vmcs.GuestSsAccessRights & PrivilegeRights) == 0 ? CpuMode.Supervisor : CpuMode.None;
            return (vmcs.GuestEfer & EferBits.LongModeActive) != 0 && (vmcs.GuestCsAccessRights & LongCodeRight) != 0 ? mode | CpuMode.Long : mode;
        }
    }

    public override bool RunsLongCode =>
        (_vmcs.GuestEfer & EferBits.LongModeActive) != 0 && (_vmcs.GuestCsAccessRights & LongCodeRight) != 0;

    private void WriteEvents()
    {
        if (_events.Displaced.Valid)
            _events.Promote(AcceptsInterrupts);
        bool window = (_windowWanted || _events.Displaced.Valid) && !_singleSteps;
        if ((_nmiWaits && !_singleSteps) || _nmiWindowSet)
            window |= WriteNmiWindow();
        if (window != _windowSet)
        {
            _vmcs.WriteBits(VmcsField.PrimaryControls, (uint)PrimaryControls.InterruptWindowExiting, window);
            _windowSet = window;
        }
        uint exceptions = _exceptions;
        if (exceptions != _exceptionBitmapSet)
        {
            _vmcs.Write(VmcsField.ExceptionBitmap, exceptions);
            _exceptionBitmapSet = exceptions;
        }
        if (!_events.Next.Valid)
            return;

        // An exit clears the valid bit of the field, so nothing needs to be taken back afterwards.
        PendingEvent next = _events.Take();
        // 27.2.1.3: an error code is pushed in protected mode only; real mode has none, whatever the exception.
        if (next.HasErrorCode && (_vmcs.Read(VmcsField.GuestCr0) & Cr0Bits.ProtectionEnable) == 0)
            next = next with { HasErrorCode = false };
        _vmcs.Write(VmcsField.EntryInterruptionInformation, VmxExits.Information(next));
        if (next.HasErrorCode)
            _vmcs.Write(VmcsField.EntryExceptionErrorCode, next.ErrorCode);
        if (next.IsSoftware)
            _vmcs.Write(VmcsField.EntryInstructionLength, next.InstructionLength);
        // An interrupted NMI has set its own blocking, under which it could not be delivered again (27.3.1.5).
        if (next.Kind == EventKind.Nmi)
            _vmcs.GuestInterruptibility &= ~(ulong)Interruptibility.BlockingByNmi;
    }

    /// <summary>
    /// Asks for an exit as soon as the NMI that waits can be injected. An NMI-window exit need not wait for the end of blocking by STI
    /// (26.2), where it would come again and again; there IF is set, and the window for interrupts does.
    /// </summary>
    /// <returns>Whether the window for interrupts is needed.</returns>
    private bool WriteNmiWindow()
    {
        const ulong sti = (ulong)Interruptibility.BlockingBySti;
        bool behindSti = _nmiWaits && !_events.Next.Valid && (_vmcs.GuestInterruptibility & sti) != 0;
        bool wanted = _nmiWaits && !behindSti && !_singleSteps;
        _nmiWaits = false;
        if (wanted != _nmiWindowSet)
        {
            _vmcs.WriteBits(VmcsField.PrimaryControls, (uint)PrimaryControls.NmiWindowExiting, wanted);
            _nmiWindowSet = wanted;
        }
        return behindSti;
    }

    private void ResumeInterruptedEvent()
    {
        uint information = _vmcs.IdtVectoringInformation;
        _needsPreparation = true;
        uint errorCode = _vmcs.Read32(VmcsField.IdtVectoringErrorCode);
        _events.Resume(VmxExits.Event(information, errorCode, _vmcs.ExitInstructionLength));
    }
}
