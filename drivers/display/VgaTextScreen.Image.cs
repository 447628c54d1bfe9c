using System;
using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>The console on a VGA's text buffer: a character and an attribute a cell.</summary>
public sealed unsafe class VgaTextScreen : ConsoleDevice
{
    // Light grey on black.
    private const ushort Attribute = 0x0700;

    // The CRT controller in colour modes; bit 5 of its register 0x0A switches the cursor off.
    private const ushort ControllerIndex = 0x3D4;
    private const ushort ControllerData = 0x3D5;
    private const byte CursorStart = 0x0A;
    private const byte CursorOff = 0x20;

    private readonly uint _pitch;
    private readonly TextGrid _grid;
    private readonly byte* _start;

    /// <param name="screen">A framebuffer of text.</param>
    /// <param name="space">Where it is mapped.</param>
    public VgaTextScreen(Framebuffer screen, AddressSpace space)
    {
        _pitch = screen.Pitch;
        _grid = new TextGrid((int)screen.Width, (int)screen.Height);

        // unsafe: video memory, mapped for exactly this screen.
        _start = (byte*)space.MapPhysical(screen.Address, screen.Length, Rights.Read | Rights.Write, Caching.Uncached);
    }

    /// <summary>Characters in a row.</summary>
    public int Columns => _grid.Columns;

    /// <summary>Rows.</summary>
    public int Rows => _grid.Rows;

    /// <summary>
    /// Switches the hardware's cursor off and tells by that register whether there is a VGA: the memory is no proof, since some machines
    /// have RAM where the text buffer would be.
    /// </summary>
    public static bool TryHideCursor()
    {
        Cpu.Out8(ControllerIndex, CursorStart);
        Cpu.Out8(ControllerData, CursorOff);
        return Cpu.In8(ControllerData) == CursorOff;
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
        byte* cell = _start + ((uint)row * _pitch) + (uint)(column * sizeof(ushort));
        *(ushort*)cell = (ushort)(Attribute | character);
    }
}
