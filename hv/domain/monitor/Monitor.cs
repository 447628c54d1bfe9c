using System;
using System.Runtime.CompilerServices;
using System.Threading;
using Xenolith.Abi.Contract;
using Xenolith.Hal;
using Xenolith.Kernel;
using Xenolith.Mm;

namespace Xenolith.Domains;

/// <summary>
/// Who listens to a domain: a ring in a page of the domain's memory, a port of the domain's, and what the listener asked to be told of
/// (public/vm_event.h). An event is never lost: where the ring is full it is kept for the vCPU that it is about, which waits meanwhile.
/// Every method is called with the domain's lock held, but where it says otherwise.
/// </summary>
public sealed class Monitor : AccessListener
{
    private const ulong NumberMask = (1UL << 48) - 1;

    private readonly Domain _domain;
    private readonly VmEventRingPage _ring;
    private readonly MonitorFrames _frames;
    private uint _port;
    private ulong _number;
    private int _lastWoken;
    private uint _active;
    private int _generation;

    /// <summary>Remaps have been lost that are still to be told of.</summary>
    private bool _hasLostRemaps;

    internal Monitor(Domain domain)
    {
        _domain = domain;
        _ring = new VmEventRingPage(new SharedPage(domain.P2m, domain.Services.Memory));
        _frames = new MonitorFrames(domain);
    }

    /// <summary>What is asked for, whether or not somebody listens.</summary>
    public MonitorSettings Settings;

    /// <summary>Whether somebody listens.</summary>
    public bool IsListening => _ring.IsAttached;

    /// <summary>Who; it means something while <see cref="IsListening"/>.</summary>
    public DomainHandle Listener { get; private set; }

    /// <summary>The domain's port by which the two tell each other; 0: none.</summary>
    public uint Port => _port;

    /// <summary>Changes with what is asked for; each vCPU follows before its next entry (<see cref="Vcpu.FollowedMonitor"/>).</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Whether somebody listens and asked for events of that kind. Needs no lock: who decides by it looks again with the lock held.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Asks(MonitorEvent what) => (Volatile.Read(ref _active) & 1u << (int)what) != 0;

    /// <summary>Events that have been told of, modulo 2^48.</summary>
    public ulong Number => _number;

    /// <summary>
    /// XEN_VM_EVENT_ENABLE. EBUSY: somebody listens; EOPNOTSUPP: no frame was named; ENOMEM; EINVAL: that is not the domain's writable memory;
    /// ENOSPC: no port is free.
    /// </summary>
    public Errno Enable(Domain listener)
    {
        if (IsListening)
            return Errno.EBUSY;
        ulong gfn = _domain.Parameters[(int)HvmParameter.MonitorRingPfn];
        if (gfn == 0)
            return Errno.EOPNOTSUPP;
        if (!_frames.TryAllocate())
            return Errno.ENOMEM;
        Errno error = _ring.TryAttach(new Gfn(gfn)) ? _domain.EventChannels.AllocateForDeviceModel(listener.Id, 0, out _port) : Errno.EINVAL;
        if (error != Errno.None)
        {
            _ring.Detach();
            _frames.Free();
            return error;
        }
        Listener = listener.Identity;
        _number = 0;
        HasChanged();
        return Errno.None;
    }

    /// <summary>XEN_VM_EVENT_DISABLE: nothing is asked for any more, and who waits goes on. EINVAL: nobody listens.</summary>
    public Errno Disable()
    {
        if (!IsListening)
            return Errno.EINVAL;
        Forget();
        _domain.EventChannels.CloseOfDeviceModel(_port);
        _port = 0;
        foreach (Vcpu vcpu in _domain.Vcpus)
            vcpu.LeaveMonitor();
        HasChanged();
        return Errno.None;
    }

    /// <summary>The domain's own end: its port and its vCPUs go by themselves.</summary>
    internal void Release()
    {
        Forget();
        _port = 0;
    }

    private void Forget()
    {
        _ring.Detach();
        _frames.Free();
        Settings = default;
        _hasLostRemaps = false;
        _active = 0;
    }

    /// <summary>
    /// What is asked for has changed: every vCPU follows before its next entry, and those that other CPUs run leave their guest now.
    /// </summary>
    public void HasChanged()
    {
        Volatile.Write(ref _active, IsListening ? Settings.Events : 0);
        Volatile.Write(ref _generation, unchecked(_generation + 1));
        foreach (Vcpu vcpu in _domain.Vcpus)
            vcpu.Notify(Attention.Schedule);
        _domain.P2m.Users?.Expel();
    }

    /// <summary>Watches writes of an MSR, or no more. EEXIST: that is so already; ENXIO: nobody listens; EINVAL: there is no such MSR.</summary>
    public Errno WatchMsr(uint msr, bool on, bool onChange)
    {
        if (_frames.IsWatched(msr) == on)
            return Errno.EEXIST;
        if (!_frames.AreThere)
            return Errno.ENXIO;
        if (!MonitorFrames.Covers(msr))
            return Errno.EINVAL;
        _frames.Watch(msr, on, onChange);
        Settings.MsrCount += on ? 1 : -1;
        Settings.Set(MonitorEvent.WriteMsr, Settings.MsrCount != 0);
        HasChanged();
        return Errno.None;
    }

    /// <summary>Whether writes of the MSR are watched.</summary>
    public bool WatchesMsr(uint msr) => _frames.IsWatched(msr);

    /// <summary>Whether a write of an MSR is to be told of.</summary>
    public bool AsksMsr(uint msr, ulong old, ulong value) => _frames.IsWatched(msr) && (value != old || !_frames.IsOnChange(msr));

    /// <summary>
    /// Tells the listener of something that a vCPU does, on that vCPU's CPU. The lock may have been given back for a moment.
    /// </summary>
    /// <param name="request">Reason and what belongs to it; the rest is filled in here.</param>
    /// <param name="pause">Whether the vCPU waits for the answer.</param>
    /// <returns>False, and nothing happens: nobody listens.</returns>
    public bool TryReport(Vcpu vcpu, ref VmEventRequest request, bool pause)
    {
        if (!IsListening)
            return false;
        request.Version = InterfaceVersions.VmEvent;
        request.Vcpu = (uint)vcpu.Id;
        if (pause)
            request.Flags |= VmEventFlags.VcpuPaused;
        if (vcpu.ViewIndex != Vcpu.NoView)
        {
            request.Flags |= VmEventFlags.AlternateP2m;
            request.View = (ushort)vcpu.ViewIndex;
        }
        vcpu.ReportedReason = request.Reason;
        MonitorRegisters.Read(vcpu.Cpu, out request.Registers);
        if (pause)
            vcpu.PauseForMonitor();
        if (vcpu.EventsForRing != 0 || _ring.Free == 0)
        {
            if (vcpu.EventsForRing == MonitorFrames.MaximumHeld)
            {
                _domain.Crash("one exit of a vCPU has brought more events than are kept for it");
                return true;
            }
            _frames.Held(vcpu, vcpu.EventsForRing) = request;
            vcpu.WaitForRing(hasEvent: true);
            return true;
        }
        Put(ref request);
        // As on Xen: who has left less room than there are vCPUs waits, so that each can put an event there.
        if (_ring.Free < _domain.Vcpus.Length)
            vcpu.WaitForRing(hasEvent: false);
        _domain.EventChannels.SendForDeviceModel(_port);
        return true;
    }

    /// <summary>A violation of an access right: VM_EVENT_REASON_MEM_ACCESS, of which monitor_op knows nothing.</summary>
    public override bool TryReport(Vcpu vcpu, in AccessViolation violation)
    {
        if (!IsListening)
            return false;
        ref Exit exit = ref vcpu.Cpu.Exit;
        VmEventAccess access = violation.Wanted switch
        {
            // As on Xen: a CPU need not say whether an instruction that writes reads too (Intel SDM vol. 3, table 28-7).
            Rights.Write => VmEventAccess.Write | VmEventAccess.Read,
            Rights.Execute => VmEventAccess.Execute,
            _ => VmEventAccess.Read,
        };
        if (exit.HasGuestLinear)
            access |= VmEventAccess.LinearValid | (exit.DuringWalk ? VmEventAccess.FaultInPageTables : VmEventAccess.FaultWithLinear);
        else if (exit.DuringWalk)
            access |= VmEventAccess.FaultInPageTables;
        var request = new VmEventRequest
        {
            Reason = VmEventReason.MemoryAccess,
            MemoryAccess = new VmEventMemoryAccess
            {
                Gfn = Gfn.Of(violation.GuestPhysical).Value, Offset = violation.GuestPhysical & Page.OffsetMask,
                Linear = exit.HasGuestLinear ? exit.GuestLinear : 0, Access = access,
            },
        };
        return TryReport(vcpu, ref request, pause: !violation.IsAllowed);
    }

    /// <summary>Remaps have been lost: the listener is told, if it wants to be, once there is room in the ring. No vCPU waits for that.</summary>
    internal void TellLostRemaps()
    {
        if (!IsListening || !Settings.TellsLostRemaps)
            return;
        _hasLostRemaps = true;
        if (TryPutLostRemaps())
            _domain.EventChannels.SendForDeviceModel(_port);
    }

    private bool TryPutLostRemaps()
    {
        if (!_hasLostRemaps || _ring.Free == 0)
            return false;
        _hasLostRemaps = false;
        var request = new VmEventRequest
        {
            Version = InterfaceVersions.VmEvent, Reason = VmEventReason.LostRemap, LostRemaps = new VmEventLostRemaps { Count = _domain.LostRemaps },
        };
        Put(ref request);
        return true;
    }

    private void Put(ref VmEventRequest request)
    {
        if (Settings.NumbersEvents)
        {
            request.Number0 = unchecked((ushort)_number);
            request.Number1 = unchecked((ushort)(_number >> 16));
            request.Number2 = unchecked((ushort)(_number >> 32));
        }
        _number = (_number + 1) & NumberMask;
        _ring.Put(in request);
    }

    /// <summary>XEN_VM_EVENT_RESUME, or the listener has sent an event. ENODEV: nobody listens.</summary>
    public Errno TakeAnswers()
    {
        if (!IsListening)
            return Errno.ENODEV;
        // The listener may go on writing while this reads.
        for (int i = 0; i < VmEventRingPage.Length && _ring.TryTake(out VmEventRequest answer); i++)
        {
            if (answer.Version == InterfaceVersions.VmEvent && _domain.FindVcpu(answer.Vcpu) is { IsPausedByMonitor: true } vcpu)
            {
                vcpu.TakeMonitorAnswer(in answer, ref _frames.Answer(vcpu));
            }
        }
        WakeForRing();
        return Errno.None;
    }

    /// <summary>The registers and data of the answer that a vCPU has got, while somebody listens.</summary>
    public ref readonly VmEventRequest AnswerOf(Vcpu vcpu) => ref _frames.Answer(vcpu);

    /// <summary>Who waited for room in the ring goes on, as many as there is room for, each in its turn.</summary>
    private void WakeForRing()
    {
        Vcpu[] vcpus = _domain.Vcpus;
        int first = _lastWoken + 1;
        bool hasPut = TryPutLostRemaps();
        int room = _ring.Free;
        for (int i = 0; i < vcpus.Length && room != 0; i++)
        {
            Vcpu vcpu = vcpus[(first + i) % vcpus.Length];
            if (!vcpu.AwaitsRing)
                continue;
            int held = vcpu.EventsForRing;
            if (held > room)
                break;
            for (int one = 0; one < held; one++)
                Put(ref _frames.Held(vcpu, one));
            hasPut |= held != 0;
            _lastWoken = vcpu.Id;
            vcpu.EndWaitForRing();
            room -= Math.Max(held, 1);
        }
        if (hasPut)
            _domain.EventChannels.SendForDeviceModel(_port);
    }
}
