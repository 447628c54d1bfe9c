using System;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;

namespace Xenolith.Build.Symbols;

/// <summary>One row of the line table: code from this address on comes from that line. Line 0 means nobody's code.</summary>
public readonly record struct LineRow(ulong Address, string File, uint Line);

/// <summary>Reads the line programs of <c>.debug_line</c> (DWARF 4, section 6.2) from a linked image.</summary>
public static class LineTable
{
    /// <summary>All rows, sorted by address.</summary>
    public static List<LineRow> Read(ElfFile image)
    {
        var rows = new List<LineRow>();
        if (image.Section(".debug_line") is not { } section)
        {
            return rows;
        }

        var reader = new ByteReader(image.Contents(section));
        while (!reader.AtEnd)
        {
            ReadUnit(reader, rows);
        }

        // Stable, so that of several rows at one address the last one written wins at lookup.
        return [.. rows.OrderBy(row => row.Address)];
    }

    private static void ReadUnit(ByteReader reader, List<LineRow> rows)
    {
        uint length = reader.U32();
        int end = reader.Position + (int)length;
        ushort version = reader.U16();
        if (version is < 2 or > 4)
        {
            throw new BuildFailure($"line table of DWARF version {version}: only 2 to 4 are read");
        }

        uint headerLength = reader.U32();
        int program = reader.Position + (int)headerLength;
        uint instructionLength = reader.U8();
        if (version >= 4)
        {
            reader.U8();
        }

        reader.U8();
        int lineBase = (sbyte)reader.U8();
        uint lineRange = reader.U8();
        int opcodeBase = reader.U8();
        byte[] operands = reader.Take(opcodeBase - 1).ToArray();
        while (reader.Text().Length > 0)
        {
        }

        var files = new List<string> { "" };
        for (string name = reader.Text(); name.Length > 0; name = reader.Text())
        {
            files.Add(name);
            reader.Unsigned();
            reader.Unsigned();
            reader.Unsigned();
        }

        reader.Position = program;
        ulong address = 0;
        uint file = 1;
        long line = 1;
        while (reader.Position < end)
        {
            byte opcode = reader.U8();
            if (opcode >= opcodeBase)
            {
                uint adjusted = (uint)(opcode - opcodeBase);
                address += adjusted / lineRange * instructionLength;
                line += lineBase + (adjusted % lineRange);
                Row();
                continue;
            }

            switch (opcode)
            {
                case 0:
                    int next = (int)reader.Unsigned() + reader.Position;
                    byte extended = reader.U8();
                    if (extended == 1)
                    {
                        rows.Add(new LineRow(address, "", 0));
                        (address, file, line) = (0, 1, 1);
                    }
                    else if (extended == 2)
                    {
                        address = reader.U64();
                    }

                    reader.Position = next;
                    break;
                case 1:
                    Row();
                    break;
                case 2:
                    address += reader.Unsigned() * instructionLength;
                    break;
                case 3:
                    line += reader.Signed();
                    break;
                case 4:
                    file = (uint)reader.Unsigned();
                    break;
                case 8:
                    address += (uint)(255 - opcodeBase) / lineRange * instructionLength;
                    break;
                case 9:
                    address += reader.U16();
                    break;
                default:
                    for (int i = 0; i < operands[opcode - 1]; i++)
                    {
                        reader.Unsigned();
                    }

                    break;
            }
        }

        void Row() => rows.Add(new LineRow(address, file < files.Count ? files[(int)file] : "", line is > 0 and < 0xF00000 ? (uint)line : 0));
    }
}
