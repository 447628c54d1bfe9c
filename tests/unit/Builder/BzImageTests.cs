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
    [InlineData(PayloadFormat.Zstd)]
    [InlineData(PayloadFormat.Xz)]
    public void UnpacksThePayload(PayloadFormat format)
    {
        byte[] file = Wrap(format);
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

    /// <summary>Real packers' output, as the kernel's build appends a size to it.</summary>
    [Theory]
    [InlineData(PayloadFormat.Zstd)]
    [InlineData(PayloadFormat.Xz)]
    public void UnpacksRealPayloads(PayloadFormat format)
    {
        byte[] original = CompressionVectors.Text(3000);
        byte[] packed = format == PayloadFormat.Zstd ? CompressionVectors.ZstdText : CompressionVectors.XzText;
        byte[] file = BzImageFactory.Wrap([.. packed, .. BitConverter.GetBytes(original.Length)]);
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        Assert.Equal(packed.Length, payload.Length);
        byte[] output = new byte[payload.UnpackedSize];
        Assert.Null(BzImage.Unpack(file, payload, output));
        Assert.Equal(original, output);
    }

    [Fact]
    public void SaysWhereAPayloadIsDamagedAndWhatItNeeds()
    {
        byte[] file = Wrap(PayloadFormat.Zstd);
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        file[payload.Offset + payload.Length - 1] ^= 1;
        BuildError? error = BzImage.Unpack(file, payload, new byte[payload.UnpackedSize]);
        Assert.Equal($"kernel: its zstd payload has a wrong checksum (at file offset 0x{payload.Offset + payload.Length - 4:x}); fetch the kernel again", error!.Message);

        // Descriptor 0x21: one segment, a dictionary of one byte, a size of one byte.
        byte[] dictionary = BzImageFactory.Wrap([0x28, 0xB5, 0x2F, 0xFD, 0x21, 7, 4, 0x21, 0, 0, 1, 2, 3, 4, .. new byte[20], 4, 0, 0, 0]);
        Assert.Null(BzImage.TryFindPayload(dictionary, out payload));
        error = BzImage.Unpack(dictionary, payload, new byte[4]);
        Assert.Equal(BuildErrorKind.UnsupportedCompression, error!.Kind);
        Assert.Contains("uses a dictionary", error.Message);
        Assert.EndsWith("boot vmlinux", error.Message);
    }

    [Theory]
    [InlineData(PayloadFormat.Lz4)]
    [InlineData(PayloadFormat.Gzip)]
    [InlineData(PayloadFormat.Zstd)]
    [InlineData(PayloadFormat.Xz)]
    public void NamesDamagedPayloads(PayloadFormat format)
    {
        byte[] file = Wrap(format);
        Assert.Null(BzImage.TryFindPayload(file, out KernelPayload payload));
        var random = new Random(1);
        int refused = 0;
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = file.ToArray();
            damaged[payload.Offset + 24 + random.Next(payload.Length - 24)] ^= (byte)random.Next(1, 256);
            BuildError? error = BzImage.Unpack(damaged, payload, new byte[payload.UnpackedSize]);
            Assert.True(error is null || error.Kind == BuildErrorKind.CorruptPayload, error?.Message);
            refused += error is null ? 0 : 1;
        }

        Assert.True(format == PayloadFormat.Lz4 ? refused > 0 : refused == 300, $"{refused} refused");
        BuildError? shorter = BzImage.Unpack(file, payload, new byte[payload.UnpackedSize + 1]);
        Assert.Equal(BuildErrorKind.CorruptPayload, shorter!.Kind);
    }

    private static byte[] Wrap(PayloadFormat format) => format switch
    {
        PayloadFormat.Lz4 => BzImageFactory.WrapLz4(Kernel),
        PayloadFormat.Gzip => BzImageFactory.WrapGzip(Kernel),
        PayloadFormat.Zstd => BzImageFactory.WrapZstd(Kernel),
        _ => BzImageFactory.WrapXz(Kernel),
    };

    private static void Expect(BuildErrorKind kind, byte[] file)
    {
        BuildError? error = BzImage.TryFindPayload(file, out _);
        Assert.NotNull(error);
        Assert.Equal(kind, error.Kind);
    }
}
