using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Linq;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class XzTests
{
    private const int BlockHeaderAt = 12;

    private static readonly (byte[] Packed, byte[] Original)[] Vectors =
    [
        (CompressionVectors.XzText, CompressionVectors.Text(3000)),
        (CompressionVectors.XzDigits, CompressionVectors.Digits(700)),
        (CompressionVectors.XzSoup, CompressionVectors.Soup(1200)),
        (CompressionVectors.XzUnchecked, CompressionVectors.Text(1500)),
    ];

    [Fact]
    public void UnpacksTheVectors()
    {
        foreach ((byte[] packed, byte[] original) in Vectors)
        {
            ExpectUnpacked(original, packed);
        }
    }

    [Theory]
    [InlineData("-c -q -0 --check=none")]
    [InlineData("-c -q -6")]
    [InlineData("-c -q -9e --check=sha256")]
    [InlineData("-c -q --check=crc32 --x86 --lzma2=dict=32MiB")]     // as Linux packs its kernels
    [InlineData("-c -q --check=crc32 --x86=start=4096 --lzma2=preset=1")]
    [InlineData("-c -q --lzma2=preset=6,lc=0,lp=4,pb=0")]
    [InlineData("-c -q --lzma2=preset=6,lc=4,lp=0,pb=4")]
    [InlineData("-c -q --lzma2=preset=6,dict=4KiB")]
    [InlineData("-c -q -3 -T1 --block-size=50000")]
    [InlineData("-c -q -3 -T2 --block-size=100000 --x86 --lzma2=preset=3")]
    public void UnpacksWhatTheProgramPacks(string arguments)
    {
        PackerProgram.Need("xz");
        for (int kind = 0; kind < PackerProgram.Kinds; kind++)
        {
            byte[] original = PackerProgram.Sample(kind);
            ExpectUnpacked(original, PackerProgram.Run("xz", arguments, original));
        }
    }

    [Fact]
    public void UnpacksStreamsOneAfterAnother()
    {
        byte[] packed = [.. CompressionVectors.XzText, .. new byte[8], .. CompressionVectors.XzDigits, .. new byte[4]];
        ExpectUnpacked([.. CompressionVectors.Text(3000), .. CompressionVectors.Digits(700)], packed);
        Assert.Equal(DecompressionResult.InputTruncated, Decompress([.. packed, 0, 0], 3700, out _));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65536)]
    [InlineData(200_001)]
    public void UnpacksStoredChunks(int length)
    {
        byte[] original = CompressionVectors.Digits(length);
        ExpectUnpacked(original, StoredPackers.Xz(original));
    }

    [Theory]
    [InlineData(3, "the filter delta")]
    [InlineData(5, "the filter powerpc")]
    [InlineData(10, "the filter arm64")]
    [InlineData(0x30, "an unknown filter")]
    public void RefusesOtherFiltersByName(byte filter, string name)
    {
        byte[] packed = StoredPackers.XzStream([1, 0, 0, 7, 0], [7], [filter, 1, 0, 0x21, 1, 22], filterCount: 2);
        Assert.Equal(DecompressionResult.Unsupported, Decompress(packed, 1, out DecompressionFault fault));
        Assert.Equal(new DecompressionFault(BlockHeaderAt, name), fault);
    }

    [Fact]
    public void RefusesOtherChecks()
    {
        byte[] packed = StoredPackers.XzStream([1, 0, 0, 7, 0], [7], [0x21, 1, 22], check: 2);
        Assert.Equal(DecompressionResult.Unsupported, Decompress(packed, 1, out DecompressionFault fault));
        Assert.Contains("a check other than", fault.Feature);
    }

    [Theory]
    [InlineData("21011600", 1, DecompressionResult.Done)]
    [InlineData("21012900", 1, DecompressionResult.Corrupt)]             // a dictionary above 4 GiB
    [InlineData("2102160000", 1, DecompressionResult.Corrupt)]           // properties too long
    [InlineData("0400" + "210116", 2, DecompressionResult.Done)]
    [InlineData("040101" + "210116", 2, DecompressionResult.Corrupt)]    // x86 with a property of one byte
    [InlineData("0400", 1, DecompressionResult.Corrupt)]                 // ends without LZMA2
    [InlineData("210116" + "210116", 2, DecompressionResult.Corrupt)]    // LZMA2 before another
    [InlineData("0400" + "0400" + "210116", 3, DecompressionResult.Unsupported)]
    [InlineData("21011601", 1, DecompressionResult.Corrupt)]             // padding that is not zero
    [InlineData("A1000116", 1, DecompressionResult.Corrupt)]             // a number written longer than it needs
    public void ReadsTheFilters(string filters, int count, DecompressionResult expected) =>
        Assert.Equal(expected, Decompress(StoredPackers.XzStream([1, 0, 0, 7, 0], [7], Convert.FromHexString(filters), count), 1, out _));

    [Theory]
    [InlineData("0100000700", DecompressionResult.Done)]
    [InlineData("0200000700", DecompressionResult.Corrupt)]              // the dictionary was not emptied
    [InlineData("0300000700", DecompressionResult.Corrupt)]              // no such chunk
    [InlineData("010001070700", DecompressionResult.OutputOverrun)]
    [InlineData("8000000004000000000000", DecompressionResult.Corrupt)]  // LZMA without properties
    [InlineData("E0000000055D00000000000000", DecompressionResult.Done)]   // one literal 0
    [InlineData("E0000000055D01000000000000", DecompressionResult.Corrupt)] // the first byte is not zero
    [InlineData("E000000005E100000000000000", DecompressionResult.Corrupt)] // properties out of range
    [InlineData("E000000005" + "29" + "00000000000000", DecompressionResult.Corrupt)] // lc + lp = 9
    [InlineData("E0000000035D0000000000", DecompressionResult.Corrupt)]  // too short for a range decoder
    [InlineData("E0000000065D0000000000000000", DecompressionResult.Corrupt)] // a byte too many
    [InlineData("E0000100055D00000000000000", DecompressionResult.OutputOverrun)]
    [InlineData("E0000000055D00FFFFFFFF0000", DecompressionResult.Corrupt)] // a match before there is anything
    public void ReadsTheChunks(string chunks, DecompressionResult expected)
    {
        byte[] data = chunks.StartsWith('E') ? [0] : [7];
        Assert.Equal(expected, Decompress(StoredPackers.XzStream(Convert.FromHexString(chunks), data, [0x21, 1, 22]), 1, out DecompressionFault fault));
        Assert.True(expected == DecompressionResult.Done || fault.Offset == BlockHeaderAt + 12);
    }

    /// <summary>As liblzma filters it; the first is an operand that the encoder converts twice, because once leaves a byte that looks like a sign.</summary>
    [Theory]
    [InlineData("E8E802000100", "E8E8FDFFFE00")]
    [InlineData("E80000010000", "E8FBFF000000")]
    [InlineData("E800000100", "E8FBFF0000")]
    [InlineData("E8000001", "E8000001")]                                  // too short for an operand
    [InlineData("E800000110", "E800000110")]                              // its high byte is no sign
    public void UndoesTheFilterForCode(string filtered, string code)
    {
        byte[] chunk = Convert.FromHexString(filtered);
        byte[] data = Convert.FromHexString(code);
        ExpectUnpacked(data, StoredPackers.XzStream([1, 0, (byte)(chunk.Length - 1), .. chunk, 0], data, [0x04, 0, 0x21, 1, 22], filterCount: 2));
    }

    [Fact]
    public void RefusesMatchesBeyondTheDictionary()
    {
        PackerProgram.Need("xz");
        byte[] original = PackerProgram.Sample(5);
        byte[] packed = PackerProgram.Run("xz", "-c -q -T1 --lzma2=preset=6,dict=1MiB", original);
        const int dictionaryAt = BlockHeaderAt + 4, fields = 8;
        packed[dictionaryAt] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(packed.AsSpan(BlockHeaderAt + fields), new Crc32().Compute(packed.AsSpan(BlockHeaderAt, fields)));
        Assert.Equal(DecompressionResult.Corrupt, Decompress(packed, original.Length, out DecompressionFault fault));
        Assert.Equal(BlockHeaderAt + fields + 4, fault.Offset);
    }

    [Fact]
    public void ComparesIndexAndFooterWithTheBlocks()
    {
        byte[] good = StoredPackers.Xz("text"u8);
        // Index: 0, count, unpadded size, unpacked size, CRC32; footer of 12 bytes.
        int index = good.Length - 12 - 8;
        for (int at = 1; at < 4; at++)
        {
            byte[] changed = good.ToArray();
            changed[index + at] ^= 1;
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(index + 4), new Crc32().Compute(changed.AsSpan(index, 4)));
            Assert.Equal(DecompressionResult.Corrupt, Decompress(changed, 4, out DecompressionFault fault));
            Assert.Equal(index, fault.Offset);
        }

        byte[] wrongSum = good.ToArray();
        wrongSum[index + 4] ^= 1;
        Assert.Equal(DecompressionResult.ChecksumMismatch, Decompress(wrongSum, 4, out _));
        byte[] wrongEnd = good.ToArray();
        wrongEnd[^1] ^= 1;
        Assert.Equal(DecompressionResult.Corrupt, Decompress(wrongEnd, 4, out _));
    }

    [Fact]
    public void RefusesEveryTruncationAndWrongSize()
    {
        foreach ((byte[] packed, byte[] original) in Vectors)
        {
            for (int length = 0; length < packed.Length; length++)
            {
                DecompressionResult result = Decompress(packed[..length], original.Length, out DecompressionFault fault);
                Assert.NotEqual(DecompressionResult.Done, result);
                Assert.InRange(fault.Offset, 0, length);
            }

            Assert.Equal(DecompressionResult.OutputShort, Decompress(packed, original.Length + 1, out _));
            Assert.Equal(DecompressionResult.OutputOverrun, Decompress(packed, original.Length - 1, out _));
        }
    }

    [Fact]
    public void RefusesEveryChangedBitThatACheckCovers()
    {
        foreach ((byte[] packed, byte[] original) in Vectors[..3])
        {
            for (int at = 0; at < packed.Length; at++)
            {
                byte[] damaged = packed.ToArray();
                damaged[at] ^= (byte)(1 << (at & 7));
                Assert.True(Decompress(damaged, original.Length, out _) != DecompressionResult.Done, $"a change at {at} was accepted");
            }
        }
    }

    /// <summary>Damage behind the checksums: headers get theirs mended, so that what they protect is read all the same.</summary>
    [Fact]
    public void NeverThrowsOnDamagedData()
    {
        var random = new Random(20261120);
        var watch = Stopwatch.StartNew();
        int refused = 0;
        const int rounds = 20_000;
        for (int round = 0; round < rounds; round++)
        {
            (byte[] packed, byte[] original) = Vectors[round % Vectors.Length];
            byte[] damaged = packed.ToArray();
            for (int flips = random.Next(1, 4); flips > 0; flips--)
            {
                damaged[random.Next(BlockHeaderAt, damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            int fields = (damaged[BlockHeaderAt] + 1) * 4 - 4;
            if (BlockHeaderAt + fields + 4 <= damaged.Length)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(damaged.AsSpan(BlockHeaderAt + fields), new Crc32().Compute(damaged.AsSpan(BlockHeaderAt, fields)));
            }

            DecompressionResult result = Decompress(damaged, original.Length, out DecompressionFault fault);
            Assert.InRange(fault.Offset, 0, damaged.Length);
            refused += result == DecompressionResult.Done ? 0 : 1;
        }

        Assert.True(refused > rounds / 2, $"{refused} refused");
        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
    }

    [Fact]
    public void NeverThrowsOnNoise()
    {
        var random = new Random(7);
        var watch = Stopwatch.StartNew();
        for (int round = 0; round < 20_000; round++)
        {
            byte[] chunk = new byte[random.Next(10, 200)];
            random.NextBytes(chunk);
            // A packed chunk that fits, from an empty dictionary on, with properties that exist.
            byte[] header = [0xE0, (byte)random.Next(16), (byte)random.Next(256), 0, (byte)(chunk.Length - 1), (byte)(45 * random.Next(5) + 9 * random.Next(3) + random.Next(3))];
            chunk[0] = 0;
            Decompress(StoredPackers.XzStream([.. header, .. chunk, 0], [7], [0x04, 0, 0x21, 1, (byte)random.Next(41)], filterCount: 2), 5000, out _);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(2), $"{watch.Elapsed}");
    }

    private static DecompressionResult Decompress(byte[] packed, int length, out DecompressionFault fault) =>
        Xz.Decompress(packed, new byte[length], out fault);

    private static void ExpectUnpacked(byte[] original, byte[] packed)
    {
        byte[] output = new byte[original.Length];
        Assert.Equal((DecompressionResult.Done, packed.Length), (Xz.Decompress(packed, output, out DecompressionFault fault), fault.Offset));
        Assert.True(output.AsSpan().SequenceEqual(original));
    }
}
