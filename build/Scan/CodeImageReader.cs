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
    // NativeAOT's method table: 24 bytes of header with the base class at 8 and the number of slots at 16, then the slots; its symbol has the
    // prefix of C++'s vtables.
    private const string MethodTablePrefix = "_ZTV";
    private const int BaseTypeOffset = 8;
    private const int SlotCountOffset = 16;
    private const int FirstSlotOffset = 24;

    /// <summary>Reads every named function and every method table.</summary>
    public static CodeImage Read(ElfFile image, IReadOnlyList<FunctionEntry> entries, AssemblyGraph assemblies)
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
                string[] symbols = [.. names[entry.Address]];
                string assembly = symbols.Select(assemblies.Of).FirstOrDefault(name => name.Length > 0) ?? "";
                functions[entry.Address] = FunctionAnalysis.Run(entry.Name.ToString(), symbols, assembly, entry.Address, code,
                    address => cellSymbols.Contains(address) || (address >= cellsStart && address < cellsEnd));
            }
        }

        return new CodeImage(functions, VirtualTargets(image, functions, assemblies), assemblies.Sees);
    }

    private static Dictionary<int, IReadOnlyList<VirtualTarget>> VirtualTargets(ElfFile image, Dictionary<ulong, CodeFunction> functions, AssemblyGraph assemblies)
    {
        Dictionary<ulong, string> tables = image.Symbols
            .Where(symbol => symbol.Name.StartsWith(MethodTablePrefix, StringComparison.Ordinal))
            .GroupBy(symbol => symbol.Value)
            .ToDictionary(group => group.Key, group => group.First().Name[MethodTablePrefix.Length..].TrimStart('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'));
        var targets = new Dictionary<int, HashSet<VirtualTarget>>();
        foreach (ulong table in tables.Keys)
        {
            for (int slot = 0; slot < SlotCount(image, table); slot++)
            {
                int offset = FirstSlotOffset + (slot * 8);
                if (Bytes(image, table + (ulong)offset, 8) is not { } field || BinaryPrimitives.ReadUInt64LittleEndian(field) is var target && !functions.ContainsKey(target))
                {
                    continue;
                }

                if (!targets.TryGetValue(offset, out HashSet<VirtualTarget>? known))
                {
                    targets[offset] = known = [];
                }

                known.Add(new VirtualTarget(BinaryPrimitives.ReadUInt64LittleEndian(field), assemblies.Of(tables.GetValueOrDefault(Introducer(image, table, slot), ""))));
            }
        }

        return targets.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<VirtualTarget>)[.. pair.Value]);
    }

    // The class farthest up that has the slot: a call names that class or one below it.
    private static ulong Introducer(ElfFile image, ulong table, int slot)
    {
        const int mostLevels = 32;
        for (int level = 0; level < mostLevels; level++)
        {
            if (Bytes(image, table + BaseTypeOffset, 8) is not { } field || BinaryPrimitives.ReadUInt64LittleEndian(field) is var parent && (parent == 0 || SlotCount(image, parent) <= slot))
            {
                break;
            }

            table = BinaryPrimitives.ReadUInt64LittleEndian(field);
        }

        return table;
    }

    private static int SlotCount(ElfFile image, ulong table) =>
        Bytes(image, table + SlotCountOffset, 2) is { } count ? BinaryPrimitives.ReadUInt16LittleEndian(count) : 0;

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
