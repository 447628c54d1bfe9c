using Xenolith.Kernel;

namespace Xenolith.Hal.Svm;

/// <summary>
/// One instruction at a time, without a monitor trap. Mirror of <c>Vmx.VmxCpu.Stepping.cs</c>. RFLAGS.TF is set for the entry alone, and each
/// thing that could show it to the guest exits before it does: PUSHF, POPF, IRET, INT n and accesses to DR6 by intercepts, SYSCALL and SYSRET by EFER.SCE,
/// exceptions by theirs. A handler is entered with nothing executable in the nested table, so that its first instruction exits.
/// </summary>
public sealed partial class SvmCpu
{
    private const ulong RareFlags = RflagsBits.Resume | RflagsBits.Trap;

    private const MiscellaneousIntercepts FlagInstructions = MiscellaneousIntercepts.Pushf | MiscellaneousIntercepts.Popf
        | MiscellaneousIntercepts.Iret;

    // DR4 is DR6 while CR4.DE is clear.
    private const ushort StatusRegisters = (1 << 4) | (1 << 6);

    /// <summary>An instruction that exits before it runs, and then runs with no such intercept: what it does needs a hand.</summary>
    private enum Special
    {
        None,
        PushesFlags,
        /// <summary>POPF or IRET.</summary>
        LoadsFlags,
        ReadsStatus,
        WritesStatus,
    }

    /// <summary>RFLAGS with which more has to be done about a skipped instruction than to move RIP; all while it ends a step.</summary>
    private ulong _rareFlags = RareFlags;

    /// <summary>What must be set in RFLAGS for an interrupt to be taken; nothing while stepping.</summary>
    private ulong _interruptFlag = RflagsBits.Interrupt;

    private bool _singleSteps;

    /// <summary>The hypervisor has completed the instruction that was to be stepped.</summary>
    private bool _stepDone;

    public override bool SingleSteps
    {
        get => _singleSteps;
        set
        {
            if (value == _singleSteps)
                return;
            _singleSteps = value;
            _rareFlags = value ? ulong.MaxValue : RareFlags;
            _interruptFlag = value ? 0 : RflagsBits.Interrupt;
            _stepDone = false;
            _needsPreparation = true;
        }
    }

    /// <summary>What a step changes in the control block, and how it was.</summary>
    private struct Step
    {
        public MiscellaneousIntercepts Intercepts;
        public ulong Efer;
        public ulong Dr6;
        public ulong Root;
        public bool EntersHandler;
        public bool GuestTraps;
        public Special Running;
    }

    /// <summary>What <see cref="Run"/> does where no plain entry comes next.</summary>
    private void RunSpecially()
    {
        if (_events.TripleFault)
        {
            Exit.Reason = ExitReason.TripleFault;
            return;
        }
        if (_stepDone)
        {
            EndStep(Special.None, guestTraps: false);
            return;
        }
        Special running = Special.None;
        while (TakeStep(running) is var next && next != Special.None)
            running = next;
    }

    /// <summary>Enters for one instruction.</summary>
    /// <param name="running">What it is known to be.</param>
    /// <returns>What has exited and must run yet; none when there is an exit for the caller.</returns>
    private Special TakeStep(Special running)
    {
        Prepare();
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        BeginStep(ref vmcb, running, out Step step);
        if (_virtualisation.ChecksEntries)
            CheckEntry();
        SvmInstructions.Enter(ref Registers, ref vmcb, _vmcb.Address, _processor.HostVmcbAddress);
        Special stopped = FinishStep(ref vmcb, in step, out bool isOver);
        if (stopped != Special.None)
        {
            TakeBack(ref vmcb);
            return stopped;
        }
        TakeExit(_processor, ref vmcb);
        if (isOver)
            EndStep(running, step.GuestTraps);
        return Special.None;
    }

    private void EndStep(Special instruction, bool guestTraps)
    {
        _stepDone = false;
        Exit.Reason = ExitReason.SingleStep;
        Exit.StackedTrapFlag = instruction == Special.PushesFlags && !guestTraps;
    }

    private void BeginStep(ref VmcbLayout vmcb, Special running, out Step step)
    {
        step.Intercepts = vmcb.Intercepts1;
        step.Efer = vmcb.Efer;
        step.Dr6 = vmcb.Dr6;
        step.Root = vmcb.NestedCr3;
        step.EntersHandler = _injected.Valid;
        step.GuestTraps = (vmcb.Rflags & RflagsBits.Trap) != 0;
        step.Running = running;

        // No interrupt is taken, so nobody waits for one.
        vmcb.VirtualInterrupt = VirtualInterrupt.Masking;
        vmcb.Intercepts1 = (vmcb.Intercepts1 & ~MiscellaneousIntercepts.VirtualInterrupt) | FlagInstructions | MiscellaneousIntercepts.SoftwareInterrupt;
        if (running is Special.PushesFlags or Special.LoadsFlags)
            vmcb.Intercepts1 &= ~FlagInstructions;
        bool touchesStatus = running is Special.ReadsStatus or Special.WritesStatus;
        vmcb.InterceptDrReads = touchesStatus ? (ushort)0 : StatusRegisters;
        vmcb.InterceptDrWrites = vmcb.InterceptDrReads;
        vmcb.InterceptExceptions = ~(1u << ExceptionVector.NonMaskable);
        vmcb.Efer &= ~EferBits.SyscallEnable;
        if (!step.EntersHandler)
        {
            vmcb.Rflags |= RflagsBits.Trap;
            // What is set after it is this instruction's.
            if (!touchesStatus)
                vmcb.Dr6 &= ~StepStatus;
            return;
        }

        Mfn closed = _processor.StepRoot;
        for (uint offset = 0; offset < Page.Size; offset += sizeof(ulong))
            _memory.Word64(closed.Address + offset) = NptFormat.WithoutExecution(_memory.Word64(step.Root + offset));
        vmcb.NestedCr3 = closed.Address;
        if (vmcb.TlbControl == TlbControl.None)
            vmcb.TlbControl = _processor.Capabilities.HasFlushByAsid ? TlbControl.FlushAsid : TlbControl.FlushAll;
    }

    private const ulong StepStatus = 0xF | DebugStatus.Step;

    /// <summary>Puts back what the guest must not see.</summary>
    /// <returns>What stands before its execution, when that is all that happened.</returns>
    private Special FinishStep(ref VmcbLayout vmcb, in Step step, out bool isOver)
    {
        vmcb.Intercepts1 = step.Intercepts;
        vmcb.InterceptDrReads = 0;
        vmcb.InterceptDrWrites = 0;
        // Nothing that the guest does without an exit changes EFER.
        vmcb.Efer |= step.Efer & EferBits.SyscallEnable;
        var code = (SvmExitCode)vmcb.ExitCode;
        if (step.EntersHandler)
        {
            const ulong fetch = 1 << 4;
            vmcb.NestedCr3 = step.Root;
            ForgetTranslations();
            bool delivered = (vmcb.ExitInterruptInformation & SvmExits.EventValid) == 0;
            isOver = delivered && code == SvmExitCode.NestedPageFault && (vmcb.ExitInformation1 & fetch) != 0;
            // An interrupt of the machine came between the delivery and the handler: told next.
            _stepDone = delivered && code == SvmExitCode.Interrupt;
            return Special.None;
        }

        bool isDebug = code == SvmExitCode.Exception0 + ExceptionVector.Debug;
        bool touchedStatus = step.Running is Special.ReadsStatus or Special.WritesStatus;
        // DR6 says what else it was (15.12.2); Bochs 2.7 leaves it as it is.
        isOver = isDebug && ((vmcb.Dr6 & DebugStatus.Step) != 0 || (vmcb.Dr6 & StepStatus) == 0);
        // POPF and IRET have loaded the guest's own; what else runs leaves ours.
        if (!step.GuestTraps && !(isOver && step.Running == Special.LoadsFlags))
            vmcb.Rflags &= ~RflagsBits.Trap;
        if (isOver)
            SeeDebugTrap(ref vmcb, in step, touchedStatus ? 0 : HitsOf(ref vmcb));
        else if (!isDebug)
            vmcb.Dr6 = step.Dr6;
        return StoppedAt(code, in step);
    }

    private Special StoppedAt(SvmExitCode code, in Step step)
    {
        const SvmExitCode firstRead = (SvmExitCode)0x20, firstWrite = (SvmExitCode)0x30, lastWrite = (SvmExitCode)0x3F;
        switch (code)
        {
            case SvmExitCode.Pushf:
                return Special.PushesFlags;
            case SvmExitCode.Popf:
                return Special.LoadsFlags;
            case SvmExitCode.Iret:
                if ((step.Intercepts & MiscellaneousIntercepts.Iret) != 0)
                    SeeIret();
                return Special.LoadsFlags;
            case >= firstRead and <= lastWrite:
                return code >= firstWrite ? Special.WritesStatus : Special.ReadsStatus;
            default:
                return Special.None;
        }
    }

    /// <summary>
    /// B0-3 of DR6 as far as their breakpoints are enabled and not on instructions: those come before the next one, as faults. QEMU 7.2 reports
    /// them with the trap too.
    /// </summary>
    private static ulong HitsOf(ref VmcbLayout vmcb)
    {
        ulong hits = 0;
        for (int i = 0; i < 4; i++)
        {
            bool isEnabled = (vmcb.Dr7 >> (2 * i) & 3) != 0;
            bool isOnData = (vmcb.Dr7 >> (16 + 4 * i) & 3) != 0;
            if (isEnabled && isOnData)
                hits |= vmcb.Dr6 & (1UL << i);
        }
        return hits;
    }

    /// <summary>The trap was ours; the guest gets one if it had set TF or a breakpoint was hit besides.</summary>
    private void SeeDebugTrap(ref VmcbLayout vmcb, in Step step, ulong hits)
    {
        ulong before = step.Running == Special.WritesStatus ? vmcb.Dr6 & ~DebugStatus.Step : step.Dr6;
        if (!step.GuestTraps && hits == 0)
        {
            vmcb.Dr6 = before;
            return;
        }
        ulong trap = step.GuestTraps ? DebugStatus.Step : before & DebugStatus.Step;
        vmcb.Dr6 = (before & ~StepStatus) | hits | trap;
        InjectException(ExceptionVector.Debug, false, 0);
    }

    public override bool TryCompleteSystemCall(SystemCallInstruction instruction, int length)
    {
        ref VmcbLayout vmcb = ref _vmcb.Fields;
        bool isProtected = (vmcb.Cr0 & Cr0Bits.ProtectionEnable) != 0;
        if (!_singleSteps || (vmcb.Efer & EferBits.SyscallEnable) == 0 || !isProtected)
            return false;
        if (instruction == SystemCallInstruction.Call)
        {
            CompleteCall(ref vmcb, (uint)length);
        }
        else if (vmcb.PrivilegeLevel != 0)
        {
            InjectException(ExceptionVector.GeneralProtection, true, 0);
            return true;
        }
        else
        {
            CompleteReturn(ref vmcb, instruction == SystemCallInstruction.Return64);
        }
        vmcb.InterruptShadow &= ~1UL;
        _stepDone = true;
        _needsPreparation = true;
        return true;
    }

    /// <summary>APM vol. 3, SYSCALL.</summary>
    private void CompleteCall(ref VmcbLayout vmcb, uint length)
    {
        const ulong legacyCleared = RflagsBits.Interrupt | RflagsBits.Virtual8086 | RflagsBits.Resume;
        bool isLong = (vmcb.Efer & EferBits.LongModeActive) != 0;
        bool is64 = RunsLongCode;
        ulong next = unchecked(vmcb.Rip + length);
        ulong flags = vmcb.Rflags;
        ushort selector = (ushort)((vmcb.Star >> 32) & 0xFFFC);
        Registers.Rcx = is64 ? next : (uint)next;
        if (isLong)
        {
            Registers.R11 = flags & ~RflagsBits.Resume;
            vmcb.Rip = is64 ? vmcb.LStar : vmcb.CStar;
            vmcb.Rflags = (flags & ~(vmcb.SyscallMask | RflagsBits.Resume)) | RflagsBits.AlwaysOne;
        }
        else
        {
            vmcb.Rip = (uint)vmcb.Star;
            vmcb.Rflags = flags & ~legacyCleared;
        }
        SetSegment(SegmentName.Cs, new Segment(selector, isLong ? Code64 : Code32, uint.MaxValue, 0));
        SetSegment(SegmentName.Ss, new Segment((ushort)(selector + 8), Data, uint.MaxValue, 0));
    }

    /// <summary>APM vol. 3, SYSRET.</summary>
    private void CompleteReturn(ref VmcbLayout vmcb, bool to64)
    {
        const ushort user = 3, userRights = 3 << 5;
        const ulong fromR11 = ~(RflagsBits.Resume | RflagsBits.Virtual8086) & 0x3F_7FD5;
        ushort selector = (ushort)(vmcb.Star >> 48);
        vmcb.Rip = to64 ? Registers.Rcx : (uint)Registers.Rcx;
        vmcb.Rflags = (vmcb.Efer & EferBits.LongModeActive) != 0
            ? (Registers.R11 & fromR11) | RflagsBits.AlwaysOne
            : vmcb.Rflags | RflagsBits.Interrupt;
        ushort code = (ushort)((to64 ? selector + 16 : selector) | user);
        SetSegment(SegmentName.Cs, new Segment(code, (ushort)((to64 ? Code64 : Code32) | userRights), uint.MaxValue, 0));
        SetSegment(SegmentName.Ss, new Segment((ushort)((selector + 8) | user), Data | userRights, uint.MaxValue, 0));
    }

    // Flat segments of level 0: code for 64 bits and for 32, and data.
    private const ushort Code64 = 0xA9B, Code32 = 0xC9B, Data = 0xC93;
}
