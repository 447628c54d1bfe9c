using System;
using System.Buffers.Binary;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class BootFramebufferTests
{
    private static readonly MemoryRange[] s_map = [new(0, 0xA0000, MemoryKind.Ram), new(0xF0000, 0x10000, MemoryKind.Reserved), new(0x100000, 0x7FF00000, MemoryKind.Ram)];

    private static Framebuffer? Read(out string error, ulong address = 0x8000_0000, uint pitch = 4096, uint width = 1024, uint height = 768, byte bits = 32, byte type = 1, byte redSize = 8)
    {
        var description = new byte[22];
        BinaryPrimitives.WriteUInt64LittleEndian(description, address);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(8), pitch);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(12), width);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(16), height);
        description[20] = bits;
        description[21] = type;
        ReadOnlySpan<byte> colours = bits == 32 ? [16, redSize, 8, 8, 0, 8] : [11, redSize, 5, 6, 0, 5];
        return Framebuffer.TryRead(description, colours, s_map, out error);
    }

    [Fact]
    public void GoodOnesAreTaken()
    {
        Assert.Equal(4096UL * 768, Read(out _)!.Length);
        Assert.Equal(new ColourField(11, 5), Read(out _, bits: 16, redSize: 5)!.Red);
        Framebuffer text = Read(out _, address: Framebuffer.VgaTextAddress, pitch: 160, width: 80, height: 25, bits: 16, type: 2)!;
        Assert.True(text.IsText);
    }

    [Fact]
    public void OneInRamIsRefused()
    {
        Assert.Null(Read(out string error, address: 0x7FF00000));
        Assert.Contains("RAM", error);
        Assert.Null(Read(out _, address: 0));
        Assert.Null(Read(out _, address: ulong.MaxValue - 0xFFF));
        Assert.Null(Read(out _, address: (1UL << 46) - 4096));
    }

    [Theory]
    [InlineData(4095u, 1024u, 768u)]
    [InlineData(4096u, 0u, 768u)]
    [InlineData(4096u, 1024u, 0u)]
    [InlineData(uint.MaxValue, 1024u, 768u)]
    [InlineData(4096u, 0x40000001u, 768u)]
    [InlineData(4096u, 1024u, uint.MaxValue)]
    public void ImpossibleSizesAreRefused(uint pitch, uint width, uint height)
    {
        Assert.Null(Read(out string error, pitch: pitch, width: width, height: height));
        Assert.Contains("size", error);
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(64, 1)]
    [InlineData(32, 0)]
    [InlineData(32, 2)]
    [InlineData(32, 3)]
    public void UnknownKindsAreRefused(byte bits, byte type)
    {
        Assert.Null(Read(out string error, bits: bits, type: type));
        Assert.Contains("neither", error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(255)]
    public void ColoursOutsideThePixelAreRefused(byte redSize)
    {
        Assert.Null(Read(out string error, redSize: redSize));
        Assert.Contains("colours", error);
    }
}
