namespace Xenolith.Abi.Contract;

/// <summary>argo_op: XEN_ARGO_OP_* (public/argo.h).</summary>
public enum ArgoOp : uint
{
    [XenConstant("XEN_ARGO_OP_register_ring")] RegisterRing = 1,
    [XenConstant("XEN_ARGO_OP_unregister_ring")] UnregisterRing = 2,
    [XenConstant("XEN_ARGO_OP_sendv")] Sendv = 3,
    [XenConstant("XEN_ARGO_OP_notify")] Notify = 4,
}
