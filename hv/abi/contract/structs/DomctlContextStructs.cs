using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>XEN_DOMCTL_gethvmcontext, XEN_DOMCTL_sethvmcontext.</summary>
[XenStruct("struct xen_domctl_hvmcontext", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHvmContext
{
    /// <summary>Bytes of the buffer; out: bytes filled, or needed.</summary>
    [XenField("size")] public uint Size;
    /// <summary>Linear address; 0 to get: only the size is asked for.</summary>
    [XenField("buffer.p")] public ulong Buffer;
}

/// <summary>XEN_DOMCTL_gethvmcontext_partial.</summary>
[XenStruct("struct xen_domctl_hvmcontext_partial", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct DomctlHvmContextPartial
{
    /// <summary>HVM_SAVE_CODE.</summary>
    [XenField("type")] public uint TypeCode;
    /// <summary>The vCPU, or 0.</summary>
    [XenField("instance")] public uint Instance;
    /// <summary>Bytes of the buffer; out: of the record.</summary>
    [XenField("bufsz")] public ulong BufferSize;
    /// <summary>Linear address; 0: only the size is asked for.</summary>
    [XenField("buffer.p")] public ulong Buffer;
}
