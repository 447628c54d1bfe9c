using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Xenolith.Build.Host;

namespace Xenolith.Build.Elf;

/// <summary>A section of an ELF file.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">SHT_*.</param>
/// <param name="Flags">SHF_*.</param>
/// <param name="Address">Virtual address; 0 in a relocatable file.</param>
/// <param name="Offset">File offset in bytes.</param>
/// <param name="Size">Bytes in memory.</param>
/// <param name="Info">sh_info: of a relocation section, the section it applies to.</param>
public sealed record ElfSection(int Index, string Name, uint Type, ulong Flags, ulong Address, ulong Offset, ulong Size, uint Info)
{
    /// <summary>SHF_WRITE.</summary>
    public bool Writable => (Flags & 1) != 0;

    /// <summary>SHF_ALLOC.</summary>
    public bool Allocated => (Flags & 2) != 0;

    /// <summary>SHF_EXECINSTR.</summary>
    public bool Executable => (Flags & 4) != 0;

    /// <summary>SHT_NOBITS: no bytes in the file.</summary>
    public bool ZeroFill => Type == 8;

    /// <summary>The first address past the section.</summary>
    public ulong End => Address + Size;

    /// <summary>Whether an address lies inside.</summary>
    public bool Contains(ulong address) => address - Address < Size;
}

/// <summary>A symbol; <paramref name="Type"/> is STT_* (1 = object, 2 = function, 3 = section).</summary>
public sealed record ElfSymbol(string Name, ulong Value, ulong Size, int Section, byte Type);

/// <summary>A relocation with addend.</summary>
public readonly record struct ElfRelocation(ulong Offset, uint Type, ElfSymbol Symbol, long Addend);

/// <summary>A program header; <paramref name="Type"/> 1 is PT_LOAD, flag bit 0 executable, 1 writable.</summary>
public readonly record struct ElfSegment(uint Type, uint Flags, ulong Offset, ulong VirtualAddress, ulong PhysicalAddress, ulong FileSize, ulong MemorySize);

/// <summary>Reads a little-endian ELF64 file.</summary>
public sealed class ElfFile
{
    private readonly byte[] _bytes;

    private ElfFile(byte[] bytes, string name)
    {
        _bytes = bytes;
        Name = name;
        if (bytes.Length < 64 || !bytes.AsSpan(0, 6).SequenceEqual<byte>([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
        {
            throw new BuildFailure($"{name} is not a little-endian ELF64 file");
        }

        Entry = U64(24);
        Segments = ReadSegments();
        Sections = ReadSections();
        Symbols = ReadSymbols();
    }

    /// <summary>The file's name, for messages.</summary>
    public string Name { get; }

    /// <summary>The entry point.</summary>
    public ulong Entry { get; }

    /// <summary>Program headers.</summary>
    public IReadOnlyList<ElfSegment> Segments { get; }

    /// <summary>Sections by number.</summary>
    public IReadOnlyList<ElfSection> Sections { get; }

    /// <summary>The symbol table by number; empty when stripped.</summary>
    public IReadOnlyList<ElfSymbol> Symbols { get; }

    /// <summary>Reads a file.</summary>
    public static ElfFile Load(string path) => new(File.ReadAllBytes(path), Path.GetFileName(path));

    /// <summary>Reads an image in memory.</summary>
    public static ElfFile Parse(byte[] bytes, string name) => new(bytes, name);

    /// <summary>The section of that name, or null.</summary>
    public ElfSection? Section(string name)
    {
        foreach (ElfSection section in Sections)
        {
            if (section.Name == name)
            {
                return section;
            }
        }

        return null;
    }

    /// <summary>The bytes of a section; empty for zero-fill.</summary>
    public ReadOnlyMemory<byte> Contents(ElfSection section) =>
        section.ZeroFill ? default : _bytes.AsMemory((int)section.Offset, (int)section.Size);

    /// <summary>The relocations that apply to a section of a relocatable file.</summary>
    public IEnumerable<ElfRelocation> Relocations(ElfSection section)
    {
        const uint rela = 4;
        foreach (ElfSection table in Sections)
        {
            if (table.Type != rela || table.Info != section.Index)
            {
                continue;
            }

            for (ulong at = table.Offset; at < table.Offset + table.Size; at += 24)
            {
                ulong info = U64(at + 8);
                yield return new ElfRelocation(U64(at), (uint)info, Symbols[(int)(info >> 32)], (long)U64(at + 16));
            }
        }
    }

    private List<ElfSegment> ReadSegments()
    {
        var segments = new List<ElfSegment>();
        ulong at = U64(32);
        for (int i = 0; i < U16(56); i++, at += U16(54))
        {
            segments.Add(new ElfSegment(U32(at), U32(at + 4), U64(at + 8), U64(at + 16), U64(at + 24), U64(at + 32), U64(at + 40)));
        }

        return segments;
    }

    private List<ElfSection> ReadSections()
    {
        var sections = new List<ElfSection>();
        ulong table = U64(40);
        int count = U16(60);
        if (table == 0)
        {
            return sections;
        }

        // More than 0xFF00 sections: the true count lies in sh_size of section 0 (gABI chapter 4). ilc makes one a method.
        ulong total = count == 0 ? U64(table + 32) : (ulong)count;
        uint nameTable = U16(62) == 0xFFFF ? U32(table + 40) : U16(62);
        ulong names = U64(table + (nameTable * 64) + 24);
        for (ulong i = 0; i < total; i++)
        {
            ulong at = table + (i * 64);
            sections.Add(new ElfSection((int)i, Text(names + U32(at)), U32(at + 4), U64(at + 8), U64(at + 16), U64(at + 24), U64(at + 32), U32(at + 44)));
        }

        return sections;
    }

    private List<ElfSymbol> ReadSymbols()
    {
        const uint symtab = 2, extendedIndexes = 18;
        var symbols = new List<ElfSymbol>();
        ElfSection? table = null;
        ElfSection? indexes = null;
        foreach (ElfSection section in Sections)
        {
            table = section.Type == symtab ? section : table;
            indexes = section.Type == extendedIndexes ? section : indexes;
        }

        if (table is null)
        {
            return symbols;
        }

        ulong names = Sections[(int)U32(U64(40) + ((ulong)table.Index * 64) + 40)].Offset;
        ulong number = 0;
        for (ulong at = table.Offset; at < table.Offset + table.Size; at += 24, number++)
        {
            int section = U16(at + 6);
            if (section == 0xFFFF && indexes is not null)
            {
                section = (int)U32(indexes.Offset + (number * 4));
            }

            symbols.Add(new ElfSymbol(Text(names + U32(at)), U64(at + 8), U64(at + 16), section, (byte)(_bytes[at + 4] & 0xF)));
        }

        return symbols;
    }

    private ushort U16(ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan((int)at, 2));

    private uint U32(ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan((int)at, 4));

    private ulong U64(ulong at) => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan((int)at, 8));

    private string Text(ulong at)
    {
        ReadOnlySpan<byte> rest = _bytes.AsSpan((int)at);
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
