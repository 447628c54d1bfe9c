using System;
using System.Buffers.Binary;
using System.IO;
using Xenolith.Build.Host;

namespace Xenolith.Build.Elf;

/// <summary>Where an ELF file of either class is entered; a boot loader needs no more of a multiboot image.</summary>
public static class ElfEntry
{
    /// <summary>The field e_entry.</summary>
    public static ulong Of(string path)
    {
        byte[] head = new byte[64];
        using FileStream file = File.OpenRead(path);
        const int classAt = 4, entryAt = 24;
        bool isRead = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length;
        return !isRead || BinaryPrimitives.ReadUInt32BigEndian(head) != 0x7F454C46 ? throw new BuildFailure($"{Path.GetFileName(path)} is no ELF file")
            : head[classAt] == 1 ? BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(entryAt))
            : BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(entryAt));
    }
}
