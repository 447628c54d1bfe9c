namespace Xenolith.Abi.Contract;

/// <summary>What a request is about: IOREQ_TYPE_* (public/hvm/ioreq.h).</summary>
public enum IoRequestType : byte
{
    [XenConstant("IOREQ_TYPE_PIO")] Port = 0,
    [XenConstant("IOREQ_TYPE_COPY")] Copy = 1,
    [XenConstant("IOREQ_TYPE_PCI_CONFIG")] PciConfig = 2,
    [XenConstant("IOREQ_TYPE_TIMEOFFSET")] TimeOffset = 7,
    [XenConstant("IOREQ_TYPE_INVALIDATE")] Invalidate = 8,
}

/// <summary>How far a request is: STATE_IOREQ_* and STATE_IORESP_READY.</summary>
public enum IoRequestState : byte
{
    [XenConstant("STATE_IOREQ_NONE")] None = 0,
    [XenConstant("STATE_IOREQ_READY")] Ready = 1,
    [XenConstant("STATE_IOREQ_INPROCESS")] InProcess = 2,
    [XenConstant("STATE_IORESP_READY")] ResponseReady = 3,
}

/// <summary>Where the fields of struct ioreq lie, which C declares as bits, and what its bits are. One for each vCPU stands in the page.</summary>
public static class IoRequestLayout
{
    [XenConstant("sizeof(struct ioreq)")] public const int Size = 32;
    [XenConstant("offsetof(struct ioreq, addr)")] public const int Address = 0;
    [XenConstant("offsetof(struct ioreq, data)")] public const int Data = 8;
    [XenConstant("offsetof(struct ioreq, count)")] public const int Count = 16;
    [XenConstant("offsetof(struct ioreq, size)")] public const int Bytes = 20;
    [XenConstant("offsetof(struct ioreq, vp_eport)")] public const int Port = 24;

    /// <summary>The word with the state in bits 16 to 19, the direction in bit 21, the type in bits 24 to 31.</summary>
    [XenConstant("offsetof(struct ioreq, _pad0)")] public const int Control = 28;

    [XenConstant("(offsetof(struct ioreq, type) - offsetof(struct ioreq, _pad0)) * 8")] public const int TypeShift = 24;
    [XenUnstated("behind _pad0, the first four bits of a byte")] public const int StateShift = 16;
    [XenUnstated("the second bit after state")] public const uint Read = 1 << 21;
}
