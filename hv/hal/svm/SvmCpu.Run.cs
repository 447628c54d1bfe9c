using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>Entry and exit.</summary>
public sealed partial class SvmCpu
{
    /// <summary>ASIDs tag guest and nested translations alike, so one flush serves both.</summary>
    private bool _translationsStale;
    private ulong _tagGeneration;

    public override void SetNestedRoot(Mfn root)
    {
        _vmcb.Fields.NestedCr3 = root.Address;
        _translationsStale = true;
    }

    public override string ExitName => SvmExits.NameOf((SvmExitCode)Exit.RawReason);

    public override void InvalidateNested() => _translationsStale = true;

    public override void Run()
    {
        if (_events.TripleFault)
        {
            Exit.Reason = ExitReason.TripleFault;
            return;
        }
        if (!IsResident)
            BecomeResident();
        WriteEvents();
        FlushTranslations();
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        vmcb.CleanBits = 0;
        if (_virtualisation.ChecksEntries)
            CheckEntry();

        SvmInstructions.Enter(ref Registers, ref vmcb, _vmcb.Region.Address, _processor.HostVmcb.Address);
        vmcb.TlbControl = TlbControl.None;
        if ((uint)vmcb.ExitCode == (uint)SvmExitCode.Invalid)
        {
            ReportFailedEntry();
            return;
        }
        ResumeInterruptedEvent();
        SvmExits.Decode(ref vmcb, _processor.Capabilities, ref Exit, in Registers);
        if (vmcb.ExitCode == (ulong)SvmExitCode.Iret)
            SeeIret();
        // An NMI was held by the global interrupt flag and has been taken through the host's IDT by now.
        if (Exit.Reason == ExitReason.Exception && Exit.Vector == ExceptionVector.MachineCheck)
            HostInstructions.RaiseMachineCheck();
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
        _nmiBlocking = NmiBlocking.None;
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        vmcb.Intercepts1 &= ~MiscellaneousIntercepts.Iret;
        vmcb.InterruptShadow = 0;
        vmcb.Dr6 = ProcessorState.Dr6Reset;
    }

    /// <summary>Takes over what the CPU holds outside of the VMCB: TSC_AUX, x87 state and DR0-3.</summary>
    private void BecomeResident()
    {
        _processor.Resident?.LeaveCpu();
        LoadProcessorState();
        if (_processor.Capabilities.HasTscAux)
            HostInstructions.WriteMsr(Msr.TscAux, _tscAux);
        _processor.Resident = this;
    }

    // TSC_AUX can't have changed: guests' writes exit.
    private void LeaveCpu() => SaveProcessorState();

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
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        _log.Error($"VM entry failed: VMRUN found the guest's state invalid");
        if (CheckEntry() == 0)
            _log.Error($"VM entry: no rule that is checked is broken");
        if (!_virtualisation.ChecksEntries)
            _log.Error($"VM entry: emulators overwrite the state of a refused VMRUN; with every entry checked the rules are named before it");
        Exit.Reason = ExitReason.EntryFailed;
        Exit.RawReason = vmcb.ExitCode;
        Exit.RawInformation1 = vmcb.ExitInformation1;
        Exit.RawInformation2 = vmcb.ExitInformation2;
    }
}
