using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace Xenolith.Tests.Unit.Builder;

/// <summary>Makes ELF files to order, right or wrong.</summary>
internal sealed class ElfFactory
{
    public bool Is64 { get; init; } = true;
    public byte Class { get; init; }
    public byte Encoding { get; init; } = 1;
    public ushort Machine { get; init; }
    public ushort Type { get; init; } = 2;

    /// <summary>Address, bytes in the file, bytes in memory.</summary>
    public List<(ulong Address, byte[] Bytes, ulong MemorySize)> Segments { get; } = [];

    /// <summary>The entry note's value; null: no note.</summary>
    public ulong? Entry { get; init; }

    /// <summary>The numbers of the relocation note; null: no note.</summary>
    public uint[]? Relocation { get; init; }

    /// <summary>4 or 8.</summary>
    public int EntrySize { get; init; } = 4;

    /// <summary>The note lies in a section only, and not in a PT_NOTE segment.</summary>
    public bool NoteInSection { get; init; }

    /// <summary>Segment alignment of the notes, which pads names and values.</summary>
    public int NoteAlignment { get; init; } = 4;

    /// <summary>A kernel at 1 MiB with its entry at its start.</summary>
    public static ElfFactory Simple(ulong address = 0x100000, int size = 0x2000, ulong bss = 0x1000, bool is64 = true, uint[]? relocation = null)
    {
        var factory = new ElfFactory { Is64 = is64, Entry = address, Relocation = relocation };
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++)
        {
            bytes[i] = (byte)(i * 31 + 7);
        }

        factory.Segments.Add((address, bytes, (ulong)size + bss));
        return factory;
    }

    public byte[] Build()
    {
        byte[] notes = Entry is { } entry ? Notes(entry) : [];
        bool hasNoteSegment = notes.Length != 0 && !NoteInSection;
        int headerSize = Is64 ? 64 : 52;
        int programSize = Is64 ? 56 : 32;
        int programs = Segments.Count + (hasNoteSegment ? 1 : 0);
        using var file = new MemoryStream();
        int data = headerSize + programs * programSize;
        file.SetLength(data);
        file.Position = data;
        var headers = new List<(uint Type, ulong Offset, ulong Address, ulong FileSize, ulong MemorySize, ulong Alignment)>();
        foreach ((ulong address, byte[] bytes, ulong memorySize) in Segments)
        {
            headers.Add((1, (ulong)file.Position, address, (ulong)bytes.Length, memorySize, 0x1000));
            file.Write(bytes);
        }

        ulong noteOffset = (ulong)file.Position;
        file.Write(notes);
        if (hasNoteSegment)
        {
            headers.Add((4, noteOffset, 0, (ulong)notes.Length, (ulong)notes.Length, (ulong)NoteAlignment));
        }

        ulong sections = 0;
        if (NoteInSection)
        {
            sections = (ulong)file.Position;
            file.Write(new byte[Is64 ? 64 : 40]);
            file.Write(NoteSection(noteOffset, (ulong)notes.Length));
        }

        byte[] result = file.ToArray();
        WriteHeader(result, (ulong)headerSize, programSize, programs, sections);
        for (int i = 0; i < headers.Count; i++)
        {
            var header = headers[i];
            WriteProgram(result.AsSpan(headerSize + i * programSize), header.Type, header.Offset, header.Address, header.FileSize, header.MemorySize, header.Alignment);
        }

        return result;
    }

    private byte[] Notes(ulong entry)
    {
        using var notes = new MemoryStream();
        WriteNote(notes, "GNU\0", 3, new byte[20]);
        WriteNote(notes, "Xen\0", 6, "linux\0"u8.ToArray());
        WriteNote(notes, "Xen\0", 18, BitConverter.GetBytes(entry)[..EntrySize]);
        WriteNote(notes, "Xen\0", 18, BitConverter.GetBytes(0xDEAD0000UL)[..EntrySize]);
        if (Relocation is not null)
        {
            WriteNote(notes, "Xen\0", 19, [.. Relocation.SelectMany(BitConverter.GetBytes)]);
        }

        return notes.ToArray();
    }

    private void WriteNote(MemoryStream output, string name, uint type, byte[] value)
    {
        output.Write(BitConverter.GetBytes(name.Length));
        output.Write(BitConverter.GetBytes(value.Length));
        output.Write(BitConverter.GetBytes(type));
        output.Write(System.Text.Encoding.ASCII.GetBytes(name));
        Pad(output);
        output.Write(value);
        Pad(output);
    }

    private void Pad(MemoryStream output)
    {
        while (output.Position % NoteAlignment != 0)
        {
            output.WriteByte(0);
        }
    }

    private byte[] NoteSection(ulong offset, ulong size)
    {
        byte[] section = new byte[Is64 ? 64 : 40];
        BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(4), 7);
        if (Is64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(section.AsSpan(24), offset);
            BinaryPrimitives.WriteUInt64LittleEndian(section.AsSpan(32), size);
            BinaryPrimitives.WriteUInt64LittleEndian(section.AsSpan(48), (ulong)NoteAlignment);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(16), (uint)offset);
            BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(20), (uint)size);
            BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(32), (uint)NoteAlignment);
        }

        return section;
    }

    private void WriteHeader(Span<byte> file, ulong programOffset, int programSize, int programs, ulong sections)
    {
        file[0] = 0x7F;
        file[1] = (byte)'E';
        file[2] = (byte)'L';
        file[3] = (byte)'F';
        file[4] = Class != 0 ? Class : (byte)(Is64 ? 2 : 1);
        file[5] = Encoding;
        file[6] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], Type);
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], Machine != 0 ? Machine : (ushort)(Is64 ? 62 : 3));
        if (Is64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file[32..], programOffset);
            BinaryPrimitives.WriteUInt64LittleEndian(file[40..], sections);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(file[28..], (uint)programOffset);
            BinaryPrimitives.WriteUInt32LittleEndian(file[32..], (uint)sections);
        }

        Span<byte> counts = file[(Is64 ? 54 : 42)..];
        BinaryPrimitives.WriteUInt16LittleEndian(counts, (ushort)programSize);
        BinaryPrimitives.WriteUInt16LittleEndian(counts[2..], (ushort)programs);
        BinaryPrimitives.WriteUInt16LittleEndian(counts[4..], (ushort)(sections == 0 ? 0 : Is64 ? 64 : 40));
        BinaryPrimitives.WriteUInt16LittleEndian(counts[6..], (ushort)(sections == 0 ? 0 : 2));
    }

    private void WriteProgram(Span<byte> header, uint type, ulong offset, ulong address, ulong fileSize, ulong memorySize, ulong alignment)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        ReadOnlySpan<ulong> fields = Is64 ? [offset, 0xFFFF_FFFF_8000_0000 + address, address, fileSize, memorySize, alignment]
            : [offset, 0xC000_0000 + address, address, fileSize, memorySize, 0, alignment];
        for (int i = 0; i < fields.Length; i++)
        {
            if (Is64)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(header[(8 + 8 * i)..], fields[i]);
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(header[(4 + 4 * i)..], (uint)fields[i]);
            }
        }
    }
}
