using System;

namespace Xenolith.Kernel;

/// <summary>
/// Reads what a multiboot 1 loader left in memory (Multiboot Specification 0.6.96, 3.3). Nothing of it is trusted: every address, length and
/// count is checked, strings are copied.
/// </summary>
public static class Multiboot
{
    /// <summary>EAX at entry.</summary>
    public const uint LoaderMagic = 0x2BADB002;

    private const uint HasCommandLine = 1 << 2;
    private const uint HasModules = 1 << 3;
    private const uint HasMemoryMap = 1 << 6;
    private const uint HasLoaderName = 1 << 9;
    private const uint InformationBytes = 88;
    private const uint ModuleBytes = 16;
    private const uint HasFramebuffer = 1 << 12;
    private const uint FramebufferOffset = 88;
    private const uint FullBytes = FramebufferOffset + Framebuffer.DescriptionBytes + Framebuffer.ColourBytes;

    /// <summary>Reads the information structure.</summary>
    /// <param name="memory">The first 4 GiB, as far as they can be read.</param>
    /// <param name="address">Physical address of the structure (EBX at entry).</param>
    /// <param name="imageStart">Physical address of the image's first byte, which no module may overlap.</param>
    /// <param name="imageEnd">One past the image's last byte.</param>
    /// <param name="information">What it says.</param>
    /// <param name="error">When false: one sentence that names what is wrong.</param>
    public static bool TryRead(PhysicalMemory memory, uint address, ulong imageStart, ulong imageEnd, out BootInformation? information, out string error)
    {
        information = null;
        if ((address & 3) != 0 || !memory.IsRam(address, InformationBytes))
        {
            error = "the multiboot information does not lie in memory";
            return false;
        }

        uint flags = memory.Word32(address);
        string commandLine = "";
        string loader = "";
        if ((flags & HasCommandLine) != 0 && !LoaderData.TryReadString(memory, memory.Word32(address + 16), out commandLine))
        {
            error = LoaderData.BadCommandLine;
            return false;
        }

        if ((flags & HasLoaderName) != 0 && !LoaderData.TryReadString(memory, memory.Word32(address + 64), out loader))
        {
            error = LoaderData.BadName;
            return false;
        }

        if ((flags & HasMemoryMap) == 0)
        {
            error = LoaderData.NoMap;
            return false;
        }

        if (!TryReadMap(memory, memory.Word32(address + 44), memory.Word32(address + 48), out MemoryRange[] map, out error))
        {
            return false;
        }

        BootModule[] modules = [];
        if ((flags & HasModules) != 0
            && !TryReadModules(memory, memory.Word32(address + 20), memory.Word32(address + 24), out modules, out error))
        {
            return false;
        }

        if (!LoaderData.AreWellPlaced(modules, map, imageStart, imageEnd, out error))
        {
            return false;
        }

        Framebuffer? screen = null;
        string screenError = "";
        if ((flags & HasFramebuffer) != 0 && memory.IsRam(address, FullBytes))
        {
            ReadOnlySpan<byte> description = memory.Bytes(address + FramebufferOffset, Framebuffer.DescriptionBytes + Framebuffer.ColourBytes);
            screen = Framebuffer.TryRead(description, description.Slice(Framebuffer.DescriptionBytes), map, out screenError);
        }

        information = new BootInformation
        {
            Protocol = "multiboot 1",
            Framebuffer = screen,
            FramebufferError = screenError,
            CommandLine = NamesFirst(loader) ? AfterFirstWord(commandLine) : commandLine,
            LoaderName = loader,
            MemoryMap = map,
            Modules = modules,
        };
        return true;
    }

    // GRUB 2 passes the arguments alone; other loaders put the image's name in front.
    private static bool NamesFirst(string loader) =>
        !(loader.Length > 5 && loader.AsSpan().StartsWith("GRUB ".AsSpan()) && loader[5] is >= '1' and <= '9');

    private static string AfterFirstWord(string text)
    {
        int at = 0;
        while (at < text.Length && text[at] != ' ')
        {
            at++;
        }

        while (at < text.Length && text[at] == ' ')
        {
            at++;
        }

        return text.Substring(at);
    }

    private static bool TryReadMap(PhysicalMemory memory, uint length, uint address, out MemoryRange[] map, out string error)
    {
        map = [];
        error = LoaderData.BadMap;
        if ((address & 3) != 0 || length == 0 || !memory.IsRam(address, length))
        {
            return false;
        }

        // Each entry is preceded by its size, which does not count itself.
        uint count = 0;
        for (uint at = 0; at < length; count++)
        {
            if (length - at < 24 || count == LoaderData.MostRanges)
            {
                return false;
            }

            uint size = memory.Word32(address + at);
            if (size < 20 || (size & 3) != 0 || size > length - at - 4)
            {
                return false;
            }

            at += size + 4;
        }

        map = new MemoryRange[count];
        uint position = address;
        for (uint i = 0; i < count; i++)
        {
            uint size = memory.Word32(position);
            ulong start = memory.Word32(position + 4) | ((ulong)memory.Word32(position + 8) << 32);
            ulong bytes = memory.Word32(position + 12) | ((ulong)memory.Word32(position + 16) << 32);
            var kind = (MemoryKind)memory.Word32(position + 20);
            map[i] = LoaderData.Range(start, bytes, kind);
            position += size + 4;
        }

        return LoaderData.TryFinishMap(map, out error);
    }

    private static bool TryReadModules(PhysicalMemory memory, uint count, uint address, out BootModule[] modules, out string error)
    {
        modules = [];
        error = LoaderData.BadModules;
        if (count > LoaderData.MostModules)
        {
            error = LoaderData.TooManyModules;
            return false;
        }

        if (count == 0)
        {
            error = "";
            return true;
        }

        if ((address & 3) != 0 || !memory.IsRam(address, count * ModuleBytes))
        {
            return false;
        }

        modules = new BootModule[count];
        for (uint i = 0; i < count; i++)
        {
            uint entry = address + (i * ModuleBytes);
            uint start = memory.Word32(entry);
            uint end = memory.Word32(entry + 4);
            uint text = memory.Word32(entry + 8);
            string commandLine = "";
            if (end < start || !memory.IsRam(start, end - start) || (text != 0 && !LoaderData.TryReadString(memory, text, out commandLine)))
            {
                return false;
            }

            modules[i] = new BootModule(start, end - start, commandLine);
        }

        error = "";
        return true;
    }
}
