namespace Xenolith.Hal.Vmx;

/// <summary>
/// The VMCS's access rights and the neutral attributes (Intel SDM vol. 3, 25.4.1, table 25-2). Both keep type, S, DPL and P in
/// bits 0-7; AVL, L, D/B and G are at 12-15 here and at 8-11 there; an absent segment is "unusable" here (bit 16).
/// </summary>
public static class VmxSegments
{
    public const uint Unusable = 1u << 16;

    public static uint ToAccessRights(ushort attributes)
    {
        uint rights = (attributes & 0xFFu) | ((attributes & 0xF00u) << 4);
        return (attributes & 0x80) != 0 ? rights : rights | Unusable;
    }

    public static ushort ToAttributes(uint accessRights)
    {
        uint attributes = (accessRights & 0xFF) | ((accessRights >> 4) & 0xF00);
        return (ushort)((accessRights & Unusable) != 0 ? attributes & ~0x80u : attributes);
    }

    // Selectors, limits, access rights and bases of the eight registers follow one another in the encoding in the order of SegmentName.
    public static VmcsField Selector(SegmentName name) => VmcsField.GuestEsSelector + 2 * (uint)name;

    public static VmcsField Limit(SegmentName name) => VmcsField.GuestEsLimit + 2 * (uint)name;

    public static VmcsField AccessRights(SegmentName name) => VmcsField.GuestEsAccessRights + 2 * (uint)name;

    public static VmcsField Base(SegmentName name) => VmcsField.GuestEsBase + 2 * (uint)name;
}
