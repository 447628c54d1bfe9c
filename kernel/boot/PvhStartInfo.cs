using System;
using System.Buffers.Binary;

namespace Xenolith.Kernel;

/// <summary>
/// Reads what a PVH loader left in memory (docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h of Xen): the start info. Nothing of it
/// is trusted: every address, length and count is checked, strings are copied.
/// </summary>
public static class PvhStartInfo
{
    /// <summary>First word of the structure; the entry passes it on as the multiboot loaders do theirs.</summary>
    public const uint Magic = 0x336EC578;

    private const uint BytesInVersion0 = 40;
    private const uint Bytes = 56;
    private const int ModuleBytes = 32;
    private const int RangeBytes = 24;

    /// <summary>Reads the start info.</summary>
    /// <param name="memory">The first 4 GiB, as far as they can be read.</param>
    /// <param name="address">Physical address of the structure (EBX at entry).</param>
    /// <param name="imageStart">Physical address of the image's first byte, which no module may overlap.</param>
    /// <param name="imageEnd">One past the image's last byte.</param>
    /// <param name="information">What it says.</param>
    /// <param name="error">When false: one sentence that names what is wrong.</param>
    public static bool TryRead(PhysicalMemory memory, uint address, ulong imageStart, ulong imageEnd, out BootInformation? information, out string error)
    {
        information = null;
        error = "the PVH start info does not lie in memory, or is none";
        if (!memory.IsRam(address, BytesInVersion0))
        {
            return false;
        }

        ReadOnlySpan<byte> start = memory.Bytes(address, (int)BytesInVersion0);
        if (Word32(start, 0) != Magic)
        {
            return false;
        }

        // From version 1 on it has a memory map.
        if (Word32(start, 4) == 0)
        {
            error = LoaderData.NoMap;
            return false;
        }

        if (!memory.IsRam(address, Bytes))
        {
            return false;
        }

        start = memory.Bytes(address, (int)Bytes);
        string commandLine = "";
        ulong text = Word64(start, 24);
        if (text != 0 && !LoaderData.TryReadString(memory, text, out commandLine))
        {
            error = LoaderData.BadCommandLine;
            return false;
        }

        if (!TryReadMap(memory, Word64(start, 40), Word32(start, 48), out MemoryRange[] map, out error)
            || !TryReadModules(memory, Word64(start, 16), Word32(start, 12), out BootModule[] modules, out error)
            || !LoaderData.AreWellPlaced(modules, map, imageStart, imageEnd, out error))
        {
            return false;
        }

        information = new BootInformation
        {
            Protocol = "PVH",
            CommandLine = commandLine,
            LoaderName = "",
            MemoryMap = map,
            Modules = modules,
            RsdpAddress = Word64(start, 32),
        };
        return true;
    }

    private static bool TryReadMap(PhysicalMemory memory, ulong address, uint count, out MemoryRange[] map, out string error)
    {
        map = [];
        error = count == 0 ? LoaderData.NoMap : LoaderData.BadMap;
        if (count is 0 or > LoaderData.MostRanges || !memory.IsRam(address, count * RangeBytes))
        {
            return false;
        }

        map = new MemoryRange[count];
        for (int i = 0; i < map.Length; i++)
        {
            ReadOnlySpan<byte> entry = memory.Bytes(address + (uint)(i * RangeBytes), RangeBytes);
            map[i] = LoaderData.Range(Word64(entry, 0), Word64(entry, 8), (MemoryKind)Word32(entry, 16));
        }

        return LoaderData.TryFinishMap(map, out error);
    }

    private static bool TryReadModules(PhysicalMemory memory, ulong address, uint count, out BootModule[] modules, out string error)
    {
        modules = [];
        error = "";
        if (count == 0)
        {
            return true;
        }

        if (count > LoaderData.MostModules)
        {
            error = LoaderData.TooManyModules;
            return false;
        }

        error = LoaderData.BadModules;
        if (!memory.IsRam(address, count * ModuleBytes))
        {
            return false;
        }

        modules = new BootModule[count];
        for (int i = 0; i < modules.Length; i++)
        {
            // Address, size, address of the command line; where the module lies is judged by the memory map.
            ReadOnlySpan<byte> entry = memory.Bytes(address + (uint)(i * ModuleBytes), ModuleBytes);
            string commandLine = "";
            ulong text = Word64(entry, 16);
            if (text != 0 && !LoaderData.TryReadString(memory, text, out commandLine))
            {
                return false;
            }

            modules[i] = new BootModule(Word64(entry, 0), Word64(entry, 8), commandLine);
        }

        error = "";
        return true;
    }

    private static uint Word32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(offset));

    private static ulong Word64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(offset));
}
