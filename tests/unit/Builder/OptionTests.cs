using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class OptionTests
{
    private const ulong K = 1 << 10, M = 1 << 20, G = 1 << 30;

    [Theory]
    [InlineData("/boot/vmlinuz console=hvc0 quiet", "", "console=hvc0 quiet")]
    [InlineData("  vmlinuz   a b", "qemu", "a b")]
    [InlineData("vmlinuz", "", "")]
    [InlineData("", "", "")]
    [InlineData("placeholder root=/dev/xvda", "GRUB 2.06-13+deb12u1", "placeholder root=/dev/xvda")]
    [InlineData(" root=/dev/xvda", "GRUB 2.06", "root=/dev/xvda")]
    [InlineData("/vmlinuz root=/dev/sda", "GNU GRUB 0.97", "root=/dev/sda")]
    public void TakesTheKernelsCommandLineAsXenDoes(string text, string loader, string expected) =>
        Assert.Equal(expected, ModuleCommandLine.Of(text, loader));

    [Theory]
    [InlineData("", 960 * M)]
    [InlineData("512M", 512 * M)]
    [InlineData("131072", 128 * M)]
    [InlineData("1048576B", M)]
    [InlineData("0x100m", 256 * M)]
    [InlineData("-256M", 704 * M)]
    [InlineData("-2G", 0)]
    [InlineData("max:512M", 512 * M)]
    [InlineData("max:2G", 960 * M)]
    [InlineData("min:128M,max:256M", 256 * M)]
    [InlineData("256M,max:1G", 256 * M)]
    [InlineData("64M,min:128M", 128 * M)]
    [InlineData("50%", 480 * M)]
    [InlineData("128M+25%", 368 * M)]
    [InlineData("-25%", 720 * M)]
    [InlineData("960M", 960 * M)]
    public void ResolvesTheMemoryOption(string option, ulong expected)
    {
        Assert.Null(MemoryRequest.TryParse(option, out MemoryRequest request));
        Assert.Null(request.TryResolve(1 * G, 64 * M, out ulong bytes));
        Assert.Equal(expected & ~0xFFFUL, bytes & ~0xFFFUL);
    }

    [Theory]
    [InlineData("lots")]
    [InlineData("12Q")]
    [InlineData("512M,")]
    [InlineData(",512M")]
    [InlineData("min:")]
    [InlineData("min:x")]
    [InlineData("--1M")]
    [InlineData("0x")]
    [InlineData("100%")]
    [InlineData("M")]
    [InlineData("99999999999999999999")]
    [InlineData("18446744073709551615T")]
    [InlineData("512M 1")]
    public void RefusesMalformedMemoryOptions(string option)
    {
        BuildError? error = MemoryRequest.TryParse(option, out _);
        Assert.Equal(BuildErrorKind.BadMemoryOption, error!.Kind);
        Assert.Contains("dom0_mem", error.Message);
    }

    [Theory]
    [InlineData("961M")]
    [InlineData("16G")]
    [InlineData("min:2G")]
    public void RefusesMemoryThatThereIsNot(string option)
    {
        Assert.Null(MemoryRequest.TryParse(option, out MemoryRequest request));
        BuildError? error = request.TryResolve(1 * G, 64 * M, out _);
        Assert.Equal(BuildErrorKind.MemoryNotAvailable, error!.Kind);
        Assert.Contains("960 MiB", error.Message);
    }
}
