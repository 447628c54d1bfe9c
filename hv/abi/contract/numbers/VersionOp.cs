namespace Xenolith.Abi.Contract;

/// <summary>xen_version: XENVER_* (public/version.h).</summary>
public enum VersionOp : uint
{
    [XenConstant("XENVER_version")] Version = 0,
    [XenConstant("XENVER_extraversion")] Extraversion = 1,
    [XenConstant("XENVER_compile_info")] CompileInfo = 2,
    [XenConstant("XENVER_capabilities")] Capabilities = 3,
    [XenConstant("XENVER_changeset")] Changeset = 4,
    [XenConstant("XENVER_platform_parameters")] PlatformParameters = 5,
    [XenConstant("XENVER_get_features")] GetFeatures = 6,
    [XenConstant("XENVER_pagesize")] Pagesize = 7,
    [XenConstant("XENVER_guest_handle")] GuestHandle = 8,
    [XenConstant("XENVER_commandline")] Commandline = 9,
    [XenConstant("XENVER_build_id")] BuildId = 10,
}
