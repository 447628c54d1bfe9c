namespace Xenolith.Abi.Contract.Table;

/// <summary>A feature that xen_version's get_features can show.</summary>
/// <param name="Feature">Its bit.</param>
/// <param name="Since">As <see cref="HypercallRow.Since"/>.</param>
public sealed record FeatureRow(Feature Feature, string Since = "4.17");

/// <summary>The ways to make calls that can be shown; all ours, and shown to nobody unasked.</summary>
public static class CallFeatureRows
{
    public static CallFeature[] All { get; } = [CallFeature.Table, CallFeature.Physical, CallFeature.Lists, CallFeature.Strict, CallFeature.User];
}

/// <summary>What a PVH guest can be shown of features; the initial domain's one goes to that alone.</summary>
public static class FeatureRows
{
    public static FeatureRow[] All { get; } =
    [
        new(Feature.WritablePageTables), new(Feature.AutoTranslatedPhysmap), new(Feature.HvmCallbackVector), new(Feature.HvmSafePvclock),
        new(Feature.Dom0), new(Feature.MemoryOpVnodeSupported), new(Feature.NotDirectMapped),
        new(Feature.RunstatePhysArea, "4.18"), new(Feature.VcpuTimePhysArea, "4.18"),
    ];
}
