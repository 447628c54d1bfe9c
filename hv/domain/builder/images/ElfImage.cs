using System;
using System.Buffers.Binary;

namespace Xenolith.Domains;

/// <summary>
/// A PVH kernel as an ELF file: its PT_LOAD segments by physical address, and the 32-bit entry point of its note
/// XEN_ELFNOTE_PHYS32_ENTRY (Xen's public/elfnote.h; docs/misc/pvh.pandoc). Everything in it has been checked against the file.
/// </summary>
public sealed class ElfImage
{
    /// <summary>More PT_LOAD segments than this are refused.</summary>
    public const int MaximumSegments = 32;

    private const uint TypeLoad = 1;
    private const uint TypeNote = 4;
    private const uint SectionTypeNote = 7;

    private readonly ElfSegment[] _segments = new ElfSegment[MaximumSegments];
    private int _count;

    private ElfImage(bool is64) => Is64 = is64;

    public bool Is64 { get; }

    /// <summary>Guest-physical address of the 32-bit, unpaged entry point.</summary>
    public uint Entry { get; private set; }

    /// <summary>Where else the kernel may lie. Null: nowhere.</summary>
    public ElfRelocation? Relocation { get; private set; }

    /// <summary>The segments, sorted by address; none is empty and no two overlap.</summary>
    public ReadOnlySpan<ElfSegment> Segments => _segments.AsSpan(0, _count);

    /// <summary>The lowest guest-physical address that the kernel occupies.</summary>
    public ulong Start => _segments[0].PhysicalAddress;

    /// <summary>One past the highest.</summary>
    public ulong End => _segments[_count - 1].End;

    /// <summary>Reads and checks the whole of the file's headers and notes. Null: <paramref name="image"/> is set.</summary>
    public static BuildError? TryParse(ReadOnlySpan<byte> file, out ElfImage? image)
    {
        image = null;
        if (!ElfHeader.HasMagic(file))
        {
            return new BuildMessage().Add("kernel: not an ELF file; boot an ELF kernel with a PVH entry, or a bzImage").ToError(BuildErrorKind.NotAKernel);
        }

        BuildError? error = ElfHeader.TryRead(file, out ElfHeader header);
        if (error is not null)
        {
            return error;
        }

        var read = new ElfImage(header.Is64);
        var notes = new ElfNotes();
        error = read.ReadProgramHeaders(file, header, ref notes);
        if (error is null && read._count == 0)
        {
            error = new BuildMessage().Add("kernel: no segment to load (PT_LOAD); link it as an executable").ToError(BuildErrorKind.NoSegments);
        }

        error ??= read.CheckOverlaps();
        if (error is null && !notes.HasEntry)
        {
            ReadNoteSections(file, header, ref notes);
        }

        error ??= read.TakeEntry(notes);
        if (error is null)
        {
            image = read;
        }

        return error;
    }

    /// <summary>
    /// Moves segments and entry to the lowest place that the kernel permits and that lies from <paramref name="floor"/> to
    /// <paramref name="limit"/>. False: there is none, and nothing has changed.
    /// </summary>
    public bool TryMove(ulong floor, ulong limit)
    {
        if (Relocation is not ElfRelocation permitted)
        {
            return false;
        }

        ulong mask = permitted.Alignment - 1UL;
        ulong target = (Math.Max(floor, permitted.Minimum) + mask) & ~mask;
        ulong end = Math.Min(limit, permitted.Maximum + 1UL);
        ulong start = Start;
        if (target >= end || End - start > end - target)
        {
            return false;
        }

        for (int i = 0; i < _count; i++)
        {
            _segments[i] = _segments[i] with { PhysicalAddress = _segments[i].PhysicalAddress - start + target };
        }

        Entry = (uint)(Entry - start + target);
        return true;
    }

    private BuildError? ReadProgramHeaders(ReadOnlySpan<byte> file, in ElfHeader header, ref ElfNotes notes)
    {
        for (int i = 0; i < header.ProgramHeaderCount; i++)
        {
            ReadOnlySpan<byte> entry = file.Slice((int)header.ProgramHeaders + i * header.ProgramHeaderSize, header.ProgramHeaderSize);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (type is not (TypeLoad or TypeNote))
            {
                continue;
            }

            ulong offset = header.Is64 ? Read64(entry, 8) : Read32(entry, 4);
            ulong address = header.Is64 ? Read64(entry, 24) : Read32(entry, 12);
            ulong fileSize = header.Is64 ? Read64(entry, 32) : Read32(entry, 16);
            ulong memorySize = header.Is64 ? Read64(entry, 40) : Read32(entry, 20);
            ulong alignment = header.Is64 ? Read64(entry, 48) : Read32(entry, 28);
            if (!ElfHeader.Fits(file, offset, fileSize))
            {
                return new BuildMessage().Add("kernel: segment ").Add((ulong)i).Add(" needs ").AddSize(fileSize).Add(" from file offset ").AddHex(offset)
                    .Add(", but the file has ").AddSize((ulong)file.Length).Add("; it was cut short, boot the whole file").ToError(BuildErrorKind.Truncated);
            }

            if (type == TypeNote)
            {
                notes.Read(file.Slice((int)offset, (int)fileSize), alignment);
                continue;
            }

            BuildError? error = AddSegment(i, new ElfSegment(address, memorySize, (int)offset, (int)fileSize));
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    private BuildError? AddSegment(int number, ElfSegment segment)
    {
        if (segment.MemorySize < (ulong)segment.FileSize)
        {
            return new BuildMessage().Add("kernel: segment ").Add((ulong)number).Add(" has more bytes in the file than in memory; the file is damaged")
                .ToError(BuildErrorKind.MalformedHeader);
        }

        if (segment.MemorySize == 0)
        {
            return null;
        }

        if (segment.MemorySize > ulong.MaxValue - segment.PhysicalAddress)
        {
            return new BuildMessage().Add("kernel: segment ").Add((ulong)number).Add(" at ").AddHex(segment.PhysicalAddress)
                .Add(" runs past the end of the address space; the file is damaged").ToError(BuildErrorKind.MalformedHeader);
        }

        if (_count == MaximumSegments)
        {
            return new BuildMessage().Add("kernel: more than ").Add(MaximumSegments).Add(" segments to load; link it with fewer")
                .ToError(BuildErrorKind.TooManySegments);
        }

        int at = _count++;
        for (; at > 0 && _segments[at - 1].PhysicalAddress > segment.PhysicalAddress; at--)
        {
            _segments[at] = _segments[at - 1];
        }

        _segments[at] = segment;
        return null;
    }

    private BuildError? CheckOverlaps()
    {
        for (int i = 1; i < _count; i++)
        {
            if (_segments[i].PhysicalAddress < _segments[i - 1].End)
            {
                return new BuildMessage().Add("kernel: the segments at ").AddHex(_segments[i - 1].PhysicalAddress).Add(" and ")
                    .AddHex(_segments[i].PhysicalAddress).Add(" overlap; fix the kernel's linker script").ToError(BuildErrorKind.SegmentsOverlap);
            }
        }

        return null;
    }

    /// <summary>Some linker scripts drop PT_NOTE but keep the section.</summary>
    private static void ReadNoteSections(ReadOnlySpan<byte> file, in ElfHeader header, ref ElfNotes notes)
    {
        if (header.SectionHeaderSize < (header.Is64 ? 64 : 40)
            || !ElfHeader.Fits(file, header.SectionHeaders, (ulong)header.SectionHeaderSize * (ulong)header.SectionHeaderCount))
        {
            return;
        }

        for (int i = 0; i < header.SectionHeaderCount; i++)
        {
            ReadOnlySpan<byte> entry = file.Slice((int)header.SectionHeaders + i * header.SectionHeaderSize, header.SectionHeaderSize);
            ulong offset = header.Is64 ? Read64(entry, 24) : Read32(entry, 16);
            ulong size = header.Is64 ? Read64(entry, 32) : Read32(entry, 20);
            ulong alignment = header.Is64 ? Read64(entry, 48) : Read32(entry, 32);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) == SectionTypeNote && ElfHeader.Fits(file, offset, size))
            {
                notes.Read(file.Slice((int)offset, (int)size), alignment);
            }
        }
    }

    private BuildError? TakeEntry(in ElfNotes notes)
    {
        if (!notes.HasEntry)
        {
            return new BuildMessage()
                .Add("kernel: no ELF note PHYS32_ENTRY (Xen, type 18), so it has no PVH entry; build it with CONFIG_PVH, or link the note in")
                .ToError(BuildErrorKind.NoEntryNote);
        }

        ulong entry = notes.Entry;
        for (int i = 0; i < _count; i++)
        {
            if (entry >= _segments[i].PhysicalAddress && entry < _segments[i].End && entry <= uint.MaxValue)
            {
                Entry = (uint)entry;
                Relocation = notes.Relocation;
                return null;
            }
        }

        return new BuildMessage().Add("kernel: its PVH entry ").AddHex(entry).Add(" lies outside its segments (or above 4 GiB); the note must hold a physical address")
            .ToError(BuildErrorKind.EntryOutsideSegments);
    }

    private static ulong Read64(ReadOnlySpan<byte> entry, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(entry[offset..]);

    private static ulong Read32(ReadOnlySpan<byte> entry, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(entry[offset..]);
}
