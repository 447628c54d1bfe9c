using System.Runtime.InteropServices;

namespace Xenolith.Abi.Contract;

/// <summary>The console ring.</summary>
[XenStruct("struct xencons_interface", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct XenconsInterface
{
    /// <summary>To the guest.</summary>
    [XenField("in")] public Bytes1024 In;
    /// <summary>From the guest.</summary>
    [XenField("out")] public Bytes2048 Out;
    /// <summary>Free-running index.</summary>
    [XenField("in_cons")] public uint InConsumer;
    /// <summary>Free-running index.</summary>
    [XenField("in_prod")] public uint InProducer;
    /// <summary>Free-running index.</summary>
    [XenField("out_cons")] public uint OutConsumer;
    /// <summary>Free-running index.</summary>
    [XenField("out_prod")] public uint OutProducer;
}

/// <summary>The xenstore ring.</summary>
[XenStruct("struct xenstore_domain_interface", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct XenstoreDomainInterface
{
    /// <summary>To the daemon.</summary>
    [XenField("req")] public Bytes1024 Request;
    /// <summary>From the daemon.</summary>
    [XenField("rsp")] public Bytes1024 Response;
    /// <summary>Free-running index.</summary>
    [XenField("req_cons")] public uint RequestConsumer;
    /// <summary>Free-running index.</summary>
    [XenField("req_prod")] public uint RequestProducer;
    /// <summary>Free-running index.</summary>
    [XenField("rsp_cons")] public uint ResponseConsumer;
    /// <summary>Free-running index.</summary>
    [XenField("rsp_prod")] public uint ResponseProducer;
    /// <summary>XENSTORE_SERVER_FEATURE_*.</summary>
    [XenField("server_features")] public uint ServerFeatures;
    /// <summary>XENSTORE_CONNECTED, XENSTORE_RECONNECT.</summary>
    [XenField("connection")] public uint Connection;
    /// <summary>XENSTORE_ERROR_*.</summary>
    [XenField("error")] public uint Error;
}

/// <summary>
/// A ring of requests and responses, as io/ring.h lays one out for every device: free-running indices, the index at which each end wants
/// to be told, then as many entries as fit, a power of two. Here of a network device's transmissions.
/// </summary>
[XenStruct("struct netif_tx_sring", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct NetifTxRing
{
    /// <summary>Free-running index of the next request that the front end makes.</summary>
    [XenField("req_prod")] public uint RequestProducer;
    /// <summary>The request before which the back end wants no event.</summary>
    [XenField("req_event")] public uint RequestEvent;
    /// <summary>Free-running index of the next response that the back end makes.</summary>
    [XenField("rsp_prod")] public uint ResponseProducer;
    /// <summary>The response before which the front end wants no event.</summary>
    [XenField("rsp_event")] public uint ResponseEvent;
    /// <summary>Not of this protocol.</summary>
    [XenField("pvt")] public uint Private;
    /// <summary>Up to the entries.</summary>
    [XenField("__pad")] public Bytes44 Padding;
    /// <summary>The first entry, which is a <see cref="NetifTxRequest"/> or a <see cref="NetifTxResponse"/>.</summary>
    [XenField("ring")] public NetifTxRequest First;
}

/// <summary>A piece of a packet to transmit.</summary>
[XenStruct("struct netif_tx_request", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct NetifTxRequest
{
    /// <summary>Grant of its page.</summary>
    [XenField("gref")] public uint Reference;
    /// <summary>First byte in the page.</summary>
    [XenField("offset")] public ushort Offset;
    /// <summary>NETTXF_*.</summary>
    [XenField("flags")] public ushort Flags;
    /// <summary>Stands in the response again.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>Bytes.</summary>
    [XenField("size")] public ushort Size;
}

/// <summary>What became of a <see cref="NetifTxRequest"/>.</summary>
[XenStruct("struct netif_tx_response", XenLayout.Both)]
[StructLayout(LayoutKind.Sequential)]
public struct NetifTxResponse
{
    /// <summary>The request's.</summary>
    [XenField("id")] public ushort Id;
    /// <summary>NETIF_RSP_*.</summary>
    [XenField("status")] public short Status;
}
