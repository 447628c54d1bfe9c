using System;
using System.Linq;
using Xenolith.Domains;
using Xunit;

namespace Xenolith.Tests.Unit.Builder;

public sealed class ElfImageTests
{
    [Theory]
    [InlineData(true, 4, false, 4)]
    [InlineData(true, 8, false, 4)]
    [InlineData(true, 4, true, 4)]
    [InlineData(true, 8, false, 8)]
    [InlineData(false, 4, false, 4)]
    [InlineData(false, 8, true, 4)]
    public void ReadsSegmentsAndEntry(bool is64, int entrySize, bool noteInSection, int alignment)
    {
        var factory = new ElfFactory { Is64 = is64, Entry = 0x200010, EntrySize = entrySize, NoteInSection = noteInSection, NoteAlignment = alignment };
        factory.Segments.Add((0x200000, new byte[0x1000], 0x3000));
        factory.Segments.Add((0x100000, new byte[0x800], 0x800));
        factory.Segments.Add((0x300000, [], 0));

        Assert.Null(ElfImage.TryParse(factory.Build(), out ElfImage? image));
        Assert.Equal(is64, image!.Is64);
        Assert.Equal(0x200010u, image.Entry);
        Assert.Equal([0x100000UL, 0x200000UL], image.Segments.ToArray().Select(segment => segment.PhysicalAddress));
        Assert.Equal(0x100000UL, image.Start);
        Assert.Equal(0x203000UL, image.End);
        Assert.Equal(0x1000, image.Segments[1].FileSize);
    }

    [Fact]
    public void NamesEachFault()
    {
        Expect(BuildErrorKind.NotAKernel, "PK\x03\x04 is no kernel"u8.ToArray());
        Expect(BuildErrorKind.Truncated, [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]);
        Expect(BuildErrorKind.WrongClass, With(new ElfFactory { Class = 3, Entry = 0x100000 }));
        Expect(BuildErrorKind.WrongClass, With(new ElfFactory { Encoding = 2, Entry = 0x100000 }));
        Expect(BuildErrorKind.WrongMachine, With(new ElfFactory { Machine = 183, Entry = 0x100000 }));
        Expect(BuildErrorKind.WrongMachine, With(new ElfFactory { Machine = 3, Entry = 0x100000 }));
        Expect(BuildErrorKind.MalformedHeader, With(new ElfFactory { Type = 1, Entry = 0x100000 }));
        Expect(BuildErrorKind.NoSegments, new ElfFactory { Entry = 0x100000 }.Build());
        Expect(BuildErrorKind.NoEntryNote, With(new ElfFactory()));
        Expect(BuildErrorKind.EntryOutsideSegments, With(new ElfFactory { Entry = 0x50000 }));
        Expect(BuildErrorKind.EntryOutsideSegments, With(new ElfFactory { Entry = 0x103000 }));

        var overlapping = new ElfFactory { Entry = 0x100000 };
        overlapping.Segments.Add((0x100000, new byte[0x1000], 0x2000));
        overlapping.Segments.Add((0x101FFF, new byte[0x10], 0x10));
        Expect(BuildErrorKind.SegmentsOverlap, overlapping.Build());

        var shrunk = new ElfFactory { Entry = 0x100000 };
        shrunk.Segments.Add((0x100000, new byte[0x1000], 0xFFF));
        Expect(BuildErrorKind.MalformedHeader, shrunk.Build());

        var wrapping = new ElfFactory { Entry = 0x100000 };
        wrapping.Segments.Add((0xFFFF_FFFF_FFFF_F000, new byte[0x10], 0x2000));
        Expect(BuildErrorKind.MalformedHeader, wrapping.Build());

        var many = new ElfFactory { Entry = 0x100000 };
        for (uint i = 0; i <= ElfImage.MaximumSegments; i++)
        {
            many.Segments.Add((0x100000 + i * 0x1000, new byte[1], 1));
        }

        Expect(BuildErrorKind.TooManySegments, many.Build());
    }

    [Fact]
    public void RefusesEveryTruncation()
    {
        byte[] file = ElfFactory.Simple(size: 0x200).Build();
        for (int length = 4; length < file.Length; length++)
        {
            BuildError? error = ElfImage.TryParse(file.AsSpan(0, length), out ElfImage? image);
            Assert.Null(image);
            Assert.Equal(BuildErrorKind.Truncated, error!.Kind);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void NeverThrowsOnDamagedFiles(bool is64)
    {
        var random = new Random(3);
        byte[] good = new ElfFactory { Is64 = is64, Entry = 0x100000, NoteInSection = true, Segments = { (0x100000, new byte[64], 64) } }.Build();
        for (int round = 0; round < 50_000; round++)
        {
            byte[] file = good.ToArray();
            for (int i = random.Next(1, 8); i > 0; i--)
            {
                file[random.Next(4, file.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
            }

            BuildError? error = ElfImage.TryParse(file, out ElfImage? image);
            Assert.True(error is null == image is not null);
            foreach (ElfSegment segment in image is null ? [] : image.Segments.ToArray())
            {
                Assert.True(segment.FileOffset >= 0 && segment.FileSize >= 0 && segment.FileOffset + segment.FileSize <= file.Length);
                Assert.True(segment.End > segment.PhysicalAddress && (ulong)segment.FileSize <= segment.MemorySize);
            }
        }
    }

    private static byte[] With(ElfFactory factory)
    {
        factory.Segments.Add((0x100000, new byte[0x1000], 0x3000));
        return factory.Build();
    }

    private static void Expect(BuildErrorKind kind, byte[] file)
    {
        BuildError? error = ElfImage.TryParse(file, out ElfImage? image);
        Assert.Null(image);
        Assert.NotNull(error);
        Assert.Equal(kind, error.Kind);
        Assert.StartsWith("kernel: ", error.Message);
    }
}
