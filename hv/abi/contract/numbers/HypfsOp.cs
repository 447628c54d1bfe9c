namespace Xenolith.Abi.Contract;

/// <summary>hypfs_op: XEN_HYPFS_OP_* (public/hypfs.h).</summary>
public enum HypfsOp : uint
{
    [XenConstant("XEN_HYPFS_OP_get_version")] GetVersion = 0,
    [XenConstant("XEN_HYPFS_OP_read")] Read = 1,
    [XenConstant("XEN_HYPFS_OP_write_contents")] WriteContents = 2,
}
