using System;
using System.Buffers.Binary;
using System.Text;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class BootMultiboot2Tests : IDisposable
{
    private const uint Block = 0x9000;
    private const ulong ImageStart = 0x100000;
    private const ulong ImageEnd = 0x180000;
    private readonly HostPhysicalMemory _memory = new(4 << 20);
    private uint _end = Block + 8;

    public void Dispose() => _memory.Dispose();

    private static byte[] String(string text) => [.. Encoding.ASCII.GetBytes(text), 0];

    private static byte[] Words(params uint[] words)
    {
        var bytes = new byte[words.Length * 4];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), words[i]);
        }

        return bytes;
    }

    private static byte[] Map(params (ulong Start, ulong Length, uint Kind)[] ranges)
    {
        byte[] bytes = [.. Words(24, 0), .. new byte[ranges.Length * 24]];
        for (int i = 0; i < ranges.Length; i++)
        {
            Span<byte> entry = bytes.AsSpan(8 + (i * 24));
            BinaryPrimitives.WriteUInt64LittleEndian(entry, ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ranges[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], ranges[i].Kind);
        }

        return bytes;
    }

    private static byte[] EfiMap(uint entryBytes, params (uint Type, ulong Start, ulong Pages)[] ranges)
    {
        byte[] bytes = [.. Words(entryBytes, 1), .. new byte[ranges.Length * entryBytes]];
        for (int i = 0; i < ranges.Length; i++)
        {
            Span<byte> entry = bytes.AsSpan(8 + (i * (int)entryBytes));
            BinaryPrimitives.WriteUInt32LittleEndian(entry, ranges[i].Type);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], ranges[i].Pages);
        }

        return bytes;
    }

    private static byte[] Module(uint start, uint end, string text) => [.. Words(start, end), .. String(text)];

    private static byte[] SomeMap() => Map((0x100000, 0x300000, 1), (0, 0x9FC00, 1), (0xF0000, 0x10000, 2));

    // Lays a tag down; the size it states may be a lie.
    private uint Add(uint type, byte[] content, uint? size = null)
    {
        uint at = _end;
        Words(type, size ?? (uint)content.Length + 8).CopyTo(_memory.Bytes(at, 8));
        content.CopyTo(_memory.Bytes(at + 8, content.Length));
        _end += ((uint)content.Length + 15) & ~7U;
        return at;
    }

    private void Close()
    {
        Add(0, []);
        _memory.Word32(Block) = _end - Block;
    }

    private bool TryRead(out BootInformation? information, out string error) =>
        Multiboot2.TryRead(_memory, Block, ImageStart, ImageEnd, out information, out error);

    private BootInformation Read()
    {
        Close();
        Assert.True(TryRead(out BootInformation? information, out string error), error);
        return information!;
    }

    private void Refuse(string expected)
    {
        Close();
        Assert.False(TryRead(out _, out string error));
        Assert.Contains(expected, error);
    }

    [Fact]
    public void EverythingIsCopiedAndTheMapSorted()
    {
        Add(1, String("loglvl=all  noreboot"));
        Add(2, String("GRUB 2.06"));
        Add(99, [1, 2, 3]);
        Add(3, Module(0x200000, 0x200123, "guest console=hvc0"));
        Add(3, Module(0x201000, 0x201000, ""));
        Add(6, SomeMap());
        uint old = Add(14, new byte[20]);
        BootInformation information = Read();
        Assert.Equal(("loglvl=all  noreboot", "GRUB 2.06", false), (information.CommandLine, information.LoaderName, information.IsEfi));
        Assert.Equal(
            [new(0, 0x9FC00, MemoryKind.Ram), new(0xF0000, 0x10000, MemoryKind.Reserved), new MemoryRange(0x100000, 0x300000, MemoryKind.Ram)], information.MemoryMap);
        Assert.Equal(2, information.Modules.Length);
        Assert.Equal((0x200000UL, 0x123UL, "guest console=hvc0"), (information.Modules[0].Start, information.Modules[0].Length, information.Modules[0].CommandLine));
        Assert.Equal((old + 8, new MemoryRange(old + 8, 20, MemoryKind.Reserved)), (information.RsdpAddress, information.KeptData));
        Assert.Null(information.Framebuffer);
    }

    [Theory]
    [InlineData(14u, 15u)]
    [InlineData(15u, 14u)]
    public void TheNewerRsdpIsPreferredAndItsCopyIsKept(uint first, uint second)
    {
        Add(6, SomeMap());
        uint one = Add(first, new byte[first == 15 ? 36 : 20]);
        uint two = Add(second, new byte[second == 15 ? 36 : 20]);
        BootInformation information = Read();
        Assert.Equal((first == 15 ? one : two) + 8, information.RsdpAddress);
        Assert.Equal(36UL, information.KeptData.Length);
    }

    [Fact]
    public void TheEfiMapStandsInForAMissingOne()
    {
        Add(17, EfiMap(48, (7, 0x100000, 0x100), (5, 0x200000, 1), (4, 0x201000, 0x10), (9, 0x300000, 2), (10, 0x302000, 2), (8, 0x304000, 1), (11, 0xFEC00000, 1)));
        BootInformation information = Read();
        Assert.True(information.IsEfi);
        Assert.Equal(
            [MemoryKind.Ram, MemoryKind.Reserved, MemoryKind.Ram, MemoryKind.AcpiReclaimable, MemoryKind.AcpiNvs, MemoryKind.Unusable, MemoryKind.Reserved],
            Array.ConvertAll(information.MemoryMap, range => range.Kind));
        Assert.Equal(new MemoryRange(0x100000, 0x100000, MemoryKind.Ram), information.MemoryMap[0]);
    }

    [Fact]
    public void AnEfiRangeOfTooManyPagesIsCutAtTheEnd()
    {
        Add(17, EfiMap(40, (7, 0x100000, 0x100), (0, 0x8000_0000, ulong.MaxValue)));
        Assert.Equal(ulong.MaxValue, Read().MemoryMap[^1].End);
    }

    [Fact]
    public void TheOrdinaryMapIsPreferredToTheEfiMap()
    {
        Add(17, EfiMap(48, (7, 0, 0x1000)));
        Add(6, SomeMap());
        Assert.Equal(3, Read().MemoryMap.Length);
    }

    [Fact]
    public void BootServicesHaveToBeOver()
    {
        Add(6, SomeMap());
        Add(18, []);
        Refuse("boot services");
    }

    [Fact]
    public void WithoutAMapItIsRefused()
    {
        Add(1, String("x"));
        Refuse("no memory map");
    }

    [Fact]
    public void AMapWithoutRamIsRefused()
    {
        Add(6, Map((0, 0x100000, 2)));
        Refuse("no RAM");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(16u)]
    [InlineData(25u)]
    [InlineData(0xFFFFFFF8u)]
    public void AMapOfImpossibleEntriesIsRefused(uint entryBytes)
    {
        byte[] map = SomeMap();
        BinaryPrimitives.WriteUInt32LittleEndian(map, entryBytes);
        Add(6, map);
        Refuse("memory map is malformed");
    }

    [Fact]
    public void MapsThatEndInTheMiddleOrAreTooLongAreRefused()
    {
        Add(6, SomeMap()[..^4]);
        Refuse("memory map is malformed");
        _end = Block + 8;
        Add(6, Map(new (ulong, ulong, uint)[513]));
        Refuse("memory map is malformed");
        _end = Block + 8;
        Add(17, EfiMap(32, (7, 0, 1)));
        Refuse("EFI memory map is malformed");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(7u)]
    [InlineData(0x1000u)]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(0x7FFFFFF9u)]
    public void TagsThatLeaveTheBlockAreRefused(uint size)
    {
        Add(6, SomeMap());
        Add(1, String("x"), size);
        Refuse("malformed tag");
    }

    [Fact]
    public void ABlockWithoutAnEndIsRefused()
    {
        Add(6, SomeMap());
        _memory.Word32(Block) = _end - Block;
        Assert.False(TryRead(out _, out string error));
        Assert.Contains("no end", error);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(0x100001u)]
    [InlineData(0xFFFFFFFFu)]
    public void ABlockOfImpossibleSizeIsRefused(uint size)
    {
        Add(6, SomeMap());
        Close();
        _memory.Word32(Block) = size;
        Assert.False(TryRead(out _, out string error));
        Assert.Contains("does not lie in memory", error);
    }

    [Fact]
    public void ABlockOutsideMemoryIsRefused()
    {
        Assert.False(Multiboot2.TryRead(_memory, 0xFFFFFFF8, ImageStart, ImageEnd, out _, out _));
        Assert.False(Multiboot2.TryRead(_memory, Block + 4, ImageStart, ImageEnd, out _, out _));
        _memory.Word32((4 << 20) - 16) = 64;
        Assert.False(Multiboot2.TryRead(_memory, (4 << 20) - 16, ImageStart, ImageEnd, out _, out _));
    }

    [Theory]
    [InlineData(1u, "command line")]
    [InlineData(2u, "name has no end")]
    public void StringsHaveToEndInTheirTag(uint type, string expected)
    {
        Add(6, SomeMap());
        Add(type, [65, 66]);
        Refuse(expected);
    }

    [Theory]
    [InlineData(0x300000u, 0x2FF000u, "list of modules is malformed")]
    [InlineData(0x300000u, 0xFFFFFFFFu, "outside the RAM")]
    [InlineData(0x17F000u, 0x190000u, "overlaps the hypervisor")]
    [InlineData(0x50000u, 0x110000u, "overlaps the hypervisor")]
    [InlineData(0x9F000u, 0xA1000u, "outside the RAM")]
    [InlineData(0x200800u, 0x200900u, "two boot modules overlap")]
    public void MisplacedModulesAreRefused(uint start, uint end, string expected)
    {
        Add(6, SomeMap());
        Add(3, Module(0x200000, 0x201000, ""));
        Add(3, Module(start, end, "x"));
        Refuse(expected);
    }

    [Fact]
    public void TooManyOrTooShortModulesAreRefused()
    {
        Add(6, SomeMap());
        for (int i = 0; i < 65; i++)
        {
            Add(3, Module(0x200000, 0x200000, ""));
        }

        Refuse("more than 64 modules");
        _end = Block + 8;
        Add(6, SomeMap());
        Add(3, Words(0x200000, 0x201000));
        Refuse("list of modules is malformed");
    }

    [Fact]
    public void AFramebufferIsRead()
    {
        Add(6, SomeMap());
        Add(8, [.. Words(0x8000_0000, 0, 5120, 1280, 800), 32, 1, 0, 0, 16, 8, 8, 8, 0, 8]);
        Framebuffer? screen = Read().Framebuffer;
        Assert.NotNull(screen);
        Assert.Equal((0x8000_0000UL, 5120u, 1280u, 800u, 32u), (screen.Address, screen.Pitch, screen.Width, screen.Height, screen.BitsPerPixel));
        Assert.Equal((new ColourField(16, 8), new ColourField(8, 8), new ColourField(0, 8)), (screen.Red, screen.Green, screen.Blue));
    }

    [Fact]
    public void AUselessFramebufferIsNoReasonNotToStart()
    {
        Add(6, SomeMap());
        Add(8, Words(0x8000_0000, 0));
        BootInformation information = Read();
        Assert.Null(information.Framebuffer);
        Assert.Contains("too short", information.FramebufferError);
    }

    [Fact]
    public void RandomTagsNeverThrow()
    {
        var random = new Random(11);
        for (int i = 0; i < 5000; i++)
        {
            _end = Block + 8;
            for (int tags = random.Next(8); tags >= 0; tags--)
            {
                var content = new byte[random.Next(120)];
                random.NextBytes(content);
                if (content.Length > 8 && random.Next(2) == 0)
                {
                    Words(random.Next(2) == 0 ? 24u : 48u, 0).CopyTo(content, 0);
                }

                Add((uint)random.Next(20), content, random.Next(6) == 0 ? (uint)random.Next(200) : null);
            }

            Close();
            TryRead(out _, out string error);
            Assert.NotNull(error);
        }
    }
}
