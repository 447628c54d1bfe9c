namespace Xenolith.Abi.Contract.Table;

/// <summary>17: xen_version.</summary>
internal static class VersionRows
{
    public static HypercallGroup Group => new()
    {
        Number = Hypercall.XenVersion,
        // All of it tells what never changes, into the memory of the caller.
        Self = new() { Name = "xen_version", Unlocked = true },
        Selector = Selector.First,
        Exposure = ExposureGroup.Version,
        Parameters = "cmd, *arg",
        Rows =
        [
            Row.Done(VersionOp.Version, "VersionOps.Version"),
            Row.Done(VersionOp.Extraversion, "VersionOps.ExtraVersion").Out<Bytes16>().Errors("EFAULT"),
            Row.Done(VersionOp.CompileInfo, "VersionOps.CompileInformation").Out<CompileInfo>().Errors("EFAULT"),
            Row.Done(VersionOp.Capabilities, "VersionOps.Capabilities").Out<Bytes1024>().Errors("EFAULT"),
            Row.Done(VersionOp.Changeset, "VersionOps.ChangeSet").Out<Bytes64>().Errors("EFAULT"),
            Row.Done(VersionOp.PlatformParameters, "VersionOps.PlatformParameters").Out<PlatformParameters, PlatformParameters32>().Errors("EFAULT"),
            Row.Done(VersionOp.GetFeatures, "VersionOps.Features").InOut<FeatureInfo>().Errors("EFAULT EINVAL EFAULT"),
            Row.Done(VersionOp.Pagesize, "VersionOps.PageSize").Errors("EINVAL"),
            Row.Done(VersionOp.GuestHandle, "VersionOps.GuestHandle").Out<Bytes16>().Errors("EFAULT"),
            Row.Done(VersionOp.Commandline, "VersionOps.CommandLine").Out<Bytes1024>().Errors("EFAULT")
                .Note("A domain without privilege reads <denied>, as on Xen."),
            Row.Done(VersionOp.BuildId, "VersionOps.BuildId").InOut<BuildId>().Privileged().Errors("EPERM ENODATA")
                .Note("ENODATA: the image carries no build id."),
        ],
    };
}
