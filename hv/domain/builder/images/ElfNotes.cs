using System;
using System.Buffers.Binary;
using System.Numerics;

namespace Xenolith.Domains;

/// <summary>What Xen's notes of a kernel say (public/elfnote.h). Notes of other owners, and malformed ones, are passed over.</summary>
internal struct ElfNotes
{
    private const uint Phys32Entry = 18;
    private const uint Phys32Relocation = 19;

    public bool HasEntry { get; private set; }

    /// <summary>XEN_ELFNOTE_PHYS32_ENTRY: the guest-physical entry point.</summary>
    public ulong Entry { get; private set; }

    /// <summary>XEN_ELFNOTE_PHYS32_RELOC: where else the kernel may lie. Null: nowhere.</summary>
    public ElfRelocation? Relocation { get; private set; }

    /// <summary>Reads a run of notes; the first one of a type stays.</summary>
    /// <param name="alignment">Of names and descriptors: 8 when the segment says so, else 4.</param>
    public void Read(ReadOnlySpan<byte> notes, ulong alignment)
    {
        ulong padding = alignment == 8 ? 7u : 3u;
        while (notes.Length >= 12)
        {
            ulong nameSize = BinaryPrimitives.ReadUInt32LittleEndian(notes);
            ulong valueSize = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            ulong value = (12 + nameSize + padding) & ~padding;
            if (value > (ulong)notes.Length || valueSize > (ulong)notes.Length - value)
            {
                return;
            }

            ReadOnlySpan<byte> name = notes.Slice(12, (int)nameSize);
            if (type == Phys32Entry && !HasEntry && IsXen(name))
            {
                TakeEntry(notes.Slice((int)value, (int)valueSize));
            }
            else if (type == Phys32Relocation && Relocation is null && IsXen(name))
            {
                TakeRelocation(notes.Slice((int)value, (int)valueSize));
            }

            ulong next = (value + valueSize + padding) & ~padding;
            if (next > (ulong)notes.Length)
            {
                return;
            }

            notes = notes[(int)next..];
        }
    }

    private static bool IsXen(ReadOnlySpan<byte> name) =>
        name.Length == 4 && name[0] == (byte)'X' && name[1] == (byte)'e' && name[2] == (byte)'n' && name[3] == 0;

    // 32-bit kernels give 4 bytes, 64-bit ones 8.
    private void TakeEntry(ReadOnlySpan<byte> value)
    {
        if (value.Length is not (4 or 8))
        {
            return;
        }

        HasEntry = true;
        Entry = value.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(value) : BinaryPrimitives.ReadUInt32LittleEndian(value);
    }

    // Up to three numbers of 32 bits; those that are left out have defaults.
    private void TakeRelocation(ReadOnlySpan<byte> value)
    {
        uint alignment = value.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(value) : ElfRelocation.DefaultAlignment;
        uint minimum = value.Length >= 8 ? BinaryPrimitives.ReadUInt32LittleEndian(value[4..]) : 0;
        uint maximum = value.Length >= 12 ? BinaryPrimitives.ReadUInt32LittleEndian(value[8..]) : uint.MaxValue;
        if (BitOperations.IsPow2(alignment) && minimum <= maximum)
        {
            Relocation = new ElfRelocation(alignment, minimum, maximum);
        }
    }
}
