using System;
using System.Runtime.CompilerServices;
using Xenolith.Domains;
using Xenolith.Hal;
using Xenolith.Kernel;

namespace Xenolith;

/// <summary>
/// The life of a physical CPU: run a vCPU, take its exit, handle it, run again. A vCPU that waits is state, not a stack.
/// Host interrupts are let in at three places only: after an exit that one caused, while idle, and where a guest's exception exited.
/// </summary>
public sealed partial class RunLoop
{
    private readonly Machine _machine;
    private readonly Clock _clock;
    private readonly CpuTimers _timers;
    private readonly ExitHandler _exits;
    private readonly Scheduler _scheduler;
    private readonly bool _isFirst;
    private Unowned<Vcpu> _current;

    /// <param name="cpu">The physical CPU's number.</param>
    public RunLoop(Machine machine, int cpu = 0)
    {
        _isFirst = cpu == 0;
        _machine = machine;
        _clock = machine.Kernel.Clock;
        _timers = machine.Timers;
        _exits = new ExitHandler(machine);
        _scheduler = machine.Queues[cpu];
    }

    /// <summary>The vCPU that the CPU works for; null: none.</summary>
    internal Vcpu? Current => _current.Value;

    /// <summary>Runs the domain until it has shut down.</summary>
    public void Run(Domain domain)
    {
        Vcpu? next = null;
        while (!domain.IsShutDown)
        {
            bool took = DeliverInput();
            RunDueTimers();
            next ??= _scheduler.Choose();
            if (next is { } vcpu)
            {
                next = RunUntilAnother(vcpu);
            }
            else if (!domain.IsShutDown && !took && _clock.Nanoseconds < _timers.NextDeadline)
            {
                if (!_isFirst || !_machine.Keeper.Step())
                {
                    CpuGate.Idle(_machine);
                }

                _timers.Run(_clock.Nanoseconds);
            }
        }
    }

    /// <summary>
    /// A fault of the hypervisor's own code (a bounds or overflow violation) while it worked for a guest: that guest ends.
    /// False: it worked for nobody, so the fault is the hypervisor's.
    /// </summary>
    /// <param name="fault">What happened, in words.</param>
    public bool TryBlame(string fault)
    {
        // Another's lock guards what may be half changed now, and a fault with it held has no end that is safe.
        if (_current.Value is not { } vcpu || CurrentCpu.LocksHeld > (vcpu.Domain.IsHeld ? 1 : 0))
        {
            return false;
        }

        _current = default;
        if (vcpu.Domain.IsHeld)
        {
            vcpu.Domain.Abandon();
        }

        _scheduler.Leave();
        vcpu.LeaveCpu();
        vcpu.Domain.Crash(fault);
        return true;
    }

    /// <summary>Runs a vCPU until it waits or another's turn has come.</summary>
    /// <returns>The other; null when the vCPU waits, or must, and nobody is chosen yet.</returns>
    private Vcpu? RunUntilAnother(Vcpu vcpu)
    {
        Begin(vcpu);
        Vcpu? next;
        while (TryPrepareEntry(vcpu, out next))
        {
            vcpu.Cpu.Run();
            HandleExit(vcpu);
        }

        End(vcpu, next);
        return next;
    }

    private void Begin(Vcpu vcpu)
    {
        _current = new Unowned<Vcpu>(vcpu);
        vcpu.BeginRun();
    }

    private void End(Vcpu vcpu, Vcpu? next)
    {
        vcpu.EndRun();
        _current = default;
        if (next is null)
        {
            _scheduler.Leave();
        }
    }

    /// <summary>Does what has to be done before the vCPU's next entry.</summary>
    /// <param name="next">Who runs in its stead, when that is decided.</param>
    /// <returns>Whether it runs on.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPrepareEntry(Vcpu vcpu, out Vcpu? next)
    {
        // A host interrupt that waits ends the guest's run at once, so that nothing of what one brings is looked for here.
        if (CpuGate.IsPolled)
        {
            RunDueTimers();
            DeliverInput();
        }

        next = null;

        // The guest itself may write the byte that says that events wait.
        if ((vcpu.Attention != Attention.None || vcpu.HasPendingUpcall) && !Attend(vcpu, out next))
        {
            return false;
        }

        vcpu.SynchroniseNested();
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void HandleExit(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (cpu.Checks != ExitChecks.None && IsTaken(vcpu))
        {
            return;
        }

        ExitReason reason = cpu.Exit.Reason;
        if (reason == ExitReason.Hypercall)
        {
            _exits.HandleHypercall(vcpu);
            return;
        }

        switch (reason)
        {
            case ExitReason.Interrupt:
                TakeInterrupts();
                break;
            case ExitReason.InterruptWindow:
                vcpu.SeeWindow();
                break;
            case ExitReason.Exception when cpu.Exit.Vector == ExceptionVector.InvalidOpcode && cpu.HasViews && ExitHandler.TryChangeView(vcpu):
                break;
            case ExitReason.Exception:
            case ExitReason.PauseLoop:
                // While the delivery of an exception causes it again, no exit by an interrupt comes between. Nor, on Bochs's SVM, while
                // a guest spins with interrupts off.
                _exits.Handle(vcpu);
                TakeInterrupts();
                break;
            default:
                _exits.Handle(vcpu);
                break;
        }
    }

    /// <summary>Looks at what comes before all else after an exit. True: nothing else is to be done about it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsTaken(Vcpu vcpu)
    {
        ExitChecks checks = vcpu.Cpu.Checks;
        if ((checks & ExitChecks.ViewSwitch) != 0)
        {
            vcpu.FollowView();
        }

        if ((checks & ExitChecks.Writes) != 0)
        {
            vcpu.TakeWrites();
        }

        return (checks & ExitChecks.Listener) != 0 && IsListeners(vcpu, vcpu.Cpu.Exit.Reason);
    }

    /// <summary>
    /// Tells the listener of an exit. True: the rest is the listener's. What the machine wants of it is done all the same, and one that failed is nobody's but the machine's.
    /// </summary>
    private bool IsListeners(Vcpu vcpu, ExitReason reason)
    {
        bool isMachines = reason == ExitReason.EntryFailed || (reason == ExitReason.Exception && vcpu.Cpu.Exit.Vector == ExceptionVector.MachineCheck);
        if (isMachines || !Listeners.TellOfExit(vcpu))
        {
            return false;
        }

        switch (reason)
        {
            case ExitReason.Interrupt:
                TakeInterrupts();
                break;
            case ExitReason.InterruptWindow:
                vcpu.SeeWindow();
                break;
        }

        return true;
    }

    /// <summary>Does what the vCPU's attention is asked for.</summary>
    /// <param name="next">Who runs in its stead, when that is decided.</param>
    /// <returns>Whether it runs on.</returns>
    private bool Attend(Vcpu vcpu, out Vcpu? next)
    {
        next = null;
        Attention attention = vcpu.TakeAttention();
        // Before anything by which the vCPU leaves the CPU: nobody says it again. It may end the wait that would make it leave.
        if ((attention & Attention.ApicTimer) != 0)
        {
            vcpu.Apic.TimerFired(_clock.Nanoseconds);
        }

        if ((attention & Attention.View) != 0)
        {
            vcpu.AttendToView();
        }

        if ((attention & Attention.Schedule) != 0)
        {
            if (!vcpu.IsRunnable)
            {
                return false;
            }

            if (_scheduler.MustChoose && (next = _scheduler.Choose()) != vcpu)
            {
                return false;
            }
        }

        if (vcpu.HasMonitorAnswer || vcpu.FollowedMonitor != vcpu.Domain.Monitor.Generation)
        {
            _exits.FollowListener(vcpu);
            if (!vcpu.IsRunnable)
            {
                return false;
            }
        }

        // Who runs step by step gets interrupts after the last step: one before would be the step.
        if (vcpu.Cpu.SingleSteps)
        {
            vcpu.Notify(Attention.Interrupts);
            return !vcpu.WantsNextInterrupt || !IsDelivering(vcpu);
        }

        // Before any interrupt: the instruction that waited comes first.
        // It may ask again, and a device model on another CPU have answered by the time that this is looked at.
        while (vcpu.HasDeviceAnswer)
        {
            _exits.Resume(vcpu);
            if (!vcpu.IsRunnable)
            {
                return false;
            }
        }

        if (vcpu.HasOrderedEvent)
        {
            return DeliverOrdered(vcpu) && (!vcpu.WantsNextInterrupt || !IsDelivering(vcpu));
        }

        Deliver(vcpu);
        return !vcpu.WantsNextInterrupt || !IsDelivering(vcpu);
    }

    /// <summary>Whether the next entry would deliver an event: its listener, who asked for that, is told, and the vCPU waits. Otherwise the next entry is looked at too.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsDelivering(Vcpu vcpu)
    {
        PendingEvent next = vcpu.Cpu.NextEvent;
        if (next.Valid)
        {
            Listeners.TellOfInterrupt(vcpu, in next);
        }

        vcpu.Notify(Attention.Interrupts);
        return !vcpu.IsRunnable;
    }

    /// <summary>Delivers what was ordered for the vCPU, and then what waits besides. False: no CPU delivers that, and the domain has ended.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool DeliverOrdered(Vcpu vcpu)
    {
        if (vcpu.Apic.HasNews)
        {
            vcpu.Apic.Synchronise();
        }

        if (OrderedDelivery.TryDeliver(vcpu))
        {
            Deliver(vcpu);
        }

        return !vcpu.Domain.IsShutDown;
    }

    private void TakeInterrupts()
    {
        CpuGate.TakeInterrupts(_machine);
        _timers.Run(_clock.Nanoseconds);
        DeliverInput();
    }

    /// <summary>The first CPU serves the console, and what is done for domains that come and go.</summary>
    private bool DeliverInput()
    {
        if (!_isFirst)
        {
            return false;
        }

        _machine.Keeper.Listen();
        return _machine.Input.Deliver();
    }

    private void RunDueTimers()
    {
        if (_timers.NextDeadline != ulong.MaxValue && _clock.Nanoseconds >= _timers.NextDeadline)
        {
            _timers.Run(_clock.Nanoseconds);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Deliver(Vcpu vcpu)
    {
        VirtualCpu cpu = vcpu.Cpu;
        if (vcpu.Apic.HasNews)
        {
            vcpu.Apic.Synchronise();
        }

        Injection injection = vcpu.SelectInjection();
        if (injection.Kind == InjectionKind.None)
        {
            cpu.RequestInterruptWindow(false);
            return;
        }

        if (injection.Kind == InjectionKind.Nmi)
        {
            if (cpu.TryInjectNmi())
            {
                vcpu.AcceptInjection(injection);
            }

            // Nobody says when the guest can take an NMI, or what waits behind it.
            vcpu.Notify(Attention.Interrupts);

            // A window left open from before would exit again and again, before the guest's next instruction.
            cpu.RequestInterruptWindow(false);
            return;
        }

        if (!cpu.TryInjectInterrupt(injection.Vector))
        {
            cpu.RequestInterruptWindow(true);
            return;
        }

        vcpu.AcceptInjection(injection);
        cpu.RequestInterruptWindow(vcpu.NeedsWindowAfter(injection));
    }
}
