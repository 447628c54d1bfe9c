using System;
using System.Runtime.InteropServices;
using Xenolith.Abi;
using Xenolith.Abi.Contract;
using Xenolith.Domains;
using Xenolith.Tests.Unit.Harness;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>A control domain that listens to another, and that other.</summary>
internal sealed class MonitorFixture : IDisposable
{
    public const ulong RingGfn = 0x120;
    public const uint RingLength = 8;

    private const ulong Ring = RingGfn << 12, Entries = Ring + 64, EntrySize = 400;

    private uint _taken, _answered;

    public MonitorFixture(int vcpus = 2, bool is64Bit = true, bool isEnabled = true)
    {
        Control = new ControlFixture(is64Bit: is64Bit);
        Target = Control.Machine.CreateDomain(2, vcpus, 7, isPrivileged: false);
        foreach (Vcpu vcpu in Target.Vcpus)
            vcpu.Up();
        Target.Parameters[(int)HvmParameter.MonitorRingPfn] = RingGfn;
        if (isEnabled && Operate(VmEventOp.Enable) != 0)
            throw new InvalidOperationException("nobody can listen");
    }

    public ControlFixture Control { get; }

    public Domain Target { get; }

    public Monitor Monitor => Target.Monitor;

    /// <summary>The listener's end of the port, after <see cref="Connect"/>.</summary>
    public uint Port { get; private set; }

    public long Operate(VmEventOp operation, VmEventMode mode = VmEventMode.Monitor) =>
        Control.Call(DomctlOp.VmEventOp, Target.Id, new Domctl { VmEvent = new DomctlVmEvent { Operation = (uint)operation, Mode = (uint)mode } }, out _);

    public long Set(MonitorOp operation, MonitorEvent what, DomctlMonitor monitor = default)
    {
        monitor.Operation = (uint)operation;
        monitor.Event = (uint)what;
        return Control.Call(DomctlOp.MonitorOp, Target.Id, new Domctl { Monitor = monitor }, out _);
    }

    /// <summary>Connects the listener to the ring's port.</summary>
    public void Connect()
    {
        var bind = new EvtchnBindInterdomain { RemoteDomain = Target.Id, RemotePort = Monitor.Port };
        if (Control.Guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.BindInterdomain, ref bind) != 0)
            throw new InvalidOperationException("the port can't be bound");
        Port = bind.LocalPort;
    }

    public long Notify()
    {
        var send = new EvtchnSend { Port = Port };
        return Control.Guest.Call(Hypercall.EventChannelOp, (ulong)EventChannelOp.Send, ref send);
    }

    /// <summary>The target's vCPU makes a guest request.</summary>
    public HypercallOutcome Request(int vcpu = 0)
    {
        ref Xenolith.Hal.GuestRegisters registers = ref Target.Vcpus[vcpu].Cpu.Registers;
        (registers.Rax, registers.Rdi, registers.Rsi) = ((ulong)Hypercall.HvmOp, (ulong)HvmOp.GuestRequestVmEvent, 0);
        return Control.Guest.Dispatcher.Handle(Target.Vcpus[vcpu]);
    }

    /// <summary>Events in the ring that have not been taken.</summary>
    public uint Waiting => Read<uint>(Ring) - _taken;

    public VmEventRequest Take() => Waiting == 0 ? throw new InvalidOperationException("no event") : Read<VmEventRequest>(PlaceOf(_taken++));

    public void Put(VmEventRequest answer)
    {
        Write(PlaceOf(_answered++), answer);
        WriteProducer(_answered);
    }

    public void WriteProducer(uint value) => Write(Ring + 8, value);

    public uint Answered => _answered;

    private static ulong PlaceOf(uint index) => Entries + index % RingLength * EntrySize;

    private T Read<T>(ulong address) where T : unmanaged
    {
        T value = default;
        return Target.Memory.TryRead(address, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1)))
            ? value : throw new InvalidOperationException("the ring can't be read");
    }

    private void Write<T>(ulong address, T value) where T : unmanaged
    {
        if (!Target.Memory.TryWrite(address, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref value, 1))))
            throw new InvalidOperationException("the ring can't be written");
    }

    public void Dispose() => Control.Dispose();
}
