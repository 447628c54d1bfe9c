namespace Xenolith.Hal.Vmx;

/// <summary>Names of the segment fields for reports: the image has no names of enum members at run time.</summary>
internal static class VmxSegmentFields
{
    public static string AccessRights(SegmentName name) => name switch
    {
        SegmentName.Es => nameof(VmcsField.GuestEsAccessRights),
        SegmentName.Cs => nameof(VmcsField.GuestCsAccessRights),
        SegmentName.Ss => nameof(VmcsField.GuestSsAccessRights),
        SegmentName.Ds => nameof(VmcsField.GuestDsAccessRights),
        SegmentName.Fs => nameof(VmcsField.GuestFsAccessRights),
        SegmentName.Gs => nameof(VmcsField.GuestGsAccessRights),
        SegmentName.Ldtr => nameof(VmcsField.GuestLdtrAccessRights),
        _ => nameof(VmcsField.GuestTrAccessRights),
    };

    public static string Limit(SegmentName name) => name switch
    {
        SegmentName.Es => nameof(VmcsField.GuestEsLimit),
        SegmentName.Cs => nameof(VmcsField.GuestCsLimit),
        SegmentName.Ss => nameof(VmcsField.GuestSsLimit),
        SegmentName.Ds => nameof(VmcsField.GuestDsLimit),
        SegmentName.Fs => nameof(VmcsField.GuestFsLimit),
        SegmentName.Gs => nameof(VmcsField.GuestGsLimit),
        SegmentName.Ldtr => nameof(VmcsField.GuestLdtrLimit),
        _ => nameof(VmcsField.GuestTrLimit),
    };

    public static string Base(SegmentName name) => name switch
    {
        SegmentName.Es => nameof(VmcsField.GuestEsBase),
        SegmentName.Cs => nameof(VmcsField.GuestCsBase),
        SegmentName.Ss => nameof(VmcsField.GuestSsBase),
        SegmentName.Ds => nameof(VmcsField.GuestDsBase),
        SegmentName.Fs => nameof(VmcsField.GuestFsBase),
        SegmentName.Gs => nameof(VmcsField.GuestGsBase),
        SegmentName.Ldtr => nameof(VmcsField.GuestLdtrBase),
        _ => nameof(VmcsField.GuestTrBase),
    };
}
