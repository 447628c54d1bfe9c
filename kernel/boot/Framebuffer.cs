using System;
using System.Buffers.Binary;

namespace Xenolith.Kernel;

/// <summary>Where a colour lies in a pixel: its lowest bit and its number of bits.</summary>
public readonly record struct ColourField(byte Position, byte Size);

/// <summary>A screen that the firmware or the loader set up: pixels of 15, 16, 24 or 32 bits, or the cells of the VGA's text mode.</summary>
public sealed class Framebuffer
{
    /// <summary>Where the VGA's text buffer lies.</summary>
    public const ulong VgaTextAddress = 0xB8000;

    /// <summary>Size of the shared part of both multiboots' description.</summary>
    public const int DescriptionBytes = 22;

    /// <summary>Size of the three colour fields.</summary>
    public const int ColourBytes = 6;

    private const int TypeDirect = 1;
    private const int TypeText = 2;
    private const uint LargestSide = 16384;
    private const ulong ReachEnd = 1UL << 46;

    private Framebuffer(ulong address, uint pitch, uint width, uint height, uint bitsPerPixel, bool isText)
    {
        Address = address;
        Pitch = pitch;
        Width = width;
        Height = height;
        BitsPerPixel = bitsPerPixel;
        IsText = isText;
    }

    /// <summary>Physical address of the top left pixel or cell.</summary>
    public ulong Address { get; }

    /// <summary>Bytes from a row to the next.</summary>
    public uint Pitch { get; }

    /// <summary>Pixels, or cells, in a row.</summary>
    public uint Width { get; }

    /// <summary>Rows.</summary>
    public uint Height { get; }

    /// <summary>15, 16, 24 or 32; 16 for text.</summary>
    public uint BitsPerPixel { get; }

    /// <summary>Whether it holds characters and attributes in place of pixels.</summary>
    public bool IsText { get; }

    public ColourField Red { get; private init; }

    public ColourField Green { get; private init; }

    public ColourField Blue { get; private init; }

    /// <summary>All its bytes.</summary>
    public ulong Length => (ulong)Pitch * Height;

    /// <summary>The 80x25 text of a VGA, as its BIOS sets it up.</summary>
    public static Framebuffer VgaText() => new(VgaTextAddress, 160, 80, 25, 16, isText: true);

    /// <summary>Reads a description. Null: it is of no use, and <paramref name="error"/> says why.</summary>
    /// <param name="description">Address (64 bits), pitch, width, height (32), bits a pixel, type (8): the same in both multiboots.</param>
    /// <param name="colours">Position and size of red, green and blue, a byte each; for text anything.</param>
    /// <param name="map">The memory map: a screen that lies in RAM would overwrite what lies there.</param>
    /// <param name="error">Empty when it is good.</param>
    public static Framebuffer? TryRead(ReadOnlySpan<byte> description, ReadOnlySpan<byte> colours, ReadOnlySpan<MemoryRange> map, out string error)
    {
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(description);
        uint pitch = BinaryPrimitives.ReadUInt32LittleEndian(description.Slice(8));
        uint width = BinaryPrimitives.ReadUInt32LittleEndian(description.Slice(12));
        uint height = BinaryPrimitives.ReadUInt32LittleEndian(description.Slice(16));
        uint bits = description[20];
        bool isText = description[21] == TypeText;
        if (description[21] is not (TypeDirect or TypeText) || (isText ? bits != 16 : bits is not (15 or 16 or 24 or 32)))
        {
            error = "the framebuffer has neither pixels of 15 to 32 bits nor text";
            return null;
        }

        if (width is 0 or > LargestSide || height is 0 or > LargestSide || pitch < width * ((bits + 7) / 8) || pitch > LargestSide * 8)
        {
            error = "the framebuffer's size makes no sense";
            return null;
        }

        var screen = new Framebuffer(address, pitch, width, height, bits, isText)
        {
            Red = new ColourField(colours[0], colours[1]),
            Green = new ColourField(colours[2], colours[3]),
            Blue = new ColourField(colours[4], colours[5]),
        };
        if (!isText && !(Fits(screen.Red, bits) && Fits(screen.Green, bits) && Fits(screen.Blue, bits)))
        {
            error = "the framebuffer's colours do not fit into its pixels";
            return null;
        }

        if (address == 0 || address >= ReachEnd || screen.Length > ReachEnd - address || TouchesRam(map, address, address + screen.Length))
        {
            error = "the framebuffer lies in RAM or out of reach";
            return null;
        }

        error = "";
        return screen;
    }

    private static bool Fits(ColourField field, uint bits) => field.Size is > 0 and <= 16 && field.Position + field.Size <= bits;

    private static bool TouchesRam(ReadOnlySpan<MemoryRange> map, ulong start, ulong end)
    {
        for (int i = 0; i < map.Length; i++)
        {
            if (map[i].Kind == MemoryKind.Ram && map[i].Start < end && start < map[i].End)
            {
                return true;
            }
        }

        return false;
    }
}
