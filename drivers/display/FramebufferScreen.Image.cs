using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The console on a linear framebuffer.</summary>
public sealed unsafe class FramebufferScreen : ConsoleDevice
{
    private readonly Framebuffer _screen;
    private readonly TextGrid _grid;
    private readonly GlyphPainter _painter;
    private readonly byte* _start;

    /// <param name="screen">A framebuffer of pixels, with room for a character.</param>
    /// <param name="space">Where it is mapped.</param>
    public FramebufferScreen(Framebuffer screen, AddressSpace space)
    {
        _screen = screen;
        _grid = new TextGrid((int)screen.Width / Font.Width, (int)screen.Height / Font.Height);
        _painter = new GlyphPainter(screen);

        // unsafe: video memory, mapped for exactly this screen.
        _start = (byte*)space.MapPhysical(screen.Address, screen.Length, Rights.Read | Rights.Write, Caching.Uncached);
    }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> text)
    {
        _grid.Write(text);
        while (_grid.TryTakeChange(out int column, out int row, out byte character))
        {
            Draw(column, row, character);
        }
    }

    private void Draw(int column, int row, byte character)
    {
        // A row of pixels is put together in memory: few wide writes in place of many narrow ones.
        Span<byte> pixels = stackalloc byte[Font.Width * sizeof(uint)];
        int length = Font.Width * _painter.BytesPerPixel;
        byte* cell = _start + ((ulong)row * Font.Height * _screen.Pitch) + (uint)(column * length);
        for (int line = 0; line < Font.Height; line++)
        {
            _painter.Paint(character, line, pixels);

            // unsafe: columns and rows lie inside the screen, which the mapping covers.
            pixels.Slice(0, length).CopyTo(new Span<byte>(cell + ((uint)line * _screen.Pitch), length));
        }
    }
}
