using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using Xenolith.Build.Elf;
using Xenolith.Build.Symbols;

namespace Xenolith.Build.Scan;

/// <summary>Builds the rules' view of a linked image.</summary>
public static class CodeImageReader
{
    // NativeAOT's method table: 24 bytes of header with the number of slots at 16, then the slots; its symbol has the
    // prefix of C++'s vtables.
    private const string MethodTablePrefix = "_ZTV";
    private const int SlotCountOffset = 16;
    private const int FirstSlotOffset = 24;

    /// <summary>Reads every named function and every method table.</summary>
    public static CodeImage Read(ElfFile image, IReadOnlyList<FunctionEntry> entries)
    {
        ulong cellsStart = Value(image, "__InterfaceDispatchCellSection_Start");
        ulong cellsEnd = Value(image, "__InterfaceDispatchCellSection_End");
        var cellSymbols = image.Symbols.Where(symbol => symbol.Name.Contains("InterfaceDispatchCell_", StringComparison.Ordinal)).Select(symbol => symbol.Value).ToHashSet();
        ILookup<ulong, string> names = image.Symbols.Where(symbol => symbol.Section > 0 && symbol.Name.Length > 0).ToLookup(symbol => symbol.Value, symbol => symbol.Name);
        var functions = new Dictionary<ulong, CodeFunction>();
        foreach (FunctionEntry entry in entries)
        {
            if (Bytes(image, entry.Address, (int)entry.Size) is { } code)
            {
                functions[entry.Address] = FunctionAnalysis.Run(entry.Name.ToString(), [.. names[entry.Address]], entry.Address, code,
                    address => cellSymbols.Contains(address) || (address >= cellsStart && address < cellsEnd));
            }
        }

        return new CodeImage(functions, VirtualTargets(image, functions));
    }

    private static Dictionary<int, IReadOnlyList<ulong>> VirtualTargets(ElfFile image, Dictionary<ulong, CodeFunction> functions)
    {
        var targets = new Dictionary<int, HashSet<ulong>>();
        foreach (ElfSymbol table in image.Symbols.Where(symbol => symbol.Name.StartsWith(MethodTablePrefix, StringComparison.Ordinal)))
        {
            if (Bytes(image, table.Value + SlotCountOffset, 2) is not { } count)
            {
                continue;
            }

            for (int slot = 0; slot < BinaryPrimitives.ReadUInt16LittleEndian(count); slot++)
            {
                int offset = FirstSlotOffset + (slot * 8);
                if (Bytes(image, table.Value + (ulong)offset, 8) is { } field && BinaryPrimitives.ReadUInt64LittleEndian(field) is var target && functions.ContainsKey(target))
                {
                    if (!targets.TryGetValue(offset, out HashSet<ulong>? known))
                    {
                        targets[offset] = known = [];
                    }

                    known.Add(target);
                }
            }
        }

        return targets.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<ulong>)[.. pair.Value]);
    }

    private static ulong Value(ElfFile image, string symbol) => image.Symbols.FirstOrDefault(candidate => candidate.Name == symbol)?.Value ?? 0;

    private static byte[]? Bytes(ElfFile image, ulong address, int size)
    {
        foreach (ElfSection section in image.Sections)
        {
            if (section is { Allocated: true, ZeroFill: false } && section.Contains(address) && section.End - address >= (ulong)size)
            {
                return image.Contents(section).Slice((int)(address - section.Address), size).ToArray();
            }
        }

        return null;
    }
}
