using System.Text;
using Xenolith.Abi.Contract;
using Xunit;

namespace Xenolith.Tests.Unit.Abi;

/// <summary>xen_version.</summary>
public sealed class VersionCallTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tells_version_features_and_texts(bool is64Bit)
    {
        using var guest = new CallFixture(is64Bit: is64Bit);
        Assert.Equal(4 << 16 | 17, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Version));
        Assert.Equal(4096, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Pagesize));
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.Pagesize, 1));
        var features = new FeatureInfo();
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref features));
        Assert.Equal(0x12B05u, features.Submap);
        Assert.StartsWith(".7", Text(guest, VersionOp.Extraversion, 16));
        Assert.Contains("hvm-3.0-x86_64", Text(guest, VersionOp.Capabilities, 1024));
        Assert.Equal("", Text(guest, VersionOp.Changeset, 64));
        Assert.Equal("test=yes", Text(guest, VersionOp.Commandline, 1024));
        Assert.Equal("", Text(guest, VersionOp.GuestHandle, 16));
        Assert.StartsWith("ilc", Text(guest, VersionOp.CompileInfo, 144));
    }

    [Fact]
    public void Platform_parameters_follow_the_width()
    {
        using var wide = new CallFixture();
        wide.Write(CallFixture.Argument, ulong.MaxValue);
        Assert.Equal(0, wide.Call(Hypercall.XenVersion, (ulong)VersionOp.PlatformParameters, CallFixture.Argument));
        Assert.Equal(0xFFFF_8000_0000_0000, wide.Read<ulong>(CallFixture.Argument));
        using var narrow = new CallFixture(is64Bit: false);
        narrow.Write(CallFixture.Argument, ulong.MaxValue);
        Assert.Equal(0, narrow.Call(Hypercall.XenVersion, (ulong)VersionOp.PlatformParameters, CallFixture.Argument));
        Assert.Equal(0xFFFF_FFFF_0000_0000, narrow.Read<ulong>(CallFixture.Argument));
    }

    [Fact]
    public void A_domain_that_is_not_the_first_lacks_its_feature_and_its_secrets()
    {
        using var guest = new CallFixture(isPrivileged: false, id: 3);
        var features = new FeatureInfo();
        guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref features);
        Assert.Equal(0x12305u, features.Submap);
        Assert.Equal("<denied>", Text(guest, VersionOp.Commandline, 1024));
        Assert.Equal(-(long)Errno.EPERM, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.BuildId));
    }

    [Fact]
    public void Refuses_other_submaps_after_reading_them()
    {
        using var guest = new CallFixture();
        var features = new FeatureInfo { SubmapIndex = 1 };
        Assert.Equal(-(long)Errno.EINVAL, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, ref features));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)VersionOp.GetFeatures, CallFixture.Unmapped));
    }

    [Theory]
    [InlineData(VersionOp.Extraversion)]
    [InlineData(VersionOp.CompileInfo)]
    [InlineData(VersionOp.Capabilities)]
    [InlineData(VersionOp.Changeset)]
    [InlineData(VersionOp.PlatformParameters)]
    [InlineData(VersionOp.GuestHandle)]
    [InlineData(VersionOp.Commandline)]
    public void A_bad_buffer_faults(VersionOp operation)
    {
        using var guest = new CallFixture();
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)operation, CallFixture.Unmapped));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)operation, CallFixture.NotCanonical));
        Assert.Equal(-(long)Errno.EFAULT, guest.Call(Hypercall.XenVersion, (ulong)operation, ulong.MaxValue - 3));
    }

    private static string Text(CallFixture guest, VersionOp operation, int length)
    {
        for (int i = 0; i < length; i++)
            guest.Write(CallFixture.List + (ulong)i, (byte)0xAA);
        Assert.Equal(0, guest.Call(Hypercall.XenVersion, (ulong)operation, CallFixture.List));
        string text = Encoding.ASCII.GetString(guest.ReadArray<byte>(CallFixture.List, length));
        int end = text.IndexOf('\0');
        Assert.True(end >= 0, "not terminated");
        return text[..end];
    }
}
