using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Hal;

namespace Xenolith.Domains;

/// <summary>A write that the listener may deny, which waits for its answer.</summary>
public enum DeferredWriteKind : byte { None, ControlRegister, Msr }

/// <param name="Kind">What is written.</param>
/// <param name="Index">Number of the control register (0, 3, 4) or of the MSR.</param>
/// <param name="Value">The value.</param>
public readonly record struct DeferredWrite(DeferredWriteKind Kind, uint Index, ulong Value);

/// <summary>
/// A vCPU that is listened to: it waits for answers, or for room for an event. The run loop that has it does what an answer asks for
/// before its next entry; the vCPU may not have left its CPU by then.
/// </summary>
public sealed partial class Vcpu
{
    private int _monitorPauses;
    private bool _awaitsRing;
    private bool _hasMonitorAnswer;
    private bool _wantsSteps;

    /// <summary>Events of this vCPU whose answers it waits for.</summary>
    public bool IsPausedByMonitor => Volatile.Read(ref _monitorPauses) != 0;

    /// <summary>Whether it waits until there is room in its listener's ring.</summary>
    public bool AwaitsRing => Volatile.Read(ref _awaitsRing);

    /// <summary>Events of its that wait for room too.</summary>
    internal int EventsForRing { get; private set; }

    private bool IsHeldByMonitor => IsPausedByMonitor || AwaitsRing;

    /// <summary>The generation of <see cref="Monitor"/> that its intercepts are of.</summary>
    public int FollowedMonitor { get; set; }

    /// <summary>What an answer asked for that has not been done yet.</summary>
    public VmEventFlags AnsweredFlags { get; private set; }

    /// <summary>What was told last, of what the vCPU still stands at while it waits for the answer.</summary>
    public VmEventReason ReportedReason { get; internal set; }

    /// <summary>The view to go to, with <see cref="VmEventFlags.AlternateP2m"/>.</summary>
    public ushort AnsweredView { get; private set; }

    /// <summary>The write that the listener was told of before it is made.</summary>
    public DeferredWrite DeferredWrite { get; set; }

    /// <summary>Whether there is something for the run loop to do before the next entry.</summary>
    public bool HasMonitorAnswer => Volatile.Read(ref _hasMonitorAnswer);

    /// <summary>Whether it is to run one instruction at a time (XEN_DOMCTL_debug_op, VM_EVENT_FLAG_TOGGLE_SINGLESTEP).</summary>
    public bool WantsSteps => Volatile.Read(ref _wantsSteps);

    /// <summary>Says whether it is to run one instruction at a time, from its next entry on. The domain's lock is held.</summary>
    public void WantSteps(bool wanted)
    {
        Volatile.Write(ref _wantsSteps, wanted);
        Volatile.Write(ref _hasMonitorAnswer, true);
        Notify(Attention.Schedule);
        KickElsewhere();
    }

    /// <summary>Whether each exit is told of.</summary>
    public bool TellsExits
    {
        get => (Cpu.Checks & ExitChecks.Listener) != 0;
        set => Cpu.Check(ExitChecks.Listener, value);
    }

    /// <summary>Whether the next event that is delivered to it is told of before (VM_EVENT_FLAG_GET_NEXT_INTERRUPT).</summary>
    public bool WantsNextInterrupt => Volatile.Read(ref _wantsNextInterrupt);

    private bool _wantsNextInterrupt;

    /// <summary>The next event is told of, or nobody asks any more. The domain's lock is held.</summary>
    public void ForgetNextInterrupt()
    {
        Volatile.Write(ref _wantsNextInterrupt, false);
        Volatile.Write(ref _hasMonitorAnswer, true);
    }

    /// <summary>The view to go to after one instruction; <see cref="NoView"/>: steps are told of.</summary>
    public int ViewAfterStep { get; set; } = NoView;

    /// <summary>It waits for an answer from now on. On its own CPU, with the domain's lock held.</summary>
    internal void PauseForMonitor()
    {
        RunQueueLock.Acquire();
        _monitorPauses++;
        Enter(IdleState);
        RunQueueLock.Release();
    }

    /// <summary>It waits for room in the ring from now on. On its own CPU, with the domain's lock held.</summary>
    internal void WaitForRing(bool hasEvent)
    {
        EventsForRing += hasEvent ? 1 : 0;
        RunQueueLock.Acquire();
        Volatile.Write(ref _awaitsRing, true);
        Enter(IdleState);
        RunQueueLock.Release();
    }

    internal void EndWaitForRing()
    {
        EventsForRing = 0;
        RunQueueLock.Acquire();
        Volatile.Write(ref _awaitsRing, false);
        Enter(PresentState);
        RunQueueLock.Release();
    }

    /// <summary>The listener has answered. The domain's lock is held, and the vCPU waits for an answer.</summary>
    /// <param name="kept">Where registers and data are kept for it.</param>
    internal void TakeMonitorAnswer(in VmEventRequest answer, ref VmEventRequest kept)
    {
        const VmEventFlags each = VmEventFlags.Emulate | VmEventFlags.EmulateNoWrite | VmEventFlags.SetEmulateReadData
            | VmEventFlags.SetEmulateInstructionData;
        VmEventFlags flags = answer.Flags;
        if ((flags & VmEventFlags.Deny) != 0 && Denies(in answer))
            DeferredWrite = default;
        // The instruction that is to be emulated is the one of the event.
        if (answer.Reason != ReportedReason)
            flags &= ~each;
        // The registers of one answer and the data of another lie in one place: the last of either counts.
        AnsweredFlags = AnsweredFlags & ~each | flags & (each | VmEventFlags.SetRegisters | VmEventFlags.AlternateP2m);
        if ((flags & (VmEventFlags.SetRegisters | VmEventFlags.SetEmulateReadData | VmEventFlags.SetEmulateInstructionData)) != 0)
            kept = answer;
        if (Domain.Services.Virtualisation.HasSingleSteps)
            Step(in answer, flags);
        if ((flags & VmEventFlags.AlternateP2m) != 0)
            AnsweredView = answer.View;
        if ((flags & VmEventFlags.GetNextInterrupt) != 0)
            Volatile.Write(ref _wantsNextInterrupt, true);
        Volatile.Write(ref _hasMonitorAnswer, true);
        if ((flags & VmEventFlags.VcpuPaused) == 0)
            return;
        RunQueueLock.Acquire();
        _monitorPauses--;
        Enter(PresentState);
        RunQueueLock.Release();
    }

    private void Step(in VmEventRequest answer, VmEventFlags flags)
    {
        if ((flags & VmEventFlags.ToggleSingleStep) != 0)
        {
            Volatile.Write(ref _wantsSteps, !_wantsSteps);
            ViewAfterStep = NoView;
        }
        else if ((flags & VmEventFlags.FastSingleStep) != 0 && Domain.Altp2m?.Find(answer.FastSingleStep.View) is not null)
        {
            Volatile.Write(ref _wantsSteps, true);
            ViewAfterStep = answer.FastSingleStep.View;
        }
    }

    /// <summary>What the answers asked for is the calling run loop's to do now.</summary>
    public VmEventFlags TakeAnsweredFlags()
    {
        Volatile.Write(ref _hasMonitorAnswer, false);
        VmEventFlags flags = AnsweredFlags;
        AnsweredFlags = 0;
        return flags;
    }

    /// <summary>Has the run loop look, before the next entry, whether a deferred write may be made.</summary>
    public void Defer(DeferredWrite write)
    {
        DeferredWrite = write;
        Volatile.Write(ref _hasMonitorAnswer, true);
        Notify(Attention.Schedule);
    }

    /// <summary>Nobody listens any more: it goes on as if its events had been answered with nothing.</summary>
    internal void LeaveMonitor()
    {
        EventsForRing = 0;
        AnsweredFlags = 0;
        _wantsSteps = false;
        _wantsNextInterrupt = false;
        ViewAfterStep = NoView;
        Volatile.Write(ref _hasMonitorAnswer, true);
        RunQueueLock.Acquire();
        _monitorPauses = 0;
        Volatile.Write(ref _awaitsRing, false);
        Enter(PresentState);
        RunQueueLock.Release();
    }

    private bool Denies(in VmEventRequest answer) => answer.Reason switch
    {
        VmEventReason.WriteMsr => DeferredWrite.Kind == DeferredWriteKind.Msr,
        VmEventReason.WriteControlRegister => DeferredWrite.Kind == DeferredWriteKind.ControlRegister
            && DeferredWrite.Index == (VmEventControl)answer.ControlRegister.Index switch
            {
                VmEventControl.Cr0 => 0,
                VmEventControl.Cr3 => 3,
                VmEventControl.Cr4 => 4,
                _ => uint.MaxValue,
            },
        _ => false,
    };
}
