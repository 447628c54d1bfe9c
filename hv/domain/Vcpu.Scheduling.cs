using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using Xenolith.Mm;
using SpinLock = Xenolith.Kernel.SpinLock;

namespace Xenolith.Domains;

/// <summary>Whether a vCPU runs, waits or is off, and for how long it has been so.</summary>
public sealed partial class Vcpu
{
    private readonly RegisteredArea _runStateArea;
    private readonly RegisteredArea _physicalRunStateArea;
    private bool _physicalRunStateIsWide;
    private RunStateAccount _runState;

    /// <summary>Polling for any of several ports.</summary>
    private const int PollAny = -1;

    private const int NoCpu = -1;

    /// <summary>0: not polling. Changes with the run queues held, like all below.</summary>
    private int _poll;

    private bool _isOnline;
    private bool _isBlocked;

    /// <summary>The CPU on which the run loop has the vCPU.</summary>
    private int _runsOn = NoCpu;

    /// <summary>The scheduler's side of the vCPU.</summary>
    internal VcpuSchedule Schedule = new();

    /// <summary>Whether the vCPU is up; the first is when its domain is built, others after INIT-SIPI-SIPI or VCPUOP_up.</summary>
    public bool IsOnline => Volatile.Read(ref _isOnline);

    /// <summary>Whether registers were loaded, so that VCPUOP_up may start it.</summary>
    public bool IsInitialised { get; set; }

    /// <summary>Whether it waits for an event: HLT, SCHEDOP_block or SCHEDOP_poll.</summary>
    public bool IsBlocked => Volatile.Read(ref _isBlocked);

    /// <summary>Whether it is on a CPU now.</summary>
    public bool IsRunning => _runState.State == RunState.Running;

    /// <summary>Whether the calling CPU's run loop has it.</summary>
    public bool RunsHere => Volatile.Read(ref _runsOn) == CurrentCpu.Number;

    /// <summary>Whether it waits in SCHEDOP_poll.</summary>
    public bool IsPolling => Volatile.Read(ref _poll) != 0;

    /// <summary>The physical CPUs on which it may run.</summary>
    public CpuSet Affinity { get; internal set; } = new(ulong.MaxValue);

    /// <summary>Where it had better run, as a toolstack said; kept for it and never looked at.</summary>
    public CpuSet SoftAffinity { get; set; } = new(ulong.MaxValue);

    /// <summary>The CPU that it runs on, or ran on last, or is going to.</summary>
    public int HomeCpu => Schedule.Home?.Cpu ?? 0;

    /// <summary>The vCPU may run on these CPUs only. False, and nothing has changed: its CPU is none of them, so it has to <see cref="MoveTo"/> one.</summary>
    public bool TryAllow(CpuSet cpus)
    {
        // With the queues held nobody takes it to another CPU between the look and the change.
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        bool may = cpus.Contains(HomeCpu);
        if (may)
            Affinity = cpus;
        queues.Release();
        return may;
    }

    /// <summary>The vCPU may run on these CPUs only, and goes to one of them. Its domain stands still.</summary>
    public void MoveTo(CpuSet cpus)
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        Affinity = cpus;
        Schedule.Home?.MoveAway(this);
        queues.Release();
    }

    /// <summary>Whether the run loop may run it.</summary>
    public bool IsRunnable => MayRun && !_isLeaving;

    private bool MayRun => IsOnline && !IsBlocked && !AwaitsDevice && !IsHeldByMonitor && !Domain.IsShutDown && Domain.PauseCount == 0;

    /// <summary>Time in each state, up to now.</summary>
    public RunStateAccount RunStateNow
    {
        get
        {
            SpinLock queues = RunQueueLock;
            queues.Acquire();
            RunStateAccount account = _runState.At(Domain.Services.Clock.Nanoseconds);
            queues.Release();
            return account;
        }
    }

    private SpinLock RunQueueLock => Domain.Services.RunQueueLock;

    /// <summary>The run loop is about to run the vCPU on this CPU.</summary>
    public void BeginRun()
    {
        Volatile.Write(ref _runsOn, CurrentCpu.Number);
        // What anybody asks of the vCPU from here on reaches this CPU; what was asked before is looked at.
        Domain.CountRunning(CurrentCpu.Number, true);
        Notify(Attention.All);
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        EnterState(RunState.Running);
        RunStateAccount account = _runState;
        queues.Release();
        Domain.HasBegun = true;
        Cpu.BecomeLocal();
        Start();
        // Another vCPU may be moving what is written to.
        Domain.Acquire();
        PublishTimeIfChanged();
        WriteRunState(account);
        Domain.Release();
    }

    /// <summary>The run loop takes the vCPU off this CPU.</summary>
    public void EndRun()
    {
        if (_isLeaving)
            Cpu.LetGo();
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        EnterState(IdleState);
        Volatile.Write(ref _runsOn, NoCpu);
        ApplyInit();
        if (_isLeaving)
            Arrive();
        queues.Release();
        Domain.CountRunning(CurrentCpu.Number, false);
        if (Domain.IsShutDown)
            Cpu.LetGo();
    }

    /// <summary>The same after a fault in the middle of it, when nothing but this may be relied on.</summary>
    public void LeaveCpu()
    {
        Volatile.Write(ref _runsOn, NoCpu);
        Domain.CountRunning(CurrentCpu.Number, false);
        Cpu.LetGo();
    }

    /// <summary>Whether a physical CPU works for the vCPU, in the guest or in the hypervisor.</summary>
    public bool IsOnCpu => Volatile.Read(ref _runsOn) != NoCpu;

    /// <summary>
    /// HLT with interrupts on, or SCHEDOP_block: waits for an event. Nothing happens when one waits already.
    /// </summary>
    public void Block()
    {
        Info.ClearUpcallMask();
        Wait(0, 0);
    }

    /// <summary>
    /// The HLT instruction. With interrupts off nothing but an NMI would end it, so it takes the vCPU down, and the last one
    /// down powers the domain off, as on Xen.
    /// </summary>
    public void Halt()
    {
        if ((Cpu.Rflags & InterruptFlag) != 0)
            Block();
        else if (!NmiPending)
            Down();
    }

    /// <summary>
    /// SCHEDOP_poll: waits until an event arrives, one of the ports becomes pending, or the time comes. The caller has checked
    /// that no port is pending.
    /// </summary>
    /// <param name="port">The one port; 0 when there are several or none.</param>
    /// <param name="timeout">Nanoseconds of system time; 0: none.</param>
    public void Poll(uint port, ulong timeout) => Wait(port == 0 ? PollAny : (int)port, timeout);

    /// <summary>Ends a wait, of whatever kind. The caller has written down what it wakes for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Wake()
    {
        if (IsBlocked)
            WakeBlocked();
        else
            KickElsewhere();
    }

    private void WakeBlocked()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        if (_isBlocked)
        {
            EndPoll();
            _isBlocked = false;
            Enter(PresentState);
        }
        queues.Release();
    }

    /// <summary>SCHEDOP_yield: others that wait go first, once.</summary>
    public void Yield() => Schedule.Home?.Yield();

    /// <summary>VCPUOP_up, or a start-up interrupt: the vCPU may run from now on.</summary>
    public void Up()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        if (!_initPending)
            GoOnline();
        queues.Release();
    }

    /// <summary>VCPUOP_down, or HLT with interrupts off. The last vCPU that goes down powers the domain off.</summary>
    public void Down()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        GoOffline();
        bool isLast = true;
        foreach (Vcpu other in Domain.Vcpus)
            isLast &= !other._isOnline;
        queues.Release();
        if (isLast)
            Domain.Shutdown(ShutdownReason.Poweroff);
    }

    /// <summary>
    /// VCPUOP_register_runstate_memory_area: from now on the account is copied to the address whenever the vCPU is put on a CPU.
    /// False: it is not writable memory now (Xen finds out later and says nothing).
    /// </summary>
    /// <param name="access">The address space that the address belongs to: the caller's.</param>
    public bool RegisterRunStateArea(GuestAccess access, ulong linear)
    {
        int size = Domain.SharedInfo.Is64Bit ? RunStateAccount.Size : RunStateAccount.Size32;
        if (!_runStateArea.TryRegister(access, linear, size))
            return false;
        // As Xen, which does not bring the account of a running vCPU up to now here.
        WriteRunState(RunsHere ? _runState : RunStateNow);
        return true;
    }

    /// <summary>
    /// VCPUOP_register_runstate_phys_area: likewise for a guest-physical address, beside the other. The area is written at once for the running vCPU, for
    /// another when that is put on a CPU, as on Xen.
    /// </summary>
    /// <param name="physical">Or <see cref="RegisteredArea.None"/>.</param>
    /// <param name="is64Bit">The caller's layout, in which it is kept.</param>
    /// <returns>As <see cref="RegisteredArea.Register"/>.</returns>
    public Errno RegisterRunStateArea(ulong physical, bool is64Bit)
    {
        int size = is64Bit ? RunStateAccount.Size : RunStateAccount.Size32;
        Errno error = _physicalRunStateArea.Register(physical, size, AreaAlignment);
        if (error != Errno.None)
            return error;
        _physicalRunStateIsWide = is64Bit;
        if (RunsHere)
            WriteRunState(_physicalRunStateArea, _runState, is64Bit, isMarked: true);
        return Errno.None;
    }

    /// <summary>That of an unsigned long of the domain's.</summary>
    private uint AreaAlignment => Domain.SharedInfo.Is64Bit ? 8u : 4u;

    internal void EndPollOn(uint port)
    {
        int poll = Volatile.Read(ref _poll);
        if (poll == PollAny || poll == (int)port)
            Wake();
    }

    internal void RefreshState()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        Enter(PresentState);
        queues.Release();
    }

    /// <summary>The state that the vCPU is in while it is on no CPU.</summary>
    private RunState IdleState => _isBlocked || _awaitsDevice ? RunState.Blocked : MayRun ? RunState.Runnable : RunState.Offline;

    /// <summary>The state of one that may be on a CPU still, though it was about to leave: if it need not any more, it goes on there.</summary>
    private RunState PresentState => IsOnCpu && IsRunnable ? RunState.Running : IdleState;

    private void GoOnline()
    {
        if (_isOnline)
            return;
        _isBlocked = false;
        _isOnline = true;
        Enter(PresentState);
    }

    private void GoOffline()
    {
        EndPoll();
        _isOnline = false;
        _isBlocked = false;
        Enter(RunState.Offline);
    }

    private void Wait(int poll, ulong timeout)
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        // First blocked, then the look at what waits: whoever wakes writes down what for first, and then looks whether this waits.
        _isBlocked = true;
        Interlocked.MemoryBarrier();
        if (HasWakeReason || !_isOnline)
        {
            _isBlocked = false;
            // What waited may be taken now: the instruction that ends the wait has ended the shadow of an STI too.
            Notify(Attention.Interrupts);
        }
        else
        {
            _poll = poll;
            if (poll != 0)
                Domain.PollerCount++;
            if (timeout != 0)
                Domain.Services.Timers.Set(_pollTimeout, timeout);
            Enter(RunState.Blocked);
        }
        queues.Release();
    }

    /// <summary>Tells the account, the run queue, and the run loop that has the vCPU, wherever that is.</summary>
    private void Enter(RunState state)
    {
        Notify(Attention.Schedule);
        EnterState(state);
        Schedule.Home?.Update(this);
        KickElsewhere();
    }

    /// <summary>Has the run loop that has the vCPU on another CPU look at <see cref="Attention"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void KickElsewhere()
    {
        int cpu = Volatile.Read(ref _runsOn);
        if (cpu != NoCpu && cpu != CurrentCpu.Number)
            Domain.Services.Messages.Kick(cpu);
    }

    private void EndPoll()
    {
        if (_poll == 0)
            return;
        _poll = 0;
        Domain.PollerCount--;
        Domain.Services.Timers.Stop(_pollTimeout);
    }

    private void EnterState(RunState state)
    {
        if (state != _runState.State)
            _runState.Enter(state, Domain.Services.Clock.Nanoseconds);
    }

    /// <summary>
    /// Copies the account out. With VMASST_TYPE_runstate_update_flag, and always in an area by physical address, the top bit of state_entry_time
    /// marks it as changing (public/vcpu.h).
    /// </summary>
    private void WriteRunState(RunStateAccount account)
    {
        WriteRunState(_runStateArea, account, Domain.SharedInfo.Is64Bit, Domain.HasAssist(VmAssistType.RunstateUpdateFlag));
        WriteRunState(_physicalRunStateArea, account, _physicalRunStateIsWide, isMarked: true);
    }

    private static void WriteRunState(RegisteredArea area, RunStateAccount account, bool is64Bit, bool isMarked)
    {
        if (!area.IsRegistered)
            return;
        Span<byte> image = stackalloc byte[RunStateAccount.Size];
        if (!isMarked)
        {
            int length = account.Write(image, is64Bit, 0);
            area.Write(0, image.Slice(0, length));
            return;
        }
        int flagged = account.Write(image, is64Bit, Limits.RunstateUpdate);
        int entry = RunStateAccount.EntryOffset(is64Bit);
        Span<byte> entryTime = image.Slice(entry, 8);
        area.Write(entry, entryTime);
        Interlocked.MemoryBarrier();
        area.Write(0, image.Slice(0, flagged));
        Interlocked.MemoryBarrier();
        entryTime[7] &= 0x7F;
        area.Write(entry, entryTime);
    }
}
