using System;
using System.Buffers.Binary;

namespace Xenolith.Kernel;

/// <summary>
/// Reader of the image's own symbol table: names, lines and unwind rule of every function, written by the build after
/// the first link and linked in by the second (<c>build/Symbols/SymbolTableWriter.cs</c> states the layout).
/// It allocates nothing and trusts nothing but the magic number, because it runs while the machine is going down.
/// </summary>
public readonly ref struct SymbolTable
{
    /// <summary>"XSYM", little-endian.</summary>
    public const uint Magic = 0x4D595358;

    /// <summary>Bytes before the index.</summary>
    public const int HeaderSize = 40;

    private readonly ReadOnlySpan<byte> _table;
    private readonly ulong _base;
    private readonly uint _textSize;
    private readonly int _count;
    private readonly int _records;
    private readonly int _strings;

    /// <summary>Opens a table; anything else than a well-formed one opens as empty.</summary>
    public SymbolTable(ReadOnlySpan<byte> table)
    {
        if (table.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(table) != Magic)
        {
            return;
        }

        _table = table;
        _base = BinaryPrimitives.ReadUInt64LittleEndian(table.Slice(8));
        _count = (int)BinaryPrimitives.ReadUInt32LittleEndian(table.Slice(16));
        _textSize = BinaryPrimitives.ReadUInt32LittleEndian(table.Slice(20));
        _records = (int)BinaryPrimitives.ReadUInt32LittleEndian(table.Slice(24));
        _strings = (int)BinaryPrimitives.ReadUInt32LittleEndian(table.Slice(28));
    }

    /// <summary>
    /// Names the build: a hash of all functions, their places and lines. Two images with the same one have the same addresses. 0: no table.
    /// </summary>
    public ulong BuildId => _table.IsEmpty ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(_table.Slice(32));

    /// <summary>Functions in the table.</summary>
    public int Count => _count;

    /// <summary>Finds the function that covers an address.</summary>
    /// <param name="address">A code address; for a return address pass it less one, or a call that ends its function
    /// would be taken for the next one.</param>
    /// <param name="symbol">The function.</param>
    /// <returns>False when the address lies in no function.</returns>
    public bool TryFind(ulong address, out FunctionSymbol symbol)
    {
        symbol = default;
        ulong relative = address - _base;
        if (_count == 0 || relative >= _textSize)
        {
            return false;
        }

        int low = 0;
        int high = _count;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Start(middle) <= relative)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        int at = _records + (int)BinaryPrimitives.ReadUInt32LittleEndian(_table.Slice(HeaderSize + (low * 8) + 4));
        uint offset = (uint)relative - Start(low);
        if (Start(low) > relative || offset >= Number(ref at))
        {
            return false;
        }

        uint frame = Number(ref at);
        symbol.Address = _base + Start(low);
        symbol.FrameFromRbp = (frame & 1) != 0;
        symbol.FrameOffset = (int)(frame >> 1) * 8;
        symbol.SavedRbpOffset = (int)Number(ref at) * 8;
        symbol.TypeName = Text(Number(ref at));
        symbol.MethodName = Text(Number(ref at));
        symbol.FileName = Text(Number(ref at));
        symbol.Line = LineAt(ref at, offset);
        return true;
    }

    private uint LineAt(ref int at, uint offset)
    {
        uint line = Number(ref at);
        uint rows = Number(ref at);
        uint rowOffset = 0;
        for (uint row = 0; row < rows; row++)
        {
            rowOffset += Number(ref at);
            uint step = Number(ref at);
            if (rowOffset > offset)
            {
                break;
            }

            // Zigzag: lines go backwards at the heads of loops.
            line += (step >> 1) ^ (0u - (step & 1));
        }

        return line;
    }

    private uint Start(int index) => BinaryPrimitives.ReadUInt32LittleEndian(_table.Slice(HeaderSize + (index * 8)));

    private ReadOnlySpan<byte> Text(uint offset)
    {
        int at = _strings + (int)offset;
        int length = (int)Number(ref at);
        return _table.Slice(at, length);
    }

    // LEB128, at most 32 bits.
    private uint Number(ref int at)
    {
        uint value = 0;
        int shift = 0;
        byte next;
        do
        {
            next = _table[at++];
            value |= (uint)(next & 0x7F) << shift;
            shift += 7;
        }
        while ((next & 0x80) != 0 && shift < 35);

        return value;
    }
}

/// <summary>What is known about the function at an address. Names are UTF-8.</summary>
public ref struct FunctionSymbol
{
    /// <summary>Address of its first byte.</summary>
    public ulong Address;

    /// <summary>Namespace and type; empty for an assembler stub.</summary>
    public ReadOnlySpan<byte> TypeName;

    /// <summary>Method name, or the stub's symbol.</summary>
    public ReadOnlySpan<byte> MethodName;

    /// <summary>Source file without its folder; empty if unknown.</summary>
    public ReadOnlySpan<byte> FileName;

    /// <summary>Source line of the address asked for; 0 if unknown.</summary>
    public uint Line;

    /// <summary>Whether the frame address counts from RBP rather than from RSP.</summary>
    public bool FrameFromRbp;

    /// <summary>Bytes from that register to the canonical frame address, which lies just above the return address;
    /// 0 if unknown.</summary>
    public int FrameOffset;

    /// <summary>Bytes below the canonical frame address where the caller's RBP is saved; 0 if the function keeps RBP.</summary>
    public int SavedRbpOffset;
}
