using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Numerics;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class ZstdTests
{
    private static readonly (byte[] Packed, byte[] Original)[] Vectors =
    [
        (CompressionVectors.ZstdText, CompressionVectors.Text(3000)),
        (CompressionVectors.ZstdDigits, CompressionVectors.Digits(2000)),
        (CompressionVectors.ZstdFast, CompressionVectors.Text(1500)),
    ];

    [Fact]
    public void UnpacksTheVectors()
    {
        foreach ((byte[] packed, byte[] original) in Vectors)
        {
            ExpectUnpacked(original, packed);
        }
    }

    /// <summary>Each at every kind of data; without a file's name the program doesn't know the size, so frames differ in that too.</summary>
    [Theory]
    [InlineData("-c -q --fast=5")]
    [InlineData("-c -q -1")]
    [InlineData("-c -q -3 --no-check")]
    [InlineData("-c -q -9 --zstd=wlog=10")]
    [InlineData("-c -q -13 --zstd=wlog=17")]
    [InlineData("-c -q -19 --long=27")]
    [InlineData("-c -q --ultra -22")]
    [InlineData("-c -q -3 --no-compress-literals")]
    [InlineData("-c -q -3 --stream-size=SIZE")]
    public void UnpacksWhatTheProgramPacks(string arguments)
    {
        PackerProgram.Need("zstd");
        for (int kind = 0; kind < PackerProgram.Kinds; kind++)
        {
            byte[] original = PackerProgram.Sample(kind);
            ExpectUnpacked(original, PackerProgram.Run("zstd", arguments.Replace("SIZE", original.Length.ToString()), original));
        }
    }

    [Fact]
    public void UnpacksFramesOneAfterAnotherAndSkipsTheSkippable()
    {
        byte[] skippable = [0x5A, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
        byte[] packed = [.. skippable, .. CompressionVectors.ZstdText, .. skippable, .. CompressionVectors.ZstdDigits, .. skippable];
        byte[] original = [.. CompressionVectors.Text(3000), .. CompressionVectors.Digits(2000)];
        ExpectUnpacked(original, packed);
        Assert.Equal(DecompressionResult.InputTruncated, Decompress(packed[..^1], original.Length, out DecompressionFault fault));
        Assert.Equal(packed.Length - skippable.Length, fault.Offset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5000)]
    [InlineData(400_000)]
    public void UnpacksStoredBlocksAndChecksThem(int length)
    {
        byte[] original = CompressionVectors.Digits(length);
        byte[] packed = StoredPackers.Zstd(original);
        ExpectUnpacked(original, packed);
        packed[^5] ^= 1;
        Assert.Equal(DecompressionResult.ChecksumMismatch, Decompress(packed, length, out DecompressionFault fault));
        Assert.Equal(packed.Length - 4, fault.Offset);
    }

    /// <summary>A match a million bytes back, written by hand: every table is a single symbol, so the stream is nothing but extra bits.</summary>
    [Theory]
    [InlineData(0x58, DecompressionResult.Done)]          // a window of 2 MiB
    [InlineData(0x50, DecompressionResult.Done)]          // 1 MiB
    [InlineData(0x4F, DecompressionResult.Corrupt)]       // 960 KiB
    [InlineData(0x38, DecompressionResult.Corrupt)]       // 128 KiB
    public void ReachesFarBackWithinTheWindow(byte window, DecompressionResult expected)
    {
        const int noise = 9 * (128 << 10), distance = 1_000_000, length = 70_000;
        byte[] original = new byte[noise + length];
        new Random(4).NextBytes(original.AsSpan(0, noise));
        original.AsSpan(noise - distance, length).CopyTo(original.AsSpan(noise));
        using var packed = new MemoryStream();
        packed.Write([0x28, 0xB5, 0x2F, 0xFD, 0x00, window]);
        for (int at = 0; at < noise; at += 128 << 10)
        {
            StoredPackers.WriteZstdBlock(packed, 0, 128 << 10, original.AsSpan(at, 128 << 10), isLast: false);
        }

        // No literals; one sequence; tables of one symbol: literal length 0, offset code, match length code 52.
        int code = BitOperations.Log2(distance + 3u);
        byte[] block = [0, 1, 0x54, 0, (byte)code, 52, .. ExtraBits(distance + 3 - (1 << code), code, length - 65539, 16)];
        StoredPackers.WriteZstdBlock(packed, 2, block.Length, block, isLast: true);

        byte[] output = new byte[original.Length];
        Assert.Equal(expected, Zstd.Decompress(packed.ToArray(), output, out DecompressionFault fault));
        Assert.True(expected == DecompressionResult.Done ? output.AsSpan().SequenceEqual(original) : fault.Offset == 6 + 9 * (3 + (128 << 10)));
    }

    /// <summary>Frames written by hand: one segment of four bytes.</summary>
    [Theory]
    [InlineData("28B52FFD2004210000" + "61626364", DecompressionResult.Done)]            // a raw block
    [InlineData("28B52FFD2004230000" + "61", DecompressionResult.Done)]                  // one byte, four times
    [InlineData("28B52FFD2004100000" + "6162" + "110000" + "6364", DecompressionResult.Done)] // two raw blocks
    [InlineData("28B52FFD2004270000" + "61626364", DecompressionResult.Corrupt)]         // the reserved type
    [InlineData("28B52FFD2804210000" + "61626364", DecompressionResult.Corrupt)]         // the reserved bit
    [InlineData("28B52FFD2004290000" + "6162636465", DecompressionResult.Corrupt)]       // a block larger than the frame
    [InlineData("28B52FFD2004190000" + "616263", DecompressionResult.Corrupt)]           // a frame smaller than it says
    [InlineData("28B52FFD2005210000" + "61626364", DecompressionResult.OutputOverrun)]   // it says five bytes
    [InlineData("28B52FFD0000210000" + "61626364", DecompressionResult.Done)]            // does not say its size
    [InlineData("28B52FFD0000190000" + "616263", DecompressionResult.OutputShort)]
    [InlineData("28B52FFD0000290000" + "6162636465", DecompressionResult.OutputOverrun)]
    [InlineData("28B52FFD2107" + "04210000" + "61626364", DecompressionResult.Unsupported)] // dictionary 7
    [InlineData("28B52FFD2100" + "04210000" + "61626364", DecompressionResult.Done)]     // dictionary 0 is none
    [InlineData("28B52FFD0000" + "350000" + "206162636400", DecompressionResult.Done)]   // four raw literals, no sequence
    [InlineData("28B52FFD0000" + "2D0000" + "2061626364", DecompressionResult.Corrupt)]  // no sequences' section
    [InlineData("28B52FFD0000" + "3D0000" + "20616263640000", DecompressionResult.Corrupt)] // something behind it
    [InlineData("28B52FFD0000" + "1D0000" + "216100", DecompressionResult.Done)]         // one literal, four times
    [InlineData("28B52FFD0000" + "2D0000" + "4340000100", DecompressionResult.Corrupt)]    // uses a Huffman code that there is not
    [InlineData("28B52FFD0000" + "4D0000" + "20616263640101FC01", DecompressionResult.Corrupt)] // reserved bits of the modes
    [InlineData("28B52FFD0000" + "4D0000" + "20616263640101FC", DecompressionResult.InputTruncated)]
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080101500", DecompressionResult.Done)]  // four literals of a bit each, by a Huffman code of two symbols
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080102500", DecompressionResult.Corrupt)] // a bit too many
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080100D00", DecompressionResult.Corrupt)] // a bit too few
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080100000", DecompressionResult.Corrupt)] // no end mark
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080001500", DecompressionResult.Corrupt)] // a code of one symbol
    [InlineData("28B52FFD0000" + "3D0000" + "42C00080F01500", DecompressionResult.Corrupt)] // a weight of 15
    [InlineData("28B52FFE2004210000" + "61626364", DecompressionResult.Corrupt)]
    public void NamesWhatIsWrong(string frame, DecompressionResult expected) =>
        Assert.Equal(expected, Decompress(Convert.FromHexString(frame), 4, out _));

    [Fact]
    public void NamesTheDictionary()
    {
        Decompress(Convert.FromHexString("28B52FFD2107" + "04210000" + "61626364"), 4, out DecompressionFault fault);
        Assert.Equal("a dictionary", fault.Feature);
    }

    [Fact]
    public void RefusesEveryTruncationAndWrongSize()
    {
        foreach ((byte[] packed, byte[] original) in Vectors)
        {
            for (int length = 0; length < packed.Length; length++)
            {
                Assert.Equal(DecompressionResult.InputTruncated, Decompress(packed[..length], original.Length, out DecompressionFault fault));
                Assert.InRange(fault.Offset, 0, length);
            }

            Assert.Equal(DecompressionResult.OutputShort, Decompress(packed, original.Length + 1, out _));
            Assert.Equal(DecompressionResult.OutputOverrun, Decompress(packed, original.Length - 1, out _));
        }
    }

    /// <summary>Whatever is damaged, the end is a result, soon; and what has a checksum is right when it is accepted.</summary>
    [Fact]
    public void NeverThrowsOnDamagedData()
    {
        var random = new Random(20261120);
        var watch = Stopwatch.StartNew();
        int refused = 0;
        const int rounds = 30_000;
        for (int round = 0; round < rounds; round++)
        {
            (byte[] packed, byte[] original) = Vectors[round % Vectors.Length];
            byte[] damaged = packed.ToArray();
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                damaged[random.Next(4, damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            byte[] output = new byte[original.Length];
            ReadOnlySpan<byte> input = damaged.AsSpan(0, random.Next(10) == 0 ? random.Next(damaged.Length) : damaged.Length);
            DecompressionResult result = Zstd.Decompress(input, output, out DecompressionFault fault);
            Assert.InRange(fault.Offset, 0, input.Length);
            bool isChecked = packed != CompressionVectors.ZstdFast && (input.Length < 5 || (input[4] & 4) != 0);
            Assert.True(result != DecompressionResult.Done || !isChecked || output.AsSpan().SequenceEqual(original));
            refused += result == DecompressionResult.Done ? 0 : 1;
        }

        Assert.True(refused > rounds / 2, $"{refused} refused");
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
    }

    /// <summary>Compressed blocks of noise: tables, codes and sequences that no packer writes.</summary>
    [Fact]
    public void NeverThrowsOnNoise()
    {
        var random = new Random(7);
        var watch = Stopwatch.StartNew();
        for (int round = 0; round < 50_000; round++)
        {
            byte[] noise = new byte[random.Next(4, 200)];
            random.NextBytes(noise);
            noise[0] = (byte)((noise[0] & 0xF0) | random.Next(16));
            using var packed = new MemoryStream();
            packed.Write([0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50]);
            StoredPackers.WriteZstdBlock(packed, 0, 10, "0123456789"u8, isLast: false);
            StoredPackers.WriteZstdBlock(packed, 2, noise.Length, noise, isLast: true);
            Decompress(packed.ToArray(), random.Next(5000), out _);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
    }

    private static byte[] ExtraBits(int offset, int offsetBits, int length, int lengthBits)
    {
        ulong bits = (((1UL << offsetBits) | (uint)offset) << lengthBits) | (uint)length;
        return BitConverter.GetBytes(bits)[..(BitOperations.Log2(bits) / 8 + 1)];
    }

    private static DecompressionResult Decompress(byte[] packed, int length, out DecompressionFault fault) =>
        Zstd.Decompress(packed, new byte[length], out fault);

    private static void ExpectUnpacked(byte[] original, byte[] packed)
    {
        byte[] output = new byte[original.Length];
        Assert.Equal((DecompressionResult.Done, packed.Length), (Zstd.Decompress(packed, output, out DecompressionFault fault), fault.Offset));
        Assert.True(output.AsSpan().SequenceEqual(original));
    }
}
