using System.Runtime.CompilerServices;
using Xenolith.Abi.Contract;

namespace Xenolith.Guests.Builder;

/// <summary>The builder as a child's monitor: the ring of events, and the code that the child is to run.</summary>
internal static class Listener
{
    /// <summary>The frame with the ring in the memory of a child.</summary>
    public const ulong RingFrame = 0x7E0;

    private const ulong Window = 0x6300_0000;
    private const ulong ResponseProducer = 8, RequestEvent = 4, ResponseEvent = 12, Entries = 64;
    private const uint EntrySize = 400, EntryCount = 8;

    private static uint s_taken, s_answered;

    public static ushort Child { get; private set; }

    /// <summary>The builder's end of the ring's port; 0: there is none.</summary>
    public static uint Port { get; private set; }

    /// <summary>The child's end.</summary>
    public static uint RemotePort { get; private set; }

    /// <summary>Sees the ring's page from now on. 0, or why not.</summary>
    public static long MapRing(ushort id, ulong frame = RingFrame)
    {
        Child = id;
        s_index = frame;
        var argument = new AddToPhysmapBatch
        {
            Domain = DomainIds.Self, Space = (ushort)MapSpace.GmfnForeign, Size = 1, ForeignDomain = id,
            Indices = Xen.AddressOf(ref s_index), Gpfns = Xen.AddressOf(ref s_gfn), Errors = Xen.AddressOf(ref s_error),
        };
        long result = Hypercalls.MemoryAddToPhysmapBatch(ref argument);
        return result != 0 ? result : s_error;
    }

    private static ulong s_index, s_gfn = Window >> 12;
    private static int s_error;

    public static void UnmapRing()
    {
        var argument = new RemoveFromPhysmap { Domain = DomainIds.Self, Gpfn = Window >> 12 };
        Hypercalls.MemoryRemoveFromPhysmap(ref argument);
    }

    /// <summary>Empties the ring, switches it on and connects. 0, or why not.</summary>
    public static long Enable()
    {
        Memory.Fill(Window, 4096, 0);
        Memory.Write32(Window + RequestEvent, 1);
        Memory.Write32(Window + ResponseEvent, 1);
        s_taken = s_answered = 0;
        long result = Operate(Child, VmEventOp.Enable, VmEventMode.Monitor, out uint remote);
        if (result != 0)
        {
            return result;
        }

        RemotePort = remote;
        var bind = new EvtchnBindInterdomain { RemoteDomain = Child, RemotePort = remote };
        result = Hypercalls.EventBindInterdomain(ref bind);
        Port = bind.LocalPort;
        SharedState.ClearPending(Port);
        return result;
    }

    public static long Disable()
    {
        if (Port != 0)
        {
            Events.Close(Port);
            Port = 0;
        }

        return Operate(Child, VmEventOp.Disable, VmEventMode.Monitor, out _);
    }

    public static long Operate(ushort id, VmEventOp operation, VmEventMode mode, out uint value)
    {
        var argument = new Domctl { VmEvent = new DomctlVmEvent { Operation = (uint)operation, Mode = (uint)mode } };
        long result = Control.Call(DomctlOp.VmEventOp, id, ref argument);
        value = argument.VmEvent.Port;
        return result;
    }

    /// <summary>monitor_op with whatever stands in its union.</summary>
    public static long Monitor(ushort id, MonitorOp operation, MonitorEvent what, ref DomctlMonitor monitor)
    {
        monitor.Operation = (uint)operation;
        monitor.Event = (uint)what;
        var argument = new Domctl { Monitor = monitor };
        long result = Control.Call(DomctlOp.MonitorOp, id, ref argument);
        monitor = argument.Monitor;
        return result;
    }

    public static long Monitor(MonitorOp operation, MonitorEvent what)
    {
        var monitor = default(DomctlMonitor);
        return Monitor(Child, operation, what, ref monitor);
    }

    /// <summary>What can be monitored, a bit for each <see cref="MonitorEvent"/>.</summary>
    public static uint Capabilities(ushort id)
    {
        var monitor = default(DomctlMonitor);
        return Monitor(id, MonitorOp.GetCapabilities, 0, ref monitor) == 0 ? monitor.Event : 0;
    }

    public static bool Can(MonitorEvent what) => (Capabilities(Child) & (1u << (int)what)) != 0;

    /// <summary>Events that wait.</summary>
    public static uint Waiting => Memory.Read32(Window) - s_taken;

    /// <summary>Takes the next event. False: none came in time.</summary>
    public static bool Next(out VmEventRequest request, ulong patience = 2_000_000_000)
    {
        ulong end = Clock.Now + patience;
        while (Waiting == 0 && Clock.Now < end)
        {
            Events.Poll(Port, end);
            SharedState.ClearPending(Port);
        }

        request = Waiting != 0 ? EntryAt(s_taken) : default;
        bool came = Waiting != 0;
        s_taken += came ? 1u : 0;
        return came;
    }

    /// <summary>Puts an answer into the ring, and says so by the port.</summary>
    public static void Answer(in VmEventRequest answer)
    {
        Put(in answer);
        Events.Send(Port);
    }

    /// <summary>Puts an answer into the ring, and tells nobody.</summary>
    public static void Put(in VmEventRequest answer)
    {
        EntryAt(s_answered++) = answer;
        Memory.Write32(Window + ResponseProducer, s_answered);
    }

    private static ref VmEventRequest EntryAt(uint index) => ref Memory.At<VmEventRequest>(Window + Entries + index % EntryCount * EntrySize);

    /// <summary>Has the child run code; it may be stopped by events until <see cref="Finish"/>.</summary>
    public static void Begin(Partner partner, byte[] code, in Registers registers, bool isUser = false)
    {
        ulong at = ChildImage.See(partner.Id, MonitorChild.CommandAddress);
        Memory.Write32(at + MonitorChild.LengthOffset, (uint)code.Length);
        Memory.Write32(at + MonitorChild.UserOffset, isUser ? 1u : 0);
        Memory.At<Registers>(at + MonitorChild.RegistersOffset) = registers;
        for (int i = 0; i < code.Length; i++)
        {
            Memory.Write8(at + MonitorChild.CodeOffset + (ulong)i, code[i]);
        }

        ChildImage.Unsee();
        Events.Send(partner.Port);
    }

    /// <summary>Waits until the code has run. False: it has not.</summary>
    public static bool Finish(Partner partner, out Registers registers, out uint vector, ulong patience = 2_000_000_000)
    {
        bool came = Watch.Await(partner.Port, patience);
        ulong at = ChildImage.See(partner.Id, MonitorChild.CommandAddress);
        registers = Memory.At<Registers>(at + MonitorChild.RegistersOffset);
        vector = Memory.Read32(at + MonitorChild.VectorOffset);
        ChildImage.Unsee();
        return came;
    }

    /// <summary>Ends the child.</summary>
    public static void End(Partner partner)
    {
        ulong at = ChildImage.See(partner.Id, MonitorChild.CommandAddress);
        Memory.Write32(at + MonitorChild.LengthOffset, 0);
        ChildImage.Unsee();
        Events.Send(partner.Port);
    }
}
