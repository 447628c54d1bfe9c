using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>EVTCHNOP_alloc_unbound.</summary>
[XenStruct("struct evtchn_alloc_unbound", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnAllocUnbound
{
    /// <summary>Whose port.</summary>
    [XenField("dom")] public ushort Domain;
    /// <summary>Who may bind to it.</summary>
    [XenField("remote_dom")] public ushort RemoteDomain;
    /// <summary>Out: the port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_bind_interdomain.</summary>
[XenStruct("struct evtchn_bind_interdomain", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnBindInterdomain
{
    /// <summary>Whose unbound port.</summary>
    [XenField("remote_dom")] public ushort RemoteDomain;
    /// <summary>That port.</summary>
    [XenField("remote_port")] public uint RemotePort;
    /// <summary>Out: the caller's port.</summary>
    [XenField("local_port")] public uint LocalPort;
}

/// <summary>EVTCHNOP_bind_virq.</summary>
[XenStruct("struct evtchn_bind_virq", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnBindVirq
{
    /// <summary>VIRQ_*.</summary>
    [XenField("virq")] public uint Virq;
    /// <summary>The vCPU that takes it.</summary>
    [XenField("vcpu")] public uint Vcpu;
    /// <summary>Out: the port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_bind_pirq.</summary>
[XenStruct("struct evtchn_bind_pirq", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnBindPirq
{
    /// <summary>The interrupt.</summary>
    [XenField("pirq")] public uint Pirq;
    /// <summary>BIND_PIRQ__*.</summary>
    [XenField("flags")] public uint Flags;
    /// <summary>Out: the port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_bind_ipi.</summary>
[XenStruct("struct evtchn_bind_ipi", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnBindIpi
{
    /// <summary>The vCPU that takes it.</summary>
    [XenField("vcpu")] public uint Vcpu;
    /// <summary>Out: the port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_close.</summary>
[XenStruct("struct evtchn_close", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnClose
{
    /// <summary>The port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_send.</summary>
[XenStruct("struct evtchn_send", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnSend
{
    /// <summary>The port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_status.</summary>
[XenStruct("struct evtchn_status", XenLayout.Both)]
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct EvtchnStatus
{
    /// <summary>Whose port.</summary>
    [FieldOffset(0), XenField("dom")] public ushort Domain;
    /// <summary>The port.</summary>
    [FieldOffset(4), XenField("port")] public uint Port;
    /// <summary>Out: EVTCHNSTAT_*.</summary>
    [FieldOffset(8), XenField("status")] public uint Status;
    /// <summary>Out: the vCPU it is bound to.</summary>
    [FieldOffset(12), XenField("vcpu")] public uint Vcpu;
    /// <summary>Out, unbound: who may bind.</summary>
    [FieldOffset(16), XenField("u.unbound.dom")] public ushort UnboundDomain;
    /// <summary>Out, interdomain: the peer.</summary>
    [FieldOffset(16), XenField("u.interdomain.dom")] public ushort InterdomainDomain;
    /// <summary>Out, interdomain: the peer's port.</summary>
    [FieldOffset(20), XenField("u.interdomain.port")] public uint InterdomainPort;
    /// <summary>Out, pirq: the interrupt.</summary>
    [FieldOffset(16), XenField("u.pirq")] public uint Pirq;
    /// <summary>Out, virq: VIRQ_*.</summary>
    [FieldOffset(16), XenField("u.virq")] public uint Virq;
}

/// <summary>EVTCHNOP_bind_vcpu.</summary>
[XenStruct("struct evtchn_bind_vcpu", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnBindVcpu
{
    /// <summary>The port.</summary>
    [XenField("port")] public uint Port;
    /// <summary>The vCPU that takes it from now on.</summary>
    [XenField("vcpu")] public uint Vcpu;
}

/// <summary>EVTCHNOP_unmask.</summary>
[XenStruct("struct evtchn_unmask", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnUnmask
{
    /// <summary>The port.</summary>
    [XenField("port")] public uint Port;
}

/// <summary>EVTCHNOP_reset.</summary>
[XenStruct("struct evtchn_reset", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnReset
{
    /// <summary>Whose ports.</summary>
    [XenField("dom")] public ushort Domain;
}

/// <summary>EVTCHNOP_init_control.</summary>
[XenStruct("struct evtchn_init_control", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnInitControl
{
    /// <summary>Frame of the control block.</summary>
    [XenField("control_gfn")] public ulong ControlGfn;
    /// <summary>Byte offset in it.</summary>
    [XenField("offset")] public uint Offset;
    /// <summary>The vCPU.</summary>
    [XenField("vcpu")] public uint Vcpu;
    /// <summary>Out: width of a link.</summary>
    [XenField("link_bits")] public byte LinkBits;
    /// <summary>Not used.</summary>
    [XenField("_pad")] public Bytes7 Pad;
}

/// <summary>EVTCHNOP_expand_array.</summary>
[XenStruct("struct evtchn_expand_array", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnExpandArray
{
    /// <summary>Frame of event words.</summary>
    [XenField("array_gfn")] public ulong ArrayGfn;
}

/// <summary>EVTCHNOP_set_priority.</summary>
[XenStruct("struct evtchn_set_priority", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnSetPriority
{
    /// <summary>The port.</summary>
    [XenField("port")] public uint Port;
    /// <summary>0 (highest) to 15.</summary>
    [XenField("priority")] public uint Priority;
}

/// <summary>The FIFO ABI's control block of a vCPU.</summary>
[XenStruct("struct evtchn_fifo_control_block", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct EvtchnFifoControlBlock
{
    /// <summary>One bit a priority with events.</summary>
    [XenField("ready")] public uint Ready;
    /// <summary>Zero.</summary>
    [XenField("_rsvd")] public uint Reserved;
    /// <summary>First event of each queue.</summary>
    [XenField("head")] public UInts16 Head;
}
