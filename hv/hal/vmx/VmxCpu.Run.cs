using System;
using System.Threading;
using Xenolith.Kernel;

namespace Xenolith.Hal.Vmx;

/// <summary>Entry and exit.</summary>
public sealed partial class VmxCpu
{
    private Mfn _nestedRoot = Mfn.Invalid;
    private bool _nestedTranslationsStale;
    private bool _guestTranslationsStale;
    private ulong _tagGeneration;

    /// <summary>Whether something waits for <see cref="Prepare"/>. Set by whatever changes what that looks at.</summary>
    private bool _needsPreparation = true;
    private uint _tag;

    private bool _isHeld;

    public override bool IsHeld => Volatile.Read(ref _isHeld);

    public override void BecomeLocal()
    {
        VmxProcessor here = _virtualisation.Here;
        if (!ReferenceEquals(here, _processor))
        {
            if (_isHeld)
                throw new InvalidOperationException("a vCPU that another CPU holds");
            _processor = here;
            _vmcs.Processor = here;
            // A tag is one CPU's. What this CPU has cached of the nested table may be of any age.
            _tagGeneration = 0;
            _needsPreparation = true;
            _nestedTranslationsStale = true;
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
        _vmcs.Clear();
        Volatile.Write(ref _isHeld, false);
    }

    public override void SetNestedRoot(Mfn root)
    {
        _nestedRoot = root;
        _vmcs.Write(VmcsField.EptPointer, EptFormat.Pointer(root, LogsWrites));
        _nestedTranslationsStale = true;
        _needsPreparation = true;
    }

    public override ulong ExitNumber => _vmcs.Read(VmcsField.ExitReason);

    public override ulong ExitInformation => _vmcs.Read(VmcsField.ExitQualification);

    public override uint ExitInstructionInformation => _vmcs.Read32(VmcsField.ExitInstructionInformation);

    public override string ExitName => VmxExits.NameOf((VmxExitReason)Exit.RawReason);

    public override void InvalidateNested()
    {
        _nestedTranslationsStale = true;
        _needsPreparation = true;
    }

    public override void Run()
    {
        VmxProcessor processor = _processor;
        Vmcs vmcs = _vmcs;
        // Somebody may have looked at another vCPU's registers since, and the entry is of whichever structure is current.
        if ((_needsPreparation | vmcs.HasChanges) || !ReferenceEquals(processor.Current, vmcs))
        {
            if (EndsWithoutEntry())
                return;
            Prepare();
        }

        ulong status = VmxInstructions.Enter(ref Registers, vmcs.Launched ? 1UL : 0, ref vmcs.Image);
        uint reason = vmcs.ExitReason;
        if (status != 0 || (reason & VmxExits.EntryFailure) != 0)
        {
            ReportFailure(status, reason);
            return;
        }
        vmcs.Launched = true;
        if ((vmcs.IdtVectoringInformation & VmxExits.InformationValid) != 0)
            ResumeInterruptedEvent();
        var basic = (VmxExitReason)(reason & 0xFFFF);
        if (VmxExits.TryDecodePlain(vmcs, basic, ref Exit))
            return;
        VmxExits.Decode(vmcs, basic, ref Exit, in Registers);
        switch (Exit.Reason)
        {
            case ExitReason.Interrupt when Exit.RawReason == (ulong)VmxExitReason.PreemptionTimer:
                _vmcs.Write(VmcsField.PreemptionTimerValue, _longestRun);
                break;
            case ExitReason.Nmi:
                HostInstructions.RaiseNmi();
                break;
            case ExitReason.Exception:
                KeepNmiBlocking(Exit.RawInformation1);
                if (Exit.Vector == ExceptionVector.MachineCheck)
                    HostInstructions.RaiseMachineCheck();
                else if (Exit.Vector == ExceptionVector.Debug)
                    ShowDebugException();
                break;
            case ExitReason.NestedPageFault or ExitReason.WriteLogFull:
                KeepNmiBlocking(Exit.RawInformation1);
                break;
        }
    }

    /// <summary>Whether there is something to tell before the guest runs.</summary>
    private bool EndsWithoutEntry()
    {
        if (_events.TripleFault)
        {
            Exit.Reason = ExitReason.TripleFault;
            return true;
        }
        if (!_stepDone)
            return false;
        _stepDone = false;
        Exit.Reason = ExitReason.SingleStep;
        return true;
    }

    /// <summary>What comes before an entry, unless all of it is as it was at the last one.</summary>
    private void Prepare()
    {
        if (!IsResident)
            BecomeResident();
        if (!ReferenceEquals(_processor.Current, _vmcs))
            _vmcs.MakeCurrent();
        if (_pdptesStale)
            LoadPdptes();
        if (_rootStale | _viewsStale | _indexStale)
            WriteViews();
        if (_writeLogStale)
            WriteWriteLog();
        if (_interceptsStale)
            WriteIntercepts();
        WriteEvents();
        if (_singleSteps)
            HoldInterrupts();
        FlushTranslations();
        if (_vmcs.HasChanges)
            _vmcs.WriteChanges();
        if (_virtualisation.ChecksEntries)
            CheckEntry();
        // Windows that are open for this entry alone are judged anew before the next.
        _needsPreparation = _events.Displaced.Valid || _nmiWindowSet || _windowSet != _windowWanted || _singleSteps || _virtualisation.ChecksEntries;
    }

    /// <summary>Runs the entry checks and says how many rules are broken.</summary>
    public int CheckEntry()
    {
        _rules.Begin();
        _vmcs.WriteAll();
        VmxEntryChecks.Check(_vmcs, _processor.Capabilities, _rules);
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
        _vmcs.Write(VmcsField.EntryInterruptionInformation, 0);
        _vmcs.GuestInterruptibility = 0;
        _vmcs.Write(VmcsField.GuestActivity, 0);
        _vmcs.Write(VmcsField.GuestPendingDebugExceptions, 0);
    }

    /// <summary>
    /// Takes over what the CPU holds outside of the VMCS: the switched MSRs, CR2, x87 state, DR0-3 and DR6, and the host's own
    /// state, which the VMCS brings back at an exit.
    /// </summary>
    private void BecomeResident()
    {
        if (_processor.Resident is { } other)
            other.GiveWay();
        _vmcs.MakeCurrent();
        for (int i = 0; i < VmxMsrs.SwitchedCount; i++)
            HostInstructions.WriteMsr(VmxMsrs.SwitchedMsr(i), _switchedMsrs[i]);
        if (_virtualisation.HasTscAux)
            HostInstructions.WriteMsr(Msr.TscAux, _tscAux);
        HostInstructions.WriteCr2(_cr2);
        LoadProcessorState();
        VmxHostState.Write(_vmcs);
        BeginTrace(_processor.Trace);
        _processor.Resident = this;
    }

    /// <summary>Another becomes resident. With one CPU the structure stays where it is: nobody else wants it.</summary>
    private void GiveWay()
    {
        if (_virtualisation.HasOthers)
            LetGo();
        else
            LeaveCpu();
    }

    private void LeaveCpu()
    {
        for (int i = 0; i < VmxMsrs.SwitchedCount; i++)
            _switchedMsrs[i] = HostInstructions.ReadMsr(VmxMsrs.SwitchedMsr(i));
        _cr2 = HostInstructions.ReadCr2();
        SaveProcessorState();
        _processor.Trace.Position = Registers.TracePosition;
        // Before the next entry it becomes resident again, and looks whether its tag is still good: whoever takes tags is resident then.
        _needsPreparation = true;
    }

    private void FlushTranslations()
    {
        TagAllocator tags = _processor.Tags;
        if (_tagGeneration != tags.Generation)
        {
            bool flushAll = tags.Allocate(out _tag);
            _tagGeneration = tags.Generation;
            _vmcs.Write(VmcsField.VirtualProcessorId, _tag);
            if (flushAll)
                InvalidateVpid(AllContexts);
            _guestTranslationsStale = true;
        }
        if (_nestedTranslationsStale)
        {
            // Drops the combined mappings of the root too, whatever their VPID (31.3.3.2).
            var descriptor = new InvalidationDescriptor { Low = EptFormat.Pointer(_nestedRoot) };
            VmxInstructions.InvalidateEpt(_hasSeveralRoots ? AllContexts : SingleContext, ref descriptor);
            _nestedTranslationsStale = false;
        }
        if (_guestTranslationsStale)
        {
            InvalidateVpid(SingleContext);
            _guestTranslationsStale = false;
        }
    }

    private const ulong SingleContext = 1;
    private const ulong AllContexts = 2;

    private void InvalidateVpid(ulong type)
    {
        var descriptor = new InvalidationDescriptor { Low = _tag };
        VmxInstructions.InvalidateVpid(type, ref descriptor);
    }

    /// <summary>
    /// An IRET that faulted had ended the blocking of NMIs before it was done; it will run again and must find it in place
    /// (SDM vol. 3, 28.2.3: bit 12 of the qualification or of the interruption information).
    /// </summary>
    private void KeepNmiBlocking(ulong information)
    {
        if ((information & (1 << 12)) != 0 && !_events.Next.Valid)
            _vmcs.GuestInterruptibility |= (ulong)Interruptibility.BlockingByNmi;
    }

    private void ReportFailure(ulong status, uint reason)
    {
        _needsPreparation = true;
        if (status != 0)
            ReportFailedInstruction(status);
        else
            ReportFailedEntry(reason);
    }

    private void ReportFailedInstruction(ulong status)
    {
        uint error = status == 2 ? _vmcs.Read32(VmcsField.InstructionError) : 0;
        string text = status == 2 ? VmxInstructionError.Describe(error) : "no current VMCS";
        _log.Error($"VM entry failed: VM-instruction error {error}: {text}");
        ExplainFailure(error, 0);
    }

    private void ReportFailedEntry(uint reason)
    {
        var basic = (VmxExitReason)(reason & 0xFFFF);
        string text = basic switch
        {
            VmxExitReason.InvalidGuestState => "invalid guest state",
            VmxExitReason.MsrLoading => "loading of MSRs",
            VmxExitReason.MachineCheckDuringEntry => "machine check",
            _ => "a reason that the manual does not list",
        };
        ulong qualification = _vmcs.Read(VmcsField.ExitQualification);
        _log.Error($"VM entry failed: exit reason 0x{reason:x}: {text}, qualification 0x{qualification:x}");
        ExplainFailure(reason, qualification);
    }

    private void ExplainFailure(ulong reason, ulong qualification)
    {
        if (CheckEntry() == 0)
            _log.Error($"VM entry: no rule that is checked is broken");
        Exit.Reason = ExitReason.EntryFailed;
        Exit.RawReason = reason;
        Exit.RawInformation1 = qualification;
        Exit.RawInformation2 = 0;
    }
}
