namespace Xenolith.Hal.Vmx;

/// <summary>One instruction at a time, by the monitor trap flag (Intel SDM vol. 3, 26.5.2). Mirror of <c>Svm.SvmCpu.Stepping.cs</c>.</summary>
public sealed partial class VmxCpu
{
    private const ulong RareFlags = RflagsBits.Resume | RflagsBits.Trap;

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
            SetIntercept(ref _singleSteps, value);
            _rareFlags = value ? ulong.MaxValue : RareFlags;
            _interruptFlag = value ? 0 : RflagsBits.Interrupt;
            _stepDone = false;
        }
    }

    /// <summary>
    /// The CPU may not deliver the interrupts of an APIC that it keeps either. There is no control for that but blocking by STI, which lasts
    /// for one instruction (30.2.1); with TF set it can't be had (27.3.1.5), and an interrupt's delivery is a step then.
    /// </summary>
    private void HoldInterrupts()
    {
        const ulong interruptsOn = RflagsBits.Interrupt, trap = RflagsBits.Trap;
        if ((_vmcs.GuestRflags & (interruptsOn | trap)) == interruptsOn && (_vmcs.GuestInterruptibility & Shadow) == 0
            && (_vmcs.Read(VmcsField.SecondaryControls) & (uint)SecondaryControls.VirtualInterruptDelivery) != 0)
        {
            _vmcs.GuestInterruptibility |= (ulong)Interruptibility.BlockingBySti;
        }
    }
}
