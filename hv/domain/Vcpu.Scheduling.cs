using System;
using Xenolith.Abi.Contract;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>Whether a vCPU runs, waits or is off, and for how long it has been so.</summary>
public sealed partial class Vcpu
{
    private readonly RegisteredArea _runStateArea;
    private RunStateAccount _runState;

    /// <summary>Polling for any of several ports.</summary>
    private const int PollAny = -1;

    /// <summary>0: not polling.</summary>
    private int _poll;

    /// <summary>The scheduler's side of the vCPU.</summary>
    internal VcpuSchedule Schedule = new();

    /// <summary>Whether the vCPU is up; the first is when its domain is built, others after INIT-SIPI-SIPI or VCPUOP_up.</summary>
    public bool IsOnline { get; private set; }

    /// <summary>Whether registers were loaded, so that VCPUOP_up may start it.</summary>
    public bool IsInitialised { get; set; }

    /// <summary>Whether it waits for an event: HLT, SCHEDOP_block or SCHEDOP_poll.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Whether it is on a CPU now.</summary>
    public bool IsRunning => _runState.State == RunState.Running;

    /// <summary>Whether it waits in SCHEDOP_poll.</summary>
    public bool IsPolling => _poll != 0;

    /// <summary>Whether the run loop may run it.</summary>
    public bool IsRunnable => IsOnline && !IsBlocked && !Domain.IsShutDown && Domain.PauseCount == 0;

    /// <summary>Time in each state, up to now.</summary>
    public RunStateAccount RunStateNow => _runState.At(Domain.Services.Clock.Nanoseconds);

    /// <summary>The run loop is about to run the vCPU on this CPU.</summary>
    public void BeginRun()
    {
        IsOnCpu = true;
        Notify(Attention.All);
        EnterState(RunState.Running);
        PublishTimeIfChanged();
        WriteRunState(_runState);
    }

    /// <summary>The run loop takes the vCPU off this CPU.</summary>
    public void EndRun()
    {
        EnterState(IdleState);
        IsOnCpu = false;
    }

    /// <summary>The same after a fault in the middle of it, when nothing but this may be relied on.</summary>
    public void LeaveCpu() => IsOnCpu = false;

    /// <summary>Whether a physical CPU works for the vCPU, in the guest or in the hypervisor.</summary>
    public bool IsOnCpu { get; private set; }

    /// <summary>
    /// HLT with interrupts on, or SCHEDOP_block: waits for an event. Nothing happens when one waits already.
    /// </summary>
    public void Block()
    {
        Info.ClearUpcallMask();
        if (!HasWakeReason)
            EnterBlocked();
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
    public void Poll(uint port, ulong timeout)
    {
        if (HasWakeReason)
            return;
        _poll = port == 0 ? PollAny : (int)port;
        if (timeout != 0)
            Domain.Services.Timers.Set(_pollTimeout, timeout);
        EnterBlocked();
    }

    /// <summary>Ends a wait, of whatever kind.</summary>
    public void Wake()
    {
        EndPoll();
        if (!IsBlocked)
            return;
        IsBlocked = false;
        EnterState(IdleState);
        Schedule.Home?.Update(this);
    }

    /// <summary>SCHEDOP_yield: others that wait go first, once.</summary>
    public void Yield() => Schedule.Home?.Yield();

    /// <summary>VCPUOP_up, or a start-up interrupt: the vCPU may run from now on.</summary>
    public void Up()
    {
        if (IsOnline)
            return;
        IsOnline = true;
        IsBlocked = false;
        EnterState(IdleState);
        Schedule.Home?.Update(this);
    }

    /// <summary>VCPUOP_down, or HLT with interrupts off. The last vCPU that goes down powers the domain off.</summary>
    public void Down()
    {
        TakeOffline();
        foreach (Vcpu other in Domain.Vcpus)
        {
            if (other.IsOnline)
                return;
        }
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
        WriteRunState(_runState.State == RunState.Running ? _runState : RunStateNow);
        return true;
    }

    internal void TakeOffline()
    {
        EndPoll();
        IsOnline = false;
        IsBlocked = false;
        Notify(Attention.Schedule);
        EnterState(RunState.Offline);
        Schedule.Home?.Update(this);
    }

    internal void EndPollOn(uint port)
    {
        if (_poll == PollAny || _poll == (int)port)
            Wake();
    }

    internal void RefreshState()
    {
        Notify(Attention.Schedule);
        EnterState(_runState.State == RunState.Running && IsRunnable ? RunState.Running : IdleState);
        Schedule.Home?.Update(this);
    }

    /// <summary>The state that the vCPU is in while it is on no CPU.</summary>
    private RunState IdleState => IsBlocked ? RunState.Blocked : IsRunnable ? RunState.Runnable : RunState.Offline;

    private void EnterBlocked()
    {
        IsBlocked = true;
        Notify(Attention.Schedule);
        EnterState(RunState.Blocked);
        Schedule.Home?.Update(this);
    }

    private void EndPoll()
    {
        if (_poll == 0)
            return;
        _poll = 0;
        Domain.Services.Timers.Stop(_pollTimeout);
    }

    private void EnterState(RunState state)
    {
        if (state != _runState.State)
            _runState.Enter(state, Domain.Services.Clock.Nanoseconds);
    }

    /// <summary>
    /// Copies the account out. With VMASST_TYPE_runstate_update_flag the top bit of state_entry_time marks it as changing
    /// (public/vcpu.h).
    /// </summary>
    private void WriteRunState(RunStateAccount account)
    {
        if (!_runStateArea.IsRegistered)
            return;
        bool is64Bit = Domain.SharedInfo.Is64Bit;
        Span<byte> image = stackalloc byte[RunStateAccount.Size];
        if (!Domain.HasAssist(VmAssistType.RunstateUpdateFlag))
        {
            int length = account.Write(image, is64Bit, 0);
            _runStateArea.Write(0, image.Slice(0, length));
            return;
        }
        int flagged = account.Write(image, is64Bit, Limits.RunstateUpdate);
        int entry = RunStateAccount.EntryOffset(is64Bit);
        Span<byte> entryTime = image.Slice(entry, 8);
        _runStateArea.Write(entry, entryTime);
        System.Threading.Interlocked.MemoryBarrier();
        _runStateArea.Write(0, image.Slice(0, flagged));
        System.Threading.Interlocked.MemoryBarrier();
        entryTime[7] &= 0x7F;
        _runStateArea.Write(entry, entryTime);
    }
}
