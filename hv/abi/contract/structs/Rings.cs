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
