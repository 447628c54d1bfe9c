namespace Xenolith.Abi.Contract;

/// <summary>xsm_op: FLASK_* (public/xsm/flask_op.h).</summary>
public enum FlaskOp : uint
{
    [XenConstant("FLASK_LOAD")] Load = 1,
    [XenConstant("FLASK_GETENFORCE")] Getenforce = 2,
    [XenConstant("FLASK_SETENFORCE")] Setenforce = 3,
    [XenConstant("FLASK_CONTEXT_TO_SID")] ContextToSid = 4,
    [XenConstant("FLASK_SID_TO_CONTEXT")] SidToContext = 5,
    [XenConstant("FLASK_ACCESS")] Access = 6,
    [XenConstant("FLASK_CREATE")] Create = 7,
    [XenConstant("FLASK_RELABEL")] Relabel = 8,
    [XenConstant("FLASK_USER")] User = 9,
    [XenConstant("FLASK_POLICYVERS")] Policyvers = 10,
    [XenConstant("FLASK_GETBOOL")] Getbool = 11,
    [XenConstant("FLASK_SETBOOL")] Setbool = 12,
    [XenConstant("FLASK_COMMITBOOLS")] Commitbools = 13,
    [XenConstant("FLASK_MLS")] Mls = 14,
    [XenConstant("FLASK_DISABLE")] Disable = 15,
    [XenConstant("FLASK_GETAVC_THRESHOLD")] GetavcThreshold = 16,
    [XenConstant("FLASK_SETAVC_THRESHOLD")] SetavcThreshold = 17,
    [XenConstant("FLASK_AVC_HASHSTATS")] AvcHashstats = 18,
    [XenConstant("FLASK_AVC_CACHESTATS")] AvcCachestats = 19,
    [XenConstant("FLASK_MEMBER")] Member = 20,
    [XenConstant("FLASK_ADD_OCONTEXT")] AddOcontext = 21,
    [XenConstant("FLASK_DEL_OCONTEXT")] DelOcontext = 22,
    [XenConstant("FLASK_GET_PEER_SID")] GetPeerSid = 23,
    [XenConstant("FLASK_RELABEL_DOMAIN")] RelabelDomain = 24,
    [XenConstant("FLASK_DEVICETREE_LABEL")] DevicetreeLabel = 25,
}
