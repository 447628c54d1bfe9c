using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>Entry and exit.</summary>
public sealed partial class SvmCpu
{
    /// <summary>ASIDs tag guest and nested translations alike, so one flush serves both.</summary>
    private bool _translationsStale;
    private ulong _tagGeneration;

    /// <summary>Whether something waits for <see cref="Prepare"/>. Set by whatever changes what that looks at.</summary>
    private bool _needsPreparation = true;

    private bool _isHeld;

    public override bool IsHeld => Volatile.Read(ref _isHeld);

    public override void BecomeLocal()
    {
        SvmProcessor here = _virtualisation.Here;
        if (!ReferenceEquals(here, _processor))
        {
            if (_isHeld)
                throw new InvalidOperationException("a vCPU that another CPU holds");
            _processor = here;
            // A tag is one CPU's, and a fresh one has nothing cached.
            _tagGeneration = 0;
            _needsPreparation = true;
        }
        _isHeld = true;
    }

    public override void LetGo()
    {
        if (!_isHeld || !ReferenceEquals(_virtualisation.Here, _processor))
            return;
        if (IsResident)
        {
            LeaveCpu();
            _processor.Resident = null;
        }
        Volatile.Write(ref _isHeld, false);
    }

    public override void SetNestedRoot(Mfn root)
    {
        _vmcb.Fields.NestedCr3 = root.Address;
        ForgetTranslations();
    }

    public override ulong ExitNumber => _vmcb.Fields.ExitCode;

    public override ulong ExitInformation => _vmcb.Fields.ExitInformation1;

    public override string ExitName => SvmExits.NameOf((SvmExitCode)Exit.RawReason);

    public override void InvalidateNested() => ForgetTranslations();

    public override void Run()
    {
        SvmProcessor processor = _processor;
        if (_needsPreparation)
        {
            if (_events.TripleFault | _singleSteps)
            {
                RunSpecially();
                return;
            }
            Prepare();
        }

        ref VmcbLayout vmcb = ref _vmcb.Fields;
        SvmInstructions.Enter(ref Registers, ref vmcb, _vmcb.Address, processor.HostVmcbAddress);
        TakeExit(processor, ref vmcb);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeExit(SvmProcessor processor, ref VmcbLayout vmcb)
    {
        if ((vmcb.ExitInterruptInformation & SvmExits.EventValid) != 0 && (uint)vmcb.ExitCode != (uint)SvmExitCode.Invalid)
            ResumeInterruptedEvent();
        if (_hasPrepared)
            TakeBack(ref vmcb);
        if (SvmExits.TryDecodePlain(ref vmcb, processor.Capabilities, ref Exit))
            return;
        DecodeRest(processor, ref vmcb);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void DecodeRest(SvmProcessor processor, ref VmcbLayout vmcb)
    {
        if ((uint)vmcb.ExitCode == (uint)SvmExitCode.Invalid)
        {
            ReportFailedEntry();
            return;
        }
        SvmExits.DecodeRest(ref vmcb, processor.Capabilities, ref Exit, in Registers);
        if (vmcb.ExitCode == (ulong)SvmExitCode.Iret)
            SeeIret();
        // An NMI was held by the global interrupt flag and has been taken through the host's IDT by now.
        if (Exit.Reason == ExitReason.Exception && Exit.Vector == ExceptionVector.MachineCheck)
            HostInstructions.RaiseMachineCheck();
    }

    /// <summary>What comes before an entry, unless all of it is as it was at the last one.</summary>
    private void Prepare()
    {
        if (!IsResident)
            BecomeResident();
        WriteEvents();
        if (_translationsStale || _tagGeneration != _processor.Tags.Generation)
            FlushTranslations();
        if (_virtualisation.ChecksEntries)
            CheckEntry();
        _hasPrepared = true;
        // The CPU writes the virtual interrupt back, so it is asked for anew each time.
        _needsPreparation = _events.Displaced.Valid || _vmcb.Fields.VirtualInterrupt != VirtualInterrupt.Masking || _singleSteps || _virtualisation.ChecksEntries;
    }

    /// <summary>Takes out of the control block what was for one entry.</summary>
    private void TakeBack(ref VmcbLayout vmcb)
    {
        vmcb.TlbControl = TlbControl.None;
        vmcb.EventInjection = 0;
        _injected = PendingEvent.None;
        _hasPrepared = false;
    }

    private void ForgetTranslations()
    {
        _translationsStale = true;
        _needsPreparation = true;
    }

    /// <summary>Runs the entry checks and says how many rules are broken.</summary>
    public int CheckEntry()
    {
        _rules.Begin();
        SvmEntryChecks.Check(ref _vmcb.Fields, _processor.Capabilities, _rules);
        return _rules.Broken;
    }

    public override void ReceiveInit()
    {
        if (IsResident)
        {
            LeaveCpu();
            _processor.Resident = null;
        }
        Processor.ResetDebugRegisters();
        _events = default;
        _needsPreparation = true;
        _nmiBlocking = NmiBlocking.None;
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        vmcb.Intercepts1 &= ~MiscellaneousIntercepts.Iret;
        vmcb.InterruptShadow = 0;
        vmcb.Dr6 = ProcessorState.Dr6Reset;
    }

    /// <summary>Takes over what the CPU holds outside of the VMCB: TSC_AUX, x87 state and DR0-3.</summary>
    private void BecomeResident()
    {
        if (_processor.Resident is { } other)
            other.GiveWay();
        LoadProcessorState();
        if (_processor.Capabilities.HasTscAux)
            HostInstructions.WriteMsr(Msr.TscAux, _tscAux);
        BeginTrace(_processor.Trace);
        _processor.Resident = this;
    }

    /// <summary>Another becomes resident.</summary>
    private void GiveWay()
    {
        if (_virtualisation.HasOthers)
            LetGo();
        else
            LeaveCpu();
    }

    // TSC_AUX can't have changed: guests' writes exit.
    private void LeaveCpu()
    {
        SaveProcessorState();
        _processor.Trace.Position = Registers.TracePosition;
        // Before the next entry it becomes resident again, and looks whether its tag is still good: whoever takes tags is resident then.
        _needsPreparation = true;
    }

    private void FlushTranslations()
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        TagAllocator tags = _processor.Tags;
        if (_tagGeneration != tags.Generation)
        {
            bool flushAll = tags.Allocate(out uint tag);
            _tagGeneration = tags.Generation;
            vmcb.Asid = tag;
            if (flushAll)
                vmcb.TlbControl = TlbControl.FlushAll;
        }
        if (_translationsStale)
        {
            if (vmcb.TlbControl == TlbControl.None)
                vmcb.TlbControl = _processor.Capabilities.HasFlushByAsid ? TlbControl.FlushAsid : TlbControl.FlushAll;
            _translationsStale = false;
        }
    }

    private void ReportFailedEntry()
    {
        _needsPreparation = true;
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        _log.Error($"VM entry failed: VMRUN found the guest's state invalid");
        if (CheckEntry() == 0)
            _log.Error($"VM entry: no rule that is checked is broken; QEMU exits like this too when a guest moves reserved bits to CR3");
        if (!_virtualisation.ChecksEntries)
            _log.Error($"VM entry: emulators overwrite the state of a refused VMRUN; with every entry checked the rules are named before it");
        Exit.Reason = ExitReason.EntryFailed;
        Exit.RawReason = vmcb.ExitCode;
        Exit.RawInformation1 = vmcb.ExitInformation1;
        Exit.RawInformation2 = vmcb.ExitInformation2;
    }
}
