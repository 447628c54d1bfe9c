using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Turns rows of glyphs into pixels of a framebuffer's format: light grey on black.</summary>
public sealed class GlyphPainter
{
    // Of 255: the VGA's colour 7.
    private const uint Brightness = 0xAA;

    private readonly byte _ink0;
    private readonly byte _ink1;
    private readonly byte _ink2;
    private readonly byte _ink3;

    /// <param name="screen">A framebuffer of pixels.</param>
    public GlyphPainter(Framebuffer screen)
    {
        BytesPerPixel = (int)(screen.BitsPerPixel + 7) / 8;
        uint ink = Ink(screen.Red) | Ink(screen.Green) | Ink(screen.Blue);
        _ink0 = (byte)ink;
        _ink1 = (byte)(ink >> 8);
        _ink2 = (byte)(ink >> 16);
        _ink3 = (byte)(ink >> 24);
    }

    /// <summary>2, 3 or 4.</summary>
    public int BytesPerPixel { get; }

    /// <summary>Writes one row of pixels of a glyph, from left to right; never reads.</summary>
    /// <param name="character">ASCII.</param>
    /// <param name="row">0, the top, to <see cref="Font.Height"/> - 1.</param>
    /// <param name="pixels">Room for <see cref="Font.Width"/> pixels.</param>
    public void Paint(byte character, int row, Span<byte> pixels)
    {
        byte bits = Font.Row(character, row);
        int at = 0;
        for (int x = 0; x < Font.Width; x++)
        {
            bool isInk = (bits & (0x80 >> x)) != 0;
            pixels[at++] = isInk ? _ink0 : (byte)0;
            pixels[at++] = isInk ? _ink1 : (byte)0;
            if (BytesPerPixel > 2)
            {
                pixels[at++] = isInk ? _ink2 : (byte)0;
            }

            if (BytesPerPixel > 3)
            {
                pixels[at++] = isInk ? _ink3 : (byte)0;
            }
        }
    }

    private static uint Ink(ColourField field) => (Brightness << field.Size >> 8) << field.Position;
}
