using Xenolith.Abi.Contract;

namespace Xenolith.Guests;

/// <summary>The guest's end of event delivery: takes what is pending and counts it by port.</summary>
public sealed class Upcall : InterruptHandler
{
    private readonly int[] _counts = new int[4096];
    private readonly int[] _orders = new int[4096];
    private int _order;

    /// <summary>Whether the vector came through the local APIC and must be ended there.</summary>
    public bool EndsAtApic { get; set; }

    /// <summary>How often the upcall ran.</summary>
    public int Calls { get; private set; }

    /// <summary>Time of the last event.</summary>
    public ulong LastTime { get; private set; }

    /// <summary>Events seen on the port.</summary>
    public int Count(uint port) => _counts[(int)port];

    /// <summary>Place of the port's last event among all.</summary>
    public int Order(uint port) => _orders[(int)port];

    public override void Handle(ref InterruptFrame frame)
    {
        Calls++;
        if (EndsAtApic)
        {
            LocalApic.End();
        }

        while (SharedState.UpcallPending)
        {
            ulong selector = SharedState.TakeSelector();
            for (uint port = FifoState.IsActive ? FifoState.Take(0) : 0; port != 0; port = FifoState.Take(0))
            {
                Note(port);
            }

            for (uint word = 0; word < SharedState.WordBits; word++)
            {
                if ((selector >> (int)word & 1) != 0)
                {
                    Scan(word * SharedState.WordBits);
                }
            }
        }
    }

    private void Scan(uint first)
    {
        for (uint port = first; port < first + SharedState.WordBits; port++)
        {
            if (SharedState.IsPending(port) && !SharedState.IsMasked(port))
            {
                SharedState.ClearPending(port);
                Note(port);
            }
        }
    }

    private void Note(uint port)
    {
        _counts[(int)port]++;
        _orders[(int)port] = ++_order;
        LastTime = Clock.Now;
    }
}

/// <summary>Event channels in one line each. A failed call is -1 in place of a port.</summary>
public static class Events
{
    public const byte Vector = 0xF3;

    private static long Call<T>(EventChannelOp operation, ref T argument) where T : unmanaged =>
        Xen.Call(Hypercall.EventChannelOp, (ulong)operation, ref argument);

    /// <summary>Has events delivered by the vector, past the local APIC.</summary>
    public static long UseCallbackVector()
    {
        const ulong byVector = 2UL << 56;
        var argument = new HvmParam { Domain = DomainIds.Self, Index = (uint)HvmParameter.CallbackIrq, Value = byVector | Vector };
        return Xen.Call(Hypercall.HvmOp, (ulong)HvmOp.SetParam, ref argument);
    }

    public static uint BindIpi()
    {
        var argument = new EvtchnBindIpi { Vcpu = 0 };
        return Call(EventChannelOp.BindIpi, ref argument) == 0 ? argument.Port : uint.MaxValue;
    }

    public static uint BindVirq(Virq virq)
    {
        var argument = new EvtchnBindVirq { Virq = (uint)virq, Vcpu = 0 };
        return Call(EventChannelOp.BindVirq, ref argument) == 0 ? argument.Port : uint.MaxValue;
    }

    public static uint AllocateUnbound()
    {
        var argument = new EvtchnAllocUnbound { Domain = DomainIds.Self, RemoteDomain = DomainIds.Self };
        return Call(EventChannelOp.AllocUnbound, ref argument) == 0 ? argument.Port : uint.MaxValue;
    }

    public static uint BindInterdomain(uint remote)
    {
        var argument = new EvtchnBindInterdomain { RemoteDomain = DomainIds.Self, RemotePort = remote };
        return Call(EventChannelOp.BindInterdomain, ref argument) == 0 ? argument.LocalPort : uint.MaxValue;
    }

    public static long Send(uint port)
    {
        var argument = new EvtchnSend { Port = port };
        return Call(EventChannelOp.Send, ref argument);
    }

    public static long Unmask(uint port)
    {
        var argument = new EvtchnUnmask { Port = port };
        return Call(EventChannelOp.Unmask, ref argument);
    }

    public static long Close(uint port)
    {
        var argument = new EvtchnClose { Port = port };
        return Call(EventChannelOp.Close, ref argument);
    }

    /// <summary>Waits for the port by SCHEDOP_poll, until the deadline in ns of system time (0: for ever).</summary>
    public static long Poll(uint port, ulong deadline)
    {
        var argument = new SchedPoll { Ports = Xen.AddressOf(ref port), PortCount = 1, Timeout = deadline };
        return Xen.Call(Hypercall.SchedOp, (ulong)SchedOp.Poll, ref argument);
    }
}
