using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Kernel;
using SpinLock = Xenolith.Kernel.SpinLock;

namespace Xenolith.Domains;

/// <summary>
/// INIT, start-up interrupts and VCPUOP_initialise. Registers are loaded by the CPU that runs the vCPU next, since no other may
/// touch its control block; who asked for it needs not wait.
/// </summary>
public sealed partial class Vcpu
{
    private enum StartKind { None, StartUp, Registers32, Registers64 }

    // All of these change with the run queues held; only the CPU that begins to run the vCPU takes the start.
    private StartKind _start;
    private byte _startVector;
    private VcpuHvmContext _startRegisters;
    private bool _initPending;
    private bool _startUpPending;

    /// <summary>VCPUOP_initialise with registers that <see cref="VcpuStart"/> finds no fault in. EEXIST: it has registers already.</summary>
    public Errno Initialise(in VcpuHvmContext context, bool is64Bit)
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        bool isNew = !IsInitialised && !_initPending;
        if (isNew)
        {
            _startRegisters = context;
            _start = is64Bit ? StartKind.Registers64 : StartKind.Registers32;
            IsInitialised = true;
        }
        queues.Release();
        if (isNew)
            ResetCalls();
        return isNew ? Errno.None : Errno.EEXIST;
    }

    /// <summary>After a reset it makes its calls as a fresh one does.</summary>
    private void ResetCalls()
    {
        Domain.HypercallTlbs.Reset(Access);
        UserCalls = UserCalls.None;
    }

    /// <summary>INIT: the vCPU goes to the wait-for-SIPI state (SDM vol. 3, 9.4.1).</summary>
    internal void ReceiveInit()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        _initPending = true;
        _startUpPending = false;
        GoOffline();
        // On a CPU it still uses its APIC; there it is reset when it has left.
        if (Volatile.Read(ref _runsOn) == NoCpu)
            ApplyInit();
        queues.Release();
        ResetCalls();
    }

    /// <summary>A start-up interrupt: starts a vCPU that waits for one at vector &lt;&lt; 12 in real mode; any other ignores it.</summary>
    internal void ReceiveStartup(byte vector)
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        if (_initPending && !_startUpPending)
        {
            _startVector = vector;
            _startUpPending = true;
        }
        else if (!_isOnline && !IsInitialised && !_initPending)
        {
            _startVector = vector;
            BeginAtVector();
        }
        queues.Release();
    }

    /// <summary>
    /// The registers are the calling CPU's to read and write, until <see cref="Hal.VirtualCpu.LetGo"/>. No CPU has the vCPU, and none will:
    /// its domain stands still.
    /// </summary>
    internal void TakeHere()
    {
        Cpu.BecomeLocal();
        Start();
    }

    /// <summary>The vCPU is down, as if it had never been up.</summary>
    internal void TakeOffline()
    {
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        GoOffline();
        queues.Release();
    }

    /// <summary>The vCPU is down, and has no registers that it could be started with. Its domain stands still.</summary>
    public void Forget()
    {
        ForgetDevices();
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        GoOffline();
        IsInitialised = false;
        _start = StartKind.None;
        queues.Release();
    }

    /// <summary>Carries out an INIT, and the start-up that came after it, on a vCPU that is on no CPU.</summary>
    private void ApplyInit()
    {
        if (!_initPending)
            return;
        _initPending = false;
        Apic.Reset();
        Volatile.Write(ref _nmiPending, false);
        IsInitialised = false;
        _start = StartKind.None;
        if (!_startUpPending)
            return;
        _startUpPending = false;
        BeginAtVector();
    }

    private void BeginAtVector()
    {
        _start = StartKind.StartUp;
        IsInitialised = true;
        GoOnline();
    }

    /// <summary>Loads the registers that the vCPU was given since it ran last.</summary>
    private void Start()
    {
        if (_start == StartKind.None)
            return;
        ForgetDevices();
        SpinLock queues = RunQueueLock;
        queues.Acquire();
        StartKind start = _start;
        byte vector = _startVector;
        _start = StartKind.None;
        queues.Release();
        switch (start)
        {
            case StartKind.StartUp:
                CpuReset.LoadStartup(Cpu, vector);
                break;
            case StartKind.Registers32:
                VcpuStart.Load32(Cpu, in _startRegisters.ProtectedMode);
                break;
            case StartKind.Registers64:
                VcpuStart.Load64(Cpu, in _startRegisters.LongMode);
                break;
        }
    }
}
