namespace Xenolith.Abi.Contract;

/// <summary>grant_table_op: GNTTABOP_* (public/grant_table.h).</summary>
public enum GrantTableOp : uint
{
    [XenConstant("GNTTABOP_map_grant_ref")] MapGrantRef = 0,
    [XenConstant("GNTTABOP_unmap_grant_ref")] UnmapGrantRef = 1,
    [XenConstant("GNTTABOP_setup_table")] SetupTable = 2,
    [XenConstant("GNTTABOP_dump_table")] DumpTable = 3,
    [XenConstant("GNTTABOP_transfer")] Transfer = 4,
    [XenConstant("GNTTABOP_copy")] Copy = 5,
    [XenConstant("GNTTABOP_query_size")] QuerySize = 6,
    [XenConstant("GNTTABOP_unmap_and_replace")] UnmapAndReplace = 7,
    [XenConstant("GNTTABOP_set_version")] SetVersion = 8,
    [XenConstant("GNTTABOP_get_status_frames")] GetStatusFrames = 9,
    [XenConstant("GNTTABOP_get_version")] GetVersion = 10,
    [XenConstant("GNTTABOP_swap_grant_ref")] SwapGrantRef = 11,
    [XenConstant("GNTTABOP_cache_flush")] CacheFlush = 12,
}
