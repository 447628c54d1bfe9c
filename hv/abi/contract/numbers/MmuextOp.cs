namespace Xenolith.Abi.Contract;

/// <summary>mmuext_op: MMUEXT_* (public/xen.h); paravirtual guests only.</summary>
public enum MmuextOp : uint
{
    [XenConstant("MMUEXT_PIN_L1_TABLE")] PinL1Table = 0,
    [XenConstant("MMUEXT_PIN_L2_TABLE")] PinL2Table = 1,
    [XenConstant("MMUEXT_PIN_L3_TABLE")] PinL3Table = 2,
    [XenConstant("MMUEXT_PIN_L4_TABLE")] PinL4Table = 3,
    [XenConstant("MMUEXT_UNPIN_TABLE")] UnpinTable = 4,
    [XenConstant("MMUEXT_NEW_BASEPTR")] NewBaseptr = 5,
    [XenConstant("MMUEXT_TLB_FLUSH_LOCAL")] TlbFlushLocal = 6,
    [XenConstant("MMUEXT_INVLPG_LOCAL")] InvlpgLocal = 7,
    [XenConstant("MMUEXT_TLB_FLUSH_MULTI")] TlbFlushMulti = 8,
    [XenConstant("MMUEXT_INVLPG_MULTI")] InvlpgMulti = 9,
    [XenConstant("MMUEXT_TLB_FLUSH_ALL")] TlbFlushAll = 10,
    [XenConstant("MMUEXT_INVLPG_ALL")] InvlpgAll = 11,
    [XenConstant("MMUEXT_FLUSH_CACHE")] FlushCache = 12,
    [XenConstant("MMUEXT_SET_LDT")] SetLdt = 13,
    [XenConstant("MMUEXT_NEW_USER_BASEPTR")] NewUserBaseptr = 15,
    [XenConstant("MMUEXT_CLEAR_PAGE")] ClearPage = 16,
    [XenConstant("MMUEXT_COPY_PAGE")] CopyPage = 17,
    [XenConstant("MMUEXT_FLUSH_CACHE_GLOBAL")] FlushCacheGlobal = 18,
    [XenConstant("MMUEXT_MARK_SUPER")] MarkSuper = 19,
    [XenConstant("MMUEXT_UNMARK_SUPER")] UnmarkSuper = 20,
}
