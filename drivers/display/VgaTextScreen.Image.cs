using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The console on a VGA's text buffer: a character and an attribute a cell.</summary>
public sealed unsafe class VgaTextScreen : ConsoleDevice
{
    // Light grey on black.
    private const ushort Attribute = 0x0700;

    private readonly Framebuffer _screen;
    private readonly TextGrid _grid;
    private readonly byte* _start;

    /// <param name="screen">A framebuffer of text.</param>
    /// <param name="space">Where it is mapped.</param>
    public VgaTextScreen(Framebuffer screen, AddressSpace space)
    {
        _screen = screen;
        _grid = new TextGrid((int)screen.Width, (int)screen.Height);

        // unsafe: video memory, mapped for exactly this screen.
        _start = (byte*)space.MapPhysical(screen.Address, screen.Length, Rights.Read | Rights.Write, Caching.Uncached);
    }

    /// <summary>Whether the first cell keeps what is written to it: without a VGA nothing does. It is left empty.</summary>
    public bool Exists
    {
        get
        {
            // unsafe: the first cell lies inside the mapping. The CPU keeps uncached accesses in order.
            ushort* cell = (ushort*)_start;
            System.Threading.Volatile.Write(ref *cell, Attribute | '?');
            bool kept = System.Threading.Volatile.Read(ref *cell) == (Attribute | '?');
            System.Threading.Volatile.Write(ref *cell, Attribute | ' ');
            return kept;
        }
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
        // unsafe: columns and rows lie inside the screen, which the mapping covers.
        byte* cell = _start + ((uint)row * _screen.Pitch) + (uint)(column * sizeof(ushort));
        *(ushort*)cell = (ushort)(Attribute | character);
    }
}
