using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;

namespace Xenolith.Build.Symbols;

/// <summary>A function of the final image with what a backtrace wants to know of it.</summary>
public sealed record FunctionEntry(ulong Address, ulong Size, FunctionName Name, UnwindRule Unwind, string File, IReadOnlyList<LineRow> Lines);

/// <summary>
/// Encodes the symbol table that <c>Xenolith.Kernel.SymbolTable</c> reads inside the image.
/// Header, 40 bytes little-endian: u32 "XSYM", u32 size of all, u64 lowest address, u32 functions, u32 bytes of code,
/// u32 offset of the records, u32 offset of the strings, u64 build id: a hash of all the rest. Index: per function, sorted, u32 address less the lowest and
/// u32 offset of its record. Record, in LEB128: size; frame offset / 8 × 2 + (1 if from RBP); saved RBP / 8; type,
/// method and file as offsets into the strings; first line; rows; per row the address step and the zigzag line step.
/// String: LEB128 length, UTF-8.
/// </summary>
public static class SymbolTableWriter
{
    private const uint Magic = 0x4D595358;
    private const int HeaderSize = 40;

    /// <summary>Encodes functions, which need not be sorted.</summary>
    public static byte[] Write(IReadOnlyCollection<FunctionEntry> functions)
    {
        FunctionEntry[] sorted = [.. functions.OrderBy(function => function.Address)];
        ulong lowest = sorted.Length > 0 ? sorted[0].Address : 0;
        ulong end = sorted.Length > 0 ? sorted[^1].Address + sorted[^1].Size : 0;

        var strings = new Strings();
        var index = new List<byte>();
        var records = new List<byte>();
        foreach (FunctionEntry function in sorted)
        {
            AddU32(index, (uint)(function.Address - lowest));
            AddU32(index, (uint)records.Count);
            AddRecord(records, strings, function);
        }

        int recordsAt = HeaderSize + index.Count;
        int stringsAt = recordsAt + records.Count;
        int size = (stringsAt + strings.Bytes.Count + 7) & ~7;
        var table = new List<byte>(size);
        AddU32(table, Magic);
        AddU32(table, (uint)size);
        AddU32(table, (uint)lowest);
        AddU32(table, (uint)(lowest >> 32));
        AddU32(table, (uint)sorted.Length);
        AddU32(table, (uint)(end - lowest));
        AddU32(table, (uint)recordsAt);
        AddU32(table, (uint)stringsAt);
        byte[] body = [.. index, .. records, .. strings.Bytes];
        table.AddRange(SHA256.HashData([.. table, .. body]).AsSpan(0, sizeof(ulong)));
        table.AddRange(body);
        table.AddRange(new byte[size - table.Count]);
        return [.. table];
    }

    private static void AddRecord(List<byte> to, Strings strings, FunctionEntry function)
    {
        AddNumber(to, (uint)function.Size);
        AddNumber(to, (uint)(function.Unwind.Offset / 8 * 2) + (function.Unwind.FromRbp ? 1u : 0u));
        AddNumber(to, (uint)(function.Unwind.SavedRbp / 8));
        AddNumber(to, strings.Add(function.Name.Type));
        AddNumber(to, strings.Add(function.Name.Method));
        AddNumber(to, strings.Add(function.File));

        List<(uint Offset, uint Line)> rows = Condense(function);
        uint line = rows.Count > 0 ? rows[0].Line : 0;
        AddNumber(to, line);
        AddNumber(to, (uint)Math.Max(0, rows.Count - 1));
        uint offset = 0;
        foreach ((uint rowOffset, uint rowLine) in rows.Skip(1))
        {
            int step = (int)rowLine - (int)line;
            AddNumber(to, rowOffset - offset);
            AddNumber(to, (uint)((step << 1) ^ (step >> 31)));
            (offset, line) = (rowOffset, rowLine);
        }
    }

    // The last row of an address counts; rows that repeat the line before them say nothing.
    private static List<(uint Offset, uint Line)> Condense(FunctionEntry function)
    {
        var rows = new List<(uint Offset, uint Line)>();
        foreach (LineRow row in function.Lines)
        {
            uint offset = (uint)(row.Address - function.Address);
            if (row.Line == 0 || row.File != function.File)
            {
                continue;
            }

            if (rows.Count > 0 && rows[^1].Offset == offset)
            {
                rows.RemoveAt(rows.Count - 1);
            }

            if (rows.Count == 0 || rows[^1].Line != row.Line)
            {
                rows.Add((offset, row.Line));
            }
        }

        return rows;
    }

    private static void AddU32(List<byte> to, uint value)
    {
        for (int shift = 0; shift < 32; shift += 8)
        {
            to.Add((byte)(value >> shift));
        }
    }

    private static void AddNumber(List<byte> to, uint value)
    {
        while (value >= 0x80)
        {
            to.Add((byte)(value | 0x80));
            value >>= 7;
        }

        to.Add((byte)value);
    }

    private sealed class Strings
    {
        private readonly Dictionary<string, uint> _offsets = new(StringComparer.Ordinal) { [""] = 0 };

        public List<byte> Bytes { get; } = [0];

        public uint Add(string text)
        {
            if (!_offsets.TryGetValue(text, out uint offset))
            {
                offset = (uint)Bytes.Count;
                _offsets.Add(text, offset);
                byte[] encoded = Encoding.UTF8.GetBytes(text);
                AddNumber(Bytes, (uint)encoded.Length);
                Bytes.AddRange(encoded);
            }

            return offset;
        }
    }
}
