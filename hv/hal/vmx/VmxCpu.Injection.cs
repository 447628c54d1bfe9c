using System;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Delivery of events to the guest.</summary>
public sealed partial class VmxCpu
{
    private EventQueue _events;
    private bool _windowWanted;
    private bool _windowSet;
    private uint _exceptionBitmapSet;

    public override bool CanTakeInterrupt => _events.IsEmpty && AcceptsInterrupts;

    public override void RequestInterruptWindow(bool wanted) => _windowWanted = wanted;

    public override void InjectInterrupt(byte vector)
    {
        if (!CanTakeInterrupt)
            throw new InvalidOperationException("an interrupt for a vCPU that can't take one");
        _events.AddInterrupt(vector);
    }

    public override bool TryInjectNmi()
    {
        // Blocking by STI too: some CPUs refuse an NMI under it (27.3.1.5). The entry sets blocking by NMI itself, IRET ends it.
        if (!_events.IsEmpty || _vmcs.Read(VmcsField.GuestInterruptibility) != 0)
            return false;
        _events.AddNmi();
        return true;
    }

    public override void InjectException(byte vector, bool hasErrorCode, uint errorCode) =>
        _events.AddException(vector, hasErrorCode, errorCode);

    public override void SkipInstruction(int length)
    {
        ulong old = Rip;
        ulong next = unchecked(old + (uint)length);
        const ulong limit = 1UL << 32;
        if (old < limit && next >= limit && !RunsLongCode)
            next &= limit - 1;
        Rip = next;

        ulong interruptibility = _vmcs.Read(VmcsField.GuestInterruptibility);
        const ulong shadow = (ulong)(Interruptibility.BlockingBySti | Interruptibility.BlockingByMovSs);
        if ((interruptibility & shadow) != 0)
            _vmcs.Write(VmcsField.GuestInterruptibility, interruptibility & ~shadow);

        ulong flags = Rflags;
        if ((flags & RflagsBits.Resume) != 0)
            Rflags = flags & ~RflagsBits.Resume;
        // The instruction is complete, so a single step ends here: BS among the pending debug exceptions (SDM vol. 3, 25.4.2).
        if ((flags & RflagsBits.Trap) != 0)
            _vmcs.WriteBits(VmcsField.GuestPendingDebugExceptions, 1 << 14, true);
    }

    private bool AcceptsInterrupts
    {
        get
        {
            const ulong shadow = (ulong)(Interruptibility.BlockingBySti | Interruptibility.BlockingByMovSs);
            return (Rflags & RflagsBits.Interrupt) != 0 && (_vmcs.Read(VmcsField.GuestInterruptibility) & shadow) == 0;
        }
    }

    public override bool RunsLongCode =>
        (_vmcs.Read(VmcsField.GuestEfer) & EferBits.LongModeActive) != 0 && GetSegment(SegmentName.Cs).Long;

    private void WriteEvents()
    {
        if (_events.Displaced.Valid)
            _events.Promote(AcceptsInterrupts);
        bool window = _windowWanted || _events.Displaced.Valid;
        if (window != _windowSet)
        {
            _vmcs.WriteBits(VmcsField.PrimaryControls, (uint)PrimaryControls.InterruptWindowExiting, window);
            _windowSet = window;
        }
        uint exceptions = ExceptionBitmap | AlwaysIntercepted;
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
            _vmcs.WriteBits(VmcsField.GuestInterruptibility, (ulong)Interruptibility.BlockingByNmi, false);
    }

    private void ResumeInterruptedEvent()
    {
        uint information = _vmcs.Read32(VmcsField.IdtVectoringInformation);
        if ((information >> 31) == 0)
            return;
        uint errorCode = _vmcs.Read32(VmcsField.IdtVectoringErrorCode);
        var length = (byte)_vmcs.Read(VmcsField.ExitInstructionLength);
        _events.Resume(VmxExits.Event(information, errorCode, length));
    }
}
