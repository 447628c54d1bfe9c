using System;
using System.Buffers.Binary;
using System.Text;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class MultibootTests : IDisposable
{
    private const uint Information = 0x9000;
    private const uint Map = 0xA000;
    private const uint Modules = 0xB000;
    private const uint Strings = 0xC000;
    private const ulong ImageStart = 0x100000;
    private const ulong ImageEnd = 0x180000;
    private readonly HostPhysicalMemory _memory = new(4 << 20);
    private uint _strings = Strings;
    private uint _map = Map;

    public MultibootTests()
    {
        Set(0, (1 << 2) | (1 << 3) | (1 << 6) | (1 << 9));
        Set(16, Text("xenolith loglvl=all  noreboot"));
        Set(64, Text("qemu"));
        Set(48, Map);
        AddRange(0x100000, 0x300000, 1);
        AddRange(0, 0x9FC00, 1);
        AddRange(0xF0000, 0x10000, 2);
    }

    public void Dispose() => _memory.Dispose();

    private void Set(uint offset, uint value) => _memory.Word32(Information + offset) = value;

    private uint Text(string text)
    {
        uint at = _strings;
        Encoding.ASCII.GetBytes(text).CopyTo(_memory.Bytes(at, text.Length));
        _strings += (uint)text.Length + 1;
        return at;
    }

    private void AddRange(ulong start, ulong length, uint kind, uint size = 20)
    {
        Span<byte> entry = _memory.Bytes(_map, (int)size + 4);
        BinaryPrimitives.WriteUInt32LittleEndian(entry, size);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[4..], start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[12..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], kind);
        _map += size + 4;
        Set(44, _map - Map);
    }

    private void AddModule(uint start, uint end, uint text)
    {
        uint count = _memory.Word32(Information + 20);
        Set(20, count + 1);
        Set(24, Modules);
        _memory.Word32(Modules + (count * 16)) = start;
        _memory.Word32(Modules + (count * 16) + 4) = end;
        _memory.Word32(Modules + (count * 16) + 8) = text;
    }

    private BootInformation Read()
    {
        Assert.True(Multiboot.TryRead(_memory, Information, ImageStart, ImageEnd, out BootInformation? information, out string error), error);
        return information!;
    }

    private void Refuse(string expected)
    {
        Assert.False(Multiboot.TryRead(_memory, Information, ImageStart, ImageEnd, out _, out string error));
        Assert.Contains(expected, error);
    }

    [Fact]
    public void EverythingIsCopiedAndTheMapSorted()
    {
        AddModule(0x200000, 0x200123, Text("guest console=hvc0"));
        AddModule(0x201000, 0x201000, 0);
        BootInformation information = Read();
        Assert.Equal("loglvl=all  noreboot", information.CommandLine);
        Assert.Equal("qemu", information.LoaderName);
        Assert.Equal(
            [new(0, 0x9FC00, MemoryKind.Ram), new(0xF0000, 0x10000, MemoryKind.Reserved), new MemoryRange(0x100000, 0x300000, MemoryKind.Ram)], information.MemoryMap);
        Assert.Equal(2, information.Modules.Length);
        Assert.Equal((0x200000UL, 0x123UL, "guest console=hvc0"), (information.Modules[0].Start, information.Modules[0].Length, information.Modules[0].CommandLine));
        Assert.Equal("", information.Modules[1].CommandLine);
    }

    [Theory]
    [InlineData("GRUB 2.06-13+deb12u1", "a b", "a b")]
    [InlineData("GRUB 0.97", "/boot/xenolith a b", "a b")]
    [InlineData("", "xenolith", "")]
    public void TheImagesNameIsDroppedUnlessGrubDidSo(string loader, string text, string expected)
    {
        Set(64, Text(loader));
        Set(16, Text(text));
        Assert.Equal(expected, Read().CommandLine);
    }

    [Fact]
    public void WithoutAMapItIsRefused()
    {
        Set(0, 1 << 2);
        Refuse("no memory map");
    }

    [Fact]
    public void AMapWithoutRamIsRefused()
    {
        _map = Map;
        AddRange(0, 0x1000, 2);
        Refuse("no RAM");
    }

    [Theory]
    [InlineData(44, 0u)]
    [InlineData(44, 0xFFFFFFF0u)]
    [InlineData(44, 30u)]
    [InlineData(48, 0xFFFFFFFCu)]
    [InlineData(48, 2u)]
    public void ABrokenMapIsRefused(uint offset, uint value)
    {
        Set(offset, value);
        Refuse("memory map is malformed");
    }

    [Fact]
    public void AnEntryOfImpossibleSizeIsRefused()
    {
        _memory.Word32(Map) = 0xFFFFFFFC;
        Refuse("memory map is malformed");
    }

    [Fact]
    public void ARangeThatWrapsIsCutAtTheEnd()
    {
        AddRange(0xFFFFFFFFFFFF0000, 0x20000, 2);
        Assert.Equal(ulong.MaxValue, Read().MemoryMap[^1].End);
    }

    [Theory]
    [InlineData(0x300000u, 0x2FF000u, "list of modules is malformed")]
    [InlineData(0x300000u, 0xFFFFFFFFu, "list of modules is malformed")]
    [InlineData(0x17F000u, 0x190000u, "overlaps the hypervisor")]
    [InlineData(0x50000u, 0x110000u, "overlaps the hypervisor")]
    [InlineData(0x9F000u, 0xA1000u, "outside the RAM")]
    [InlineData(0x200800u, 0x200900u, "two boot modules overlap")]
    public void MisplacedModulesAreRefused(uint start, uint end, string expected)
    {
        AddModule(0x200000, 0x201000, 0);
        AddModule(start, end, 0);
        Refuse(expected);
    }

    [Fact]
    public void ListsAndStringsOutsideMemoryAreRefused()
    {
        Set(20, 65);
        Refuse("more than 64 modules");
        Set(20, 1);
        Set(24, 0xFFFFFFF0);
        Refuse("list of modules is malformed");
        Set(20, 0);
        Set(16, 0xFFFFFFFF);
        Refuse("command line");
        Set(16, Text("ok"));
        _memory.Bytes(0x300000, 0x10000).Fill((byte)'x');
        Set(64, 0x300000);
        Refuse("name has no end");
        Assert.False(Multiboot.TryRead(_memory, 0xFFFFFFFC, ImageStart, ImageEnd, out _, out _));
        Assert.False(Multiboot.TryRead(_memory, 3, ImageStart, ImageEnd, out _, out _));
    }

    [Fact]
    public void RandomBytesNeverThrow()
    {
        var random = new Random(7);
        for (int i = 0; i < 3000; i++)
        {
            random.NextBytes(_memory.Bytes(Information, 0x4000));
            Set(0, (uint)random.Next() | (1 << 6));
            Set(44, (uint)random.Next(4096) & ~3U);
            Set(48, Map);
            Multiboot.TryRead(_memory, Information, ImageStart, ImageEnd, out _, out string error);
            Assert.NotNull(error);
        }
    }
}
