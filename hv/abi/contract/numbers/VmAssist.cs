namespace Xenolith.Abi.Contract;

/// <summary>vm_assist: VMASST_CMD_* (public/xen.h).</summary>
public enum VmAssistCommand : uint
{
    [XenConstant("VMASST_CMD_enable")] Enable = 0,
    [XenConstant("VMASST_CMD_disable")] Disable = 1,
}

/// <summary>vm_assist: VMASST_TYPE_* (public/xen.h); a bit number.</summary>
public enum VmAssistType : uint
{
    [XenConstant("VMASST_TYPE_4gb_segments")] FourGbSegments = 0,
    [XenConstant("VMASST_TYPE_4gb_segments_notify")] FourGbSegmentsNotify = 1,
    [XenConstant("VMASST_TYPE_writable_pagetables")] WritablePagetables = 2,
    [XenConstant("VMASST_TYPE_pae_extended_cr3")] PaeExtendedCr3 = 3,
    [XenConstant("VMASST_TYPE_architectural_iopl")] ArchitecturalIopl = 4,
    [XenConstant("VMASST_TYPE_runstate_update_flag")] RunstateUpdateFlag = 5,
    [XenConstant("VMASST_TYPE_m2p_strict")] M2pStrict = 32,
}
