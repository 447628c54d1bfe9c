using System;
using System.Collections.Generic;
using System.Linq;
using Iced.Intel;
using Xenolith.Build.Elf;

namespace Xenolith.Build.Symbols;

/// <summary>Brings together what the symbol table says of each function of a linked image.</summary>
public static class SymbolCollector
{
    private const byte FunctionType = 2;

    /// <summary>All functions of the image, one an address, sorted.</summary>
    /// <param name="image">The linked image with symbols and DWARF.</param>
    /// <param name="names">C# names by symbol.</param>
    /// <param name="unwind">Unwind rules by symbol; a function without one is a stub and its pushes are counted.</param>
    public static List<FunctionEntry> Collect(ElfFile image, FunctionNames names, Dictionary<string, UnwindRule> unwind)
    {
        List<LineRow> lines = LineTable.Read(image);
        ulong[] lineAddresses = [.. lines.Select(line => line.Address)];
        var functions = new List<FunctionEntry>();
        ElfSymbol[] code = [.. image.Symbols.Where(symbol => symbol.Type == FunctionType && symbol.Size > 0 && symbol.Section > 0 && symbol.Section < image.Sections.Count)];

        // The 32-bit entry lies 2^64 - 2^31 bytes below everything else, and has no backtraces.
        ulong highest = code.Length > 0 ? code.Max(symbol => symbol.Value) : 0;
        foreach (IGrouping<ulong, ElfSymbol> aliases in code
            .Where(symbol => highest - symbol.Value < int.MaxValue)
            .GroupBy(symbol => symbol.Value)
            .OrderBy(group => group.Key))
        {
            // A method exported under a second name is known by its C# name.
            ElfSymbol symbol = aliases.OrderByDescending(alias => unwind.ContainsKey(alias.Name)).ThenByDescending(alias => names.Resolve(alias.Name).Type.Length).First();
            List<LineRow> rows = Rows(lines, lineAddresses, symbol);
            functions.Add(new FunctionEntry(
                symbol.Value,
                symbol.Size,
                names.Resolve(symbol.Name),
                unwind.TryGetValue(symbol.Name, out UnwindRule rule) ? rule : CountPushes(image, symbol),
                rows.FirstOrDefault(row => row.Line > 0).File ?? "",
                rows));
        }

        return functions;
    }

    private static List<LineRow> Rows(List<LineRow> lines, ulong[] addresses, ElfSymbol symbol)
    {
        int first = Array.BinarySearch(addresses, symbol.Value);
        first = first < 0 ? ~first : first;
        while (first > 0 && addresses[first - 1] == symbol.Value)
        {
            first--;
        }

        var rows = new List<LineRow>();
        for (int i = first; i < lines.Count && lines[i].Address < symbol.Value + symbol.Size; i++)
        {
            rows.Add(lines[i]);
        }

        return rows;
    }

    // Stubs carry no unwind data. Their calls come after all pushes, so the deepest point stands for the whole.
    private static UnwindRule CountPushes(ElfFile image, ElfSymbol symbol)
    {
        ElfSection section = image.Sections[symbol.Section];
        if (!section.Contains(symbol.Value) || section.ZeroFill)
        {
            return default;
        }

        ReadOnlyMemory<byte> code = image.Contents(section).Slice((int)(symbol.Value - section.Address), (int)Math.Min(symbol.Size, section.End - symbol.Value));
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code.ToArray()), symbol.Value);
        int depth = 8;
        int deepest = 8;
        int savedRbp = 0;
        while (decoder.IP < symbol.Value + symbol.Size)
        {
            Instruction instruction = decoder.Decode();
            if (instruction.FlowControl is FlowControl.Return or FlowControl.UnconditionalBranch)
            {
                continue;
            }

            if (instruction.Mnemonic is Mnemonic.Sub && instruction.Op0Register == Register.RSP && instruction.Op1Kind is OpKind.Immediate8to64 or OpKind.Immediate32to64)
            {
                depth += (int)instruction.GetImmediate(1);
            }
            else if (instruction.IsStackInstruction && instruction.FlowControl == FlowControl.Next)
            {
                depth -= instruction.StackPointerIncrement;
                if (instruction.Mnemonic == Mnemonic.Push && instruction.Op0Register == Register.RBP && savedRbp == 0)
                {
                    savedRbp = depth;
                }
            }

            deepest = Math.Max(deepest, depth);
        }

        return deepest > 4096 ? default : new UnwindRule(false, deepest, savedRbp);
    }
}
