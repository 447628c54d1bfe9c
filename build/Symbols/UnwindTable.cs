using System.Collections.Generic;
using Xenolith.Build.Elf;

namespace Xenolith.Build.Symbols;

/// <summary>How to find a function's caller once its prologue has run.</summary>
/// <param name="FromRbp">The frame address counts from RBP rather than RSP.</param>
/// <param name="Offset">Bytes from that register to the canonical frame address; 0 if unknown.</param>
/// <param name="SavedRbp">Bytes below the frame address where the caller's RBP lies; 0 if the function keeps RBP.</param>
public readonly record struct UnwindRule(bool FromRbp, int Offset, int SavedRbp);

/// <summary>
/// Reads the last row of every frame description in <c>.eh_frame</c> of ilc's object (DWARF 4, section 6.4). The linked
/// image need not keep the section: the rules go into the image's own symbol table.
/// </summary>
public static class UnwindTable
{
    /// <summary>The rules by function symbol.</summary>
    public static Dictionary<string, UnwindRule> Read(ElfFile objectFile)
    {
        var rules = new Dictionary<string, UnwindRule>();
        if (objectFile.Section(".eh_frame") is not { } section)
        {
            return rules;
        }

        var places = new Dictionary<ulong, (int Section, ulong Offset)>();
        foreach (ElfRelocation relocation in objectFile.Relocations(section))
        {
            places[relocation.Offset] = (relocation.Symbol.Section, relocation.Symbol.Value + (ulong)relocation.Addend);
        }

        var byPlace = new Dictionary<(int, ulong), UnwindRule>();
        var reader = new ByteReader(objectFile.Contents(section));
        var initial = new Dictionary<int, (int Start, int End, CommonEntry Entry)>();
        while (!reader.AtEnd)
        {
            int start = reader.Position;
            uint length = reader.U32();
            if (length == 0)
            {
                continue;
            }

            int end = start + 4 + (int)length;
            int identifierAt = reader.Position;
            uint identifier = reader.U32();
            if (identifier == 0)
            {
                initial[start] = ReadCommonEntry(reader, end);
            }
            else if (initial.TryGetValue(identifierAt - (int)identifier, out (int Start, int End, CommonEntry Entry) common)
                && places.TryGetValue((ulong)reader.Position, out (int, ulong) function))
            {
                reader.Position += 8;
                if (common.Entry.Augmented)
                {
                    int size = (int)reader.Unsigned();
                    reader.Position += size;
                }

                var row = new Row();
                int description = reader.Position;
                reader.Position = common.Start;
                row.Run(reader, common.End, common.Entry);
                reader.Position = description;
                row.Run(reader, end, common.Entry);
                byPlace[function] = row.Rule;
            }

            reader.Position = end;
        }

        const byte functionType = 2;
        foreach (ElfSymbol symbol in objectFile.Symbols)
        {
            if (symbol.Type == functionType && byPlace.TryGetValue((symbol.Section, symbol.Value), out UnwindRule rule))
            {
                rules[symbol.Name] = rule;
            }
        }

        return rules;
    }

    private static (int Start, int End, CommonEntry Entry) ReadCommonEntry(ByteReader reader, int end)
    {
        reader.U8();
        string augmentation = reader.Text();
        ulong codeFactor = reader.Unsigned();
        long dataFactor = reader.Signed();
        reader.Unsigned();
        bool augmented = augmentation.StartsWith('z');
        if (augmented)
        {
            int size = (int)reader.Unsigned();
            reader.Position += size;
        }

        return (reader.Position, end, new CommonEntry(codeFactor, dataFactor, augmented));
    }

    private sealed record CommonEntry(ulong CodeFactor, long DataFactor, bool Augmented);

    // Runs call frame instructions and keeps the last row: after the prologue nothing moves in ilc's frames.
    private sealed class Row
    {
        private const int Rbp = 6;
        private ulong _register = 7;
        private long _offset;
        private long _savedRbp;
        private (ulong Register, long Offset, long SavedRbp) _remembered;

        public UnwindRule Rule => new(_register == Rbp, (int)_offset, (int)_savedRbp);

        public void Run(ByteReader reader, int end, CommonEntry entry)
        {
            while (reader.Position < end)
            {
                byte opcode = reader.U8();
                int low = opcode & 0x3F;
                switch (opcode >> 6)
                {
                    case 1:
                        continue;
                    case 2:
                        long slot = (long)reader.Unsigned() * entry.DataFactor;
                        _savedRbp = low == Rbp ? -slot : _savedRbp;
                        continue;
                    case 3:
                        _savedRbp = low == Rbp ? 0 : _savedRbp;
                        continue;
                    default:
                        Extended(opcode, reader, entry);
                        continue;
                }
            }
        }

        private void Extended(byte opcode, ByteReader reader, CommonEntry entry)
        {
            switch (opcode)
            {
                case 0x02:
                    reader.U8();
                    break;
                case 0x03:
                    reader.U16();
                    break;
                case 0x04:
                    reader.U32();
                    break;
                case 0x05:
                    ulong register = reader.Unsigned();
                    long slot = (long)reader.Unsigned() * entry.DataFactor;
                    _savedRbp = register == Rbp ? -slot : _savedRbp;
                    break;
                case 0x0A:
                    _remembered = (_register, _offset, _savedRbp);
                    break;
                case 0x0B:
                    (_register, _offset, _savedRbp) = _remembered;
                    break;
                case 0x0C:
                    _register = reader.Unsigned();
                    _offset = (long)reader.Unsigned();
                    break;
                case 0x0D:
                    _register = reader.Unsigned();
                    break;
                case 0x0E:
                    _offset = (long)reader.Unsigned();
                    break;
                default:
                    break;
            }
        }
    }
}
