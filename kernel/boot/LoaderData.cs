using System;

namespace Xenolith.Kernel;

/// <summary>What the readers of all boot protocols share: limits, strings, and judging where things lie.</summary>
internal static class LoaderData
{
    /// <summary>Most boot modules.</summary>
    public const uint MostModules = 64;

    /// <summary>Most ranges of a memory map.</summary>
    public const uint MostRanges = 512;

    public const string TooManyModules = "the boot loader gave more than 64 modules";
    public const string BadModules = "the boot loader's list of modules is malformed";
    public const string BadMap = "the boot loader's memory map is malformed";
    public const string NoMap = "the boot loader gave no memory map; use one that passes the firmware's (E820) map";
    public const string BadCommandLine = "the boot command line has no end or does not lie in memory";
    public const string BadName = "the boot loader's name has no end or does not lie in memory";

    private const int LongestString = 8192;

    /// <summary>Copies a string that ends in a zero byte; what is not printable becomes a question mark.</summary>
    public static bool TryReadString(PhysicalMemory memory, ulong address, out string text)
    {
        text = "";
        int length = 0;
        while (true)
        {
            if (length > LongestString || !memory.IsRam(address + (uint)length, 1))
            {
                return false;
            }

            if (memory.Bytes(address + (uint)length, 1)[0] == 0)
            {
                break;
            }

            length++;
        }

        text = Printable(memory.Bytes(address, length));
        return true;
    }

    /// <summary>The same for a string that has to end inside the bytes given.</summary>
    public static bool TryReadString(ReadOnlySpan<byte> bytes, out string text)
    {
        int length = bytes.IndexOf((byte)0);
        if (length < 0 || length > LongestString)
        {
            text = "";
            return false;
        }

        text = Printable(bytes.Slice(0, length));
        return true;
    }

    /// <summary>A range, cut at the end of the address space.</summary>
    public static MemoryRange Range(ulong start, ulong length, MemoryKind kind) =>
        new(start, start + length < start ? 0UL - start - 1 : length, kind);

    /// <summary>Sorts the map; false: there is no RAM in it.</summary>
    public static bool TryFinishMap(MemoryRange[] map, out string error)
    {
        bool anyRam = false;
        for (int i = 0; i < map.Length; i++)
        {
            anyRam |= map[i].Kind == MemoryKind.Ram && map[i].Length != 0;
        }

        MemoryMap.Sort(map);
        error = anyRam ? "" : "the boot loader's memory map has no RAM in it";
        return anyRam;
    }

    /// <summary>Whether every module lies in RAM, apart from the image and from the others.</summary>
    public static bool AreWellPlaced(BootModule[] modules, MemoryRange[] map, ulong imageStart, ulong imageEnd, out string error)
    {
        error = "";
        for (int i = 0; i < modules.Length; i++)
        {
            BootModule module = modules[i];
            if (module.Length == 0)
            {
                continue;
            }

            ulong end = module.Start + module.Length;
            if (module.Start < imageEnd && imageStart < end)
            {
                error = "a boot module overlaps the hypervisor's image";
                return false;
            }

            if (!MemoryMap.IsRam(map, module.Start, module.Length))
            {
                error = "a boot module lies outside the RAM of the memory map";
                return false;
            }

            for (int j = 0; j < i; j++)
            {
                if (modules[j].Start < end && module.Start < modules[j].Start + modules[j].Length)
                {
                    error = "two boot modules overlap";
                    return false;
                }
            }
        }

        return true;
    }

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var characters = new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            characters[i] = bytes[i] is >= 0x20 and <= 0x7E ? (char)bytes[i] : bytes[i] == '\t' ? ' ' : '?';
        }

        return new string(characters);
    }
}
