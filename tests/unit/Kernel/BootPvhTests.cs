using System;
using System.Buffers.Binary;
using System.Text;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class BootPvhTests : IDisposable
{
    private const uint Start = 0x9000;
    private const uint Map = 0xA000;
    private const uint Modules = 0xB000;
    private const uint Strings = 0xC000;
    private const ulong ImageStart = 0x100000;
    private const ulong ImageEnd = 0x180000;
    private readonly HostPhysicalMemory _memory = new(4 << 20);
    private uint _strings = Strings;
    private uint _ranges;
    private uint _modules;

    public BootPvhTests()
    {
        _memory.Word32(Start) = PvhStartInfo.Magic;
        _memory.Word32(Start + 4) = 1;
        _memory.Word64(Start + 24) = Text("loglvl=all noreboot");
        _memory.Word64(Start + 32) = 0xF5A40;
        _memory.Word64(Start + 40) = Map;
        AddRange(0x100000, 0x300000, 1);
        AddRange(0, 0x9FC00, 1);
        AddRange(0x1_0000_0000, 0x4000_0000, 1);
    }

    public void Dispose() => _memory.Dispose();

    private uint Text(string text)
    {
        uint at = _strings;
        Encoding.ASCII.GetBytes(text).CopyTo(_memory.Bytes(at, text.Length));
        _strings += (uint)text.Length + 1;
        return at;
    }

    private void AddRange(ulong start, ulong length, uint kind)
    {
        Span<byte> entry = _memory.Bytes(Map + (_ranges * 24), 24);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], kind);
        _memory.Word32(Start + 48) = ++_ranges;
    }

    private void AddModule(ulong start, ulong length, ulong text)
    {
        Span<byte> entry = _memory.Bytes(Modules + (_modules * 32), 32);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, start);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], length);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], text);
        _memory.Word32(Start + 12) = ++_modules;
        _memory.Word64(Start + 16) = Modules;
    }

    private void Refuse(string expected)
    {
        Assert.False(PvhStartInfo.TryRead(_memory, Start, ImageStart, ImageEnd, out _, out string error));
        Assert.Contains(expected, error);
    }

    [Fact]
    public void EverythingIsCopiedAndTheMapSorted()
    {
        AddModule(0x200000, 0x123, Text("console=hvc0"));
        AddModule(0x1_0000_1000, 0x1000, 0);
        Assert.True(PvhStartInfo.TryRead(_memory, Start, ImageStart, ImageEnd, out BootInformation? information, out string error), error);
        Assert.Equal(("loglvl=all noreboot", "", 0xF5A40UL), (information!.CommandLine, information.LoaderName, information.RsdpAddress));
        Assert.Equal([0, 0x100000, 0x1_0000_0000], Array.ConvertAll(information.MemoryMap, range => range.Start));
        Assert.Equal((0x200000UL, 0x123UL, "console=hvc0"), (information.Modules[0].Start, information.Modules[0].Length, information.Modules[0].CommandLine));
        Assert.Equal(0x1_0000_1000UL, information.Modules[1].Start);
    }

    [Fact]
    public void WithoutACommandLineItIsEmpty()
    {
        _memory.Word64(Start + 24) = 0;
        Assert.True(PvhStartInfo.TryRead(_memory, Start, ImageStart, ImageEnd, out BootInformation? information, out _));
        Assert.Equal("", information!.CommandLine);
    }

    [Theory]
    [InlineData(0u, 0u, "or is none")]
    [InlineData(4u, 0u, "no memory map")]
    [InlineData(48u, 0u, "no memory map")]
    [InlineData(48u, 513u, "memory map is malformed")]
    [InlineData(44u, 1u, "memory map is malformed")]
    [InlineData(40u, 0x3FFFF8u, "memory map is malformed")]
    [InlineData(28u, 1u, "command line")]
    [InlineData(24u, 0xFFFFFFFFu, "command line")]
    [InlineData(12u, 65u, "more than 64 modules")]
    [InlineData(12u, 1u, "")]
    public void WrongFieldsAreRefused(uint offset, uint value, string expected)
    {
        _memory.Word64(Start + 16) = 0xFFFF_FFFF_FFFF_FFF0;
        _memory.Word32(Start + offset) = value;
        Refuse(expected);
    }

    [Theory]
    [InlineData(0x17F000UL, 0x2000UL, "overlaps the hypervisor")]
    [InlineData(0x9F000UL, 0x2000UL, "outside the RAM")]
    [InlineData(0x300000UL, ulong.MaxValue, "")]
    [InlineData(0xFFFF_FFFF_FFFF_F000UL, 0x2000UL, "outside the RAM")]
    [InlineData(0x200800UL, 0x100UL, "two boot modules overlap")]
    public void MisplacedModulesAreRefused(ulong start, ulong length, string expected)
    {
        AddModule(0x200000, 0x1000, 0);
        AddModule(start, length, 0);
        Refuse(expected);
    }

    [Fact]
    public void AModulesStringOutsideMemoryIsRefused()
    {
        AddModule(0x200000, 0x1000, 0xFFFF_FFFF_FFFF_FFFF);
        Refuse("list of modules is malformed");
    }

    [Fact]
    public void OutsideMemoryItIsRefused()
    {
        Assert.False(PvhStartInfo.TryRead(_memory, 0xFFFFFFF0, ImageStart, ImageEnd, out _, out _));
        _memory.Word32((4 << 20) - 40) = PvhStartInfo.Magic;
        _memory.Word32((4 << 20) - 36) = 1;
        Assert.False(PvhStartInfo.TryRead(_memory, (4 << 20) - 40, ImageStart, ImageEnd, out _, out _));
    }

    [Fact]
    public void RandomBytesNeverThrow()
    {
        var random = new Random(13);
        for (int i = 0; i < 3000; i++)
        {
            random.NextBytes(_memory.Bytes(Start, 0x4000));
            _memory.Word32(Start) = PvhStartInfo.Magic;
            _memory.Word64(Start + 16) = Modules;
            _memory.Word64(Start + 24) = random.Next(2) == 0 ? Strings : 0;
            _memory.Word64(Start + 40) = Map;
            _memory.Word32(Start + 48) = (uint)random.Next(16);
            _memory.Word32(Start + 12) = (uint)random.Next(4);
            PvhStartInfo.TryRead(_memory, Start, ImageStart, ImageEnd, out _, out string error);
            Assert.NotNull(error);
        }
    }
}
