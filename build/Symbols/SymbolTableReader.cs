using System;
using System.Buffers.Binary;
using System.Text;
using Xenolith.Build.Elf;
using Xenolith.Build.Host;

namespace Xenolith.Build.Symbols;

/// <summary>The symbol table of a finished image, read back (<see cref="SymbolTableWriter"/> states the layout).</summary>
public sealed class SymbolTableReader
{
    private const uint Magic = 0x4D595358;
    private const int HeaderSize = 40, BuildIdOffset = 32;

    private readonly byte[] _table;
    private readonly ulong _lowest;
    private readonly int _count, _records, _strings;

    /// <summary>Opens a table; a <see cref="BuildFailure"/> when it is none.</summary>
    public SymbolTableReader(byte[] table)
    {
        if (table.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(table) != Magic)
        {
            throw new BuildFailure("it has no symbol table of this kind");
        }

        _table = table;
        _lowest = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(8));
        _count = (int)U32(16);
        _records = (int)U32(24);
        _strings = (int)U32(28);
        BuildId = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(BuildIdOffset));
    }

    /// <summary>The build that addresses in a log must come from.</summary>
    public ulong BuildId { get; }

    /// <summary>The table of an image, stripped or not.</summary>
    public static SymbolTableReader Of(ElfFile image) => image.Section(".symbols") is { } section
        ? new SymbolTableReader(image.Contents(section).ToArray())
        : throw new BuildFailure($"{image.Name} has no section .symbols; name a file that ./build.sh image has made");

    /// <summary>Function, offset and, where it is known, file and line: <c>Type.Method+0x12 (File.cs:34)</c>. Null: no function is there.</summary>
    public string? Describe(ulong address)
    {
        int index = FindIndex(address);
        if (index < 0)
        {
            return null;
        }

        ulong start = _lowest + U32(HeaderSize + (index * 8));
        int at = _records + (int)U32(HeaderSize + (index * 8) + 4);
        if (address - start >= Number(ref at))
        {
            return null;
        }

        // The unwind rule.
        Number(ref at);
        Number(ref at);
        string type = Text(Number(ref at));
        string method = Text(Number(ref at));
        string file = Text(Number(ref at));
        uint line = LineAt(ref at, (uint)(address - start));
        string name = type.Length == 0 ? method : $"{type}.{method}";
        string place = file.Length == 0 || line == 0 ? "" : $" ({file}:{line})";
        return $"{name}+0x{address - start:x}{place}";
    }

    private int FindIndex(ulong address)
    {
        int low = 0, high = _count - 1, found = -1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_lowest + U32(HeaderSize + (middle * 8)) <= address)
            {
                (found, low) = (middle, middle + 1);
            }
            else
            {
                high = middle - 1;
            }
        }

        return found;
    }

    private uint LineAt(ref int at, uint offset)
    {
        uint line = Number(ref at);
        uint rows = Number(ref at);
        for (uint row = 0, rowOffset = 0; row < rows; row++)
        {
            rowOffset += Number(ref at);
            uint step = Number(ref at);
            if (rowOffset > offset)
            {
                break;
            }

            line += (step >> 1) ^ (0u - (step & 1));
        }

        return line;
    }

    private string Text(uint offset)
    {
        int at = _strings + (int)offset;
        int length = (int)Number(ref at);
        return Encoding.UTF8.GetString(_table, at, length);
    }

    private uint Number(ref int at)
    {
        uint value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = _table[at++];
            value |= (uint)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }
    }

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_table.AsSpan(at));
}
