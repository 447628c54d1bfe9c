using System;
using System.Buffers.Binary;
using System.Linq;
using System.Text;
using Xenolith.Drivers;
using Xenolith.Kernel;
using Xunit;

namespace Xenolith.Tests.Unit.Kernel;

public sealed class BootScreenTests
{
    // What a screen shows when every change is drawn.
    private sealed class Shown(TextGrid grid)
    {
        private readonly char[] _cells = Enumerable.Repeat('\0', grid.Columns * grid.Rows).ToArray();

        public int Drawn { get; private set; }

        public string[] Rows => [.. Enumerable.Range(0, grid.Rows).Select(row => new string(_cells, row * grid.Columns, grid.Columns).TrimEnd())];

        public Shown Write(string text)
        {
            grid.Write(Encoding.UTF8.GetBytes(text));
            Drawn = 0;
            while (grid.TryTakeChange(out int column, out int row, out byte character))
            {
                Assert.InRange(character, (byte)0x20, (byte)0x7E);
                Assert.NotEqual((char)character, _cells[(row * grid.Columns) + column]);
                _cells[(row * grid.Columns) + column] = (char)character;
                Drawn++;
            }

            return this;
        }
    }

    private static Shown Screen(int columns = 10, int rows = 3) => new(new TextGrid(columns, rows));

    [Fact]
    public void TheFirstTextDrawsEveryCellAndLaterOnesOnlyWhatChanges()
    {
        Shown screen = Screen().Write("ab\n");
        Assert.Equal(30, screen.Drawn);
        Assert.Equal(["ab", "", ""], screen.Rows);
        Assert.Equal(2, screen.Write("cd").Drawn);
        Assert.Equal(0, screen.Write("\rcd").Drawn);
        Assert.Equal(["ab", "cd", ""], screen.Rows);
    }

    [Fact]
    public void ItScrollsAndDrawsOnlyCellsThatDiffer()
    {
        Shown screen = Screen().Write("aaa\nbab\nccc");
        Assert.Equal(["aaa", "bab", "ccc"], screen.Rows);
        screen.Write("\nd");
        Assert.Equal(["bab", "ccc", "d"], screen.Rows);
        Assert.Equal(2 + 3 + 3, screen.Drawn);
        Assert.Equal(["3", "4", "5"], screen.Write("\n1\n2\n3\n4\n5").Rows);
    }

    [Fact]
    public void LongLinesGoOnInTheNextRow()
    {
        Assert.Equal(["0123456789", "ab", ""], Screen().Write("0123456789ab").Rows);
        Assert.Equal(["0123456789", "ab", ""], Screen().Write("0123456789\nab").Rows);
    }

    [Fact]
    public void ControlCharactersAndEscapeSequences()
    {
        Assert.Equal(["acb", "", ""], Screen().Write("a\tb\ra\bac\bcb" + "      ").Rows.Select(row => row.Trim()));
        Assert.Equal(["ab", "", ""], Screen().Write("\u001b[2J\u001b[1;31ma\u001b[0m\u001b7b\a\0").Rows);
        Assert.Equal(["a       b", "", ""], Screen().Write("a\tb").Rows);
        Assert.Equal(["?x", "", ""], Screen().Write("\u00e9x").Rows);
        Assert.Equal(["a", "", ""], Screen().Write("a\b\b\b").Rows);
    }

    [Fact]
    public void AnyBytesStayInsideTheGrid()
    {
        var random = new Random(3);
        var grid = new TextGrid(7, 5);
        var bytes = new byte[200];
        for (int i = 0; i < 500; i++)
        {
            random.NextBytes(bytes);
            grid.Write(bytes.AsSpan(0, random.Next(bytes.Length)));
            while (grid.TryTakeChange(out int column, out int row, out byte character))
            {
                Assert.InRange(column, 0, 6);
                Assert.InRange(row, 0, 4);
                Assert.InRange(character, (byte)0x20, (byte)0x7E);
            }
        }
    }

    [Fact]
    public void EveryGlyphIsDistinctAndLeavesRoomToTheNext()
    {
        string[] glyphs = [.. Enumerable.Range(0x20, 0x5F).Select(character => string.Join(',', Enumerable.Range(0, Font.Height).Select(row => Font.Row((byte)character, row))))];
        Assert.Equal(glyphs.Length, glyphs.Distinct().Count());
        Assert.All(Enumerable.Range(0x20, 0x5F), character => Assert.All(Enumerable.Range(0, Font.Height), row => Assert.Equal(0, Font.Row((byte)character, row) & 3)));
        Assert.Equal(Font.Row((byte)'?', 4), Font.Row(200, 4));
    }

    [Theory]
    [InlineData(32, 0x00AAAAAAu)]
    [InlineData(24, 0x00AAAAAAu)]
    [InlineData(16, 0xAD55u)]
    public void PixelsHaveTheScreensFormat(byte bits, uint ink)
    {
        var description = new byte[22];
        BinaryPrimitives.WriteUInt64LittleEndian(description, 0x8000_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(8), 4096);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(12), 800);
        BinaryPrimitives.WriteUInt32LittleEndian(description.AsSpan(16), 600);
        description[20] = bits;
        description[21] = 1;
        ReadOnlySpan<byte> colours = bits == 16 ? [11, 5, 5, 6, 0, 5] : [16, 8, 8, 8, 0, 8];
        var painter = new GlyphPainter(Framebuffer.TryRead(description, colours, [], out _)!);
        int bytes = painter.BytesPerPixel;
        Assert.Equal(bits / 8, bytes);
        var pixels = new byte[(Font.Width * bytes) + 1];
        pixels[^1] = 0x77;
        painter.Paint((byte)'T', 0, pixels);
        for (int x = 0; x < Font.Width; x++)
        {
            uint pixel = 0;
            for (int i = 0; i < bytes; i++)
            {
                pixel |= (uint)pixels[(x * bytes) + i] << (8 * i);
            }

            Assert.Equal(x is >= 1 and <= 5 ? ink : 0, pixel);
        }

        Assert.Equal(0x77, pixels[^1]);
    }
}
