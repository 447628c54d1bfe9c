using System;
using System.Linq;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class BzImageTests
{
    private static readonly byte[] Kernel = ElfFactory.Simple(size: 20_000).Build();

    [Theory]
    [InlineData(PayloadFormat.Lz4)]
    [InlineData(PayloadFormat.Gzip)]
    public void UnpacksThePayload(PayloadFormat format)
    {
        byte[] file = format == PayloadFormat.Lz4 ? BzImageFactory.WrapLz4(Kernel) : BzImageFactory.WrapGzip(Kernel);
        Assert.True(BzImage.IsBzImage(file));
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        Assert.Equal(format, payload.Format);
        Assert.Equal((uint)Kernel.Length, payload.UnpackedSize);
        byte[] output = new byte[payload.UnpackedSize];
        Assert.Null(BzImage.Unpack(file, payload, output));
        Assert.Equal(Kernel, output);
    }

    [Fact]
    public void TakesAnUnpackedPayload()
    {
        byte[] file = BzImageFactory.Wrap(Kernel, setupSectors: 0);
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        Assert.Equal(PayloadFormat.Elf, payload.Format);
        Assert.True(Kernel.AsSpan().SequenceEqual(file.AsSpan(payload.Offset, payload.Length)));
    }

    [Theory]
    [InlineData("28B52FFD0458", "zstd")]
    [InlineData("FD377A585A00", "xz")]
    [InlineData("5D0000800000", "lzma")]
    [InlineData("894C5A4F000D", "lzo")]
    [InlineData("425A68393141", "bzip2")]
    [InlineData("0123456789AB", "something unknown")]
    public void RefusesOtherPackingsByName(string magic, string name)
    {
        byte[] payload = [.. Convert.FromHexString(magic), .. new byte[100]];
        BuildError? error = BzImage.TryFindPayload(BzImageFactory.Wrap(payload), out _);
        Assert.Equal(BuildErrorKind.UnsupportedCompression, error!.Kind);
        Assert.Contains(name, error.Message);
        Assert.Contains("boot vmlinux", error.Message);
    }

    [Fact]
    public void NamesEachFault()
    {
        byte[] good = BzImageFactory.WrapLz4(Kernel);
        Expect(BuildErrorKind.Truncated, good.AsSpan(0, 0x240).ToArray());
        Expect(BuildErrorKind.Truncated, good.AsSpan(0, good.Length - 0x400).ToArray());
        Expect(BuildErrorKind.MalformedHeader, BzImageFactory.Wrap(Kernel, version: 0x207));
        Expect(BuildErrorKind.Truncated, BzImageFactory.Wrap([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0]));

        byte[] big = BzImageFactory.Wrap([.. CompressionSamples.Lz4Legacy(Kernel), 0xFF, 0xFF, 0xFF, 0x7F]);
        Expect(BuildErrorKind.PayloadTooBig, big);
        byte[] empty = BzImageFactory.Wrap([.. CompressionSamples.Lz4Legacy(Kernel), 0, 0, 0, 0]);
        Expect(BuildErrorKind.PayloadTooBig, empty);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NamesDamagedPayloads(bool lz4)
    {
        byte[] file = lz4 ? BzImageFactory.WrapLz4(Kernel) : BzImageFactory.WrapGzip(Kernel);
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = file.ToArray();
            damaged[payload.Offset + 24 + random.Next(payload.Length - 24)] ^= (byte)random.Next(1, 256);
            BuildError? error = BzImage.Unpack(damaged, payload, new byte[payload.UnpackedSize]);
            Assert.True(error is null || error.Kind == BuildErrorKind.CorruptPayload);
            refused += error is null ? 0 : 1;
        }

        Assert.True(lz4 ? refused > 0 : refused == 300);
        BuildError? shorter = BzImage.Unpack(file, payload, new byte[payload.UnpackedSize + 1]);
        Assert.Equal(BuildErrorKind.CorruptPayload, shorter!.Kind);
    }

    private static void Expect(BuildErrorKind kind, byte[] file)
    {
        BuildError? error = BzImage.TryFindPayload(file, out _);
        Assert.NotNull(error);
        Assert.Equal(kind, error.Kind);
    }
}
