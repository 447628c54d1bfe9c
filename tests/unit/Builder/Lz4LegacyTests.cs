using System;
using System.Diagnostics;
using System.IO;
using System.Text;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class Lz4LegacyTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void UnpacksWhatASmallPackerPacks(int kind)
    {
        byte[] original = CompressionSamples.Sample(kind);
        byte[] output = new byte[original.Length];
        Assert.Equal(DecompressionResult.Done, Lz4Legacy.Decompress(CompressionSamples.Lz4Legacy(original), output));
        Assert.Equal(original, output);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void UnpacksWhatTheLz4ProgramPacks(int kind)
    {
        const string program = "/usr/bin/lz4";
        Assert.SkipUnless(File.Exists(program), "the lz4 program is not installed");
        byte[] original = CompressionSamples.Sample(kind);
        string folder = Directory.CreateTempSubdirectory("xenolith-lz4").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "in"), original);
            using Process process = Process.Start(program, ["-l", "-9", "-q", "-f", Path.Combine(folder, "in"), Path.Combine(folder, "out")]);
            process.WaitForExit();
            byte[] output = new byte[original.Length];
            Assert.Equal(DecompressionResult.Done, Lz4Legacy.Decompress(File.ReadAllBytes(Path.Combine(folder, "out")), output));
            Assert.Equal(original, output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void UnpacksSeveralBlocks()
    {
        byte[] original = new byte[(8 << 20) + 12345];
        for (int i = 0; i < original.Length; i++)
        {
            original[i] = (byte)(i / 3 * 11 ^ i >> 9);
        }

        byte[] output = new byte[original.Length];
        Assert.Equal(DecompressionResult.Done, Lz4Legacy.Decompress(CompressionSamples.Lz4Legacy(original), output));
        Assert.True(original.AsSpan().SequenceEqual(output));
    }

    /// <summary>Blocks written by hand from the format's description.</summary>
    [Theory]
    [InlineData("5068656C6C6F", "hello")]
    [InlineData("16610100507A7A7A7A7A", "aaaaaaaaaaazzzzz")]
    [InlineData("2261620200506162616262", "abababab" + "ababb")]
    public void UnpacksHandMadeBlocks(string block, string expected)
    {
        byte[] output = new byte[expected.Length];
        Assert.Equal(DecompressionResult.Done, Lz4Legacy.DecompressBlock(Convert.FromHexString(block), output, out int written));
        Assert.Equal(expected, Encoding.ASCII.GetString(output.AsSpan(0, written)));
    }

    [Theory]
    [InlineData("1F610000", DecompressionResult.Corrupt)]       // distance 0
    [InlineData("1F610200", DecompressionResult.Corrupt)]       // before the block's start
    [InlineData("1061", DecompressionResult.Done)]
    [InlineData("2061", DecompressionResult.InputTruncated)]    // a literal is missing
    [InlineData("F0", DecompressionResult.InputTruncated)]      // the length goes on
    [InlineData("106101", DecompressionResult.InputTruncated)]  // half a distance
    [InlineData("1F6101", DecompressionResult.InputTruncated)]
    [InlineData("14610100", DecompressionResult.InputTruncated)] // ends in a match
    [InlineData("1F610100FFFFFFFF00", DecompressionResult.OutputOverrun)]
    [InlineData("", DecompressionResult.InputTruncated)]
    public void NamesWhatIsWrongWithABlock(string block, DecompressionResult expected) =>
        Assert.Equal(expected, Lz4Legacy.DecompressBlock(Convert.FromHexString(block), new byte[64], out _));

    [Fact]
    public void NamesWhatIsWrongWithAFrame()
    {
        byte[] original = CompressionSamples.Sample(3);
        byte[] packed = CompressionSamples.Lz4Legacy(original);
        Assert.Equal(DecompressionResult.OutputShort, Lz4Legacy.Decompress(packed, new byte[original.Length + 1]));
        Assert.Equal(DecompressionResult.OutputOverrun, Lz4Legacy.Decompress(packed, new byte[original.Length - 1]));
        Assert.Equal(DecompressionResult.InputTruncated, Lz4Legacy.Decompress(packed.AsSpan(0, packed.Length - 1), new byte[original.Length]));
        Assert.Equal(DecompressionResult.InputTruncated, Lz4Legacy.Decompress(packed.AsSpan(0, 3), new byte[original.Length]));
        packed[0] ^= 1;
        Assert.Equal(DecompressionResult.Corrupt, Lz4Legacy.Decompress(packed, new byte[original.Length]));
    }

    [Fact]
    public void NeverThrowsOnDamagedData()
    {
        var random = new Random(20261120);
        for (int round = 0; round < 5000; round++)
        {
            byte[] original = CompressionSamples.Sample(3)[..random.Next(1, 4000)];
            byte[] packed = CompressionSamples.Lz4Legacy(original);
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                packed[random.Next(packed.Length)] ^= (byte)(1 << random.Next(8));
            }

            Lz4Legacy.Decompress(packed.AsSpan(0, random.Next(10) == 0 ? random.Next(packed.Length) : packed.Length), new byte[original.Length]);
        }
    }
}
