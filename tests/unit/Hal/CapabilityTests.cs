using System;
using Xenolith.Hal;
using Xenolith.Hal.Svm;
using Xenolith.Hal.Vmx;
using Xunit;

namespace Xenolith.Tests.Unit.Hal;

public sealed class CapabilityTests
{
    [Fact]
    public void ACpuWithEverythingIsAccepted()
    {
        Assert.Null(VmxFixture.Capabilities.Missing());
        Assert.Null(new SvmCapabilities { Features = 1, AsidCount = 2 }.Missing());
    }

    [Theory]
    [InlineData(SecondaryControls.EnableEpt, "EPT")]
    [InlineData(SecondaryControls.UnrestrictedGuest, "unrestricted guest")]
    [InlineData(SecondaryControls.EnableVpid, "VPID")]
    public void WhatIsMissingIsNamed(SecondaryControls missing, string word)
    {
        var capabilities = new VmxCapabilities
        {
            Pin = VmxFixture.Capabilities.Pin,
            Primary = VmxFixture.Capabilities.Primary,
            Secondary = new ControlRange(VmxFixture.Capabilities.Secondary.Value & ~((ulong)missing << 32)),
            Exit = VmxFixture.Capabilities.Exit,
            Entry = VmxFixture.Capabilities.Entry,
            EptVpid = VmxFixture.Capabilities.EptVpid,
        };
        Assert.Contains(word, capabilities.Missing(), StringComparison.Ordinal);
    }

    [Fact]
    public void SvmWithoutNestedPagingIsRefused() =>
        Assert.Contains("NPT", new SvmCapabilities { AsidCount = 16 }.Missing(), StringComparison.Ordinal);

    [Fact]
    public void TagsStartANewGenerationWhenTheyRunOut()
    {
        var tags = new TagAllocator(2);
        Assert.False(tags.Allocate(out uint first));
        Assert.False(tags.Allocate(out uint second));
        ulong generation = tags.Generation;
        Assert.True(tags.Allocate(out uint third));
        Assert.Equal((1u, 2u, 1u), (first, second, third));
        Assert.NotEqual(generation, tags.Generation);
    }

    [Fact]
    public void VmxBitmapPassesWhatIsSwitched()
    {
        byte[] map = new byte[4096];
        VmxMsrsBitmap(map);
        Assert.Equal(0, map[0x400 + (0x82 >> 3)] & (1 << (0x82 & 7)));
        Assert.Equal(0, map[0xC00 + (0x102 >> 3)] & (1 << (0x102 & 7)));
        Assert.NotEqual(0, map[0x1B >> 3] & (1 << (0x1B & 7)));
        Assert.NotEqual(0, map[0x400 + (0x80 >> 3)] & 1);
    }

    private static void VmxMsrsBitmap(byte[] map)
    {
        using var fixture = new VmxFixture();
        fixture.Memory.Frame(fixture.Virtualisation.MsrBitmap).CopyTo(map);
    }
}
