using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;

namespace Xenolith.Build.Stubs;

/// <summary>Writes a <see cref="StubObject"/> as an ELF64 relocatable file (System V gABI, chapter 4).</summary>
public static class RelocatableWriter
{
    private const uint TypeProgbits = 1, TypeSymtab = 2, TypeStrtab = 3, TypeRela = 4, TypeNote = 7, TypeNobits = 8;
    private const ulong FlagWrite = 1, FlagAlloc = 2, FlagExecute = 4, FlagInfoLink = 0x40;

    private sealed class Section(string name)
    {
        public string Name { get; } = name;
        public int Index { get; set; }
        public ulong Align { get; set; } = 1;
        public bool Executable { get; set; }
        public bool Writable { get; set; }
        public bool? ZeroFill { get; set; }
        public long ZeroSize { get; set; }
        public List<byte> Bytes { get; } = [];
        public List<(long Offset, StubRelocation Relocation)> Relocations { get; } = [];
    }

    private sealed record Symbol(string Name, byte Info, ushort Section, ulong Value, ulong Size);

    /// <summary>Encodes <paramref name="source"/>.</summary>
    /// <exception cref="InvalidOperationException">A symbol is defined twice, or a section would be both writable and executable.</exception>
    public static byte[] Write(StubObject source)
    {
        var sections = new List<Section>();
        var symbols = new Dictionary<string, Symbol>(StringComparer.Ordinal);
        foreach (StubFragment fragment in source.Fragments)
        {
            Place(fragment, sections, symbols);
        }

        if (sections.Find(section => section is { Executable: true, Writable: true }) is { } mixed)
        {
            throw new InvalidOperationException($"stubs make section {mixed.Name} writable and executable; give the data a section of its own");
        }

        List<string> names = [.. symbols.Keys];
        foreach ((_, StubRelocation relocation) in sections.SelectMany(section => section.Relocations))
        {
            // An undefined external: bound by the linker to a C# export or a linker-script symbol.
            if (symbols.TryAdd(relocation.Symbol, new Symbol(relocation.Symbol, 0x10, 0, 0, 0)))
            {
                names.Add(relocation.Symbol);
            }
        }

        return Serialize(sections, [.. names.Select(name => symbols[name])]);
    }

    private static void Place(StubFragment fragment, List<Section> sections, Dictionary<string, Symbol> symbols)
    {
        Section? section = sections.Find(candidate => candidate.Name == fragment.Section);
        if (section is null)
        {
            section = new Section(fragment.Section) { Index = sections.Count + 1 };
            sections.Add(section);
        }

        bool zeroFill = fragment.ZeroSize > 0;
        if (section.ZeroFill is { } known && known != zeroFill)
        {
            throw new InvalidOperationException($"{fragment.Name}: section {section.Name} mixes zeroed space with contents");
        }

        section.ZeroFill = zeroFill;
        section.Executable |= fragment.Executable;
        section.Writable |= fragment.Writable;
        section.Align = Math.Max(section.Align, (ulong)fragment.Align);

        long offset;
        long size;
        StubContents contents = fragment.Encode();
        if (zeroFill)
        {
            offset = (section.ZeroSize + fragment.Align - 1) & -fragment.Align;
            size = fragment.ZeroSize;
            section.ZeroSize = offset + size;
        }
        else
        {
            while (section.Bytes.Count % fragment.Align != 0)
            {
                section.Bytes.Add(section.Executable ? (byte)0xCC : (byte)0);
            }

            offset = section.Bytes.Count;
            size = contents.Bytes.Length;
            section.Bytes.AddRange(contents.Bytes);
        }

        const byte globalFunction = 0x12, globalObject = 0x11;
        byte info = fragment.Executable ? globalFunction : globalObject;
        Define(new Symbol(fragment.Name, info, (ushort)section.Index, (ulong)offset, (ulong)size));
        foreach (StubSymbol symbol in contents.Symbols)
        {
            const byte globalUntyped = 0x10;
            Define(new Symbol(symbol.Name, globalUntyped, (ushort)section.Index, (ulong)(offset + symbol.Offset), 0));
        }

        foreach (StubRelocation relocation in contents.Relocations)
        {
            section.Relocations.Add((offset + relocation.Offset, relocation));
        }

        void Define(Symbol symbol)
        {
            if (!symbols.TryAdd(symbol.Name, symbol))
            {
                throw new InvalidOperationException($"two stubs of one image define the symbol {symbol.Name}");
            }
        }
    }

    private static byte[] Serialize(List<Section> sections, List<Symbol> symbols)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        writer.Write(new byte[64]);

        var names = new StringTable();
        var headers = new List<SectionHeader> { default };
        foreach (Section section in sections)
        {
            bool zeroFill = section.ZeroFill == true;
            uint type = zeroFill ? TypeNobits : section.Name.StartsWith(".note", StringComparison.Ordinal) ? TypeNote : TypeProgbits;
            ulong flags = FlagAlloc | (section.Writable ? FlagWrite : 0) | (section.Executable ? FlagExecute : 0);
            ulong offset = AlignFile(writer, Math.Min(section.Align, 4096));
            writer.Write([.. section.Bytes]);
            headers.Add(new SectionHeader(names.Add(section.Name), type, flags, offset,
                zeroFill ? (ulong)section.ZeroSize : (ulong)section.Bytes.Count, 0, 0, section.Align, 0));
        }

        int symtabIndex = headers.Count + sections.Count(section => section.Relocations.Count > 0);
        var symbolNumbers = new Dictionary<string, uint>(StringComparer.Ordinal);
        for (int i = 0; i < symbols.Count; i++)
        {
            symbolNumbers[symbols[i].Name] = (uint)i + 1;
        }

        foreach (Section section in sections.Where(section => section.Relocations.Count > 0))
        {
            ulong offset = AlignFile(writer, 8);
            foreach ((long place, StubRelocation relocation) in section.Relocations)
            {
                writer.Write((ulong)place);
                writer.Write(((ulong)symbolNumbers[relocation.Symbol] << 32) | (uint)relocation.Type);
                writer.Write(relocation.Addend);
            }

            headers.Add(new SectionHeader(names.Add(".rela" + section.Name), TypeRela, FlagInfoLink, offset,
                (ulong)section.Relocations.Count * 24, (uint)symtabIndex, (uint)section.Index, 8, 24));
        }

        var symbolNames = new StringTable();
        ulong symtabOffset = AlignFile(writer, 8);
        writer.Write(new byte[24]);
        foreach (Symbol symbol in symbols)
        {
            writer.Write(symbolNames.Add(symbol.Name));
            writer.Write(symbol.Info);
            writer.Write((byte)0);
            writer.Write(symbol.Section);
            writer.Write(symbol.Value);
            writer.Write(symbol.Size);
        }

        // sh_info of a symbol table is the index of its first global symbol; only the null symbol is local.
        headers.Add(new SectionHeader(names.Add(".symtab"), TypeSymtab, 0, symtabOffset,
            (ulong)(symbols.Count + 1) * 24, (uint)symtabIndex + 1, 1, 8, 24));
        ulong strtabOffset = AlignFile(writer, 1);
        writer.Write(symbolNames.ToArray());
        headers.Add(new SectionHeader(names.Add(".strtab"), TypeStrtab, 0, strtabOffset, (ulong)symbolNames.Length, 0, 0, 1, 0));
        uint ownName = names.Add(".shstrtab");
        ulong namesOffset = AlignFile(writer, 1);
        writer.Write(names.ToArray());
        headers.Add(new SectionHeader(ownName, TypeStrtab, 0, namesOffset, (ulong)names.Length, 0, 0, 1, 0));

        ulong headersOffset = AlignFile(writer, 8);
        foreach (SectionHeader header in headers)
        {
            header.Write(writer);
        }

        file.Position = 0;
        const ushort relocatable = 1, machineX64 = 62;
        writer.Write([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        writer.Write(relocatable);
        writer.Write(machineX64);
        writer.Write(1u);
        writer.Write(0UL);
        writer.Write(0UL);
        writer.Write(headersOffset);
        writer.Write(0u);
        writer.Write((ushort)64);
        writer.Write((ushort)0);
        writer.Write((ushort)0);
        writer.Write((ushort)64);
        writer.Write((ushort)headers.Count);
        writer.Write((ushort)(headers.Count - 1));
        return file.ToArray();
    }

    private static ulong AlignFile(BinaryWriter writer, ulong align)
    {
        while ((ulong)writer.BaseStream.Position % align != 0)
        {
            writer.Write((byte)0);
        }

        return (ulong)writer.BaseStream.Position;
    }

    private readonly record struct SectionHeader(uint Name, uint Type, ulong Flags, ulong Offset, ulong Size, uint Link, uint Info, ulong Align, ulong EntrySize)
    {
        public void Write(BinaryWriter writer)
        {
            writer.Write(Name);
            writer.Write(Type);
            writer.Write(Flags);
            writer.Write(0UL);
            writer.Write(Offset);
            writer.Write(Size);
            writer.Write(Link);
            writer.Write(Info);
            writer.Write(Align);
            writer.Write(EntrySize);
        }
    }

    private sealed class StringTable
    {
        private readonly List<byte> _contents = [0];

        public int Length => _contents.Count;

        public uint Add(string text)
        {
            uint offset = (uint)_contents.Count;
            _contents.AddRange(Encoding.UTF8.GetBytes(text));
            _contents.Add(0);
            return offset;
        }

        public byte[] ToArray() => [.. _contents];
    }
}
