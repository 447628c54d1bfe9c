namespace Xenolith.Abi.Contract.Table;

/// <summary>What a value of a call names, so that a generator of calls can draw one that there is, or almost is.</summary>
public enum ValueKind
{
    /// <summary>Nothing that the grammar knows: any word.</summary>
    Plain,

    /// <summary>One of a few numbers from 0 on: a kind, a mode, a suboperation, an index.</summary>
    Small,

    /// <summary>Bits.</summary>
    Flags,

    /// <summary>How many of something.</summary>
    Count,

    /// <summary>log2 of a number of frames.</summary>
    Order,

    /// <summary>Nanoseconds or seconds.</summary>
    Time,

    /// <summary>Bytes from the start of a page, or bytes of one.</summary>
    Bytes,

    /// <summary>A domain's id.</summary>
    Domain,

    /// <summary>A port of an event channel.</summary>
    Port,

    /// <summary>A vCPU's number.</summary>
    Vcpu,

    /// <summary>A VIRQ.</summary>
    Virq,

    /// <summary>A grant reference.</summary>
    Reference,

    /// <summary>What names a mapping of a grant.</summary>
    Mapping,

    /// <summary>A guest frame.</summary>
    Frame,

    /// <summary>A guest-physical address of a whole frame.</summary>
    FrameAddress,

    /// <summary>A linear address of a buffer.</summary>
    Buffer,

    /// <summary>A linear address of guest frames, each as wide as the caller's words.</summary>
    FrameList,

    /// <summary>A linear address of ports.</summary>
    PortList,

    /// <summary>A linear address of buffers, each an address and a number of bytes; the structure is the first one's content.</summary>
    BufferList,

    /// <summary>A guest-physical address of guest frames of 64 bits each.</summary>
    PhysicalFrameList,

    /// <summary>Pages of an entry of a hypercall TLB, above its flags.</summary>
    TablePages,

    /// <summary>What a call from 64 on that has paused goes on with.</summary>
    Cookie,

    /// <summary>Zero, or written by the call only.</summary>
    Padding,

    /// <summary>Which operation: <see cref="CallField.Value"/>.</summary>
    Operation,

    /// <summary>In a register: the linear address of the structure, or of an array of them.</summary>
    Argument,
}
