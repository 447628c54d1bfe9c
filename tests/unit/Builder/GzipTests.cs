using System;
using System.IO.Compression;
using System.Linq;
using System.Text;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class GzipTests
{
    public static TheoryData<int, CompressionLevel> Samples()
    {
        var data = new TheoryData<int, CompressionLevel>();
        // For no data at all the framework writes no member.
        for (int kind = 1; kind < CompressionSamples.Kinds; kind++)
        {
            foreach (CompressionLevel level in Enum.GetValues<CompressionLevel>())
            {
                data.Add(kind, level);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void UnpacksWhatTheFrameworkPacks(int kind, CompressionLevel level)
    {
        byte[] original = CompressionSamples.Sample(kind);
        byte[] packed = CompressionSamples.Gzip(original, level);
        byte[] output = new byte[original.Length];

        Assert.Equal(DecompressionResult.Done, Gzip.Decompress(packed, output));
        Assert.Equal(original, output);
    }

    [Fact]
    public void SkipsAllOptionalHeaderFields()
    {
        byte[] packed = CompressionSamples.Gzip(Encoding.ASCII.GetBytes("payload payload payload"), CompressionLevel.Optimal);
        byte[] header = [0x1F, 0x8B, 8, 0x1E, 0, 0, 0, 0, 0, 3];
        byte[] extra = [3, 0, 1, 2, 3];
        byte[] names = Encoding.ASCII.GetBytes("vmlinux.bin\0comment\0");
        byte[] crc = [0xAA, 0xBB];
        byte[] full = [.. header, .. extra, .. names, .. crc, .. packed[10..]];
        byte[] output = new byte[23];

        Assert.Equal(DecompressionResult.Done, Gzip.Decompress(full, output));
        Assert.Equal("payload payload payload", Encoding.ASCII.GetString(output));
    }

    [Fact]
    public void RefusesEveryTruncation()
    {
        byte[] original = CompressionSamples.Sample(3)[..3000];
        byte[] packed = CompressionSamples.Gzip(original, CompressionLevel.Optimal);
        for (int length = 0; length < packed.Length; length++)
        {
            Assert.Equal(DecompressionResult.InputTruncated, Gzip.Decompress(packed.AsSpan(0, length), new byte[original.Length]));
        }
    }

    [Fact]
    public void NamesWrongSizesAndChecksums()
    {
        byte[] original = CompressionSamples.Sample(3);
        byte[] packed = CompressionSamples.Gzip(original, CompressionLevel.Optimal);
        Assert.Equal(DecompressionResult.OutputOverrun, Gzip.Decompress(packed, new byte[original.Length - 1]));
        Assert.Equal(DecompressionResult.OutputShort, Gzip.Decompress(packed, new byte[original.Length + 1]));

        byte[] wrongCrc = packed.ToArray();
        wrongCrc[^5] ^= 1;
        Assert.Equal(DecompressionResult.ChecksumMismatch, Gzip.Decompress(wrongCrc, new byte[original.Length]));
        byte[] wrongSize = packed.ToArray();
        wrongSize[^1] ^= 1;
        Assert.Equal(DecompressionResult.ChecksumMismatch, Gzip.Decompress(wrongSize, new byte[original.Length]));
        byte[] reservedFlag = packed.ToArray();
        reservedFlag[3] = 0x80;
        Assert.Equal(DecompressionResult.Corrupt, Gzip.Decompress(reservedFlag, new byte[original.Length]));
    }

    [Theory]
    [InlineData(0b111, "a block of the reserved type")]
    [InlineData(0b001, "a stored block whose lengths do not match")]
    public void RefusesDamagedBlocks(int firstByte, string why)
    {
        byte[] stream = [(byte)firstByte, 5, 0, 5, 0, 1, 2, 3, 4, 5];
        Assert.True(new Inflate().Decompress(stream, new byte[16], out _, out _) == DecompressionResult.Corrupt, why);
    }

    [Fact]
    public void NeverThrowsOnDamagedData()
    {
        var random = new Random(20261120);
        int refused = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] original = CompressionSamples.Sample(3)[..random.Next(1, 4000)];
            byte[] packed = CompressionSamples.Gzip(original, (CompressionLevel)random.Next(4));
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                packed[random.Next(packed.Length)] ^= (byte)(1 << random.Next(8));
            }

            byte[] output = new byte[original.Length];
            DecompressionResult result = Gzip.Decompress(packed.AsSpan(0, random.Next(10) == 0 ? random.Next(packed.Length) : packed.Length), output);
            // What is accepted is right: flips of unchecked header bytes only.
            Assert.True(result != DecompressionResult.Done || output.AsSpan().SequenceEqual(original));
            refused += result == DecompressionResult.Done ? 0 : 1;
        }

        Assert.True(refused > 2000);
    }

    [Fact]
    public void NeverThrowsOnNoise()
    {
        var random = new Random(7);
        byte[] noise = new byte[300];
        for (int round = 0; round < 20_000; round++)
        {
            random.NextBytes(noise);
            new Inflate().Decompress(noise, new byte[random.Next(2000)], out _, out _);
        }
    }
}
