namespace Xenolith.Abi.Contract;

/// <summary>kexec_op: KEXEC_CMD_* (public/kexec.h).</summary>
public enum KexecOp : uint
{
    [XenConstant("KEXEC_CMD_kexec")] Kexec = 0,
    [XenConstant("KEXEC_CMD_kexec_load_v1")] KexecLoadV1 = 1,
    [XenConstant("KEXEC_CMD_kexec_unload_v1")] KexecUnloadV1 = 2,
    [XenConstant("KEXEC_CMD_kexec_get_range")] KexecGetRange = 3,
    [XenConstant("KEXEC_CMD_kexec_load")] KexecLoad = 4,
    [XenConstant("KEXEC_CMD_kexec_unload")] KexecUnload = 5,
    [XenConstant("KEXEC_CMD_kexec_status")] KexecStatus = 6,
}
