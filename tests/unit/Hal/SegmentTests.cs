using Xenolith.Hal;
using Xenolith.Hal.Vmx;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class SegmentTests
{
    [Fact]
    public void PresentAttributesSurviveTheRoundTrip()
    {
        for (int attributes = 0; attributes < 0x1000; attributes++)
        {
            uint rights = VmxSegments.ToAccessRights((ushort)attributes);
            Assert.Equal(attributes, VmxSegments.ToAttributes(rights));
            Assert.Equal((attributes & 0x80) == 0, (rights & VmxSegments.Unusable) != 0);
        }
    }

    [Theory]
    [InlineData(0xC9B, 0xC09Bu)]
    [InlineData(0xA9B, 0xA09Bu)]
    [InlineData(0xC93, 0xC093u)]
    [InlineData(0x08B, 0x008Bu)]
    [InlineData(0x000, 0x10000u)]
    public void AttributesOfTheUsualSegments(ushort attributes, uint rights) => Assert.Equal(rights, VmxSegments.ToAccessRights(attributes));

    [Fact]
    public void FieldsFollowTheOrderOfTheNames()
    {
        Assert.Equal(VmcsField.GuestCsSelector, VmxSegments.Selector(SegmentName.Cs));
        Assert.Equal(VmcsField.GuestLdtrLimit, VmxSegments.Limit(SegmentName.Ldtr));
        Assert.Equal(VmcsField.GuestTrAccessRights, VmxSegments.AccessRights(SegmentName.Tr));
        Assert.Equal(VmcsField.GuestGsBase, VmxSegments.Base(SegmentName.Gs));
    }
}
